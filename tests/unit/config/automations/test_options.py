from blynk_gateway.config.automations.options import (
    ALL_DAYS,
    AutomationOptions,
    DelayAction,
    Mode,
    PulseAction,
    TimeTrigger,
)
from blynk_gateway.core.address import PinAddress


def test_rule_of_nothing_but_an_action_is_a_scene_without_limits() -> None:
    rule = AutomationOptions("A", "a", (DelayAction(1),))
    assert (rule.when, rule.conditions, rule.limit_ms) == ((), (), 0)
    assert rule.enabled
    assert rule.mode is Mode.SINGLE


def test_pulse_is_half_a_second_and_a_week_has_seven_days() -> None:
    pulse = PulseAction(PinAddress("pi", "V1"))
    assert (pulse.on_ms, pulse.times, pulse.on, pulse.off) == (500, 1, ("1",), ("0",))
    assert TimeTrigger((0,)).days == ALL_DAYS == frozenset(range(7))
