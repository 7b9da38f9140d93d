"""Another gateway of ours as the server above, by the device API of its `mqtt`."""

from collections.abc import AsyncIterator, Iterator

import pytest

from blynk_gateway.config.mqtt.options import DeviceApiOptions, MqttOptions
from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.config.upstream.options import Via
from blynk_gateway.core.change import Intent, Origin, OriginKind, PastChange
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.mqtt import features
from blynk_gateway.mqtt.adapter import MqttAdapter
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.device_api.device_api import DeviceApi
from blynk_gateway.mqtt.feature import Feature, MqttParts
from blynk_gateway.upstream.route import Past, Write
from tests.component.upstream.routes.mqtt.conftest import TOKEN, TYPES, Uplink
from tests.helpers.broker import Broker, Listener
from tests.helpers.mqtt import INSTANCE_ID, OWN, Core, no_services, reached

PINS = {name: f"V{number}" for number, name in enumerate(TYPES)}


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as one:
        yield one


@pytest.fixture
async def above(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Core]:
    def make_features(parts: MqttParts, *_: object) -> list[Feature]:
        assert parts.options.device_api is not None
        quota = QuotaOptions(messages_per_second=0)
        return [DeviceApi(parts, parts.options.device_api, Complaints(parts), lambda: quota)]

    monkeypatch.setattr(features, "make_features", make_features)
    api = DeviceApiOptions("dev/{token}")
    core = Core(MqttOptions(host="127.0.0.1", port=broker.port, device_api=api), SystemClock())
    streams = (Datastream(PINS[name], name, kind) for name, kind in TYPES.items())
    core.add("greenhouse", *streams, token=TOKEN)
    adapter = MqttAdapter(core.parts, no_services())
    async with Listener(broker.port, "blynk/bridge/state") as people:
        adapter.start(core.parts.options, OWN, INSTANCE_ID)
        await people.until(lambda: people.of("blynk/bridge/state")[-1:] == ["online"])
    yield core
    await adapter.stop()


async def test_all_of_the_route_is_understood(broker: Broker, above: Core, uplink: Uplink) -> None:
    command = Origin(OriginKind.API, "someone")
    above.store.write("greenhouse", "V4", ("1",), command, Intent.REPORT)
    route = await uplink.open(broker.port, via=Via.MQTT_GATEWAY)
    writes = [
        Write("Level", ("7",)),
        Write("Temperature", ("21.50",)),
        Write("Name", ("Gewächshaus",)),
        Write("Place", ("13.405", "52.52")),
        Write("Level", ("8",)),
    ]
    assert await route.send_live(writes) == []
    store = above.store
    await reached(lambda: store.get("greenhouse", "V0").value == ("8",))
    assert store.get("greenhouse", "V1").value == ("21.50",)
    assert store.get("greenhouse", "V5").value == ("13.405", "52.52")
    found = await route.ask(["Level", "Name", "Pump", "Place"])
    assert found == {
        "Level": ("8",),
        "Name": ("Gewächshaus",),
        "Pump": ("1",),
        "Place": ("13.405", "52.52"),
    }
    now_ms = uplink.clock.now_ms()
    above_ms = await route.ask_time()
    assert above_ms is not None
    assert abs(above_ms - now_ms) < 1000
    above.changes()
    points = [Past(now_ms - 60_000 + at, "Temperature", (f"{at}.5",)) for at in range(300)]
    assert await route.send_past(points) == []
    past: list[PastChange] = []

    def has_all() -> bool:
        past.extend(one for one in above.changes() if isinstance(one, PastChange))
        return len(past) == len(points)

    await reached(has_all)
    found_points = sorted((one.at_ms, one.value) for one in past)
    assert found_points == [(one.at_ms, one.value) for one in points]
    assert store.get("greenhouse", "V1").value == ("21.50",)
    store.write("greenhouse", "V4", ("0",), command, Intent.COMMAND)
    below = uplink.below[TOKEN]
    await reached(lambda: below.writes)
    assert below.writes == [("Pump", ("0",))]
    assert not above.parts.health.counters.get("mqtt_refused")
