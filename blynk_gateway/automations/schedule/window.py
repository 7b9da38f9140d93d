"""Windows of time: from one moment of the day to another, on some days.

1. Two times of the clock go over midnight if the second is not the later one; `22:00` to `22:00` is
   a whole day.
2. With the sun, sunrise counts as morning and sunset as evening, whatever the season: `22:00` to
   sunrise goes over midnight, `18:00` to sunset never does, and in winter there is nothing in it.
3. `after` alone lasts until midnight, `before` alone begins there.
4. A window has the day on which it begins; the sun's, if it begins by the sun.
5. On a day on which a bound does not come, as in a polar night, there is no window.
"""

from datetime import date, datetime, time, timedelta

from blynk_gateway.automations.schedule.sky import Sky
from blynk_gateway.config.automations.options import DayTime, SunEvent, TimeCondition
from blynk_gateway.runtime.timezone import Zone

_DAYS = (0, -1, -2, 1)
"""Days on which a window that holds now can have begun, likely ones first: one over midnight began
yesterday, and the sun with an offset crosses midnight both ways."""

_NOON_S = 43_200
_MIDNIGHT = DayTime()


def is_within(condition: TimeCondition, now_ms: int, zone: Zone, sky: Sky) -> bool:
    """Whether a window holds now: its first moment is within, its last is not."""
    today = zone.local(now_ms).date()
    return any(
        _is_within_day(condition, today + timedelta(days), now_ms, zone, sky) for days in _DAYS
    )


def _is_within_day(condition: TimeCondition, day: date, now_ms: int, zone: Zone, sky: Sky) -> bool:
    """Whether now is in the window that begins on a day."""
    if day.weekday() not in condition.days:
        return False
    after, before = condition.after, condition.before
    begin_ms = _moment(after or _MIDNIGHT, day, zone, sky)
    if begin_ms is None or now_ms < begin_ms:
        return False
    if before is None:
        end_ms = _moment(_MIDNIGHT, day + timedelta(1), zone, sky)
    else:
        is_over_midnight = after is not None and _is_over_midnight(after, before)
        end_ms = _moment(before, day + timedelta(is_over_midnight), zone, sky)
    return end_ms is not None and now_ms < end_ms


def _is_over_midnight(after: DayTime, before: DayTime) -> bool:
    if after.sun is before.sun:
        # One of the two is the same for both: 0.
        return (after.seconds, after.offset_ms) >= (before.seconds, before.offset_ms)
    return _is_evening(after) and not _is_evening(before)


def _is_evening(bound: DayTime) -> bool:
    if bound.sun is None:
        return bound.seconds >= _NOON_S
    return bound.sun is SunEvent.SUNSET


def _moment(bound: DayTime, day: date, zone: Zone, sky: Sky) -> int | None:
    if bound.sun is None:
        return zone.instant(datetime.combine(day, time()) + timedelta(seconds=bound.seconds))
    event_ms = sky.moment(day, bound.sun)
    return None if event_ms is None else event_ms + bound.offset_ms
