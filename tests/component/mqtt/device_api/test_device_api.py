"""The device API on a real broker."""

import json
import re
from collections.abc import AsyncIterator, Iterator

import pytest

from blynk_gateway.config.mqtt.options import DeviceApiOptions, MqttOptions, ProtocolVersion
from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind, PastChange, PinChange
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.mqtt import features
from blynk_gateway.mqtt.adapter import MqttAdapter
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.device_api.device_api import DeviceApi
from blynk_gateway.mqtt.feature import Feature, MqttParts
from tests.helpers.broker import Broker, Listener
from tests.helpers.mqtt import INSTANCE_ID, OWN, Core, no_services

API = Origin(OriginKind.API, "someone")
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as broker:
        yield broker


@pytest.fixture(params=[ProtocolVersion.V3_1_1, ProtocolVersion.V5])
def core(request: pytest.FixtureRequest, broker: Broker) -> Core:
    """A core with the devices `shed` and `hall`."""
    options = MqttOptions(
        host="127.0.0.1",
        port=broker.port,
        protocol=request.param,
        device_api=DeviceApiOptions("device/{device}", {"hall": "dev/{token}"}),
    )
    core = Core(options)
    core.add(
        "shed",
        Datastream("V1", "Temperature", DatastreamType.DOUBLE, minimum=-40, maximum=85),
        Datastream("V2", "Größe °C"),
        Datastream("V3", "Power", DatastreamType.INT, default=("0",)),
    )
    core.add("hall")
    return core


@pytest.fixture
async def adapter(
    core: Core, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MqttAdapter]:
    """Connects the core to the broker, for the device API alone."""

    def make_features(parts: MqttParts, *_: object) -> list[Feature]:
        assert parts.options.device_api is not None
        quota = QuotaOptions(messages_per_second=0)
        api = DeviceApi(parts, parts.options.device_api, Complaints(parts), lambda: quota)
        return [api]

    monkeypatch.setattr(features, "make_features", make_features)
    adapter = MqttAdapter(core.parts, no_services())
    async with Listener(broker.port, "blynk/bridge/state") as people:
        adapter.start(core.parts.options, OWN, INSTANCE_ID)
        await people.until(lambda: people.of("blynk/bridge/state")[-1:] == ["online"])
    yield adapter
    await adapter.stop()


@pytest.fixture
async def board(
    broker: Broker,
    adapter: MqttAdapter,
) -> AsyncIterator[Listener]:
    """A client of the broker, beside a gateway."""
    async with Listener(broker.port, "device/shed/downlink/#", "blynk/+/error") as board:
        yield board


def values(core: Core, pin: str) -> list[tuple[str, ...]]:
    """What a pin of the shed took since the last call."""
    return [
        one.value
        for one in core.changes()
        if isinstance(one, PinChange) and (one.device, one.pin) == ("shed", pin)
    ]


async def fenced(board: Listener) -> None:
    """Return when all that the board published so far was handled."""
    before = len(board.of("device/shed/downlink/utc/all/json"))
    board.publish("device/shed/get/utc/all/json", "", qos=1)
    await board.until(lambda: len(board.of("device/shed/downlink/utc/all/json")) > before)


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_values_come_in_their_order(core: Core, board: Listener, qos: int) -> None:
    for number in range(500):
        board.publish("device/shed/ds/Größe °C", str(number), qos=qos)
    await board.until(lambda: core.store.get("shed", "V2").value == ("499",))
    assert values(core, "V2") == [(str(number),) for number in range(500)]


async def test_commands_come_in_their_order_as_they_stand(core: Core, board: Listener) -> None:
    for number in range(500):
        core.store.write("shed", "V2", (str(number), "°"), API, Intent.COMMAND)
    topic = "device/shed/downlink/ds/Größe °C"
    await board.until(lambda: len(board.of(topic)) == 500)
    assert board.of(topic) == [f"{number}\0°" for number in range(500)]


async def test_a_batch_of_fifty_is_taken(core: Core, board: Listener) -> None:
    board.publish("device/shed/batch_ds", json.dumps({f"V{pin}": pin for pin in range(50, 100)}))
    await board.until(lambda: (state := core.store.find("shed", "V99")) and state.value)
    assert all(core.store.get("shed", f"V{pin}").value == (str(pin),) for pin in range(50, 100))


