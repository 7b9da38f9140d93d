from dataclasses import replace

import pytest

from blynk_gateway.automations.cause import Cause
from blynk_gateway.config.automations.options import (
    DeviceCondition,
    DeviceState,
    NotCondition,
    PinCondition,
)
from blynk_gateway.core.address import parse_address
from blynk_gateway.core.automations import ConditionState
from tests.helpers.rules import RuleRig, comparison, options, pin_trigger

BY_HAND = Cause("by hand", 0)
NIGHT = PinCondition(parse_address("a/V9"), comparison("on"))
ALONE = NotCondition(DeviceCondition("a", DeviceState.ONLINE))


def is_enabled(rig: RuleRig) -> bool:
    return rig.rule.is_enabled


def test_a_rule_runs_by_hand(rig: RuleRig) -> None:
    rig.define(options())
    run = rig.rule.fire(BY_HAND)
    assert run is not None
    assert run.slug == "rule"
    assert (rig.rule.runs, rig.rule.last_run_ms) == (1, rig.clock.now_ms())
    assert (rig.rule.skips, rig.rule.skipped, rig.rule.skipped_ms) == (0, "", None)


def test_all_conditions_must_hold(rig: RuleRig) -> None:
    rig.define(replace(options(), conditions=(NIGHT, ALONE)))
    assert rig.rule.fire(BY_HAND) is None
    assert rig.rule.skipped == "condition: a/V9 is on"
    rig.write("a/V9", "1")
    rig.connect("a")
    assert rig.rule.fire(BY_HAND) is None
    assert (rig.rule.skips, rig.rule.skipped) == (2, "condition: not a is online")
    assert rig.rule.skipped_ms == rig.clock.now_ms()
    assert rig.rule.conditions() == (
        ConditionState("a/V9 is on", is_met=True),
        ConditionState("not a is online", is_met=False),
    )
    rig.disconnect("a")
    assert rig.rule.fire(BY_HAND) is not None


def test_a_limit_is_between_the_beginnings_of_runs(rig: RuleRig) -> None:
    rig.define(options(limit_ms=600_000))
    assert rig.rule.obstacles() == ()
    assert rig.rule.fire(BY_HAND) is not None
    rig.clock.advance(9.5)
    assert rig.rule.obstacles() == ("limit: 9 min 51 s left",)
    rig.clock.advance(589.5)
    assert rig.rule.fire(BY_HAND) is None
    assert rig.rule.skipped == "limit: 1 s left"
    rig.clock.advance(1)
    assert rig.rule.fire(BY_HAND) is not None


def test_what_did_not_run_does_not_use_up_the_limit(rig: RuleRig) -> None:
    rig.define(replace(options(limit_ms=600_000), conditions=(NIGHT,)))
    rig.rule.fire(BY_HAND)
    rig.write("a/V9", "1")
    rig.runs.is_busy = True
    assert rig.rule.fire(BY_HAND) is None
    assert rig.rule.skipped == "still running"
    assert rig.rule.obstacles() == ("still running",)
    rig.runs.is_busy = False
    assert rig.rule.fire(BY_HAND) is not None
    assert rig.rule.runs == 1


def test_the_limit_holds_for_a_circle_of_scenes_too(rig: RuleRig) -> None:
    rig.define(options(limit_ms=1000))
    rig.runs.act = lambda _, cause: None if rig.rule.fire(cause) is None else pytest.fail("again")
    assert rig.rule.fire(BY_HAND) is not None
    assert rig.rule.skipped == "limit: 1 s left"


def test_rule_that_is_switched_off_or_stopped_begins_no_queued_run(rig: RuleRig) -> None:
    rig.define(options())
    rig.engine.set_enabled("rule", True)
    assert rig.runs.dropped == []
    rig.engine.set_enabled("rule", False)
    assert rig.runs.dropped == ["rule"]
    rig.rule.stop_for("a circle")
    assert rig.runs.dropped == ["rule", "rule"]


@pytest.mark.parametrize(("away_ms", "rest_s"), [(200_000, 400), (600_000, 0), (-3_600_000, 600)])
def test_a_limit_goes_on_through_a_restart(rig: RuleRig, away_ms: int, rest_s: int) -> None:
    rig.define(options(limit_ms=600_000))
    rig.rule.fire(BY_HAND)
    began_ms = rig.clock.now_ms()
    state = rig.engine.state_of("rule")
    rig.define()
    rig.clock.step(away_ms)
    rig.define(options(limit_ms=600_000))
    rig.engine.restore("rule", state)
    assert rig.rule.last_run_ms == began_ms
    if rest_s:
        rig.clock.advance(rest_s - 1)
        assert rig.rule.fire(BY_HAND) is None
        rig.clock.advance(1)
    assert rig.rule.fire(BY_HAND) is not None


async def test_a_rule_that_is_switched_off_does_not_run_and_knows_what_stands(
    rig: RuleRig,
) -> None:
    rig.define(options(pin_trigger("a/V5", "on")))
    rig.engine.set_enabled("rule", False)
    assert await rig.wrote("a/V5", "1") == []
    assert rig.rule.skipped == "switched off"
    assert rig.rule.obstacles() == ("switched off",)
    rig.engine.set_enabled("rule", True)
    assert await rig.wrote("a/V5", "1") == []
    rig.write("a/V5", "0")
    assert await rig.wrote("a/V5", "1") == ["rule"]


def test_a_switch_survives_a_restart_and_a_reload(rig: RuleRig) -> None:
    rig.define(options())
    rig.engine.set_enabled("rule", False)
    assert rig.engine.dirty == {"rule"}
    rig.define(options(limit_ms=5))
    assert not is_enabled(rig)
    state = rig.engine.state_of("rule")
    rig.define()
    rig.define(options())
    assert is_enabled(rig)
    rig.engine.restore("rule", state)
    assert not is_enabled(rig)


def test_the_file_wins_once_it_says_the_same(rig: RuleRig) -> None:
    rig.define(options())
    rig.engine.set_enabled("rule", False)
    rig.define(replace(options(), enabled=False))
    rig.define(options())
    assert is_enabled(rig)


@pytest.mark.parametrize(
    "state",
    [{}, {"last_run_ms": "x", "switched": 0, "triggers": 5}, {"triggers": {"unknown": {}}}],
)
def test_a_state_that_is_none_is_no_harm(rig: RuleRig, state: dict[str, object]) -> None:
    rig.define(options(pin_trigger("a/V5", "on"), limit_ms=1000))
    rig.engine.restore("rule", state)
    assert is_enabled(rig)
    assert rig.rule.last_run_ms is None
    assert rig.rule.fire(BY_HAND) is not None


def test_a_stopped_rule_tells_why_and_goes_on_after_a_reload(
    rig: RuleRig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.define(options())
    rig.rule.stop_for("it runs in a circle")
    rig.rule.stop_for("another reason")
    assert rig.rule.fire(BY_HAND) is None
    assert rig.rule.skipped == "stopped: it runs in a circle"
    assert rig.rule.obstacles() == ("stopped: it runs in a circle",)
    records = [one for one in caplog.records if one.message == "rule stopped"]
    assert [str(vars(one)["reason"]) for one in records] == ["it runs in a circle"]
    rig.define(options())
    assert rig.rule.stopped == ""
    assert rig.rule.fire(BY_HAND) is not None
