"""A whole leap year with a clock of its own: rules, engine, runner, agenda and core are real.

What is expected is found another way: by walking through the year in quarters of an hour, and for
the sun by walking along its height.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import astral
import astral.sun
import pytest

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.outbox import Done
from blynk_gateway.automations.placeholders import Placeholders
from blynk_gateway.automations.rules.engine import Engine
from blynk_gateway.automations.runs.runner import Runner
from blynk_gateway.automations.schedule import agenda as agenda_module
from blynk_gateway.automations.schedule.agenda import Agenda
from blynk_gateway.automations.schedule.sky import HORIZON, Sky
from blynk_gateway.automations.timers import Timers
from blynk_gateway.config.automations.options import (
    Action,
    AutomationOptions,
    Condition,
    CronTrigger,
    DayTime,
    DelayAction,
    NotifyAction,
    SetAction,
    SunEvent,
    SunTrigger,
    TimeCondition,
    TimeTrigger,
    Trigger,
)
from blynk_gateway.config.options import GatewayOptions
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.location import Location
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted
from tests.helpers.devices import API
from tests.helpers.wire import TOKEN

YEAR = 2028
STEP = timedelta(minutes=15)
HOUR_MS = 3_600_000
WEEKEND = frozenset({5, 6})
TUESDAY = frozenset({1})

BERLIN = Location(52.52, 13.41)
LONGYEARBYEN = Location(78.22, 15.65)


Rules: TypeAlias = Mapping[str, tuple[Trigger, tuple[Condition, ...], tuple[Action, ...]]]
"""By slug: when, if what, and what it does between `on` and `off`."""


class Alone:
    """Meets `Effects` for rules that only set pins."""

    @property
    def messages(self) -> "Alone":
        return self

    def publish(self, topic: str, payload: str, *, qos: int, retain: bool) -> None:
        raise AssertionError(topic)

    def listen(self, filters: object, heard: object) -> None:
        pass

    def run_scene(self, slug: str, cause: Cause) -> str:
        raise AssertionError(slug)

    def set_enabled(self, slug: str, is_enabled: bool) -> None:
        raise AssertionError(slug)

    def loop_detected(self, slug: str, reason: str) -> None:
        raise AssertionError(slug, reason)

    def webhook(self, name: str, cause: Cause, rule: str, done: Done) -> None:
        raise AssertionError(name)

    def notify(self, action: NotifyAction, rule: str, title: str, text: str, done: Done) -> None:
        raise AssertionError(text)

    def note_depth(self, seq: int, depth: int) -> None:
        raise AssertionError(seq)


class Step(NamedTuple):
    """A quarter of an hour of the year.

    Attributes:
        walls: what the clock shows; before it what it skipped just then.
    """

    at_ms: int
    walls: tuple[datetime, ...]


def bounds(zone: str) -> tuple[datetime, datetime]:
    first = datetime(YEAR, 1, 1, tzinfo=ZoneInfo(zone))
    return first.astimezone(UTC), first.replace(year=YEAR + 1).astimezone(UTC)


def in_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def walk(zone_name: str) -> list[Step]:
    """Every quarter of an hour of the year."""
    zone = ZoneInfo(zone_name)
    moment, end = bounds(zone_name)
    steps = []
    before = moment.astimezone(zone).replace(tzinfo=None) - STEP
    while moment < end:
        wall = moment.astimezone(zone).replace(tzinfo=None)
        skipped = []
        while before + STEP < wall:
            before += STEP
            skipped.append(before)
        steps.append(Step(in_ms(moment), (*skipped, wall)))
        before = wall
        moment += STEP
    return steps


def once(steps: list[Step], is_it: Callable[[datetime], bool]) -> Iterator[int]:
    """Times of the day: each once, the skipped ones when the clock is changed."""
    seen: set[datetime] = set()
    for at_ms, walls in steps:
        hits = {wall for wall in walls if is_it(wall)} - seen
        if hits:
            yield at_ms
            seen |= hits


def all_day(steps: list[Step], is_it: Callable[[datetime], bool]) -> Iterator[int]:
    """Whenever the clock shows it."""
    return (at_ms for at_ms, walls in steps if is_it(walls[-1]))


def sun(place: Location, zone: str, *, is_rise: bool) -> list[int]:
    """Each moment at which the sun crosses the horizon, by walking along its height."""
    observer = astral.Observer(*place, 0.0)

    def is_up(moment: datetime) -> bool:
        return astral.sun.elevation(observer, moment, with_refraction=False) > HORIZON

    moment, end = bounds(zone)
    step = timedelta(minutes=10)
    found = []
    was_up = is_up(moment)
    while moment < end:
        after = moment + step
        now_up = is_up(after)
        if now_up is not was_up and now_up is is_rise:
            low, high = moment, after
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (low, middle) if is_up(middle) is is_rise else (middle, high)
            found.append(in_ms(high))
        moment, was_up = after, now_up
    return found


def live(
    zone_name: str,
    location: Location | None,
    rules: Rules,
) -> dict[str, list[tuple[int, str]]]:
    """Live through the year; returns when each rule set its pin, and to what."""
    start, end = (in_ms(moment) for moment in bounds(zone_name))
    # The first moment of the year counts.
    clock = FakeClock(start - 1)
    zone = Zone.of(zone_name)
    parts = Parts.new(clock, zone, trusted(clock))
    parts.registry.add(DeviceDefinition("pi", "Pi", TOKEN), API)
    changes = Mailbox(1000, Overflow.CONFLATE)
    parts.bus.subscribe(changes, origin=None, echo=True)
    timers = Timers(clock)
    sky = Sky(location, zone)
    effects = Alone()
    runner = Runner(parts, timers, effects, Placeholders(parts, GatewayOptions))
    agenda = Agenda(clock, parts.clock_quality, zone, timers, sky)
    engine = Engine(parts, timers, runner, agenda, effects, sky)
    pins = {f"V{number}": slug for number, slug in enumerate(rules)}
    options = []
    for pin, slug in pins.items():
        trigger, conditions, more = rules[slug]
        then = (SetAction({PinAddress("pi", pin): ("on",)}), *more_for(pin, more))
        options.append(
            AutomationOptions(
                name=slug, slug=slug, then=then, when=(trigger,), conditions=conditions
            )
        )
    engine.define(options, ())
    agenda.start()
    found: dict[str, list[tuple[int, str]]] = {slug: [] for slug in rules}
    while clock.now_ms() < end:
        wait_s = timers.advance()
        assert wait_s is not None
        for change in changes.drain():
            if isinstance(change, PinChange):
                found[pins[change.pin]].append((clock.now_ms(), change.value[0]))
        clock.advance(wait_s)
    return found


def more_for(pin: str, actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Delays, each with an `off` behind it."""
    off = SetAction({PinAddress("pi", pin): ("off",)})
    return tuple(one for action in actions for one in (action, off))


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody sets the clock in this year, so nobody needs to look at it every ten seconds.
    monkeypatch.setattr(agenda_module, "LOOK_EVERY_MS", HOUR_MS)


