"""Direct pins: digital and analog pins that are driven and read without code on the device.

The modes are those of the `pm` command. An output takes 0 or 1, a `pwm` pin 0 to `MAX_ANALOG`,
and inputs take no commands. Source: blynk-protocol §5.2 and §5.4.
"""

from enum import StrEnum
from typing import NamedTuple

from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.header import fixed_pull
from blynk_gateway.core.value import PinValue, printable
from blynk_gateway.errors import InvalidValue, NotWritable

MAX_ANALOG = 65_535
"""Highest `aw` value: boards count to 255, 1023 or 4095, few to 16 bits. The Pi counts to 255."""

MIN_EVERY_MS = 50
"""Shortest interval of polling a LAN device: 20 requests a second and pin."""


MAX_EVERY_MS = 86_400_000
"""Longest interval of polling, a day: what is rarer is asked when it is wanted."""


class PinMode(StrEnum):
    """What a digital or analog pin does."""

    IN = "in"
    OUT = "out"
    PULL_UP = "pu"
    PULL_DOWN = "pd"
    PWM = "pwm"

    @property
    def is_input(self) -> bool:
        """Whether the pin is read."""
        return self in (PinMode.IN, PinMode.PULL_UP, PinMode.PULL_DOWN)


MODES = {
    PinKind.DIGITAL: frozenset(PinMode),
    PinKind.ANALOG: frozenset({PinMode.IN, PinMode.PWM}),
}
"""The modes of each kind; virtual pins have none. An analog pin with `pwm` is an analog output."""


class DirectPin(NamedTuple):
    """How a pin is used.

    Attributes:
        every_ms: how often an input of a LAN device is asked for its value; None for never. The
            Pi's own inputs tell their changes themselves.
    """

    mode: PinMode
    every_ms: int | None = None


def check_mode(pin: str, direct: DirectPin) -> None:
    """Refuse a mode that the pin cannot have.

    Raises:
        InvalidValue: a virtual pin, a mode of the other kind, or an interval for an output.
    """
    modes = MODES.get(PIN_NAMES[pin])
    if modes is None:
        raise InvalidValue(f"{pin} is virtual and has no mode; expected a pin D<n> or A<n>")
    if direct.mode not in modes:
        known = ", ".join(sorted(modes))
        raise InvalidValue(f"{pin} cannot be {direct.mode}; expected one of {known}")
    if direct.every_ms is not None:
        if not direct.mode.is_input:
            raise InvalidValue(f"{pin} is an output and cannot be asked; expected no interval")
        if direct.every_ms < MIN_EVERY_MS:
            raise InvalidValue(
                f"{pin} would be asked every {direct.every_ms} ms; expected at least {MIN_EVERY_MS}"
            )


def check_own_mode(pin: str, direct: DirectPin) -> None:
    """Refuse a mode that a pin of the Pi itself cannot have, besides what no pin can.

    Raises:
        NotWritable: a channel of the converter as an output.
        InvalidValue: an interval, or a pull against the one that is soldered to the line.
    """
    is_analog = PIN_NAMES[pin] is PinKind.ANALOG
    if is_analog and not direct.mode.is_input:
        raise NotWritable(f"{pin} is a channel of the converter; expected an output")
    if direct.every_ms is not None:
        raise InvalidValue(f"{pin} is the Pi's own and tells its changes; expected no interval")
    if not is_analog and direct.mode in (PinMode.IN, PinMode.PULL_DOWN):
        pull = fixed_pull(int(pin[1:]))
        if pull is not None:
            raise InvalidValue(f"{pin} has a pull-{pull} soldered to it; expected mode p{pull[0]}")


def twin(pin: str) -> str:
    """The pin of the other kind with the same number: on the wire both are that number."""
    kind = PinKind.ANALOG if PIN_NAMES[pin] is PinKind.DIGITAL else PinKind.DIGITAL
    return f"{kind}{pin[1:]}"


def first_use(pin: str) -> DirectPin:
    """The mode that a pin takes when it is written without having one."""
    is_digital = PIN_NAMES[pin] is PinKind.DIGITAL
    return DirectPin(PinMode.OUT if is_digital else PinMode.PWM)


def check_command(pin: str, direct: DirectPin, value: PinValue, highest: int) -> None:
    """Refuse a command that the pin's mode does not allow.

    Args:
        highest: largest value of a `pwm` pin.

    Raises:
        NotWritable: the pin is an input.
        InvalidValue: not one whole number in the range of the mode.
    """
    if direct.mode.is_input:
        raise NotWritable(f"{pin} is an input (mode {direct.mode}); expected an output")
    if direct.mode is PinMode.OUT:
        if value not in (("0",), ("1",)):
            shown = printable(" ".join(value))[:40]
            raise InvalidValue(
                f"{pin} was given {shown!r}; expected 0 or 1, for other values set its mode to pwm"
            )
        return
    text = value[0] if len(value) == 1 else ""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(highest))) or (
        int(text) > highest
    ):
        shown = printable(" ".join(value))[:40]
        raise InvalidValue(f"{pin} was given {shown!r}; expected a whole number 0 to {highest}")
