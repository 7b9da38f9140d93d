"""What stands at the broker of devices and pins that are gone."""

import asyncio

import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.config.mqtt.options import MqttOptions
from blynk_gateway.core.change import Intent
from blynk_gateway.errors import PeerDown
from blynk_gateway.mqtt.bridge.leftovers import MAX_INFO_BYTES, Leftovers
from blynk_gateway.mqtt.bridge.signature import Signature
from tests.helpers.mqtt import CONFIG, INSTANCE_ID, Core, FakeOutlet

EARLIER = Signature(INSTANCE_ID, "0" * 16)
OTHER = Signature("f" * 32, "0" * 16)

GONE = {
    "blynk/gone/availability": "online",
    "blynk/gone/state": "{}",
    "blynk/gone/v5": "1",
    "blynk/gone/d13": "1",
    "blynk/gone/v5/prop/color": "red",
    "blynk/gone/v5/light": "{}",
}
OURS = {
    "blynk/shed/availability": "online",
    "blynk/shed/state": "{}",
    "blynk/shed/v5": "21.5",
    "blynk/shed/v5/light": "{}",
    "blynk/shed/v5/prop/color": "red",
}
FOREIGN = {
    "blynk/bridge/state": "online",
    "blynk/bridge/info": "{}",
    "blynk/gone/notes": "mine",
    "blynk/gone/v256": "1",
    "blynk/gone/V5": "1",
    "blynk/gone/v5/set": "1",
    "blynk/gone/v5/prop/mine": "1",
    "blynk/gone/x/prop/color": "1",
    "blynk/gone/x/light": "1",
    "blynk/gone/v5/light/set": "1",
    "blynk/never/v5": "1",
    "blynk/never/availability": "online",
    "blynk/v5": "1",
    "other/gone/v5": "1",
}


def new_core() -> Core:
    core = Core()
    core.add("shed")
    core.store.write("shed", "V5", ("21.5",), CONFIG, Intent.REPORT)
    core.registry.set_property(core.registry.get("shed"), "V5", "color", ("red",), CONFIG)
    return core


def info(signature: Signature, *slugs: object) -> bytes:
    return signature.sign({"devices": [{"slug": slug} for slug in slugs]}).encode()


async def cleared(
    core: Core, outlet: FakeOutlet, *messages: bytes, retained: bool = True
) -> set[str]:
    """The topics that are cleared when `bridge/info` says this at connect."""
    feature = Leftovers(core.parts)
    (subscription,) = feature.subscriptions()
    for payload in messages:
        subscription.handler(Message(subscription.filter, payload, is_retained=retained))
    await feature.connected(outlet)
    await asyncio.sleep(0.01)
    feature.disconnected()
    assert all(one.retain and not one.payload for one in outlet.sent)
    assert outlet.rooms == len(outlet.sent)
    return {one.topic for one in outlet.sent}


async def test_what_our_earlier_run_published_of_a_gone_device_is_cleared() -> None:
    outlet = FakeOutlet(GONE | OURS | FOREIGN)
    assert await cleared(new_core(), outlet, info(EARLIER, "shed", "gone")) == set(GONE)
    assert outlet.retained.keys() == OURS.keys() | FOREIGN.keys()


async def test_device_of_another_gateway_stays() -> None:
    outlet = FakeOutlet(GONE)
    assert await cleared(new_core(), outlet, info(OTHER, "gone")) == set()


async def test_what_is_said_live_of_devices_is_no_reason() -> None:
    outlet = FakeOutlet(GONE)
    assert await cleared(new_core(), outlet, info(EARLIER, "gone"), retained=False) == set()


async def test_pins_and_properties_that_a_device_of_ours_has_no_more_are_cleared() -> None:
    old = {
        "blynk/shed/v6": "1",
        "blynk/shed/v6/light": "{}",
        "blynk/shed/v5/prop/label": "Old",
        "blynk/shed/v6/prop/color": "red",
    }
    outlet = FakeOutlet(OURS | old | {"blynk/shed/notes": "mine"})
    assert await cleared(new_core(), outlet) == set(old)


@pytest.mark.parametrize(
    "payload",
    [
        info(EARLIER, "gone")[:-2],
        EARLIER.sign({"devices": 7}).encode(),
        EARLIER.sign({"devices": ["gone"]}).encode(),
        EARLIER.sign({"other": []}).encode(),
        info(EARLIER, "Gone", "../gone", "bridge", None, ["gone"], "#", "+"),
        info(EARLIER, "gone", "x" * MAX_INFO_BYTES),
        EARLIER.sign({"devices": []}).encode()[:-2] + b"[" * 100_000,
        b"",
    ],
)
async def test_damaged_or_forged_info_clears_nothing(payload: bytes) -> None:
    outlet = FakeOutlet(GONE | OURS | FOREIGN)
    assert await cleared(new_core(), outlet, payload) == set()


async def test_device_that_is_back_when_we_look_stays() -> None:
    core, outlet = new_core(), FakeOutlet(GONE)
    core.add("gone")
    core.store.write("gone", "V5", ("1",), CONFIG, Intent.REPORT)
    found = await cleared(core, outlet, info(EARLIER, "gone"))
    assert not found & {"blynk/gone/v5", "blynk/gone/availability", "blynk/gone/state"}


async def test_base_of_several_levels_is_taken_off_as_a_whole() -> None:
    core = Core(MqttOptions(base_topic="home/attic/blynk"))
    outlet = FakeOutlet({"home/attic/blynk/gone/v5": "1", "home/gone/v5": "1"})
    assert await cleared(core, outlet, info(EARLIER, "gone")) == {"home/attic/blynk/gone/v5"}


async def test_search_that_the_broker_refuses_goes_on_at_the_next_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Closed(FakeOutlet):
        async def collect(self, *filters: str) -> dict[str, bytes]:
            raise PeerDown("no room")

    feature = Leftovers(new_core().parts)
    (subscription,) = feature.subscriptions()
    payload = info(EARLIER, "gone")
    subscription.handler(Message(subscription.filter, payload, is_retained=True))
    await feature.connected(Closed())
    await asyncio.sleep(0.01)
    assert "leftovers not looked for" in caplog.messages
    feature.disconnected()
    second = FakeOutlet(GONE)
    await feature.connected(second)
    await asyncio.sleep(0.01)
    assert not second.retained
    feature.disconnected()


async def test_interrupted_search_goes_on_at_the_next_connection() -> None:
    core = new_core()
    feature = Leftovers(core.parts)
    (subscription,) = feature.subscriptions()
    payload = info(EARLIER, "gone")
    subscription.handler(Message(subscription.filter, payload, is_retained=True))
    first, second = FakeOutlet(GONE), FakeOutlet(GONE)
    await feature.connected(first)
    feature.disconnected()
    feature.disconnected()
    await asyncio.sleep(0.01)
    assert first.sent == []
    await feature.connected(second)
    await asyncio.sleep(0.01)
    assert not second.retained
    feature.disconnected()
