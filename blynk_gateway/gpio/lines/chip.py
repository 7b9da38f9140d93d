"""The kernel's own view of the lines, through its character device and no library.

Layouts and numbers are those of version 2 of the interface, kernel 5.10 and later, equal on every
architecture. Source: include/uapi/linux/gpio.h.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from blynk_gateway.core.header import LINES
from blynk_gateway.errors import GpioUnavailable, HardwareError, LineUnavailable

CONSUMER = b"blynk-gateway"
"""The name under which others see that a line is in use."""

LABEL_PREFIX = "pinctrl-"
"""Of the chip with the header: `pinctrl-bcm2835` (Pi 0 to 3), `-bcm2711` (4), `-rp1` (5). Other
chips of a Pi, such as `raspberrypi-exp-gpio`, drive its own parts."""

CHIP_INFO = struct.Struct("32s32sI")
"""gpiochip_info: name, label, lines."""

LINE_INFO = struct.Struct("32s32sIIQ160x16x")
"""gpio_v2_line_info: name, consumer, line, attributes, flags, the attributes."""

LINE_REQUEST = struct.Struct("64I32sQI20xI4xI4xQ216xII20xi")
"""gpio_v2_line_request: lines, consumer, flags, how many attributes, the first of them (what it is,
its value, for which lines), how many lines, size of the buffer for edges, descriptor."""

LINE_VALUES = struct.Struct("QQ")
"""gpio_v2_line_values: levels, and which of the requested lines are meant, a bit each."""

_TYPE = 0xB4
_READ, _WRITE = 2, 1


def _number(direction: int, number: int, layout: struct.Struct) -> int:
    return direction << 30 | layout.size << 16 | _TYPE << 8 | number


GET_CHIP_INFO = _number(_READ, 0x01, CHIP_INFO)
GET_LINE_INFO = _number(_READ | _WRITE, 0x05, LINE_INFO)
GET_LINE = _number(_READ | _WRITE, 0x07, LINE_REQUEST)
GET_LINE_VALUES = _number(_READ | _WRITE, 0x0E, LINE_VALUES)
SET_LINE_VALUES = _number(_READ | _WRITE, 0x0F, LINE_VALUES)

FLAG_USED = 1 << 0
FLAG_ACTIVE_LOW = 1 << 1
FLAG_INPUT = 1 << 2
FLAG_OUTPUT = 1 << 3
FLAG_EDGE_RISING = 1 << 4
FLAG_EDGE_FALLING = 1 << 5
FLAG_PULL_UP = 1 << 8
FLAG_PULL_DOWN = 1 << 9
FLAG_NO_PULL = 1 << 10

ATTRIBUTE_LEVELS = 2
"""Its value has a bit for each line, which outputs have from the moment of the claim."""

ATTRIBUTE_DEBOUNCE = 3
"""Its value is in microseconds."""


class ChipInfo(NamedTuple):
    """One chip: `/dev/gpiochip0`, `gpiochip0`, `pinctrl-bcm2711`, 58."""

    path: str
    name: str
    label: str
    lines: int

    @property
    def number(self) -> int:
        """The number in its path."""
        return _number_of(Path(self.path))


class LineInfo(NamedTuple):
    """What the kernel tells of a line.

    Attributes:
        line: its number on the chip, which on a Pi is the BCM number.
        name: as the board calls it, `GPIO17` or `ID_SDA`; may be empty.
        consumer: who uses it, in the user's own words; empty for nobody, or for one without a name.
        is_used: by a program, a kernel driver, or as another function of the chip.
        pull: as a program asked for: `up`, `down`, or empty for unknown.
    """

    line: int
    name: str
    consumer: str
    is_used: bool
    is_output: bool
    is_active_low: bool
    pull: str


def find_chip(dev: Path = Path("/dev")) -> ChipInfo:
    """The chip with the lines of the header, found by its label.

    Raises:
        GpioUnavailable: there is none, or this user may not use it.
    """
    found: list[str] = []
    denied: list[str] = []
    for path in sorted(dev.glob("gpiochip*"), key=_number_of):
        try:
            chip = read_chip(str(path))
        except HardwareError as error:
            if isinstance(error.__cause__, PermissionError):
                denied.append(str(path))
            else:
                found.append(f"{path} ({error})")
            continue
        if chip.label.startswith(LABEL_PREFIX) and chip.lines >= len(LINES):
            return chip
        found.append(f"{path} ({chip.label}, {chip.lines} lines)")
    if denied:
        raise GpioUnavailable(
            f"no permission for {', '.join(denied)}; expected a user of the group gpio:"
            " sudo usermod -aG gpio USER, then log in or start the service again"
        )
    raise GpioUnavailable(
        f"no chip with the lines of the header: found {', '.join(found) or 'none'} in {dev};"
        f" expected one labelled {LABEL_PREFIX}… with at least {len(LINES)} lines, as on a"
        " Raspberry Pi; elsewhere set gpio.factory to mock or none"
    )


def read_chip(path: str) -> ChipInfo:
    """What the kernel tells of a chip.

    Raises:
        HardwareError: it is no GPIO chip or cannot be opened; its cause is the `OSError`.
    """
    with _opened(path) as chip:
        name, label, lines = CHIP_INFO.unpack(_ask(chip, GET_CHIP_INFO, bytes(CHIP_INFO.size)))
    return ChipInfo(path, _text(name), _text(label), lines)


def read_lines(path: str, lines: Iterable[int] = LINES) -> list[LineInfo]:
    """What the kernel tells of some lines; nothing is claimed.

    Raises:
        HardwareError: the chip cannot be used, or has no such line.
    """
    with _opened(path) as chip:
        return [_read_line(chip, line) for line in lines]


def read_level_as_is(path: str, line: int) -> int:
    """The level of a line that nobody holds, 0 or 1, without touching direction, level or pull.

    It is held while it is read. What happens when it is given up again is the kernel's choice: that
    of Raspberry Pi OS leaves an output as it is, unless `dtparam=strict_gpiod` is set; one that
    makes it an input does so until the caller claims it, tenths of a millisecond later.

    Raises:
        LineUnavailable: somebody holds it.
        HardwareError: the chip cannot be used, or has no such line.
    """
    held = claim_line(path, line, 0)
    try:
        return read_held_level(held)
    except OSError as error:
        raise HardwareError(
            f"GPIO{line} cannot be read: {error.strerror}; expected a level"
        ) from error
    finally:
        os.close(held)


def claim_line(path: str, line: int, flags: int, *, debounce_ms: int = 0, buffer: int = 0) -> int:
    """Hold a line; it is free again when the descriptor is closed.

    Args:
        flags: of `FLAG_…`; none of them changes nothing.
        buffer: edges that the kernel keeps until they are read, up to 1024; 0 for its own choice.

    Returns:
        A descriptor that does not block, from which edges are read.

    Raises:
        LineUnavailable: somebody holds it.
        HardwareError: the chip cannot be used, or the line cannot do what is asked.
    """
    attribute = (ATTRIBUTE_DEBOUNCE, debounce_ms * 1000, 1) if debounce_ms else None
    return _claim(path, line, flags, attribute, buffer)


def claim_output(path: str, line: int, level: int) -> int:
    """Hold a line as an output that has this level at once, and no other before.

    Returns:
        A descriptor; the level stands as long as any copy of it is open.

    Raises:
        LineUnavailable: somebody holds it.
        HardwareError: the chip cannot be used, or the line cannot be an output.
    """
    return _claim(path, line, FLAG_OUTPUT, (ATTRIBUTE_LEVELS, level, 1), 0)


def _claim(
    path: str, line: int, flags: int, attribute: tuple[int, int, int] | None, buffer: int
) -> int:
    request = LINE_REQUEST.pack(
        line,
        *[0] * 63,
        CONSUMER,
        flags,
        int(attribute is not None),
        *(attribute or (0, 0, 0)),
        1,
        buffer,
        0,
    )
    with _opened(path) as chip:
        try:
            held: int = LINE_REQUEST.unpack(_ask(chip, GET_LINE, request))[-1]
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            holder = _read_line(chip, line).consumer or "a kernel driver"
            raise LineUnavailable(
                f"GPIO{line} is in use by {holder!r}; expected a line that nobody holds"
            ) from error
    os.set_blocking(held, False)
    return held


def drive_held_level(held: int, level: int) -> None:
    """Give a line that `claim_output` holds another level, 0 or 1.

    Raises:
        OSError: it cannot be driven, or is held no more.
    """
    _ask(held, SET_LINE_VALUES, LINE_VALUES.pack(level, 1))


def read_held_level(held: int) -> int:
    """The level of a line that is held, 0 or 1.

    Raises:
        OSError: it cannot be read, or is held no more.
    """
    levels, _ = LINE_VALUES.unpack(_ask(held, GET_LINE_VALUES, LINE_VALUES.pack(0, 1)))
    return int(levels & 1)


def _read_line(chip: int, line: int) -> LineInfo:
    request = LINE_INFO.pack(b"", b"", line, 0, 0)
    name, consumer, number, _, flags = LINE_INFO.unpack(_ask(chip, GET_LINE_INFO, request))
    pull = "up" if flags & FLAG_PULL_UP else "down" if flags & FLAG_PULL_DOWN else ""
    return LineInfo(
        line=number,
        name=_text(name),
        consumer=_text(consumer),
        is_used=bool(flags & FLAG_USED),
        is_output=bool(flags & FLAG_OUTPUT),
        is_active_low=bool(flags & FLAG_ACTIVE_LOW),
        pull=pull,
    )


@contextmanager
def _opened(path: str) -> Iterator[int]:
    try:
        chip = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            yield chip
        finally:
            os.close(chip)
    except OSError as error:
        raise HardwareError(f"{path}: {error.strerror}; expected a GPIO chip") from error


def _ask(descriptor: int, number: int, request: bytes) -> bytes:
    return fcntl.ioctl(descriptor, number, request)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")


def _number_of(path: Path) -> int:
    digits = path.name.removeprefix("gpiochip")
    return int(digits) if digits.isdigit() else -1
