"""Simulated analog-digital converters of the MCP3xxx family, bit by bit as on the wire.

What is asked for looks alike with several of these chips (an MCP3008 is asked for channel 2 with
the bytes that ask an MCP3202 for channel 0), so each chip select has to be told which chip it has:
`SimulatedFactory.attach`.

Source: Microchip data sheets DS21290 (3001), DS21294 (3002), DS21295 (3004/3008), DS21700
(3201/3301), DS21034 (3202), DS21298 (3204/3208), DS21697 (3302/3304).
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from gpiozero.exc import SPIBadArgs
from gpiozero.pins import SPI
from gpiozero.pins.pi import spi_port_device

from blynk_gateway.errors import LineUnavailable

BITS_PER_WORD = 8


class Chip(NamedTuple):
    """How a chip talks.

    Attributes:
        bits: of a value, without its sign.
        channels: how many there are.
        asked_bits: how many follow the start bit: single or differential, then the channel, and on
            some the order of bits. 0 for a chip that has one channel and is not asked.
        order_bits: 1 where the last of those chooses the order of bits.
        waits: clocks before the null bit, while it samples.
        is_signed: whether a sign stands before the value.
    """

    bits: int
    channels: int
    asked_bits: int
    order_bits: int
    waits: int
    is_signed: bool


CHIPS = {
    "mcp3001": Chip(10, 1, 0, 0, 2, is_signed=False),
    "mcp3002": Chip(10, 2, 3, 1, 0, is_signed=False),
    "mcp3004": Chip(10, 4, 4, 0, 1, is_signed=False),
    "mcp3008": Chip(10, 8, 4, 0, 1, is_signed=False),
    "mcp3201": Chip(12, 1, 0, 0, 2, is_signed=False),
    "mcp3202": Chip(12, 2, 3, 1, 0, is_signed=False),
    "mcp3204": Chip(12, 4, 4, 0, 1, is_signed=False),
    "mcp3208": Chip(12, 8, 4, 0, 1, is_signed=False),
    "mcp3301": Chip(12, 1, 0, 0, 2, is_signed=True),
    "mcp3302": Chip(12, 4, 4, 0, 1, is_signed=True),
    "mcp3304": Chip(12, 8, 4, 0, 1, is_signed=True),
}


class Converter:
    """One chip on the bus.

    Args:
        channels: the voltage on each input, 0 to 1 of full scale; others may change it.

    Attributes:
        chip: which one it is.
    """

    def __init__(self, channels: Sequence[float]) -> None:
        self._channels = channels
        self.chip = CHIPS["mcp3008"]

    def answer(self, words: Sequence[int]) -> list[int]:
        """What comes back, bit for bit, while the words are sent."""
        sent = [bool(word >> bit & 1) for word in words for bit in reversed(range(BITS_PER_WORD))]
        answered = [0] * len(sent)
        for place, bit in enumerate(self._reply(sent)):
            if place < len(answered):
                answered[place] = bit
        return [
            int("".join(map(str, answered[begin : begin + BITS_PER_WORD])), 2)
            for begin in range(0, len(answered), BITS_PER_WORD)
        ]

    def _reply(self, sent: list[bool]) -> Iterator[int]:
        chip = self.chip
        is_single = chip.channels == 1
        channel = begin = 0
        if chip.asked_bits:
            if True not in sent:
                return
            start = sent.index(True) + 1
            begin = start + chip.asked_bits
            asked = sent[start : begin - chip.order_bits]
            is_single = asked[:1] == [True]
            for bit in asked[1:]:
                channel = channel << 1 | bit
        yield from [0] * (begin + chip.waits + 1)
        value = self._single(channel) if is_single else self._difference(channel)
        width = chip.bits + chip.is_signed
        for place in reversed(range(width)):
            yield value >> place & 1

    def _single(self, channel: int) -> int:
        # A chip ignores address bits that it has no channel for.
        scale = 1 << self.chip.bits
        return min(scale - 1, int(self._channels[channel % self.chip.channels] * scale))

    def _difference(self, channel: int) -> int:
        # Channel 0 is input 0 against input 1, channel 1 the reverse, and so on.
        value = self._single(channel) - self._single(channel ^ 1)
        # A negative one is sent as two's complement, or as 0 by a chip that has no sign.
        return value if self.chip.is_signed else max(0, value)


class SimulatedSpi(SPI):  # type: ignore[misc]  # gpiozero has no types
    """The way to a converter, as gpiozero's devices use it.

    Args:
        lines: clock, MOSI, MISO and chip select, which it reserves.
        is_shared: whether others may use the same chip select, as several channels do.
    """

    def __init__(
        self,
        pin_factory: Any,  # noqa: ANN401  gpiozero has no types
        converter: Converter,
        lines: Sequence[int],
        *,
        is_shared: bool,
    ) -> None:
        self._converter: Converter | None = None
        self._is_shared = is_shared
        super().__init__(pin_factory=pin_factory)
        try:
            # Reserving asks `_conflicts_with`, which has to know the converter.
            self._converter = converter
            pin_factory.reserve_pins(self, *lines)
        except BaseException:
            self.close()
            raise

    def transfer(self, data: Sequence[int]) -> list[int]:
        """Send words, and get as many back."""
        self._check_open()
        assert self._converter is not None, "a closed one raises before"
        return self._converter.answer(data)

    def close(self) -> None:
        """Give up the lines. May be called twice."""
        self._converter = None
        self.pin_factory.release_all(self)
        super().close()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._converter is None

    def _conflicts_with(self, other: object) -> bool:
        if not isinstance(other, SimulatedSpi):
            return True
        is_same = self._converter is other._converter  # noqa: SLF001  its own kind
        return is_same and not (self._is_shared and other._is_shared)  # noqa: SLF001  likewise

    def _get_clock_mode(self) -> int:
        return 0

    def __repr__(self) -> str:
        return f"SimulatedSpi({'closed' if self.closed else 'open'})"


def select_of(lines: dict[str, Any]) -> int:
    """Number of the chip select that stands in gpiozero's SPI arguments.

    Raises:
        SPIBadArgs: they are not the lines of SPI 0.
    """
    port, device = spi_port_device(**lines)
    if port != 0:
        raise SPIBadArgs(f"there is no simulated SPI {port}; expected SPI 0")
    return int(device)


def chip_named(name: str) -> Chip:
    """The chip with this name, `mcp3008`.

    Raises:
        LineUnavailable: there is none.
    """
    chip = CHIPS.get(name)
    if chip is None:
        known = ", ".join(CHIPS)
        raise LineUnavailable(f"there is no simulated converter {name!r}; expected one of {known}")
    return chip
