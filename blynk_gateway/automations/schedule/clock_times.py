"""Times of the day by the wall clock."""

from datetime import datetime, time, timedelta

from blynk_gateway.automations.schedule.moments import Moment
from blynk_gateway.automations.schedule.wording import clock_text
from blynk_gateway.config.automations.options import TimeTrigger
from blynk_gateway.runtime.timezone import Zone

_DAYS = 9
"""A week from today, and a day more: a zone that crosses the date line leaves one out."""


class ClockTimes:
    """The moments of a TimeTrigger; `Zone.instant` says what becomes of skipped and double ones."""

    def __init__(self, trigger: TimeTrigger, zone: Zone) -> None:
        self._times = sorted(trigger.times)
        self._days = trigger.days
        self._zone = zone

    def after(self, now_ms: int) -> Moment | None:
        """The first one later than this; None without days or times."""
        midnight = datetime.combine(self._zone.local(now_ms), time())
        for day in (midnight + timedelta(days) for days in range(_DAYS)):
            if day.weekday() not in self._days:
                continue
            for seconds in self._times:
                at_ms = self._zone.instant(day + timedelta(seconds=seconds))
                if at_ms > now_ms:
                    return Moment(at_ms, f"at {clock_text(seconds)}")
        return None
