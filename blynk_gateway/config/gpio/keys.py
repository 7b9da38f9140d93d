"""What the keys of `gpio:` may hold, those that many types share, and how they make a type."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from blynk_gateway.config.fault import quoted
from blynk_gateway.config.gpio.common import Level, PeripheralOptions, Range
from blynk_gateway.config.kinds import Key, Kind, ListOf, Scalar, Section
from blynk_gateway.config.likely import likely_number, likely_word
from blynk_gateway.config.scalars import (
    NUMBER,
    UNITS_MS,
    VIRTUAL_PIN,
    duration,
    duration_or,
    number_from,
    text_of,
    whole_number,
)
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.suggest import did_you_mean
from blynk_gateway.config.typed import TYPE
from blynk_gateway.core.header import LINES

SECOND_MS = UNITS_MS["s"]
MINUTE_MS = UNITS_MS["m"]
DAY_MS = UNITS_MS["d"]
"""Longest interval between readings; whatever is read less often looks broken."""

MAX_DEBOUNCE_MS = 300
"""The least of the libraries' limits: the glitch filter of pigpio takes 300,000 µs."""

MAX_NUMBER = 1e9
"""Largest limit, step or dead band; beyond it steps of 1 begin to get lost on their way."""

MAX_PWM_HZ = 10_000
"""Limit of lgpio's PWM."""

MAX_SMOOTHING = 1000
"""Readings that are averaged; they are kept in memory."""

MAX_DECIMALS = 6
"""More digits than any sensor resolves."""

