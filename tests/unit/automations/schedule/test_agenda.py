import logging
from collections.abc import Callable
from datetime import datetime

import pytest

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.schedule.agenda import (
    LATE_MS,
    LOOK_EVERY_MS,
    SET_BACK_MS,
    Agenda,
    Entry,
)
from blynk_gateway.automations.schedule.sky import Sky
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.automations.options import CronTrigger, SunEvent, SunTrigger, TimeTrigger
from blynk_gateway.core.location import Location
from blynk_gateway.runtime.clock_quality import ClockQuality
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted

BERLIN = Location(52.52, 13.41)
MINUTELY = CronTrigger("* * * * *")
HOUR_MS = 3_600_000


def ms(text: str) -> int:
    return round(datetime.fromisoformat(f"{text}+01:00").timestamp() * 1000)


class Bench:
    """An agenda in Berlin in the winter of 2028, its clock, and what it did."""

    def __init__(self, now: str, *, is_trusted: bool = True) -> None:
        self.clock = FakeClock(ms(now))
        self.quality = (
            trusted(self.clock)
            if is_trusted
            else ClockQuality(self.clock, is_synchronised=lambda: False, machine="aarch64")
        )
        self.timers = Timers(self.clock)
        self.zone = Zone.of("Europe/Berlin")
        self.sky = Sky(BERLIN, self.zone)
        self.agenda = Agenda(self.clock, self.quality, self.zone, self.timers, self.sky)
        self.fired: list[str] = []

    def note(self, name: str = "") -> Callable[[Cause], None]:
        def fire(cause: Cause) -> None:
            moment = self.zone.iso(cause.at_ms)[11:19]
            self.fired.append(" ".join(filter(None, (name, moment, cause.text))))

        return fire

    def pass_time(self, seconds: float) -> list[str]:
        """Let timers run their course; returns what fired."""
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 0:
            wait = self.timers.advance()
            self.clock.advance(left if wait is None else min(wait, left))
        self.timers.advance()
        return self.take()

    def wake_after(self, delta_ms: int) -> list[str]:
        """The wall clock is set, or the machine slept; then the next look."""
        self.clock.step(delta_ms)
        return self.pass_time(LOOK_EVERY_MS / 1000)

    def take(self) -> list[str]:
        fired, self.fired = self.fired, []
        return fired


def at(*hours: float) -> TimeTrigger:
    return TimeTrigger(tuple(round(hour * 3600) for hour in hours))


def test_moments_fire_when_they_are_due_and_not_before() -> None:
    bench = Bench("2028-01-10T07:00:00")
    entry = bench.agenda.add(at(7.5, 19.5), bench.note())
    before_ms = entry.next_ms
    assert before_ms is None
    bench.agenda.start()
    assert entry.next_ms == ms("2028-01-10T07:30:00")
    assert bench.pass_time(1799.999) == []
    assert bench.pass_time(0.001) == ["07:30:00 at 07:30"]
    assert entry.next_ms == ms("2028-01-10T19:30:00")
    assert bench.pass_time(43_200) == ["19:30:00 at 19:30"]


def test_the_moment_of_the_start_has_passed() -> None:
    bench = Bench("2028-01-10T07:30:00")
    bench.agenda.add(at(7.5), bench.note())
    bench.agenda.start()
    assert bench.pass_time(3600) == []


def test_each_kind_of_schedule_tells_what_it_is() -> None:
    bench = Bench("2028-01-10T15:40:00")
    bench.agenda.start()
    bench.agenda.add(SunTrigger(SunEvent.SUNSET, -1_800_000), bench.note())
    bench.agenda.add(CronTrigger("45 * * * *"), bench.note())
    assert bench.pass_time(600) == ["15:43:41 sunset -30m", "15:45:00 cron 45 * * * *"]


def test_rules_of_the_same_moment_run_in_the_order_of_the_configuration() -> None:
    bench = Bench("2028-01-10T07:29:00")
    names = ["c", "a", "b", "z", "d"]
    for name in names:
        trigger = at(7.5) if name in "ca" else CronTrigger("30 7 * * *")
        bench.agenda.add(trigger, bench.note(name))
    bench.agenda.start()
    assert [text[0] for text in bench.pass_time(90)] == names


