"""The list of devices that may be asked for."""

import asyncio

from blynk_gateway.core.change import Intent
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.mqtt.bridge.devices import list_devices
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import CONFIG, Core


async def test_list_shows_devices_and_pins_but_no_token() -> None:
    clock = FakeClock()
    core = Core(clock=clock)
    shed = core.add(
        "shed",
        Datastream(pin="V10", name="Fan", type=DatastreamType.INT),
        name="Gärtner",
        stale_after_ms=60_000,
    )
    core.store.write("shed", "V5", ("21.5",), CONFIG, Intent.REPORT)
    core.registry.connected(shed, CONFIG)
    seen_ms = clock.now_ms()
    clock.advance(61)
    core.registry.check_silence(shed)
    listed = (await list_devices(core.parts))["devices"]
    assert listed == [
        {
            "slug": "pi",
            "name": "Pi",
            "template": None,
            "online": True,
            "stale": False,
            "last_seen_ms": seen_ms,
            "pins": [],
        },
        {
            "slug": "shed",
            "name": "Gärtner",
            "template": None,
            "online": True,
            "stale": True,
            "last_seen_ms": seen_ms,
            "pins": ["v5", "v10"],
        },
    ]
    assert "token" not in repr(listed)


async def test_others_get_their_turn_and_may_remove_devices_meanwhile() -> None:
    core = Core()
    core.add("shed")
    core.add("attic")
    listing = asyncio.create_task(list_devices(core.parts), name="listing")
    # Up to the first turn that others get.
    await asyncio.sleep(0)
    core.registry.remove("shed", CONFIG)
    core.add("late")
    assert [one["slug"] for one in (await listing)["devices"]] == ["pi", "attic"]
