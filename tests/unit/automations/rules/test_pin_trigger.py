import json

import pytest

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.rules.rule import FUSE_BURST
from blynk_gateway.config.automations.options import PublishAction
from blynk_gateway.core.change import Intent, Origin, OriginKind
from tests.helpers.rules import DEVICE, RuleRig, options, pin_trigger

LINK = Origin(OriginKind.LINK, "x")
RESTORE = Origin(OriginKind.RESTORE)


async def test_a_test_fires_once_and_again_after_it_was_false(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "above", 30)))
    fired = [
        len(await rig.wrote("a/V5", value))
        for value in ["29", "31", "32", "31", "30", "31", "nan", "33"]
    ]
    assert fired == [0, 1, 0, 0, 0, 1, 0, 0]


async def test_hysteresis_keeps_a_value_at_its_bound_from_firing_again(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "above", 30, hysteresis=1)))
    fired = [len(await rig.wrote("a/V5", value)) for value in ["31", "29.5", "31", "29", "31"]]
    assert fired == [1, 0, 0, 0, 1]


async def test_changes_fires_on_each_other_value_and_any_on_each_write(rig: RuleRig) -> None:
    rig.define(
        options(pin_trigger("a/V5", "changes"), slug="changes"),
        options(pin_trigger("a/V5", "any"), slug="any"),
    )
    fired = [await rig.wrote("a/V5", value) for value in ("1", "1", "1.0", "2")]
    assert fired == [["changes", "any"], ["any"], ["any"], ["changes", "any"]]


async def test_a_run_knows_the_change_that_started_it(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "on")))
    rig.write("a/V5", "0")
    change = rig.store.write("a", "V5", ("1",), LINK, Intent.COMMAND, 123, cause=7, depth=3)
    assert change is not None
    await rig.settled()
    assert rig.runs.causes == [
        ("rule", Cause("", 123, "a", "V5", ("1",), ("0",), "", change.seq, 3))
    ]


@pytest.mark.parametrize("op", ["on", "changes", "any"])
async def test_what_is_restored_fires_nothing_and_is_known_then(rig: RuleRig, op: str) -> None:
    rig.define(options(pin_trigger("a/V5", op)))
    rig.write("a/V5", "1", origin=RESTORE, intent=Intent.SYNC)
    assert await rig.ran() == []
    assert await rig.wrote("a/V5", "1") == (["rule"] if op == "any" else [])


@pytest.mark.parametrize("op", ["any", "changes", "on"])
async def test_rule_that_gets_back_what_it_sends_out_is_stopped(rig: RuleRig, op: str) -> None:
    publish = PublishAction("x", "{value}")
    trigger = pin_trigger("a/V5", op)
    rig.define(options(trigger, then=[publish]), options(trigger, slug="inward"))
    broker = Origin(OriginKind.MQTT, "blynk")
    for number in range(FUSE_BURST + 10):
        rig.write("a/V5", str(2 * number + 1), origin=broker)
        rig.write("a/V5", "0", origin=DEVICE)
    runs = await rig.ran()
    changes_too = 2 if op in ("any", "changes") else 1
    assert runs.count("inward") == changes_too * (FUSE_BURST + 10)
    assert runs.count("rule") == changes_too * FUSE_BURST + 1
    assert rig.rule.stopped.startswith("what comes from outside ran it more than 50 times a second")
    assert "a/V5 = " in rig.rule.stopped


async def test_a_point_of_the_past_fires_nothing(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "any")), options(pin_trigger("a/V5", "off"), slug="b"))
    assert await rig.wrote("a/V5", "1") == ["rule"]
    rig.store.write("a", "V5", ("0",), DEVICE, Intent.PAST, rig.clock.now_ms() - 1000)
    assert await rig.ran() == []


async def test_what_stands_when_a_rule_is_made_does_not_fire(rig: RuleRig) -> None:
    rig.write("a/V5", "31")
    rig.define(
        options(pin_trigger("a/V5", "above", 30)),
        options(pin_trigger("a/V5", "above", 30, for_ms=1000), slug="long"),
    )
    assert await rig.wrote("a/V5", "32") == []
    assert rig.pass_time(5) == []
    assert await rig.wrote("a/V5", "29") == []
    assert await rig.wrote("a/V5", "31") == ["rule"]
    assert rig.pass_time(1) == ["long"]


async def test_a_duration_must_be_held_without_a_break(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "above", 30, for_ms=120_000)))
    await rig.wrote("a/V5", "31")
    assert rig.pass_time(119) == []
    await rig.wrote("a/V5", "29")
    await rig.wrote("a/V5", "31")
    assert rig.pass_time(119) == []
    assert await rig.wrote("a/V5", "35") == []
    assert rig.pass_time(1) == ["rule"]
    assert rig.pass_time(500) == []


