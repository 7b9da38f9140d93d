"""Rules that cause themselves, in a whole gateway: each way ends, and spares the others."""

from pathlib import Path

import pytest

from blynk_gateway.config.automations.options import (
    AutomationOptions,
    Comparison,
    DelayAction,
    EventAction,
    EventTrigger,
    Mode,
    Op,
    PinTrigger,
    SceneAction,
    SetAction,
)
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.links import Link
from blynk_gateway.core.store import MAX_DEPTH
from blynk_gateway.gateway import Gateway
from tests.component.automations.test_adapter import rule, with_rules
from tests.component.gateway.system import running
from tests.component.history.system import until

BOARD = Origin(OriginKind.DEVICE, "1")
V1, V2, V3, V4 = (PinAddress("shed", f"V{number}") for number in range(1, 5))


def on(pin: PinAddress) -> PinTrigger:
    return PinTrigger(pin, Comparison(Op.ANY))


def stopped(gateway: Gateway) -> list[str]:
    return [state.slug for state in gateway.automations.states() if state.stopped]


async def works_on(gateway: Gateway) -> None:
    """The rule that is no part of any circle runs as always."""
    gateway.store.write(*V3, ("7",), BOARD, Intent.REPORT)
    await until(lambda: gateway.store.find(*V4) is not None)


OTHER = rule("Other", SetAction({V4: ("{value}",)}), when=(on(V3),))


async def test_rule_that_logs_what_starts_it_is_stopped(tmp_path: Path) -> None:
    echo = rule("Echo", EventAction("hot", "again"), when=(EventTrigger("hot"),))
    options = with_rules(echo, OTHER)
    async with running(tmp_path, options) as gateway:
        gateway.automations.run("echo", "a test")
        await until(lambda: stopped(gateway) == ["echo"])
        assert gateway.automations.find("echo").runs <= MAX_DEPTH + 1
        await works_on(gateway)


async def test_circle_of_a_rule_and_a_link_ends(tmp_path: Path) -> None:
    back = rule("Back", SetAction({V1: ("{value}",)}), when=(on(V2),))
    options = with_rules(back, OTHER, links=(Link(V1, V2),))
    async with running(tmp_path, options) as gateway:
        gateway.store.write(*V1, ("1",), BOARD, Intent.REPORT)
        await until(lambda: bool(stopped(gateway) or gateway.automations.disabled_links))
        await works_on(gateway)


@pytest.mark.parametrize("mode", list(Mode))
async def test_scenes_that_call_each_other_end(tmp_path: Path, mode: Mode) -> None:
    ping = rule("Ping", SceneAction("pong"), mode=mode)
    pong = rule("Pong", SceneAction("ping"), mode=mode)
    async with running(tmp_path, with_rules(ping, pong, OTHER)) as gateway:
        gateway.automations.run("ping", "a test")
        await works_on(gateway)
        runs = sum(gateway.automations.find(slug).runs for slug in ("ping", "pong"))
        assert runs <= MAX_DEPTH + 2


async def test_circle_with_a_second_in_it_is_what_somebody_wants(tmp_path: Path) -> None:
    blink = rule(
        "Blink", DelayAction(1000), SetAction({V1: ("{value}",)}), when=(on(V1),), mode=Mode.SINGLE
    )
    async with running(tmp_path, with_rules(blink)) as gateway:
        gateway.store.write(*V1, ("1",), BOARD, Intent.REPORT)
        await until(lambda: gateway.automations.find("blink").runs >= 2)
        assert stopped(gateway) == []


def all_in_a_row(count: int) -> list[AutomationOptions]:
    """Rules that start the next one each, and lead back to nobody."""
    pins = [PinAddress("shed", f"V{10 + number}") for number in range(count + 1)]
    return [
        rule(f"Row{number}", SetAction({pins[number + 1]: ("{value}",)}), when=(on(pins[number]),))
        for number in range(count)
    ]


async def test_row_of_rules_as_long_as_it_may_be_is_no_circle(tmp_path: Path) -> None:
    async with running(tmp_path, with_rules(*all_in_a_row(MAX_DEPTH))) as gateway:
        gateway.store.write("shed", "V10", ("5",), BOARD, Intent.REPORT)
        await until(lambda: gateway.store.find("shed", f"V{10 + MAX_DEPTH}") is not None)
        assert stopped(gateway) == []
