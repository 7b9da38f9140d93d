"""Every schedule of the rules, woken by one timer for the moment that comes next.

1. Nothing happens while the clock is not trusted: nobody knows what time it is. Once it is trusted,
   schedules go on from there.
2. A moment happens once. A clock that is set back by an hour or less, as one that ran ahead is,
   does not bring it again; one that is set back further begins anew.
3. A moment that passed while nobody looked (the machine slept, the clock was set forward) is made
   up for up to five minutes later, once for each schedule; older ones are left out and logged.
4. What comes at the same moment happens in the order in which it was added: the configuration's.
"""

import logging
from collections.abc import Callable
from itertools import count

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.schedule.clock_times import ClockTimes
from blynk_gateway.automations.schedule.cron import CronTimes
from blynk_gateway.automations.schedule.moments import Moment, Moments
from blynk_gateway.automations.schedule.sky import Sky
from blynk_gateway.automations.schedule.sun_times import SunTimes
from blynk_gateway.automations.schedule.wording import describe
from blynk_gateway.automations.timers import Timer, Timers
from blynk_gateway.config.automations.options import CronTrigger, SunTrigger, TimeTrigger
from blynk_gateway.core.clock import Clock
from blynk_gateway.runtime.clock_quality import ClockQuality
from blynk_gateway.runtime.timezone import Zone

log = logging.getLogger(__name__)

LOOK_EVERY_MS = 10_000
"""The wall clock may be set while a timer, which follows another clock, runs."""

LATE_MS = 5 * 60_000
"""A light that goes on five minutes late still helps; one hours late surprises."""

SET_BACK_MS = 60 * 60_000
"""As much as a time zone that was set wrong; below it a moment would come twice in a day."""

_LOOK_AGAIN_MS = 24 * 60 * 60_000
"""For a schedule without a next moment: the sun may come back later than anyone looked."""

ScheduleTrigger = TimeTrigger | CronTrigger | SunTrigger
Fire = Callable[[Cause], None]


class Entry:
    """One schedule of the agenda; made by `Agenda.add`."""

    __slots__ = ("fire", "forget", "look_ms", "moment", "moments", "trigger")

    def __init__(
        self, trigger: ScheduleTrigger, moments: Moments, fire: Fire, forget: Callable[[], object]
    ) -> None:
        self.trigger = trigger
        self.moments = moments
        self.fire: Fire | None = fire
        self.forget = forget
        self.moment: Moment | None = None
        self.look_ms = 0

    @property
    def next_ms(self) -> int | None:
        """UTC of its next moment; None while the clock is not trusted, or for none in sight."""
        return None if self.moment is None else self.moment.at_ms

    def cancel(self) -> None:
        """It never fires again. May be repeated."""
        self.fire = self.moment = None
        self.forget()

    def seek(self, now_ms: int) -> None:
        """Find its first moment later than this."""
        self.moment = self.moments.after(now_ms)
        self.look_ms = now_ms + _LOOK_AGAIN_MS if self.moment is None else self.moment.at_ms

    def take(self, now_ms: int) -> Moment | None:
        """Its latest moment until now, if that is not too late; go on to the one after now."""
        latest = None
        if self.look_ms < now_ms - LATE_MS:
            self.seek(now_ms - LATE_MS - 1)
        while self.moment is not None and self.moment.at_ms <= now_ms:
            latest = self.moment
            self.seek(latest.at_ms)
        if self.moment is None:
            self.seek(now_ms)
        return latest