async def test_after_a_duration_the_value_of_now_is_told(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "above", 30, for_ms=120_000)))
    change = rig.store.write("a", "V5", ("31",), LINK, Intent.REPORT, depth=2)
    assert change is not None
    await rig.ran()
    rig.clock.advance(60)
    await rig.wrote("a/V5", "35")
    at_ms = rig.clock.now_ms()
    rig.clock.advance(60)
    rig.timers.advance()
    cause = Cause("a/V5 = 35 for 2m", at_ms, "a", "V5", ("35",), (), "", change.seq, 0)
    assert rig.runs.causes == [("rule", cause)]


async def test_a_short_duration_does_not_hide_a_circle(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "above", 30, for_ms=500)))
    rig.store.write("a", "V5", ("31",), LINK, Intent.REPORT, depth=2)
    await rig.ran()
    rig.clock.advance(0.5)
    rig.timers.advance()
    assert [cause.depth for _, cause in rig.runs.causes] == [2]


async def test_a_pin_of_a_device_that_comes_later_is_seen(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("late/V5", "on")))
    rig.add("late")
    assert await rig.wrote("late/V5", "1") == ["rule"]


async def test_a_device_that_is_removed_holds_nothing_any_more(rig: RuleRig) -> None:
    rig.define(
        options(pin_trigger("a/V5", "on", for_ms=5000)),
        options(pin_trigger("b/V5", "on", for_ms=5000), slug="b"),
    )
    rig.write("a/V5", "1")
    rig.write("b/V5", "1")
    await rig.ran()
    rig.registry.remove("a", DEVICE)
    await rig.ran()
    assert rig.pass_time(10) == ["b"]
    rig.add("a")
    assert await rig.wrote("a/V5", "1") == []
    assert rig.pass_time(5) == ["rule"]


async def test_edges_and_durations_survive_a_restart(rig: RuleRig) -> None:
    rules = [
        options(pin_trigger("a/V5", "above", 30), slug="edge"),
        options(pin_trigger("a/V5", "above", 30, for_ms=120_000), slug="long"),
    ]
    rig.define(*rules)
    assert await rig.wrote("a/V5", "31") == ["edge"]
    assert rig.engine.dirty == {"edge", "long"}
    rig.clock.advance(90)
    states = {slug: json.loads(json.dumps(rig.engine.state_of(slug))) for slug in rig.engine.rules}
    rig.define()
    rig.engine.define(rules, ())
    for slug, state in states.items():
        rig.engine.restore(slug, state)
    assert await rig.wrote("a/V5", "32") == []
    assert rig.pass_time(29) == []
    assert rig.pass_time(1) == ["long"]


@pytest.mark.parametrize(("away_s", "left_s"), [(30, 30), (60, 0), (5000, 0), (-100, 60)])
async def test_a_duration_goes_on_while_the_gateway_is_off(
    rig: RuleRig, away_s: int, left_s: int
) -> None:
    rule = options(pin_trigger("a/V5", "on", for_ms=60_000))
    rig.define(rule)
    await rig.wrote("a/V5", "1")
    state = rig.engine.state_of("rule")
    rig.define()
    rig.clock.step(away_s * 1000)
    rig.define(rule)
    rig.engine.restore("rule", state)
    # Nothing happens while the state is put back.
    assert rig.runs.take() == []
    if left_s:
        assert rig.pass_time(left_s - 1) == []
    assert rig.pass_time(1) == ["rule"]


async def test_a_value_that_came_without_a_record_does_not_fire(rig: RuleRig) -> None:
    rule = options(pin_trigger("a/V5", "on"), pin_trigger("a/V6", "on", for_ms=1000))
    rig.define(rule)
    await rig.wrote("a/V5", "0")
    await rig.wrote("a/V6", "1")
    state = rig.engine.state_of("rule")
    rig.define()
    rig.write("a/V5", "1")
    rig.write("a/V6", "0")
    rig.define(rule)
    rig.engine.restore("rule", state)
    assert rig.pass_time(10) == []
    assert await rig.wrote("a/V5", "2") == []
    assert await rig.wrote("a/V6", "1") == []
    assert rig.pass_time(1) == ["rule"]


@pytest.mark.parametrize("state", [None, 5, [], {}, {"held": 1, "since_ms": "x"}])
async def test_a_state_that_is_none_is_no_harm(rig: RuleRig, state: object) -> None:
    rig.define(options(pin_trigger("a/V5", "on", for_ms=1000)))
    rig.engine.restore("rule", {"triggers": {"a/V5 is on for 1s": state}})
    assert await rig.wrote("a/V5", "1") == []
    assert rig.pass_time(1) == ["rule"]