def moments(found: list[tuple[int, str]]) -> list[int]:
    return [at_ms for at_ms, value in found if value == "on"]


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]
)
def test_every_schedule_of_a_leap_year_runs_when_it_should(zone: str) -> None:
    steps = walk(zone)
    # Both changes of the clock are there to see.
    skips = sum(len(step.walls) > 1 for step in steps)
    returns = sum(later.walls[-1] < earlier.walls[-1] for earlier, later in pairwise(steps))
    assert (skips, returns) == (1, 1)
    night = TimeCondition(DayTime(22 * 3600), DayTime(6 * 3600), WEEKEND)
    rules: Rules = {
        "half-past": (TimeTrigger((1800, 5400, 9000)), (), ()),
        "quarter-to": (TimeTrigger((6300, 8100, 9900), WEEKEND), (), ()),
        "tuesdays-at-noon": (TimeTrigger((43_200,), TUESDAY), (), ()),
        "every-two-hours": (CronTrigger("15 */2 * * *"), (), ()),
        "early": (CronTrigger("*/30 1-2 * * *"), (), ()),
        "weekdays": (CronTrigger("45 6 * * 1-5"), (), ()),
        "leap-day": (CronTrigger("0 12 29 2 *"), (), ()),
        "last-of-month": (CronTrigger("0 0 31 * *"), (), ()),
        "weekend-nights": (CronTrigger("30 0-7,20-23 * * *"), (night,), ()),
    }
    found = {slug: moments(runs) for slug, runs in live(zone, None, rules).items()}

    def at_minutes(*minutes: int) -> Callable[[datetime], bool]:
        return lambda wall: wall.hour * 60 + wall.minute in minutes

    half, quarter, noon = at_minutes(30, 90, 150), at_minutes(105, 135, 165), at_minutes(720)
    expected = {
        "half-past": once(steps, half),
        "quarter-to": once(steps, lambda wall: quarter(wall) and wall.weekday() >= 5),
        "tuesdays-at-noon": once(steps, lambda wall: noon(wall) and wall.weekday() == 1),
        "every-two-hours": all_day(steps, lambda wall: wall.minute == 15 and wall.hour % 2 == 0),
        "early": once(steps, lambda wall: wall.minute in (0, 30) and wall.hour in (1, 2)),
        "weekdays": once(steps, lambda wall: at_minutes(405)(wall) and wall.weekday() < 5),
        "leap-day": once(steps, lambda wall: noon(wall) and (wall.month, wall.day) == (2, 29)),
        "last-of-month": once(steps, lambda wall: at_minutes(0)(wall) and wall.day == 31),
        "weekend-nights": once(
            steps,
            lambda wall: (
                wall.minute == 30
                and (
                    (wall.hour >= 22 and wall.weekday() >= 5)
                    or (wall.hour < 6 and wall.weekday() in (6, 0))
                )
            ),
        ),
    }
    for slug, right in expected.items():
        assert found[slug] == list(right), slug
    assert len(found["leap-day"]) == 1
    assert len(found["half-past"]) == 366 * 3