async def test_points_of_the_past_are_taken(core: Core, board: Listener) -> None:
    now_ms = core.clock.now_ms()
    points = [[now_ms - 60_000 + second * 1000, second] for second in range(50)]
    board.publish("device/shed/ds/Temperature/timestamped_batch", json.dumps(points))
    await board.until(lambda: core.store.get("shed", "V1").value == ("49",))
    changes = core.changes()
    news = [one.at_ms for one in changes if isinstance(one, PinChange)]
    past = [one.at_ms for one in changes if isinstance(one, PastChange)]
    assert [*past, *news] == [at_ms for at_ms, _ in points]
    assert len(news) == 1


async def test_hostile_messages_change_nothing_and_the_next_one_is_taken(
    core: Core, board: Listener
) -> None:
    now_ms = core.clock.now_ms()
    far = 400 * 86_400_000
    hostile: list[tuple[str, bytes]] = [
        ("ds/Temperature", b"9" * MEGABYTE),
        ("ds/Temperature", b"\0" * MEGABYTE),
        ("ds/Temperature", b"\xff\xfe"),
        ("ds/Temperature", b"NaN"),
        ("ds/Power", b"9" * 5000),
        ("ds/Nothing", b"1"),
        ("ds//prop/color", b"red"),
        ("ds", b"1"),
        ("batch_ds", b"[" * MEGABYTE),
        ("batch_ds", b"[" * 60_000),
        ("batch_ds", b'{"Temperature": NaN, "Power": 1}'),
        ("batch_ds", b'{"Temperature": "\\ud800", "Nothing": 1}'),
        ("ds/Temperature/timestamped_batch", f"[[{now_ms - far}, 1]]".encode()),
        ("ds/Temperature/timestamped_batch", f"[[{now_ms + far}, 1]]".encode()),
        ("ds/Temperature/timestamped_batch", b"[[1e400, 1]]"),
        ("event/" + "x" * 1000, b""),
        ("meta/Auth Token", b"mine"),
        ("info/mcu", b'{"ver": ' + b"1" * 65_000 + b"}" * 600),
        ("get/ds", b"," * MEGABYTE),
        ("get/everything", b""),
    ]
    core.changes()
    for topic, payload in hostile:
        board.publish(f"device/shed/{topic}", payload)
    await fenced(board)
    assert [one for one in core.changes() if isinstance(one, PinChange)] == []
    codes = {one.json["error"] for one in board.heard if one.topic == "blynk/shed/error"}
    assert codes == {"pin.invalid_value", "pin.unknown", "device.topic"}

    board.publish("device/shed/ds/Temperature", "21.5")
    await board.until(lambda: core.store.get("shed", "V1").value == ("21.5",))


async def test_message_that_is_too_large_to_be_taken_in_does_not_tell_its_token(
    core: Core, board: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    topic = f"dev/{core.registry.get('hall').definition.token}/ds/V1"
    board.publish(topic, b"9" * 3 * MEGABYTE)
    await fenced(board)
    (record,) = (one for one in caplog.records if one.message == "message too large")
    assert re.fullmatch("dev/.{1,4}…/ds/V1", vars(record)["topic"])


async def test_a_retained_value_is_taken_when_it_comes_and_never_again(
    core: Core, board: Listener, adapter: MqttAdapter
) -> None:
    board.publish("device/shed/ds/Power", "1", retain=True, qos=1)
    await board.until(lambda: core.store.get("shed", "V3").value == ("1",))
    values(core, "V3")

    await adapter.stop()
    adapter.start(core.parts.options, OWN, INSTANCE_ID)
    counters = core.parts.health.counters
    await board.until(lambda: counters["mqtt_retained_commands"] == 1)
    await fenced(board)
    assert values(core, "V3") == []
    board.publish("device/shed/ds/Power", "", retain=True, qos=1)


async def test_a_board_is_online_by_its_first_message(core: Core, board: Listener) -> None:
    assert not core.registry.get("shed").is_online
    board.publish("device/shed/info/mcu", '{"ver": "1.2.0", "tmpl": "TMPL12345678"}')
    await board.until(lambda: core.registry.get("shed").is_online)
    assert core.registry.get("shed").info == (("fw", "1.2.0"), ("tmpl", "TMPL12345678"))


@pytest.mark.usefixtures("adapter")
async def test_a_board_with_its_token_as_prefix_is_served(broker: Broker, core: Core) -> None:
    async with Listener(broker.port, "dev/token-of-hall/downlink/#") as board:
        board.publish("dev/token-of-hall/ds/V7", "x")
        board.publish("dev/token-of-hall/get/ds", "V7")
        await board.expect("dev/token-of-hall/downlink/ds/V7", "x")
    assert core.registry.get("hall").is_online