_MINUTES_AN_HOUR = 60
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_SPAN = re.compile(r"\s*(-?\d+)\s*(?:-|to|,|:|\.\.+)\s*(-?\d+)\s*", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,:@+-]{0,63}", re.ASCII)
_ONE_WIRE_ID = re.compile(r"[0-9a-f]{2}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RangeOf(Kind[Range]):
    """Two different numbers, `[0, 255]`.

    Attributes:
        low, high: limits of both, included.
        is_rising: whether the first must be the smaller one.
        must_hold_0: whether 0 must lie between them, or be one of them.
    """

    low: float = -MAX_NUMBER
    high: float = MAX_NUMBER
    is_rising: bool = False
    must_hold_0: bool = False

    def read(self, node: yaml.Node, key: str, scope: Scope) -> Range:
        """The numbers as written, not sorted."""
        entries = scope.entries_of(node, key, f"{self._expected}{_likely_range(node)}")
        numbers = [
            NUMBER.read(entry, f"{key}[{index}]", scope) for index, entry in enumerate(entries)
        ]
        if not self._fits(numbers):
            shown = ", ".join(NUMBER.flow(number) for number in numbers[:3])
            more = ", …" if len(numbers) > 3 else ""  # noqa: PLR2004  as many as are shown
            scope.reject(node, key, f"found [{shown}{more}], expected {self._expected}")
        return Range(*numbers)

    def flow(self, value: Range) -> str:
        """As a list in brackets."""
        return f"[{NUMBER.flow(value.low)}, {NUMBER.flow(value.high)}]"

    @property
    def _expected(self) -> str:
        is_limited = self.high < MAX_NUMBER
        limits = f" from {NUMBER.flow(self.low)} to {NUMBER.flow(self.high)}" if is_limited else ""
        order = ", the smaller one first" if self.is_rising else ""
        around = ", with 0 between them" if self.must_hold_0 else ""
        return f"a list of two different numbers{limits}{order}{around}"

    def _fits(self, numbers: list[float]) -> bool:
        if len(numbers) != len(Range._fields) or numbers[0] == numbers[1]:
            return False
        if min(numbers) < self.low or max(numbers) > self.high:
            return False
        if self.is_rising and numbers[0] > numbers[1]:
            return False
        return not self.must_hold_0 or min(numbers) <= 0 <= max(numbers)


@dataclass(frozen=True, slots=True)
class DirectLines(Kind[tuple[int, ...] | None]):
    """A list of lines, or None for the word `all`."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> tuple[int, ...] | None:
        """The lines in the order of the file."""
        if isinstance(node, yaml.ScalarNode):
            _ALL.read(node, key, scope)
            return None
        return _LINES.read(node, key, scope)

    def flow(self, value: tuple[int, ...] | None) -> str:
        """As a list in brackets, or the word."""
        return "all" if value is None else _LINES.flow(value)


def _likely_range(node: yaml.Node) -> str:
    match = _SPAN.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
    return did_you_mean(f"[{match[1]}, {match[2]}]") if match else ""


def _parse_all(text: str) -> str:
    if text != "all":
        raise ValueError(text)
    return text


def _parse_level_at_stop(text: str) -> Level:
    level = Level(text)
    if level is Level.LAST:
        raise ValueError(text)
    return level


def _parse_time_of_day(text: str) -> int:
    match = _TIME_OF_DAY.fullmatch(text)
    if not match:
        raise ValueError(text)
    return int(match[1]) * _MINUTES_AN_HOUR + int(match[2])


def _format_time_of_day(minutes: int) -> str:
    hour, minute = divmod(minutes, _MINUTES_AN_HOUR)
    return quoted(f"{hour:02}:{minute:02}")


def _parse_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(text)
    return text


def _parse_one_wire_id(text: str) -> str:
    if not _ONE_WIRE_ID.fullmatch(text.lower()):
        raise ValueError(text)
    return text.lower()


def _parse_directory(text: str) -> str:
    path = text_of("a path").parse(text)
    if not path.startswith("/"):
        raise ValueError(text)
    return path


def _parse_factor(text: str) -> float:
    factor = NUMBER.parse(text)
    if not factor:
        raise ValueError(text)
    return factor


_LINE = whole_number(LINES[0], LINES[-1]).parse
_STOP_WORDS = (Level.ON, Level.OFF, Level.KEEP)

LINE = Scalar(
    _LINE,
    f"a GPIO line by its BCM number, {LINES[0]} to {LINES[-1]}",
    str,
    likely=likely_number,
)
LEVEL_AT_STOP = Scalar(
    _parse_level_at_stop,
    f"one of {', '.join(_STOP_WORDS)}",
    str,
    tuple(_STOP_WORDS),
    likely_word,
)
TIME_OF_DAY = Scalar(
    _parse_time_of_day,
    'a time of day, "00:00" to "23:59"',
    _format_time_of_day,
    likely=lambda text: text.replace(".", ":") if "." in text else f"{text}:00",
)
SENSOR_NAME = Scalar(
    _parse_name, "a name as `blynk-gateway sensors scan` prints it, without blanks", quoted
)
ONE_WIRE_ID = Scalar(_parse_one_wire_id, "an id such as 28-0123456789ab", quoted)
DIRECTORY = Scalar(_parse_directory, "a path that begins with /", quoted)
FACTOR = Scalar(_parse_factor, "a number other than 0", NUMBER.show)

_ALL = Scalar(_parse_all, "a list of lines such as [5, 6, 13], or all", str, ("all",))
_LINES = ListOf(LINE, "a list of lines such as [5, 6, 13], or all", len(LINES))

LINE_KEY = Key("line", LINE)
RANGE_KEY = Key("range", RangeOf())
HEARTBEAT_KEY = Key("heartbeat", duration_or("never", SECOND_MS, DAY_MS), "heartbeat_ms")

_PIN = Key("pin", VIRTUAL_PIN)


def shape(
    make: Callable[..., PeripheralOptions],
    needed: tuple[Key, ...],
    *others: Key,
    finish: Callable[[PeripheralOptions, str, Scope], PeripheralOptions] | None = None,
) -> Section[PeripheralOptions]:
    """The section of a type.

    Args:
        make: its options.
        needed: keys that must be given; `pin` always is one.
        others: keys with defaults.
        finish: see `Section`.
    """
    required = (*(key.target for key in needed), _PIN.target)
    return Section(make, (TYPE, *needed, _PIN, *others), required, finish=finish)


def every(low_ms: int) -> Key:
    """The interval between two readings or reports."""
    return Key("every", duration(low_ms, DAY_MS), "every_ms")


def sampled(low_ms: int) -> tuple[Key, ...]:
    """Keys of everything that is read again and again, at most each `low_ms`."""
    return (
        every(low_ms),
        Key("deadband", number_from(0, MAX_NUMBER)),
        Key("smoothing", whole_number(1, MAX_SMOOTHING)),
        Key("decimals", whole_number(0, MAX_DECIMALS)),
        HEARTBEAT_KEY,
    )