def test_a_cancelled_entry_is_silent_and_one_added_is_not() -> None:
    bench = Bench("2028-01-10T07:00:00")
    bench.agenda.start()
    first = bench.agenda.add(MINUTELY, bench.note("first"))
    assert len(bench.pass_time(60)) == 1
    first.cancel()
    first.cancel()
    assert first.next_ms is None
    bench.agenda.add(MINUTELY, bench.note("second"))
    assert bench.pass_time(60) == ["second 07:02:00 cron * * * * *"]


def test_a_rule_may_cancel_the_next_one_of_its_moment() -> None:
    bench = Bench("2028-01-10T07:00:30")
    bench.agenda.start()
    entries: list[Entry] = []
    bench.agenda.add(MINUTELY, lambda _: entries[0].cancel())
    entries.append(bench.agenda.add(MINUTELY, bench.note()))
    assert bench.pass_time(60) == []


def test_a_reload_between_a_moment_and_the_next_look_loses_nothing() -> None:
    bench = Bench("2028-01-10T07:29:55")
    bench.agenda.start()
    old = bench.agenda.add(at(7.5), bench.note("old"))
    # The loop was busy with the reload, so that the timer is late.
    bench.clock.advance(5.2)
    old.cancel()
    bench.agenda.add(at(7.5), bench.note("new"))
    assert bench.pass_time(1) == ["new 07:30:00 at 07:30"]


def test_what_was_added_to_an_idle_agenda_begins_then() -> None:
    bench = Bench("2028-01-10T07:00:00")
    bench.agenda.start()
    bench.pass_time(60)
    bench.clock.advance(1800)
    bench.agenda.add(at(7.5), bench.note())
    assert bench.pass_time(600) == []
    assert bench.pass_time(86_400) == ["07:30:00 at 07:30"]


def test_an_earlier_entry_wakes_the_agenda_earlier() -> None:
    bench = Bench("2028-01-10T07:00:00")
    bench.agenda.start()
    bench.agenda.add(at(12), bench.note())
    bench.agenda.add(TimeTrigger((7 * 3600 + 2,)), bench.note())
    assert bench.pass_time(2) == ["07:00:02 at 07:00:02"]


def test_a_rule_that_fails_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench("2028-01-10T07:00:30")

    def fail(_: Cause) -> None:
        raise RuntimeError("boom")

    bench.agenda.add(MINUTELY, fail)
    bench.agenda.add(MINUTELY, bench.note())
    bench.agenda.start()
    assert len(bench.pass_time(120)) == 2
    assert "schedule failed" in caplog.text


@pytest.mark.parametrize("back_ms", [2000, 20 * 60_000, SET_BACK_MS])
def test_a_clock_set_back_a_little_brings_no_moment_again(back_ms: int) -> None:
    bench = Bench("2028-01-10T07:29:00")
    bench.agenda.add(at(7.5, 7.75), bench.note())
    bench.agenda.start()
    assert bench.pass_time(60) == ["07:30:00 at 07:30"]
    assert bench.wake_after(-back_ms) == []
    assert bench.pass_time(back_ms / 1000 + 900) == ["07:45:00 at 07:45"]


def test_a_clock_set_back_far_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench("2028-01-10T07:29:00")
    bench.agenda.add(at(7.5), bench.note())
    bench.agenda.start()
    bench.pass_time(60)
    assert bench.wake_after(-2 * HOUR_MS) == []
    assert "schedules begin anew" in caplog.text
    assert bench.pass_time(2 * 3600) == ["07:30:00 at 07:30"]


@pytest.mark.parametrize("late_ms", [10_000, LATE_MS - 10_000])
def test_a_moment_missed_by_minutes_is_made_up_for(late_ms: int) -> None:
    bench = Bench("2028-01-10T07:29:50")
    bench.agenda.add(at(7.5), bench.note())
    bench.agenda.start()
    # The next look comes ten seconds after the clock was set.
    assert bench.wake_after(late_ms) == ["07:30:00 at 07:30"]


def test_a_reload_while_the_clock_is_set_back_brings_no_moment_again() -> None:
    bench = Bench("2028-01-10T07:29:00")
    old = bench.agenda.add(at(7.5), bench.note())
    bench.agenda.start()
    bench.pass_time(60)
    assert bench.wake_after(-20 * 60_000) == []
    old.cancel()
    bench.agenda.add(at(7.5), bench.note())
    assert bench.pass_time(3600) == []


