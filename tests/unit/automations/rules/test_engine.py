import asyncio
from dataclasses import replace

import pytest

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.rules.engine import MAILBOX_LIMIT, MAX_DEPTHS, SLICE
from blynk_gateway.config.automations.options import (
    AutomationOptions,
    DeviceState,
    DeviceTrigger,
    EventTrigger,
    MessageTrigger,
    StartupTrigger,
)
from blynk_gateway.core.address import parse_address
from blynk_gateway.core.automations import UnknownAutomation
from blynk_gateway.core.change import EventChange, EventKind, Intent, Origin, OriginKind
from blynk_gateway.core.links import Link
from blynk_gateway.core.mailbox import Mailbox, Overflow
from tests.helpers.rules import DEVICE, OWN, RuleRig, options, pin_trigger

LINK = Link(parse_address("a/V1"), parse_address("b/V1"))


async def test_rules_of_one_pin_run_in_the_order_of_the_file(rig: RuleRig) -> None:
    slugs = ["c", "a", "b"]
    rig.define(*(options(pin_trigger("a/V5", "any"), slug=slug) for slug in slugs))
    assert list(rig.engine.rules) == slugs
    assert await rig.wrote("a/V5", "1") == slugs


async def test_several_triggers_of_a_rule_are_independent(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "on"), pin_trigger("a/V6", "on")))
    assert await rig.wrote("a/V5", "1") == ["rule"]
    assert await rig.wrote("a/V6", "1") == ["rule"]
    assert await rig.wrote("a/V5", "1") == []


async def test_a_trigger_that_stands_twice_fires_once(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "on"), pin_trigger("a/V5", "on")))
    assert await rig.wrote("a/V5", "1") == ["rule"]


async def test_nothing_comes_to_an_engine_that_nobody_needs(rig: RuleRig) -> None:
    mailboxes = rig.bus._everyone
    assert mailboxes == []
    rig.define(options(), options(StartupTrigger(), slug="b"), options(MessageTrigger("x")))
    assert rig.bus._everyone == []
    for rule in (pin_trigger("a/V5", "on"), DeviceTrigger("", DeviceState.ONLINE)):
        rig.define(options(rule))
        assert len(rig.bus._everyone) == 1
    rig.define(options(EventTrigger("hot")))
    assert len(rig.bus._everyone) == 1
    rig.define(links=[LINK])
    assert len(rig.bus._everyone) == 1
    rig.define()
    assert rig.bus._everyone == []
    assert rig.messages.filters == ()


async def test_a_reload_keeps_what_it_does_not_change(rig: RuleRig) -> None:
    trigger, other = pin_trigger("a/V5", "on"), pin_trigger("a/V6", "on", for_ms=60_000)
    rig.define(options(trigger, other))
    assert await rig.wrote("a/V5", "1") == ["rule"]
    await rig.wrote("a/V6", "1")
    rig.clock.advance(50)
    # A change that waits to be seen while the file is read is not lost either.
    rig.write("a/V5", "0")
    rig.write("a/V5", "1")
    rig.define(options(trigger, other, limit_ms=5), options(slug="new"))
    assert await rig.ran() == ["rule"]
    assert rig.rule.runs == 2
    assert rig.pass_time(10) == ["rule"]


async def test_a_trigger_that_changed_begins_with_what_stands(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "above", 30, for_ms=1000)))
    await rig.wrote("a/V5", "31")
    rig.define(options(pin_trigger("a/V5", "above", 20)))
    assert rig.pass_time(5) == []
    assert await rig.wrote("a/V5", "25") == []
    rig.write("a/V5", "15")
    assert await rig.wrote("a/V5", "25") == ["rule"]


async def test_a_rule_that_is_gone_runs_no_more(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "on", for_ms=1000)), options(slug="stays"))
    await rig.wrote("a/V5", "1")
    rig.define(options(slug="stays"))
    assert rig.pass_time(5) == []
    assert rig.engine.dirty == set()
    assert rig.engine.state_of("rule") == {}
    rig.engine.restore("rule", {"switched": False})
    with pytest.raises(UnknownAutomation):
        rig.engine.set_enabled("rule", True)


async def test_a_fault_of_ours_in_one_rule_ends_nothing_and_is_logged_once(
    rig: RuleRig, caplog: pytest.LogCaptureFixture
) -> None:
    def act(options: AutomationOptions, _: Cause) -> None:
        if options.slug == "broken":
            raise RuntimeError("a bug")

    rig.runs.act = act
    for trigger in (
        pin_trigger("a/V5", "any"),
        EventTrigger("hot"),
        DeviceTrigger("a", DeviceState.ONLINE),
        MessageTrigger("topic"),
        StartupTrigger(),
    ):
        rig.define(options(trigger, slug="broken"), options(trigger, slug="well"))
        for _ in range(2):
            rig.write("a/V5", "1")
            rig.registry.record_event(rig.registry.get("a"), EventKind.LOGGED, "hot", "", DEVICE)
            rig.connect("a")
            rig.disconnect("a")
            rig.messages.bring("topic", "x")
            rig.engine.started()
            assert await rig.ran() == ["broken", "well"], trigger
    failed = [one for one in caplog.records if one.message == "rule failed"]
    assert [vars(one)["rule"] for one in failed] == ["broken"] * 5
    assert failed[0].exc_info is not None
    assert rig.parts.health.counters["rules_faulty"] == 10
    caplog.clear()


