from datetime import UTC, datetime

import pytest

from blynk_gateway.automations.rules.conditions import Conditions, describe
from blynk_gateway.config.automations.options import (
    AnyCondition,
    Condition,
    DayTime,
    DeviceCondition,
    DeviceState,
    NotCondition,
    PinCondition,
    SunEvent,
    TimeCondition,
)
from blynk_gateway.core.address import parse_address
from tests.helpers.clock import FakeClock
from tests.helpers.rules import RuleRig, comparison

HOT = PinCondition(parse_address("a/V5"), comparison("above", 30))
ONLINE = DeviceCondition("a", DeviceState.ONLINE)
NIGHT = TimeCondition(DayTime(22 * 3600), DayTime(6 * 3600))


def conditions(rig: RuleRig) -> Conditions:
    return Conditions(rig.parts, rig.sky)


def test_a_pin_meets_what_its_value_passes(rig: RuleRig) -> None:
    look = conditions(rig)
    assert not look.is_met(HOT)
    for value, is_met in (("31", True), ("30", False), ("nan", False)):
        rig.write("a/V5", value)
        assert look.is_met(HOT) is is_met


@pytest.mark.parametrize("op", ["off", "not_equals", "below"])
def test_a_pin_that_was_never_written_meets_nothing(rig: RuleRig, op: str) -> None:
    for address in ("a/V5", "gone/V5"):
        test = comparison(op, 5, "x")
        assert not conditions(rig).is_met(PinCondition(parse_address(address), test))


def test_a_device_is_as_it_is(rig: RuleRig) -> None:
    look = conditions(rig)
    offline = DeviceCondition("a", DeviceState.OFFLINE)
    assert (look.is_met(ONLINE), look.is_met(offline)) == (False, True)
    rig.connect("a")
    assert (look.is_met(ONLINE), look.is_met(offline)) == (True, False)
    assert not look.is_met(DeviceCondition("gone", DeviceState.OFFLINE))


@pytest.mark.parametrize(("hour", "is_met"), [(21, False), (23, True), (5, True), (6, False)])
def test_a_window_is_of_the_clock(hour: int, is_met: bool) -> None:
    at = datetime(2026, 11, 21, hour, 30, tzinfo=UTC)
    rig = RuleRig(FakeClock(round(at.timestamp() * 1000)))
    look = conditions(rig)
    assert look.is_met(NIGHT) is is_met
    rig.parts.clock_quality.is_trusted = False
    assert not look.is_met(NIGHT)
    assert not look.is_met(NotCondition(NIGHT))
    assert not look.is_met(NotCondition(AnyCondition((NIGHT, ONLINE))))
    assert not look.is_met(NotCondition(NotCondition(NIGHT)))


def test_any_and_not_are_of_others(rig: RuleRig) -> None:
    look = conditions(rig)
    rig.write("a/V5", "31")
    assert look.is_met(AnyCondition((ONLINE, HOT)))
    assert not look.is_met(AnyCondition((ONLINE, NotCondition(HOT))))
    assert look.is_met(NotCondition(NotCondition(HOT)))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (HOT, "a/V5 above 30"),
        (ONLINE, "a is online"),
        (NIGHT, "after 22:00 before 06:00"),
        (TimeCondition(days=frozenset({0, 1})), "on mon, tue"),
        (
            TimeCondition(DayTime(sun=SunEvent.SUNSET, offset_ms=-3_600_000)),
            "after sunset -1h",
        ),
        (AnyCondition((HOT, ONLINE)), "a/V5 above 30 or a is online"),
        (NotCondition(ONLINE), "not a is online"),
        (NotCondition(AnyCondition((HOT, NotCondition(ONLINE)))),
         "not (a/V5 above 30 or (not a is online))"),
    ],
)  # fmt: skip
def test_words_say_what_must_hold(condition: Condition, words: str) -> None:
    assert describe(condition) == words
