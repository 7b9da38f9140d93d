"""Schedules and windows in words, as a person writes them in the file."""

from collections.abc import Iterable

from blynk_gateway.config.automations.options import (
    ALL_DAYS,
    CronTrigger,
    DayTime,
    SunEvent,
    SunTrigger,
    TimeCondition,
    TimeTrigger,
)
from blynk_gateway.config.scalars import format_duration

_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_GROUPS = {
    ALL_DAYS: "",
    frozenset(range(5)): "weekdays",
    frozenset({5, 6}): "weekend",
}


def describe(trigger: TimeTrigger | CronTrigger | SunTrigger) -> str:
    """`at 07:30, 19:00 on weekdays`, `cron */15 * * * *`, `sunset -30m`."""
    match trigger:
        case TimeTrigger(times, days):
            return _on("at " + ", ".join(clock_text(seconds) for seconds in times), days)
        case CronTrigger(expression):
            return f"cron {expression}"
        case SunTrigger(event, offset_ms, days):
            return _on(sun_text(event, offset_ms), days)


def describe_window(window: TimeCondition) -> str:
    """`after 22:00 before sunrise +30m on weekend`."""
    words = [
        f"{name} {_day_time_text(bound)}"
        for name, bound in (("after", window.after), ("before", window.before))
        if bound is not None
    ]
    return _on(" ".join(words), window.days) or "any day"


def clock_text(seconds: int) -> str:
    """`07:30`, `07:30:15`."""
    minutes, second = divmod(seconds, 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{second:02}" if second else text


def sun_text(event: SunEvent, offset_ms: int) -> str:
    """`sunset`, `sunset -30m`, `sunrise +90m`."""
    if not offset_ms:
        return event.value
    return f"{event.value} {'-' if offset_ms < 0 else '+'}{format_duration(abs(offset_ms))}"


def days_text(days: Iterable[int]) -> str:
    """`mon, wed`, `weekdays`; nothing for all days."""
    these = frozenset(days)
    group = _GROUPS.get(these)
    return ", ".join(_NAMES[day] for day in sorted(these)) if group is None else group


def _day_time_text(bound: DayTime) -> str:
    if bound.sun is None:
        return clock_text(bound.seconds)
    return sun_text(bound.sun, bound.offset_ms)


def _on(text: str, days: frozenset[int]) -> str:
    which = days_text(days)
    return f"{text} on {which}".strip() if which else text
