import pytest

from blynk_gateway.automations.cause import Cause
from blynk_gateway.config.automations.options import EventTrigger
from blynk_gateway.core.change import EventKind
from tests.helpers.rules import DEVICE, RuleRig, options


def record(rig: RuleRig, kind: EventKind, device: str = "a", text: str = "30 °C") -> None:
    rig.registry.record_event(rig.registry.get(device), kind, "hot", text, DEVICE)


@pytest.mark.parametrize("kind", list(EventKind))
async def test_each_entry_fires_by_what_it_is(rig: RuleRig, kind: EventKind) -> None:
    rig.define(
        options(EventTrigger("hot"), slug="logged"),
        options(EventTrigger("hot", is_resolved=True), slug="resolved"),
        options(EventTrigger("cold"), slug="cold"),
    )
    expected = ["resolved" if kind is EventKind.RESOLVED else "logged"]
    if kind is EventKind.RESOLVED:
        # What never was open cannot be resolved.
        record(rig, EventKind.LOGGED)
        assert await rig.ran() == ["logged"]
    record(rig, kind)
    assert await rig.ran() == expected


async def test_device_and_description_narrow_it(rig: RuleRig) -> None:
    rig.define(
        options(EventTrigger("hot", "a"), slug="a"),
        options(EventTrigger("hot", "b"), slug="b"),
        options(EventTrigger("hot", text="very"), slug="very"),
    )
    record(rig, EventKind.LOGGED, "b", "quite")
    assert await rig.ran() == ["b"]
    record(rig, EventKind.LOGGED, "a", "very")
    assert await rig.ran() == ["a", "very"]


async def test_a_run_knows_the_entry(rig: RuleRig) -> None:
    rig.define(options(EventTrigger("hot")))
    seq = rig.bus.next_seq
    record(rig, EventKind.LOGGED)
    await rig.settled()
    cause = Cause("logged hot on a", rig.clock.now_ms(), "a", "", ("30 °C",), (), "hot", seq, 0)
    assert rig.runs.causes == [("rule", cause)]
