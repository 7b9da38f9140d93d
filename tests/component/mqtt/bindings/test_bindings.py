"""Bindings on a real broker."""

from collections.abc import AsyncIterator, Iterator

import pytest

from blynk_gateway.config.mqtt.options import BindingOptions, Direction, MqttOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.mqtt import adapter as adapters
from blynk_gateway.mqtt import features
from blynk_gateway.mqtt.adapter import MqttAdapter
from blynk_gateway.mqtt.bindings.bindings import Bindings
from blynk_gateway.mqtt.commands.complaints import Complaints
from tests.helpers.broker import Broker, Listener
from tests.helpers.mqtt import INSTANCE_ID, OWN, Core, no_services, reached

PERSON = Origin(OriginKind.API, "phone")
ONLINE = "blynk/bridge/state"

BINDINGS = (
    BindingOptions("z/+", "{1}/V5", json=("t",)),
    BindingOptions("z/+", "{1}/V6", json=("h",), scale=0.1),
    BindingOptions("lamp", "kitchen/V1", Direction.OUT, json=("state",), qos=1, retain=True),
    BindingOptions(
        "shared", "kitchen/V2", Direction.BOTH, retain=True, map={"ON": "1", "OFF": "0"}
    ),
)


class Bench:
    """A core with the device `kitchen`, and an adapter that follows the bindings above."""

    def __init__(self, port: int) -> None:
        self.options = MqttOptions(host="127.0.0.1", port=port, bindings=BINDINGS)
        self.core = Core(self.options, SystemClock())
        self.kitchen = self.core.add("kitchen")
        self.adapter = MqttAdapter(self.core.parts, no_services())

    async def start(self, listener: Listener) -> None:
        """Connect, and return when all is published."""
        self.adapter.start(self.options, OWN, INSTANCE_ID)
        await listener.until(lambda: "online" in listener.of(ONLINE))

    def write(self, pin: str, value: str) -> None:
        self.core.store.write("kitchen", pin, (value,), PERSON, Intent.COMMAND)

    def value(self, pin: str) -> str | None:
        state = self.core.store.find("kitchen", pin)
        return None if state is None else " ".join(state.value)


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as running:
        yield running


@pytest.fixture
async def listener(broker: Broker) -> AsyncIterator[Listener]:
    async with Listener(broker.port) as running:
        yield running


@pytest.fixture
async def bench(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(
        features, "make_features", lambda parts, *_: (Bindings(parts, Complaints(parts)),)
    )
    monkeypatch.setattr(adapters, "RETRY_S", 0.02)
    made = Bench(broker.port)
    yield made
    await made.adapter.stop()


async def test_one_message_feeds_the_pins_of_the_device_it_names(
    bench: Bench, listener: Listener
) -> None:
    await bench.start(listener)
    listener.publish("z/Kitchen", '{"t": 21.50, "h": 455, "battery": null}')
    await reached(lambda: bench.value("V6") == "45.5")
    assert bench.value("V5") == "21.50"
    assert bench.kitchen.is_online
    await bench.adapter.stop()
    assert not bench.kitchen.is_online


async def test_hostile_messages_get_one_answer_and_change_nothing(
    bench: Bench, listener: Listener
) -> None:
    await bench.start(listener)
    for payload in (b"x" * 1_000_000, b"{", b"\xff", b"[" * 50_000, b'{"t": {}}'):
        listener.publish("z/kitchen", payload)
    listener.publish("z/nobody", '{"t": 1}')
    await listener.expect("blynk/bridge/error")
    assert [one.json["error"] for one in listener.heard if one.topic == "blynk/kitchen/error"] == [
        "pin.invalid_value"
    ]
    assert bench.value("V5") is None


async def test_value_is_published_and_anew_after_a_break(bench: Bench, broker: Broker) -> None:
    async with Listener(broker.port) as first:
        await bench.start(first)
        bench.write("V1", "1")
        await first.expect("lamp", '{"state": 1}')
    broker.kill()
    bench.write("V1", "0")
    broker.start()
    async with Listener(broker.port) as second:
        await second.expect("lamp", '{"state": 0}')


async def test_shared_topic_goes_both_ways_and_outlives_us(
    bench: Bench, broker: Broker, listener: Listener
) -> None:
    listener.publish("shared", "ON", retain=True)
    await bench.start(listener)
    await reached(lambda: bench.value("V2") == "1")
    bench.write("V2", "0")
    await listener.expect("shared", "OFF")
    listener.publish("shared", "ON", retain=True)
    await reached(lambda: bench.value("V2") == "1")
    assert listener.of("shared") == ["ON", "OFF", "ON"]
    async with Listener(broker.port, "shared") as late:
        assert (await late.expect("shared")).payload == "ON"
