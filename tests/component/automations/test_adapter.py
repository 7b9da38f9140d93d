"""Rules in a whole gateway: they survive restarts and reloads, and tell how they are."""

from dataclasses import replace
from pathlib import Path

import pytest

from blynk_gateway.config.automations.options import (
    AutomationOptions,
    Comparison,
    DelayAction,
    EnableAction,
    EventAction,
    Op,
    PinCondition,
    PinTrigger,
    SceneAction,
    SetAction,
    StartupTrigger,
    WebhookAction,
)
from blynk_gateway.config.options import Options
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.automations import AutomationStopped, RunOutcome, UnknownAutomation
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.links import Link
from blynk_gateway.gateway import Gateway
from tests.component.gateway.system import OPTIONS, running
from tests.component.history.system import until

BOARD = Origin(OriginKind.DEVICE, "1")

V1, V2, V3, V4 = (PinAddress("shed", f"V{number}") for number in range(1, 5))

HOT = PinTrigger(V1, Comparison(Op.ABOVE, low=30))


def rule(name: str, *then: object, **options: object) -> AutomationOptions:
    return AutomationOptions(name, name.lower(), then, **options)  # type: ignore[arg-type]


def with_rules(*rules: AutomationOptions, **options: object) -> Options:
    return replace(OPTIONS, automations=rules, **options)  # type: ignore[arg-type]


def report(gateway: Gateway, pin: PinAddress, value: str) -> None:
    gateway.store.write(*pin, (value,), BOARD, Intent.REPORT)


def value(gateway: Gateway, pin: PinAddress) -> tuple[str, ...]:
    state = gateway.store.find(*pin)
    return () if state is None else state.value


async def test_edge_that_was_acted_on_is_none_after_a_restart(tmp_path: Path) -> None:
    options = with_rules(rule("Hot", SetAction({V2: ("on",)}), when=(HOT,)))
    async with running(tmp_path, options) as gateway:
        report(gateway, V1, "31")
        await until(lambda: value(gateway, V2) == ("on",))
        report(gateway, V2, "off by hand")
    async with running(tmp_path, options) as gateway:
        report(gateway, V1, "32")
        report(gateway, V1, "29")
        report(gateway, V1, "33")
        await until(lambda: value(gateway, V2) == ("on",))
        assert gateway.automations.find("hot").runs == 1


async def test_run_that_waits_goes_on_after_a_restart(tmp_path: Path) -> None:
    then = (SetAction({V2: ("1",)}), DelayAction(300), SetAction({V2: ("0",)}))
    options = with_rules(rule("Pump", *then))
    async with running(tmp_path, options) as gateway:
        run = gateway.automations.run("Pump", "anna")
        assert run is not None
        assert run.cause == "by anna"
        assert run.outcome is RunOutcome.RUNNING
        assert value(gateway, V2) == ("1",)
    async with running(tmp_path, options) as gateway:
        await until(lambda: value(gateway, V2) == ("0",))
        (latest,) = await gateway.automations.runs("pump", 10)
        assert (latest.id, latest.outcome) == (run.id, RunOutcome.DONE)


async def test_switched_off_stays_off_after_a_restart_and_a_reload(tmp_path: Path) -> None:
    options = with_rules(rule("Hot", SetAction({V2: ("on",)}), when=(HOT,)))
    async with running(tmp_path, options) as gateway:
        gateway.automations.set_enabled("hot", False)
    async with running(tmp_path, options) as gateway:
        assert not gateway.automations.find("hot").is_enabled
        await gateway.reload(options)
        assert not gateway.automations.find("Hot").is_enabled
        with pytest.raises(AutomationStopped, match="switched off"):
            gateway.automations.run("hot", "anna")


async def test_reload_brings_rules_and_takes_them_away(tmp_path: Path) -> None:
    first = rule("First", SetAction({V2: ("first",)}), when=(HOT,))
    second = rule("Second", SetAction({V3: ("second",)}), when=(HOT,))
    async with running(tmp_path, with_rules(first)) as gateway:
        await gateway.reload(with_rules(second))
        assert [state.slug for state in gateway.automations.states()] == ["second"]
        with pytest.raises(UnknownAutomation, match="there is no automation 'first'"):
            gateway.automations.find("first")
        with pytest.raises(UnknownAutomation, match='did you mean "second"'):
            gateway.automations.find("Sekond")
        report(gateway, V1, "31")
        await until(lambda: value(gateway, V3) == ("second",))
        assert value(gateway, V2) == ()


