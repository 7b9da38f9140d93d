"""Analog-to-digital converters of the MCP3xxx family on the Pi's SPI bus 0.

A chip may have several users, one for each channel or several for one: each holds a `Converter` of
its own, and the bus is given up with the last of them.
"""

import warnings
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import gpiozero
from gpiozero.exc import SPISoftwareFallback

from blynk_gateway.config.gpio.inputs import ADC_CHANNELS, AdcOptions
from blynk_gateway.errors import HardwareError, LineUnavailable
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sampling import SampledPeripheral, scale


class ChipKind(NamedTuple):
    """What is known of one type. Source: Microchip's data sheets.

    Attributes:
        bits: of a reading that is not signed.
        channels: how many it has.
        is_signed: a differential reading is signed, with one bit more.
    """

    bits: int
    channels: int
    is_signed: bool

    @property
    def full_scale(self) -> int:
        """The highest count."""
        return int(2**self.bits - 1)


KINDS = {
    name: ChipKind(10 if name.startswith("mcp30") else 12, channels, name.startswith("mcp33"))
    for name, channels in ADC_CHANNELS.items()
}
"""By type: the digit behind `mcp3` tells the family."""


class Converter:
    """One user's hold on a chip; made by `open_converter`.

    Attributes:
        kind: of the chip.
        full_scale: counts that stand for 1.
    """

    def __init__(self, chip: "_Chip") -> None:
        self.kind = chip.kind
        self.full_scale = chip.kind.full_scale
        self._chip: _Chip | None = chip

    def read(self, channel: int, *, differential: bool = False) -> int:
        """Counts of one channel; blocks for the transfer of three bytes, 50 µs.

        Args:
            differential: against the neighbouring channel. The types with one channel always are.

        Returns:
            0 to `full_scale`; of a type that is signed, from `-full_scale - 1` if differential.

        Raises:
            HardwareError, or one of `board.errors`: it is closed, has no such channel, or the
                transfer failed.
        """
        if self._chip is None:
            raise HardwareError("the converter is closed; expected it to be open")
        return self._chip.read(channel, differential)

    def fraction(self, channel: int, *, differential: bool = False) -> float:
        """Like `read`, as fraction of full scale: 0 to 1, or -1 to 1."""
        counts = self.read(channel, differential=differential)
        return max(-1.0, counts / self.full_scale)

    def close(self) -> None:
        """Give it up. May be called twice."""
        chip, self._chip = self._chip, None
        if chip is not None:
            chip.leave()


class Adc(SampledPeripheral[AdcOptions]):
    """One channel of a converter."""

    def __init__(self, options: AdcOptions, host: Host) -> None:
        super().__init__(options, host)
        self._converter: Converter | None = None

    def open(self, opening: Opening) -> None:
        """Claim the bus and begin to read."""
        options = self.options
        self._converter = open_converter(self.host.board, options.type, options.device)
        super().open(opening)

    async def close(self) -> None:
        """Read no more and give the bus up."""
        await super().close()
        if self._converter is not None:
            self._converter.close()
            self._converter = None

    async def read(self) -> float:
        """The value in the terms of `range`."""
        options = self.options
        assert self._converter is not None
        fraction = self._converter.fraction(options.channel, differential=options.differential)
        return scale(fraction, options.range)


def open_converter(board: Board, type_word: str, device: int) -> Converter:
    """Take hold of a chip, alone or beside others.

    Args:
        type_word: `mcp3008`.
        device: chip select, 0 (CE0) or 1 (CE1).

    Raises:
        HardwareError, or one of `board.errors`: no such type, the chip is in use as another type,
            or the bus cannot be used.
    """
    chips = _chips.setdefault(board.pin_factory, {})
    chip = chips.get(device)
    if chip is None:
        chip = _Chip(board, type_word, device)
    if chip.type_word != type_word:
        raise LineUnavailable(
            f"SPI chip select CE{device} is already used as {chip.type_word}, found {type_word};"
            " expected one type of converter on it: correct `type` or `device` of one of them"
        )
    chip.users += 1
    chips[device] = chip
    return Converter(chip)


class _Chip:
    """The library's objects of one chip: one for each channel and mode, on one shared bus."""

    def __init__(self, board: Board, type_word: str, device: int) -> None:
        kind = KINDS.get(type_word)
        if kind is None:
            raise HardwareError(
                f"{type_word!r} is no known converter; expected one of {', '.join(KINDS)}"
            )
        self.kind = kind
        self.type_word = type_word
        self.users = 0
        self._board = board
        self._device = device
        self._readers: dict[tuple[int, bool], Any] = {}
        if board.simulation is not None:
            # Real chips know what they are.
            board.pin_factory.attach(device, type_word)
        # Claims the bus.
        self._reader(0, differential=False)

    def read(self, channel: int, differential: bool) -> int:
        """Counts of a channel."""
        if not 0 <= channel < self.kind.channels:
            raise HardwareError(
                f"{self.type_word} has no channel {channel}; expected 0 to {self.kind.channels - 1}"
            )
        return int(self._reader(channel, differential=differential).raw_value)

    def leave(self) -> None:
        """One user less; without any the bus is given up."""
        self.users -= 1
        if self.users:
            return
        del _chips[self._board.pin_factory][self._device]
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _reader(self, channel: int, *, differential: bool) -> Any:  # noqa: ANN401  gpiozero has no types
        if self.kind.channels == 1:
            return self._open_reader((0, True))
        key = (channel, differential)
        return self._open_reader(key, channel=channel, differential=differential)

    def _open_reader(self, key: tuple[int, bool], **which: int) -> Any:  # noqa: ANN401  gpiozero has no types
        reader = self._readers.get(key)
        if reader is None:
            reader = _open_library_reader(self._board, self.type_word, self._device, which)
            self._readers[key] = reader
        return reader


def _open_library_reader(board: Board, type_word: str, device: int, which: dict[str, int]) -> Any:  # noqa: ANN401  gpiozero has no types
    library_class = getattr(gpiozero, type_word.upper())
    with warnings.catch_warnings():
        # Software SPI would wiggle the lines bit by bit on the loop, at a hundredth of the speed,
        # and hide that the bus is switched off.
        warnings.simplefilter("error", SPISoftwareFallback)
        try:
            return library_class(port=0, device=device, pin_factory=board.pin_factory, **which)
        except (SPISoftwareFallback, *board.errors) as error:
            # The library warns while it handles the true reason.
            reason = error.__context__ if isinstance(error, SPISoftwareFallback) else error
            raise LineUnavailable(
                f"SPI bus 0 with chip select CE{device} cannot be used: {reason}. Expected free"
                " lines 8 to 11, `dtparam=spi=on` in config.txt, the user in group `spi`, and for"
                " other factories than lgpio the package python3-spidev"
            ) from error


_chips: WeakKeyDictionary[Any, dict[int, _Chip]] = WeakKeyDictionary()
