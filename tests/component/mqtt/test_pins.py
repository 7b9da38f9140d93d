"""States and commands on a real broker."""

import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from blynk_gateway.config.mqtt.options import MqttOptions, ProtocolVersion
from blynk_gateway.core.change import EventKind, Intent, Origin, OriginKind
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.reads import PinReads
from blynk_gateway.mqtt import adapter as adapters
from blynk_gateway.mqtt import features
from blynk_gateway.mqtt.adapter import MqttAdapter
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.commands.get import GetCommands
from blynk_gateway.mqtt.commands.set import SetCommands
from blynk_gateway.mqtt.feature import Feature, MqttParts
from blynk_gateway.mqtt.states.availability import Availability
from blynk_gateway.mqtt.states.device_state import DeviceStates
from blynk_gateway.mqtt.states.events import Events
from blynk_gateway.mqtt.states.properties import Properties
from blynk_gateway.mqtt.states.values import Values
from tests.helpers.broker import Broker, Listener
from tests.helpers.mqtt import CONFIG, INSTANCE_ID, OWN, Core, no_services, reached
from tests.helpers.ports import MemoryGpio

DEVICE = Origin(OriginKind.DEVICE, "1")
MEGABYTE = 1_000_000

EVERYTHING = {
    "blynk/bridge/state": "online",
    "blynk/pi/availability": "online",
    "blynk/pi/state": "{}",
    "blynk/shed/availability": "online",
    "blynk/shed/state": '{"v1": 0, "v5": 21.5, "v7": ["255", "0", "0"]}',
    "blynk/shed/v1": "0",
    "blynk/shed/v5": "21.50",
    "blynk/shed/v7": '["255", "0", "0"]',
    "blynk/shed/v5/prop/label": "Wärme",
}


class Bench:
    """A core with the device `shed`, and an adapter with all that tells and sets pins."""

    def __init__(self, options: MqttOptions) -> None:
        self.options = options
        self.core = Core(options, SystemClock())
        self.shed = self.core.add(
            "shed",
            Datastream("V1", "Fan", DatastreamType.INT, minimum=0, maximum=1, default=("0",)),
            Datastream("V5", "Heat", DatastreamType.DOUBLE),
        )
        self.core.registry.connected(self.shed, CONFIG)
        self.core.registry.set_property(self.shed, "V5", "label", ("Wärme",), DEVICE)
        self.write("V5", "21.50")
        self.write("V7", "255", "0", "0")
        self.gpio = MemoryGpio(self.core.store)
        self.adapter = MqttAdapter(self.core.parts, no_services())

    def features(self, parts: MqttParts, *_: object) -> Sequence[Feature]:
        complaints = Complaints(parts)
        values, states = Values(parts), DeviceStates(parts)
        reads = PinReads(parts.registry, parts.store, self.gpio)
        return (
            values,
            Properties(parts),
            states,
            Events(parts),
            Availability(parts),
            SetCommands(parts, complaints),
            GetCommands(parts, complaints, reads, values, states),
        )

    def start(self) -> None:
        self.adapter.start(self.options, OWN, INSTANCE_ID)

    def write(self, pin: str, *value: str) -> None:
        self.core.store.write("shed", pin, value, DEVICE, Intent.REPORT)

    def value(self, pin: str) -> tuple[str, ...]:
        return self.core.store.get("shed", pin).value


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as running:
        yield running


