"""Days and times of rules: `weekdays`, `"07:30"`, `sunset-1h`."""

import re

import yaml

from blynk_gateway.config.automations.options import ALL_DAYS, DayTime, SunEvent
from blynk_gateway.config.automations.unions import OneOrMore
from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Kind, Scalar
from blynk_gateway.config.likely import likely_duration
from blynk_gateway.config.scalars import format_duration, parse_duration
from blynk_gateway.config.scope import Scope

DAY_WORDS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""By their numbers; Monday is 0."""

MAX_OFFSET_MS = 12 * 3_600_000
"""Half a day: further from a sunrise the sunset is nearer."""

MAX_TIMES = 100

_SETS = {
    **{word: frozenset({number}) for number, word in enumerate(DAY_WORDS)},
    "weekdays": frozenset(range(5)),
    "weekend": frozenset({5, 6}),
}
_HOURS_A_DAY = 24
_NOON = 12
_TIME = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_TWELVE_HOURS = re.compile(r"(\d{1,2})(?:[:.](\d\d))?\s*([ap])\.?m\.?", re.ASCII | re.IGNORECASE)
_BARE_HOUR = re.compile(r"(\d{1,2})(?:\s*(?:h|uhr)|[.h](\d\d))", re.ASCII | re.IGNORECASE)
_SUN_LIKELY = re.compile(r"(sunrise|sunset)\s*([+-])\s*(.+)", re.ASCII)
_SUN = re.compile(r"(sunrise|sunset)(?:\s*([+-])\s*(\S+))?")


def parse_time(text: str) -> int:
    """Seconds since midnight of `7:30`, `07:30:15`.

    Raises:
        ValueError: if it is no time of a day.
    """
    match = _TIME.fullmatch(text)
    if not match or int(match[1]) >= _HOURS_A_DAY:
        raise ValueError(text)
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)


def format_time(seconds: int) -> str:
    """`07:30`, with seconds if there are any."""
    minutes, rest = divmod(seconds, 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{rest:02}" if rest else text


def parse_offset(text: str) -> int:
    """Milliseconds of `-30m`, `+1h`, `30m`.

    Raises:
        ValueError: if it is no duration of up to half a day.
    """
    offset_ms = parse_duration(text[1:] if text[:1] in ("+", "-") else text)
    if offset_ms > MAX_OFFSET_MS:
        raise ValueError(text)
    return -offset_ms if text.startswith("-") else offset_ms


def format_offset(offset_ms: int) -> str:
    """With its sign."""
    return f"{'-' if offset_ms < 0 else '+'}{format_duration(abs(offset_ms))}"


def parse_day_time(text: str) -> DayTime:
    """`22:00`, `sunset`, `sunrise+30m`.

    Raises:
        ValueError: if it is neither a time nor one of the sun.
    """
    match = _SUN.fullmatch(text)
    if not match:
        return DayTime(parse_time(text))
    offset_ms = parse_offset(match[2] + match[3]) if match[2] else 0
    return DayTime(sun=SunEvent(match[1]), offset_ms=offset_ms)


def format_day_time(time: DayTime) -> str:
    """The inverse of `parse_day_time`."""
    if time.sun is None:
        return format_time(time.seconds)
    return f"{time.sun}{format_offset(time.offset_ms)}" if time.offset_ms else str(time.sun)


def format_days(days: frozenset[int]) -> str:
    """`mon, tue`."""
    return ", ".join(DAY_WORDS[day] for day in sorted(days))


class Days(Kind[frozenset[int]]):
    """A day, `weekdays`, `weekend`, or a list of these."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> frozenset[int]:
        """All of them."""
        return frozenset[int]().union(*_DAYS.read(node, key, scope))

    def flow(self, value: frozenset[int]) -> str:
        """As a list of days."""
        return f"[{format_days(value)}]"


def _parse_days(text: str) -> frozenset[int]:
    try:
        return _SETS[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def _likely_time(text: str) -> str:
    """`7:30 pm` → `19:30`; `7h30`, `7.30` → `7:30`; `24:00` → `00:00`."""
    if match := _TWELVE_HOURS.fullmatch(text.strip()):
        hour = int(match[1]) % _NOON + (_NOON if match[3].lower() == "p" else 0)
        return f"{hour:02}:{match[2] or '00'}"
    if match := _BARE_HOUR.fullmatch(text.strip()):
        return f"{int(match[1]):02}:{match[2] or '00'}"
    return "00:00" if text == "24:00" else text.strip()


def _likely_day_time(text: str) -> str:
    """`sunset + 30 min` → `sunset+30m`; else as a time."""
    match = _SUN_LIKELY.fullmatch(text.strip().lower())
    if match:
        return f"{match[1]}{match[2]}{likely_duration(match[3])}"
    return _likely_time(text)


def _likely_offset(text: str) -> str:
    """`-00:30:00`, `-30 min` → `-30m`."""
    sign = text[:1] if text[:1] in ("+", "-") else ""
    return sign + likely_duration(text.removeprefix(sign).strip())


def _likely_day(text: str) -> str:
    """`Monday` → `mon`; `workdays`, `mon-fri` → `weekdays`; `sat-sun` → `weekend`."""
    word = text.strip().lower()
    first, _, last = word.partition("-")
    if last:
        ends = (first.strip()[:3], last.strip()[:3])
        return {("mon", "fri"): "weekdays", ("sat", "sun"): "weekend"}.get(ends, "")
    if not word.isalpha():
        return ""
    return "weekdays" if word.startswith("work") else word[:3]


TIME = Scalar(
    parse_time,
    'a time of day such as "07:30" or "19:00:30"',
    lambda seconds: quoted(format_time(seconds)),
    likely=_likely_time,
)
TIMES = OneOrMore(TIME, 'a time such as "07:30", or a list of them', MAX_TIMES, least=1)

DAY_TIME = Scalar(
    parse_day_time,
    'a time of day such as "22:00", sunset, or sunrise+30m',
    lambda time: quoted(format_day_time(time)),
    tuple(SunEvent),
    likely=_likely_day_time,
)
OFFSET = Scalar(
    parse_offset, "a duration such as -30m or 1h, at most 12h", format_offset, likely=_likely_offset
)
_DAYS = OneOrMore(
    Scalar(
        _parse_days,
        f"one of {', '.join(_SETS)}, or a list of these",
        format_days,
        tuple(_SETS),
        likely=_likely_day,
    ),
    "a list such as [mon, tue], weekdays or weekend",
    len(ALL_DAYS),
    least=1,
)
DAYS = Days()