def test_the_sun_of_a_year_in_berlin() -> None:
    rules: Rules = {
        "blinds": (SunTrigger(SunEvent.SUNSET, -1_800_000), (), ()),
        "late": (SunTrigger(SunEvent.SUNSET, 3 * HOUR_MS, frozenset({4})), (), ()),
        "dawn": (SunTrigger(SunEvent.SUNRISE), (), ()),
    }
    found = {slug: moments(runs) for slug, runs in live("Europe/Berlin", BERLIN, rules).items()}
    sets = sun(BERLIN, "Europe/Berlin", is_rise=False)
    zone = ZoneInfo("Europe/Berlin")
    fridays = [at_ms for at_ms in sets if datetime.fromtimestamp(at_ms / 1000, zone).weekday() == 4]
    assert len(found["dawn"]) == 366
    assert_near(found["dawn"], sun(BERLIN, "Europe/Berlin", is_rise=True), 10_000)
    assert_near(found["blinds"], [at_ms - 1_800_000 for at_ms in sets], 10_000)
    assert_near(found["late"], [at_ms + 3 * HOUR_MS for at_ms in fridays], 10_000)


def test_a_polar_year_has_no_sun_in_winter_and_no_sunset_in_summer() -> None:
    zone = "Arctic/Longyearbyen"
    rules: Rules = {
        "rise": (SunTrigger(SunEvent.SUNRISE), (), ()),
        "set": (SunTrigger(SunEvent.SUNSET), (), ()),
    }
    found = {slug: moments(runs) for slug, runs in live(zone, LONGYEARBYEN, rules).items()}
    for slug, is_rise in (("rise", True), ("set", False)):
        assert 120 < len(found[slug]) < 130
        assert_near(found[slug], sun(LONGYEARBYEN, zone, is_rise=is_rise), 60_000)
        months = {datetime.fromtimestamp(at_ms / 1000, UTC).month for at_ms in found[slug]}
        assert months == {2, 3, 4, 8, 9, 10}


def test_a_delay_is_of_real_time_also_when_the_clock_is_changed() -> None:
    rules: Rules = {
        "heat": (TimeTrigger((5400,)), (), (DelayAction(HOUR_MS),)),
    }
    found = live("Europe/Berlin", None, rules)["heat"]
    assert len(found) == 2 * 366
    assert all(
        (first, second) == ("on", "off") and off_ms - on_ms == HOUR_MS
        for (on_ms, first), (off_ms, second) in zip(found[::2], found[1::2], strict=True)
    )


def assert_near(found: list[int], expected: list[int], within_ms: int) -> None:
    assert len(found) == len(expected)
    assert max(abs(one - other) for one, other in zip(found, expected, strict=True)) <= within_ms