async def test_a_stopped_rule_shows_in_health_and_in_the_timeline(rig: RuleRig) -> None:
    box = Mailbox(100, Overflow.CLOSE)
    rig.define(options(), options(slug="other"))
    rig.bus.subscribe(box, origin=None, echo=True)
    rig.rule.stop_for("it runs in a circle " + "x" * 500)
    health = rig.parts.health.components["rules"]
    assert health.state == "degraded"
    assert "stopped: rule: it runs in a circle" in health.detail
    (event,) = (one for one in box.drain() if isinstance(one, EventChange))
    assert (event.device, event.kind, event.code) == (OWN, EventKind.SYSTEM, "rule_stopped")
    assert event.description.startswith("Rule: it runs in a circle")
    rig.engine.set_enabled("rule", True)
    assert rig.parts.health.components["rules"].state == "ok"
    assert [one for one in box.drain() if isinstance(one, EventChange)] == []


async def test_a_rule_that_goes_while_it_is_stopped_leaves_health_well(rig: RuleRig) -> None:
    rig.define(options(), options(slug="other"))
    rig.rule.stop_for("it runs in a circle")
    rig.define(options(slug="other"))
    assert rig.parts.health.components["rules"].state == "ok"


async def test_events_of_rules_know_how_many_changes_led_to_them(rig: RuleRig) -> None:
    """A rule that logs its own event comes back one deeper each time, so the runner stops it."""
    rig.define(options(EventTrigger("hot")))
    depths: list[int] = []

    def log_event(_: AutomationOptions, cause: Cause) -> None:
        depths.append(cause.depth)
        if len(depths) < 5:
            origin = Origin(OriginKind.AUTOMATION, "rule")
            rig.engine.note_depth(rig.bus.next_seq, cause.depth + 1)
            rig.registry.record_event(rig.registry.get("a"), EventKind.LOGGED, "hot", "", origin)

    rig.runs.act = log_event
    rig.registry.record_event(rig.registry.get("a"), EventKind.LOGGED, "hot", "", DEVICE)
    await rig.settled()
    assert depths == [0, 1, 2, 3, 4]


async def test_depths_of_events_that_nobody_sees_do_not_pile_up(rig: RuleRig) -> None:
    rig.engine.note_depth(1, 1)
    assert rig.engine._depths == {}
    rig.define(options(EventTrigger("hot")))
    for seq in range(MAX_DEPTHS + 5):
        rig.engine.note_depth(seq, 1)
    assert len(rig.engine._depths) == MAX_DEPTHS


async def test_others_get_their_turn_while_many_changes_wait(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "any")))
    await asyncio.sleep(0)
    for count in range(5 * SLICE):
        rig.write("a/V5", str(count))
    seen = []
    while len(rig.runs.causes) < 5 * SLICE:
        await asyncio.sleep(0)
        seen.append(len(rig.runs.causes))
    assert {SLICE, 2 * SLICE, 3 * SLICE, 4 * SLICE} <= set(seen)


async def test_turn_is_as_long_where_many_rules_look_at_one_pin(rig: RuleRig) -> None:
    every = [options(pin_trigger("a/V5", "any"), slug=f"r{number}") for number in range(SLICE)]
    rig.define(*every)
    await asyncio.sleep(0)
    for count in range(3):
        rig.write("a/V5", str(count))
    seen = []
    while len(rig.runs.causes) < 3 * SLICE:
        await asyncio.sleep(0)
        seen.append(len(rig.runs.causes))
    assert {SLICE, 2 * SLICE} <= set(seen)


async def test_what_a_run_writes_is_seen_after_others_had_their_turn(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "any")))
    turns = 0

    def write_again(_: AutomationOptions, __: Cause) -> None:
        if len(rig.runs.causes) < 10:
            rig.write("a/V5", "1")

    rig.runs.act = write_again
    rig.write("a/V5", "1")
    while len(rig.runs.causes) < 10:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 10


async def test_below_the_limit_no_change_is_lost(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "any")))
    for count in range(MAILBOX_LIMIT):
        rig.write("a/V5", str(count))
    await rig.settled()
    assert [cause.value for _, cause in rig.runs.causes] == [
        (str(count),) for count in range(MAILBOX_LIMIT)
    ]


async def test_beyond_the_limit_the_latest_value_counts(rig: RuleRig) -> None:
    rig.define(options(pin_trigger("a/V5", "any")))
    for count in range(MAILBOX_LIMIT + 1):
        rig.write("a/V5", str(count))
    await rig.settled()
    assert [cause.value for _, cause in rig.runs.causes] == [(str(MAILBOX_LIMIT),)]


async def test_links_and_rules_look_at_the_same_changes(rig: RuleRig) -> None:
    rig.define(
        options(pin_trigger("a/V1", "any")),
        options(pin_trigger("b/V1", "any"), slug="behind"),
        links=[LINK],
    )
    assert await rig.wrote("a/V1", "7") == ["rule", "behind"]
    assert rig.store.get("b", "V1").value == ("7",)


async def test_a_rule_whose_enabled_flag_changes_keeps_its_edge(rig: RuleRig) -> None:
    rule = options(pin_trigger("a/V5", "on"))
    rig.define(rule)
    assert await rig.wrote("a/V5", "1") == ["rule"]
    rig.define(replace(rule, enabled=False))
    rig.define(rule)
    rig.store.write("a", "V5", ("1",), DEVICE, Intent.REPORT)
    assert await rig.ran() == []


async def test_an_engine_that_ended_begins_nothing(rig: RuleRig) -> None:
    async with asyncio.TaskGroup() as group:
        other = rig.new_engine()
        running = group.create_task(other.run(), name="other")
        await asyncio.sleep(0)
        other.define([options(pin_trigger("a/V5", "any"), MessageTrigger("topic"))], ())
        rig.write("a/V5", "1")
        rig.messages.bring("topic", "x")
        assert await rig.ran() == ["rule", "rule"]
        running.cancel()
    rig.write("a/V5", "1")
    rig.messages.bring("topic", "x")
    assert await rig.ran() == []