def test_older_ones_are_left_out_with_a_word(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench("2028-01-10T07:29:00")
    entries = [bench.agenda.add(at(7.5), bench.note()) for _ in range(3)]
    bench.agenda.start()
    assert bench.wake_after(3 * HOUR_MS) == []
    records = [one for one in caplog.records if one.message == "scheduled moments missed"]
    assert [(one.levelno, one.__dict__["schedules"]) for one in records] == [(logging.WARNING, 3)]
    assert {entry.next_ms for entry in entries} == {ms("2028-01-11T07:30:00")}


def test_of_many_missed_moments_of_a_rule_the_latest_happens() -> None:
    bench = Bench("2028-01-10T07:00:00")
    bench.agenda.add(MINUTELY, bench.note())
    bench.agenda.add(CronTrigger("0 * * * *"), bench.note("hourly"))
    bench.agenda.start()
    assert bench.wake_after(9 * HOUR_MS + 120_000) == [
        "hourly 16:00:00 cron 0 * * * *",
        "16:02:00 cron * * * * *",
    ]


def test_of_many_missed_moments_none_happens_if_the_latest_is_too_old() -> None:
    bench = Bench("2028-01-10T07:00:00")
    entry = bench.agenda.add(CronTrigger("0 * * * *"), bench.note())
    bench.agenda.start()
    assert bench.wake_after(9 * HOUR_MS + LATE_MS) == []
    assert entry.next_ms == ms("2028-01-10T17:00:00")


def test_nothing_happens_while_the_clock_is_not_trusted() -> None:
    bench = Bench("2027-01-10T07:00:00", is_trusted=False)
    entry = bench.agenda.add(MINUTELY, bench.note())
    bench.agenda.start()
    assert bench.pass_time(3600) == []
    assert entry.next_ms is None


def test_when_the_clock_becomes_trusted_schedules_begin_then() -> None:
    bench = Bench("2027-01-10T07:00:00", is_trusted=False)
    bench.agenda.add(at(7.5), bench.note())
    bench.agenda.start()
    bench.clock.step(ms("2028-01-10T07:30:03") - ms("2027-01-10T07:00:00"))
    bench.quality.resume(was_trusted=True, was_set=False)
    assert bench.pass_time(600) == []
    assert bench.pass_time(86_400) == ["07:30:00 at 07:30"]


def test_trust_that_comes_before_the_start_starts_nothing() -> None:
    bench = Bench("2027-01-10T07:00:00", is_trusted=False)
    entry = bench.agenda.add(MINUTELY, bench.note())
    bench.quality.resume(was_trusted=True, was_set=False)
    assert bench.pass_time(600) == []
    assert entry.next_ms is None
    bench.agenda.start()
    assert len(bench.pass_time(600)) == 10


def test_after_a_stop_nothing_happens_and_a_start_begins_anew() -> None:
    bench = Bench("2028-01-10T07:00:00")
    bench.agenda.add(MINUTELY, bench.note())
    bench.agenda.start()
    bench.pass_time(60)
    bench.agenda.stop()
    assert bench.pass_time(600) == []
    bench.agenda.start()
    assert len(bench.pass_time(60)) == 1


def test_another_place_has_another_sunset() -> None:
    bench = Bench("2028-01-10T12:00:00")
    entry = bench.agenda.add(SunTrigger(SunEvent.SUNSET), bench.note())
    bench.agenda.refresh()
    bench.agenda.start()
    before_ms = entry.next_ms
    bench.sky.move(Location(52.52, -1.59))
    bench.agenda.refresh()
    assert before_ms is not None
    assert entry.next_ms is not None
    assert entry.next_ms - before_ms == pytest.approx(HOUR_MS, abs=10_000)
    assert bench.pass_time(5.5 * 3600) == ["17:13:44 sunset"]


def test_a_sun_that_comes_later_than_anyone_looked_is_looked_for_again() -> None:
    bench = Bench("2028-01-10T12:00:00")
    bench.sky.move(None)
    entry = bench.agenda.add(SunTrigger(SunEvent.SUNSET), bench.note())
    bench.agenda.start()
    assert bench.pass_time(86_400) == []
    assert entry.next_ms is None
    bench.sky.move(BERLIN)
    bench.pass_time(86_400)
    assert entry.next_ms is not None
