"""Simulated pins: a Pi 4 whose header is turned by hand, for the demo and for trying things out.

1. What is put on a line from outside stays there, claimed or not, and wins over its pull. A line
   with nothing outside and no pull reads low.
2. Outputs keep what they were given, PWM as a duty. SPI 0 has a converter on each chip select,
   both with the same voltages on their channels.
3. Nothing is shared between two of these in one process, in any version of gpiozero.
"""

import threading
import warnings
from collections import defaultdict, deque
from typing import Any

from blynk_gateway.core.header import LINES
from blynk_gateway.core.ports import SimulatedLine
from blynk_gateway.errors import InvalidValue, NotWritable, UnknownPin
from blynk_gateway.gpio.lines.simulated_spi import Converter, SimulatedSpi, chip_named, select_of

with warnings.catch_warnings():
    # gpiozero 1.6.2 asks for a package that newer versions of setuptools warn about.
    warnings.simplefilter("ignore")
    from gpiozero.exc import PinFixedPull
    from gpiozero.pins.mock import MockFactory, MockPWMPin

CHANNELS = 8
"""As many as the largest converter has."""

REVISION = "c03112"
"""A Pi 4 with 4 GB, which every version of gpiozero that we use knows."""

MAX_STATES = 1000
"""States a pin remembers, for tests; gpiozero's own list grows for ever."""


class SimulatedPin(MockPWMPin):  # type: ignore[misc]  # gpiozero has no types
    """A pin, and what is outside it.

    Attributes:
        outside: the level that something outside puts on it; None for nothing.
        states: the latest states it went through, each with a `state`; oldest first.
    """

    states: deque[Any]
    _pull: str

    def __init__(self, factory: Any, info: Any) -> None:  # noqa: ANN401  differs by version
        self.outside: bool | None = None
        super().__init__(factory, info)
        self._fixed = "up" if self._pull == "up" else ""

    def clear_states(self) -> None:
        """Forget the states it went through, but for the present one."""
        super().clear_states()
        self.states = deque(self.states, maxlen=MAX_STATES)

    def close(self) -> None:
        """Become an input without a pull."""
        super().close()
        self.edges = "both"
        self._set_pull(self._fixed or "floating")

    def output_with_state(self, state: float) -> None:
        """Become an output of that level at once, without gpiozero's moment of another level."""
        self._function = "output"
        self._set_state(state)

    def drive_high(self) -> None:
        """Put a high level on an input from outside."""
        self.outside = True
        self.settle()

    def drive_low(self) -> None:
        """Put a low level on an input from outside."""
        self.outside = False
        self.settle()

    def settle(self) -> None:
        """Take the level that an input has by what is outside, or else by its pull."""
        level = self._pull == "up" if self.outside is None else self.outside
        (super().drive_high if level else super().drive_low)()

    def _set_pull(self, value: str) -> None:
        if self._function != "input":
            raise PinFixedPull(f"{self!r} is an output; expected an input, which can have a pull")
        if self._fixed not in ("", value):
            raise PinFixedPull(f"{self!r} has a pull-up resistor on the board")
        self._pull = value
        self.settle()


class SimulatedFactory(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """Makes the pins, and the ways to the converters.

    Attributes:
        channels: what is on each channel of the converters, 0 to 1 of full scale.
        converters: the one on chip select 0 and the one on 1.
    """

    def __init__(self) -> None:
        super().__init__(revision=REVISION, pin_class=SimulatedPin)
        # In 1.6.2 all factories have these three together.
        self.pins: dict[Any, SimulatedPin] = {}
        self._reservations: defaultdict[Any, list[Any]] = defaultdict(list)
        self._res_lock = threading.Lock()
        self.channels = [0.0] * CHANNELS
        self.converters = (Converter(self.channels), Converter(self.channels))

    def attach(self, device: int, chip: str) -> None:
        """Say which converter is wired to a chip select; an MCP3008 unless told.

        What opens one has to, as the wire does not tell (`simulated_spi`):
        `if board.simulation is not None: board.pin_factory.attach(0, "mcp3208")`.

        Args:
            device: chip select, 0 or 1.
            chip: `mcp3001` … `mcp3304`.

        Raises:
            LineUnavailable: there is no such chip.
        """
        self.converters[device].chip = chip_named(chip)

    def spi(self, **spi_args: Any) -> SimulatedSpi:  # noqa: ANN401  as gpiozero has it
        """The way to a converter on SPI 0.

        Raises:
            SPIBadArgs: other lines than those of SPI 0.
        """
        lines, others = self._extract_spi_args(**spi_args)
        converter = self.converters[select_of(lines)]
        is_shared = bool(others.get("shared", False))
        return SimulatedSpi(self, converter, tuple(lines.values()), is_shared=is_shared)


class SimulatedPins:
    """What people do to simulated pins; meets `core.ports.Simulation`."""

    def __init__(self, factory: SimulatedFactory) -> None:
        self._factory = factory
        self._users: dict[int, str] = {}

    def name_line(self, line: int, user: str | None) -> None:
        """Say which peripheral or direct pin uses a line; None for nobody."""
        if user is None:
            self._users.pop(line, None)
        else:
            self._users[line] = user

    def lines(self) -> list[SimulatedLine]:
        """Every line of the header, by number."""
        return [self._line(line) for line in LINES]

    def drive(self, line: int, level: bool) -> None:
        """Put a level on an input from outside, as a finger on a button does.

        Raises:
            UnknownPin: no such line.
            NotWritable: it is an output.
        """
        if line not in LINES:
            raise UnknownPin(f"there is no line {line}; expected 0 to {LINES[-1]}")
        pin = self._factory.pin(line)
        if pin.function == "output":
            raise NotWritable(f"GPIO{line} is an output now; expected an input to put a level on")
        (pin.drive_high if level else pin.drive_low)()

    def adc(self) -> list[float]:
        """What is on each channel of the converters, 0 to 1 of full scale."""
        return list(self._factory.channels)

    def set_adc(self, channel: int, value: float) -> None:
        """Put a voltage on a channel, as a fraction of full scale.

        Raises:
            UnknownPin: no such channel.
            InvalidValue: not from 0 to 1.
        """
        if channel not in range(CHANNELS):
            raise UnknownPin(f"there is no channel {channel}; expected 0 to {CHANNELS - 1}")
        if not 0 <= value <= 1:
            raise InvalidValue(f"channel {channel} was given {value}; expected 0 to 1")
        self._factory.channels[channel] = value

    def _line(self, line: int) -> SimulatedLine:
        pin = self._factory.pin(line)
        return SimulatedLine(
            line=line,
            level=1 if pin.state > 0 else 0,
            function=pin.function,
            pull=pin.pull,
            duty=None if pin.frequency is None else pin.state,
            user=self._users.get(line),
        )
