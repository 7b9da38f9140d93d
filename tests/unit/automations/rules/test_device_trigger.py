import pytest

from blynk_gateway.automations.rules.device_trigger import SETTLE_S, is_device
from blynk_gateway.config.automations.options import DeviceState, DeviceTrigger
from blynk_gateway.core.change import StatusChange
from tests.helpers.rules import DEVICE, RuleRig, options

ONLINE, OFFLINE, STALE = DeviceState.ONLINE, DeviceState.OFFLINE, DeviceState.STALE


async def test_a_device_that_comes_or_goes_fires_once_each(rig: RuleRig) -> None:
    rig.define(
        options(DeviceTrigger("a", ONLINE), slug="online"),
        options(DeviceTrigger("a", OFFLINE), slug="offline"),
    )
    rig.connect("a")
    rig.registry.told(rig.registry.get("a"), [("ver", "1")], DEVICE)
    rig.connect("a")
    assert await rig.ran() == ["online"]
    rig.disconnect("a")
    assert await rig.ran() == []
    rig.disconnect("a")
    assert await rig.ran() == ["offline"]
    rig.connect("b")
    assert await rig.ran() == []


async def test_any_device_fires_each_for_itself(rig: RuleRig) -> None:
    rig.define(options(DeviceTrigger("", ONLINE)))
    rig.add("late")
    for slug in ("a", "b", "late"):
        rig.connect(slug)
    await rig.settled()
    assert [(cause.device, cause.text) for _, cause in rig.runs.causes] == [
        ("a", "a is online"), ("b", "b is online"), ("late", "late is online"),
    ]  # fmt: skip


async def test_a_device_that_comes_back_in_time_was_not_away_for_long(rig: RuleRig) -> None:
    rig.connect("a")
    rig.connect("b")
    rig.define(options(DeviceTrigger("", OFFLINE, 300_000)))
    rig.disconnect("a")
    rig.disconnect("b")
    await rig.ran()
    assert rig.pass_time(200) == []
    rig.connect("a")
    await rig.ran()
    rig.clock.advance(100)
    rig.timers.advance()
    assert [(cause.device, cause.text) for _, cause in rig.runs.causes] == [
        ("b", "b is offline for 5m")
    ]


async def test_silence_fires_when_it_is_told(rig: RuleRig) -> None:
    rig.define(options(DeviceTrigger("a", STALE)))
    for is_stale in (True, True, False, True):
        change = StatusChange(rig.bus.take_seq(), "a", True, (), DEVICE, 0, is_stale)
        rig.bus.publish(change)
    assert await rig.ran() == ["rule", "rule"]


async def test_a_restart_of_the_gateway_is_no_coming_and_going(rig: RuleRig) -> None:
    rules = [
        options(DeviceTrigger("", ONLINE), slug="online"),
        options(DeviceTrigger("", OFFLINE), slug="offline"),
    ]
    rig.connect("a")
    rig.connect("b")
    rig.define(*rules)
    states = {slug: rig.engine.state_of(slug) for slug in rig.engine.rules}
    rig.define()
    rig.disconnect("a")
    rig.disconnect("b")
    rig.define(*rules)
    for slug, state in states.items():
        rig.engine.restore(slug, state)
    rig.connect("a")
    assert await rig.ran() == []
    # b does not come back, and that counts.
    assert rig.pass_time(SETTLE_S - 1) == []
    assert rig.pass_time(1) == ["offline"]
    rig.connect("b")
    assert await rig.ran() == ["online"]


async def test_who_sends_rarely_has_as_long_to_come_back(rig: RuleRig) -> None:
    rig.add("slow", stale_after_ms=900_000)
    rule = options(DeviceTrigger("slow", STALE))
    rig.connect("slow")
    rig.define(rule)
    state = rig.engine.state_of("rule")
    assert state["triggers"] == {"slow becomes stale": {"slow": {"held": False, "since_ms": None}}}
    rig.define()
    rig.registry.get("slow").is_stale = True
    rig.define(rule)
    rig.engine.restore("rule", state)
    assert rig.pass_time(899) == []
    assert rig.pass_time(1) == ["rule"]


async def test_a_duration_goes_on_through_a_restart(rig: RuleRig) -> None:
    rule = options(DeviceTrigger("a", OFFLINE, 300_000))
    rig.connect("a")
    rig.define(rule)
    rig.disconnect("a")
    await rig.ran()
    rig.clock.advance(250)
    state = rig.engine.state_of("rule")
    rig.define()
    rig.define(rule)
    rig.engine.restore("rule", state)
    assert rig.pass_time(49) == []
    assert rig.pass_time(1) == ["rule"]


async def test_who_was_online_for_a_while_but_is_not_now_does_not_fire(rig: RuleRig) -> None:
    rule = options(DeviceTrigger("a", ONLINE, 30_000))
    rig.define(rule)
    rig.connect("a")
    await rig.ran()
    state = rig.engine.state_of("rule")
    rig.define()
    rig.disconnect("a")
    rig.define(rule)
    rig.engine.restore("rule", state)
    assert rig.pass_time(30) == []
    rig.connect("a")
    assert await rig.ran() == []
    assert rig.pass_time(30) == ["rule"]
    assert rig.pass_time(SETTLE_S) == []


async def test_a_device_that_is_removed_is_forgotten(rig: RuleRig) -> None:
    rig.connect("a")
    rig.define(options(DeviceTrigger("", OFFLINE, 1000)))
    rig.disconnect("a")
    await rig.ran()
    rig.registry.remove("a", DEVICE)
    await rig.ran()
    assert rig.pass_time(5) == []
    assert "a" not in rig.engine.state_of("rule")["triggers"]["any device becomes offline for 1s"]


@pytest.mark.parametrize("state", [None, [], {"a": 5}, {"gone": {"held": True}}])
async def test_a_state_that_is_none_is_no_harm(rig: RuleRig, state: object) -> None:
    rig.define(options(DeviceTrigger("a", ONLINE)))
    rig.engine.restore("rule", {"triggers": {"a becomes online": state}})
    rig.connect("a")
    assert await rig.ran() == ["rule"]


async def test_a_reload_while_devices_settle_forgets_it(rig: RuleRig) -> None:
    rule = options(DeviceTrigger("a", OFFLINE))
    rig.connect("a")
    rig.define(rule)
    state = rig.engine.state_of("rule")
    rig.define()
    rig.disconnect("a")
    rig.define(rule)
    rig.engine.restore("rule", state)
    rig.define()
    assert rig.pass_time(SETTLE_S) == []


async def test_how_a_device_is(rig: RuleRig) -> None:
    device = rig.registry.get("a")
    assert [is_device(device, one) for one in DeviceState] == [False, True, False]
    rig.connect("a")
    assert [is_device(device, one) for one in DeviceState] == [True, False, False]