@pytest.fixture(params=[ProtocolVersion.V3_1_1])
async def bench(
    broker: Broker, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    options = MqttOptions(host="127.0.0.1", port=broker.port, protocol=request.param)
    made = Bench(options)
    monkeypatch.setattr(features, "make_features", made.features)
    monkeypatch.setattr(adapters, "RETRY_S", 0.02)
    yield made
    await made.adapter.stop()


both_versions = pytest.mark.parametrize("bench", list(ProtocolVersion), indirect=True)


async def retained(broker: Broker) -> dict[str, str]:
    """What a client finds that comes now."""
    async with Listener(broker.port) as late:
        await late.expect("blynk/bridge/state")
        # The broker answers in order: what it keeps has come before this.
        late.publish("end", "")
        await late.expect("end")
        return {one.topic: one.payload for one in late.heard if one.is_retained}


@both_versions
async def test_everything_stands_there_and_follows(broker: Broker, bench: Bench) -> None:
    async with Listener(broker.port) as listener:
        bench.start()
        await listener.expect("blynk/bridge/state", "online")
        assert await retained(broker) == EVERYTHING
        bench.write("V5", "22")
        bench.core.registry.disconnected(bench.shed, CONFIG)
        bench.core.registry.record_event(bench.shed, EventKind.LOGGED, "hot/+#", "!", DEVICE)
        await listener.expect("blynk/shed/v5", "22")
        await listener.expect("blynk/shed/availability", "offline")
        assert (await listener.expect("blynk/shed/event/hot___")).json["description"] == "!"
        await listener.until(lambda: '"v5": 22' in listener.of("blynk/shed/state")[-1])
        assert "blynk/shed/event/hot___" not in await retained(broker)


@both_versions
async def test_command_is_obeyed_and_told(broker: Broker, bench: Bench) -> None:
    bench.start()
    async with Listener(broker.port) as listener:
        await listener.expect("blynk/bridge/state", "online")
        listener.publish("blynk/shed/v1/set", "1")
        await listener.expect("blynk/shed/v1", "1")
        listener.publish("blynk/shed/set", json.dumps({"V1": 0, "v7": [1, 2], "v8": "ä"}))
        await listener.expect("blynk/shed/v8", "ä")
        assert (bench.value("V1"), bench.value("V7")) == (("0",), ("1", "2"))
        listener.heard.clear()
        listener.publish("blynk/shed/v8/get", "")
        await listener.expect("blynk/shed/v8", "ä")
        listener.publish("blynk/shed/get", "")
        await listener.until(lambda: listener.of("blynk/shed/state"))


async def test_input_is_read_on_demand(broker: Broker, bench: Bench) -> None:
    bench.gpio.on_pins["shed", "D5"] = ("1",)
    bench.start()
    async with Listener(broker.port) as listener:
        await listener.expect("blynk/bridge/state", "online")
        listener.publish("blynk/shed/d5/get", "")
        await listener.expect("blynk/shed/d5", "1")


async def test_order_of_every_pin_is_kept_both_ways(broker: Broker, bench: Bench) -> None:
    wanted = [str(number) for number in range(3000)]
    bench.start()
    async with Listener(broker.port) as listener:
        await listener.expect("blynk/bridge/state", "online")
        for number in wanted:
            bench.write("V20", number)
            listener.publish("blynk/shed/v21/set", number)
        await listener.until(lambda: listener.of("blynk/shed/v20")[-1:] == wanted[-1:])
        await listener.until(lambda: listener.of("blynk/shed/v21")[-1:] == wanted[-1:])
        assert listener.of("blynk/shed/v20") == wanted
        assert listener.of("blynk/shed/v21") == wanted


async def test_retained_command_is_not_obeyed_at_a_connection(
    broker: Broker, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    async with Listener(broker.port) as listener:
        for topic, payload in (("v1/set", "1"), ("set", '{"v1": 1}'), ("v1/get", "")):
            listener.publish(f"blynk/shed/{topic}", payload, retain=True)
        await listener.expect("blynk/shed/set")
        bench.start()
        await listener.expect("blynk/bridge/state", "online")
        listener.publish("blynk/shed/v8/set", "after")
        await listener.expect("blynk/shed/v8", "after")
        assert bench.core.store.get("shed", "V1").value == ()
        assert caplog.messages.count("retained command ignored") == 1
        # While we are there it is a command like any other.
        listener.publish("blynk/shed/v1/set", "1", retain=True)
        await listener.expect("blynk/shed/v1", "1")


HOSTILE = {
    "blynk/shed/v1/set": [b"x" * MEGABYTE, b"\xff\xfe", b"1\x00", b"", b"[" * 60_000],
    "blynk/shed/set": [b"{" * MEGABYTE, b'{"v1": NaN}', b"\x00", b'{"a":' * 10_000, b"null"],
    "blynk/shed/v999/set": [b"1"],
    "blynk/no where/v1/set": [b"1"],
    "blynk/shed/v1/get": [b"x" * MEGABYTE],
    "blynk/nowhere/get": [b""],
    "blynk/" + "x" * 60_000 + "/set": [b"1"],
}


@both_versions
async def test_hostile_messages_change_nothing_and_end_nothing(
    broker: Broker, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.start()
    async with Listener(broker.port, "blynk/+/error", "blynk/bridge/state", "blynk/+/v8") as heard:
        await heard.expect("blynk/bridge/state", "online")
        before = bench.core.store.pins("shed")
        for topic, payloads in HOSTILE.items():
            for payload in payloads:
                heard.publish(topic, payload)
        heard.publish("blynk/shed/v8/set", "still there")
        await heard.expect("blynk/shed/v8", "still there")
        assert [one for one in bench.core.store.pins("shed") if one.pin != "V8"] == before
        errors = [one for one in heard.heard if one.topic.endswith("/error")]
        kinds = {(one.topic, one.json["error"]) for one in errors}
        assert kinds == {
            ("blynk/shed/error", "pin.invalid_value"),
            ("blynk/shed/error", "pin.unknown"),
            ("blynk/bridge/error", "device.unknown"),
        }
        assert all(len(one.payload) < 1500 for one in errors)
        assert heard.of("blynk/bridge/state") == ["online"]
    refused = [one for one in caplog.records if one.message == "message refused"]
    assert len(refused) == 3
    assert all(len(str(vars(one))) < 5000 for one in refused)
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


async def test_broker_that_forgot_everything_gets_the_latest_of_it(
    broker: Broker, bench: Bench
) -> None:
    bench.start()
    async with Listener(broker.port) as listener:
        await listener.expect("blynk/bridge/state", "online")
    broker.kill()
    health = bench.core.parts.health.components
    await reached(lambda: str(health["mqtt"].state) != "ok")
    for number in range(20_000):
        bench.write("V5", str(number))
    bench.core.registry.record_event(bench.shed, EventKind.LOGGED, "hot", "!", DEVICE)
    broker.start()
    async with Listener(broker.port) as listener:
        await listener.expect("blynk/bridge/state", "online")
        await listener.expect("blynk/shed/v5", "19999")
        told = [one for one in listener.heard if one.topic == "blynk/shed/v5"]
        assert len(told) <= 2
        assert not [one for one in listener.heard if "/event/" in one.topic]
    assert await retained(broker) == EVERYTHING | {
        "blynk/shed/v5": "19999",
        "blynk/shed/state": '{"v1": 0, "v5": 19999, "v7": ["255", "0", "0"]}',
    }


async def test_device_that_is_removed_leaves_nothing(broker: Broker, bench: Bench) -> None:
    bench.start()
    async with Listener(broker.port) as listener:
        await listener.expect("blynk/bridge/state", "online")
        bench.write("D5", "1")
        bench.core.registry.remove("shed", CONFIG)
        await listener.expect("blynk/shed/d5", "")
        await listener.until(lambda: "" in listener.of("blynk/shed/availability"))
    assert [one for one in await retained(broker) if "shed" in one] == []
