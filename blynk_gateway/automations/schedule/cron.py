"""Cron expressions: five fields, or a word such as @hourly.

They are counted by the wall clock; what a change of it means is as in Debian's cron:

1. With `*` or `*/2` in the field of the hour, a rule runs all day long: at each moment at which the
   wall clock shows a matching time. The hour that comes twice counts twice, the skipped one never.
2. Otherwise it means times of the day: a skipped one is the moment of the change, one that comes
   twice is the first.
"""

from bisect import bisect_left
from datetime import date, datetime, time, timedelta
from itertools import product

from blynk_gateway.automations.schedule.moments import Moment
from blynk_gateway.config.automations.cron import fields_of
from blynk_gateway.config.automations.options import CronTrigger
from blynk_gateway.runtime.timezone import Zone

MAX_YEARS = 50
"""February 29 comes after eight years at the latest; a 31st of it never does."""

_MILLISECOND = timedelta(milliseconds=1)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


class CronTimes:
    """The moments of a CronTrigger."""

    def __init__(self, trigger: CronTrigger, zone: Zone) -> None:
        self._text = f"cron {trigger.expression}"
        self._fields = fields_of(trigger.expression)
        self._times = sorted(product(self._fields.hours, self._fields.minutes))
        self._zone = zone

    def after(self, now_ms: int) -> Moment | None:
        """The first one later than this; None for a day that no year has."""
        find = self._find_all_day if self._fields.is_all_day else self._find_time_of_day
        try:
            return Moment(find(now_ms), self._text)
        except ValueError:
            return None

    def _find_time_of_day(self, now_ms: int) -> int:
        wall, at_ms = self._zone.local(now_ms), now_ms
        # In the hour that comes a second time, its matches have been.
        while at_ms <= now_ms:
            wall = self._next(wall)
            at_ms = self._zone.instant(wall)
        return at_ms

    def _find_all_day(self, now_ms: int) -> int:
        wall = self._zone.local(now_ms)
        while True:
            # As if the clock were not changed before; if it is, look on from there.
            found = self._next(wall)
            at_ms = now_ms + round((found - self._zone.local(now_ms)) / _MILLISECOND)
            changed_ms = self._zone.find_next_change(now_ms, at_ms)
            if changed_ms is None:
                return at_ms
            now_ms = changed_ms
            # The time that the clock shows at the change counts.
            wall = self._zone.local(now_ms) - _MILLISECOND

    def _next(self, wall: datetime) -> datetime:
        """Raises ValueError: there is none within `MAX_YEARS`."""
        start = wall.replace(second=0, microsecond=0) + _MINUTE
        day = start.date()
        from_time = start.hour, start.minute
        while day.year - start.year <= MAX_YEARS:
            if self._is_day(day):
                index = bisect_left(self._times, from_time)
                if index < len(self._times):
                    return datetime.combine(day, time(*self._times[index]))
            day += _DAY
            from_time = 0, 0
        raise ValueError(self._text)

    def _is_day(self, day: date) -> bool:
        fields = self._fields
        if day.month not in fields.months:
            return False
        matches = day.day in fields.days, day.isoweekday() % 7 in fields.weekdays
        return any(matches) if fields.is_either_day else all(matches)