async def test_links_are_followed_and_a_circle_is_ended(tmp_path: Path) -> None:
    links = (Link(V1, V2), Link(V2, V1), Link(V3, V4))
    async with running(tmp_path, with_rules(links=links)) as gateway:
        report(gateway, V3, "7")
        await until(lambda: value(gateway, V4) == ("7",))
        report(gateway, V1, "1")
        await until(lambda: bool(gateway.automations.disabled_links))
        assert gateway.automations.disabled_links <= set(links[:2])


async def test_circle_of_rules_is_stopped_and_told(tmp_path: Path) -> None:
    ping = rule("Ping", SetAction({V2: ("{value}",)}), when=(PinTrigger(V1, Comparison(Op.ANY)),))
    pong = rule("Pong", SetAction({V1: ("{value}",)}), when=(PinTrigger(V2, Comparison(Op.ANY)),))
    async with running(tmp_path, with_rules(ping, pong)) as gateway:
        report(gateway, V1, "1")
        await until(lambda: any(state.stopped for state in gateway.automations.states()))
        assert "circle" in gateway.health.components["rules"].detail
        stopped = next(one for one in gateway.automations.states() if one.stopped)
        with pytest.raises(
            AutomationStopped, match="circle: ping → shed/V2 → pong → shed/V1 → ping;"
        ):
            gateway.automations.run(stopped.slug, "anna")
        gateway.automations.set_enabled(stopped.slug, True)
        assert gateway.automations.find(stopped.slug).stopped == ""


async def test_start_runs_its_rules_and_scenes_call_each_other(tmp_path: Path) -> None:
    boot = rule(
        "Boot", SceneAction("scene"), EnableAction("later", False), when=(StartupTrigger(),)
    )
    scene = rule("Scene", SetAction({V2: ("on",)}))
    later = rule("Later", EventAction("x"))
    async with running(tmp_path, with_rules(boot, scene, later)) as gateway:
        assert value(gateway, V2) == ("on",)
        assert not gateway.automations.find("later").is_enabled
        assert gateway.automations.find("scene").runs == 1


async def test_dry_run_says_what_would_be_done_and_does_nothing(tmp_path: Path) -> None:
    hot = rule(
        "Hot",
        SetAction({V2: ("{value}",)}),
        WebhookAction("none"),
        when=(HOT,),
        conditions=(PinCondition(V3, Comparison(Op.ON)),),
    )
    async with running(tmp_path, with_rules(hot)) as gateway:
        report(gateway, V1, "12")
        await until(lambda: gateway.journal.backlog == 0)
        dry = gateway.automations.test("hot", None)
        assert not dry.would_run
        assert [(one.condition, one.is_met) for one in dry.conditions] == [("shed/V3 is on", False)]
        assert dry.actions[0] == "set shed/V2 to 12"
        report(gateway, V3, "1")
        dry = gateway.automations.test("hot", ("99",))
        assert dry.would_run
        assert dry.actions[0] == "set shed/V2 to 99"
        assert value(gateway, V2) == ()
        assert gateway.automations.find("hot").runs == 0


async def test_state_tells_a_rule_in_words(tmp_path: Path) -> None:
    hot = rule("Hot", SetAction({V2: ("1",)}), when=(HOT,), limit_ms=60_000)
    async with running(tmp_path, with_rules(hot)) as gateway:
        report(gateway, V1, "31")
        await until(lambda: value(gateway, V2) == ("1",))
        assert gateway.automations.run("hot", "anna") is None
        (state,) = gateway.automations.states()
        assert state.when == ("shed/V1 above 30",)
        assert state.then == ("set shed/V2 to 1",)
        assert (state.runs, state.skipped, state.is_running) == (1, "limit: 1 min left", False)
        assert state.last_run_ms is not None