class Agenda:
    """All schedules of the gateway."""

    def __init__(
        self, clock: Clock, clock_quality: ClockQuality, zone: Zone, timers: Timers, sky: Sky
    ) -> None:
        self._clock = clock
        self._quality = clock_quality
        self._zone = zone
        self._timers = timers
        self._sky = sky
        self._numbers = count()
        # In the order in which they were added; few enough to look at each.
        self._entries: dict[int, Entry] = {}
        self._done_ms: int | None = None
        self._timer: Timer | None = None
        self._wake_ms = 0
        self._is_running = False
        if not clock_quality.is_trusted:
            clock_quality.on_trusted(self._look)

    def add(self, trigger: ScheduleTrigger, fire: Fire) -> Entry:
        """Have something called at each moment of a schedule.

        It begins with the latest look, at most seconds ago: an entry that takes the place of
        another one, as at a reload, loses no moment.

        Raises:
            ValueError: it has a cron expression that is none; the configuration refuses those.
        """
        number = next(self._numbers)
        entry = Entry(
            trigger, self._moments(trigger), fire, lambda: self._entries.pop(number, None)
        )
        if self._timer is None:
            self._look()
        self._entries[number] = entry
        if self._done_ms is not None:
            entry.seek(self._done_ms)
        if self._timer is None or (self._done_ms is not None and entry.look_ms < self._wake_ms):
            self._arm()
        return entry

    def start(self) -> None:
        """Begin with the moments from now on."""
        self._is_running = True
        self._look()

    def stop(self) -> None:
        """Let nothing happen any more, until `start`."""
        self._is_running = False
        self._done_ms = None
        self._arm()

    def refresh(self) -> None:
        """The sky is another one: find all moments anew."""
        if self._done_ms is not None:
            self._begin(self._done_ms)
            self._arm()

    def _moments(self, trigger: ScheduleTrigger) -> Moments:
        match trigger:
            case TimeTrigger():
                return ClockTimes(trigger, self._zone)
            case CronTrigger():
                return CronTimes(trigger, self._zone)
            case SunTrigger():
                return SunTimes(trigger, self._zone, self._sky)

    def _look(self) -> None:
        """Do what is due, and set the timer for the next look."""
        if self._is_running and self._quality.is_trusted:
            now_ms = self._clock.now_ms()
            done_ms = self._done_ms
            if done_ms is None:
                self._begin(now_ms)
            elif now_ms < done_ms - SET_BACK_MS:
                log.warning("schedules begin anew", extra={"back_s": (done_ms - now_ms) // 1000})
                self._begin(now_ms)
            elif now_ms > done_ms:
                self._done_ms = now_ms
                self._fire_due(now_ms)
        self._arm()

    def _begin(self, now_ms: int) -> None:
        self._done_ms = now_ms
        for entry in self._entries.values():
            entry.seek(now_ms)

    def _fire_due(self, now_ms: int) -> None:
        due: list[tuple[int, int, str, Entry]] = []
        missed: list[Entry] = []
        for number, entry in self._entries.items():
            if entry.look_ms > now_ms:
                continue
            if entry.moment is not None and entry.moment.at_ms < now_ms - LATE_MS:
                missed.append(entry)
            moment = entry.take(now_ms)
            if moment is not None:
                due.append((moment.at_ms, number, moment.text, entry))
        if missed:
            log.warning(
                "scheduled moments missed",
                extra={"schedules": len(missed), "first": describe(missed[0].trigger)},
            )
        for at_ms, _, text, entry in sorted(due, key=lambda one: one[:2]):
            # An earlier one may have cancelled it.
            if entry.fire is None:
                continue
            try:
                entry.fire(Cause(text, at_ms))
            except Exception:
                # One that fails must not keep the others from their moment.
                log.exception("schedule failed", extra={"schedule": text})

    def _arm(self) -> None:
        """Set the timer for the next look, if there is anything to look for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not (self._is_running and self._entries):
            return
        now_ms = self._clock.now_ms()
        self._wake_ms = now_ms + LOOK_EVERY_MS
        if self._done_ms is not None:
            next_ms = min(entry.look_ms for entry in self._entries.values())
            # Rules take time: the next one may be due already.
            self._wake_ms = min(self._wake_ms, max(next_ms, now_ms + 1))
        self._timer = self._timers.after((self._wake_ms - now_ms) / 1000, self._look)
