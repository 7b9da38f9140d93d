"""Sunrises and sunsets, earlier or later by an offset."""

from datetime import timedelta

from blynk_gateway.automations.schedule.moments import Moment
from blynk_gateway.automations.schedule.sky import Sky
from blynk_gateway.automations.schedule.wording import sun_text
from blynk_gateway.config.automations.options import SunTrigger
from blynk_gateway.runtime.timezone import Zone

_DAYS = 400
"""A polar night, and where the sun comes on a few days of the year only."""

_BEFORE = 1
"""A sunset after midnight belongs to the day before."""


class SunTimes:
    """The moments of a SunTrigger; its days are those of the sun's event, before the offset."""

    def __init__(self, trigger: SunTrigger, zone: Zone, sky: Sky) -> None:
        self._trigger = trigger
        self._zone = zone
        self._sky = sky
        self._text = sun_text(trigger.event, trigger.offset_ms)

    def after(self, now_ms: int) -> Moment | None:
        """The first one later than this; None if the sun does not come in a year."""
        if self._sky.location is None:
            return None
        event_ms = now_ms - self._trigger.offset_ms
        first = self._zone.local(event_ms).date() - timedelta(_BEFORE)
        for day in (first + timedelta(days) for days in range(_DAYS)):
            if day.weekday() not in self._trigger.days:
                continue
            found_ms = self._sky.moment(day, self._trigger.event)
            if found_ms is not None and found_ms > event_ms:
                return Moment(found_ms + self._trigger.offset_ms, self._text)
        return None
