import logging

import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.config.mqtt.options import DeviceApiOptions, MqttOptions
from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.datastream import Datastream, DatastreamType, Template
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.device_api.device_api import MAX_EARLY, DeviceApi
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import CONFIG, OWN, Core, FakeOutlet, Sent, matches

API = Origin(OriginKind.API, "someone")
TOKEN = "4ae3851817194e2596cf1b7103603ef8"
STREAMS = (
    Datastream("V1", "Temperature", DatastreamType.DOUBLE),
    Datastream("V2", "Power", DatastreamType.INT),
)


class Bench:
    """The feature, a device and a broker that hands messages over."""

    def __init__(
        self, options: DeviceApiOptions | None = None, quota: QuotaOptions | None = None
    ) -> None:
        self.clock = FakeClock()
        options = options or DeviceApiOptions()
        self.core = Core(MqttOptions(device_api=options), self.clock)
        self.device = self.core.add("shed", *STREAMS, token=TOKEN)
        self.quota = quota or QuotaOptions()
        self.api = DeviceApi(
            self.core.parts,
            options,
            Complaints(self.core.parts),
            lambda: self.quota,
        )
        self.outlet = FakeOutlet()
        self.core.changes()

    def hear(self, topic: str, payload: bytes = b"", *, is_retained: bool = False) -> None:
        """The broker has a message, for each of the filters that take it."""
        message = Message(topic, payload, 0, is_retained)
        for one in self.api.subscriptions():
            if matches(one.filter, topic):
                one.handler(message)

    def follow(self) -> list[Sent]:
        """What is published because of what happened."""
        self.core.tell(self.outlet, self.api)
        return self.outlet.take()

    @property
    def value(self) -> tuple[str, ...]:
        """The device's temperature."""
        return self.core.store.get("shed", "V1").value


@pytest.fixture
async def bench() -> Bench:
    bench = Bench()
    await bench.api.connected(bench.outlet)
    return bench


def test_a_device_that_was_heard_of_is_online_until_the_connection_ends(bench: Bench) -> None:
    assert not bench.device.is_online
    bench.hear("device/shed/ds/Temperature", b"21.5")
    assert (bench.value, bench.device.is_online) == (("21.5",), True)

    bench.api.disconnected()
    bench.api.disconnected()
    assert not bench.device.is_online


def test_each_message_is_a_sign_of_life_also_a_refused_one(bench: Bench) -> None:
    bench.hear("device/shed/ds/Temperature", b"21.5")
    bench.clock.advance(10.0)
    bench.hear("device/shed/ds/Nothing", b"1")
    assert bench.device.last_seen_ms == bench.clock.now_ms()


def test_commands_of_others_go_to_the_device_as_they_stand(bench: Bench) -> None:
    bench.core.store.write("shed", "V2", ("1",), API, Intent.COMMAND)
    bench.core.store.write("shed", "V9", ("a", "\udcff"), API, Intent.COMMAND)
    assert bench.follow() == [
        Sent("device/shed/downlink/ds/Power", b"1", qos=1),
        Sent("device/shed/downlink/ds/V9", b"a\0\xff", qos=1),
    ]


def test_what_the_device_says_does_not_come_back_to_it(bench: Bench) -> None:
    bench.hear("device/shed/ds/Power", b"1")
    bench.hear("device/shed/meta/Serial", b"17")
    assert bench.follow() == []


def test_reports_direct_pins_and_the_gateway_s_own_pins_go_to_no_device(bench: Bench) -> None:
    store = bench.core.store
    store.write("shed", "V2", ("1",), Origin(OriginKind.DEVICE, "7"), Intent.REPORT)
    store.write("shed", "D4", ("1",), API, Intent.COMMAND)
    store.write(OWN, "V1", ("1",), API, Intent.COMMAND)
    assert bench.follow() == []


def test_metadata_that_others_set_go_to_the_device(bench: Bench) -> None:
    registry = bench.core.registry
    registry.set_metadata(bench.device, "Room", "Küche", API)
    registry.set_metadata(bench.device, "Auth Token", "secret", API)
    registry.set_metadata(bench.device, "a/b", "x", API)
    assert bench.follow() == [Sent("device/shed/downlink/meta/Room", "Küche".encode(), qos=1)]


async def test_nothing_is_sent_to_devices_on_a_new_connection(bench: Bench) -> None:
    bench.core.store.write("shed", "V2", ("1",), API, Intent.COMMAND)
    bench.core.changes()
    bench.api.disconnected()
    await bench.api.connected(bench.outlet)
    assert bench.outlet.sent == []


async def test_who_asks_while_a_connection_is_filled_is_answered_then() -> None:
    bench = Bench()
    bench.core.store.write("shed", "V2", ("1",), API, Intent.COMMAND)
    bench.hear("device/shed/get/ds/all")
    bench.hear("device/shed/get/ds", b"Nothing")
    assert bench.outlet.sent == []

    await bench.api.connected(bench.outlet)
    assert bench.outlet.of("device/shed/downlink/ds/Power") == [b"1"]
    assert len(bench.outlet.of("blynk/shed/error")) == 1
    await bench.api.connected(bench.outlet)
    assert len(bench.outlet.of("device/shed/downlink/ds/Power")) == 1


async def test_questions_that_wait_are_bounded_and_end_with_the_connection() -> None:
    bench = Bench(quota=QuotaOptions(0, 0))
    bench.core.store.write("shed", "V2", ("1",), API, Intent.COMMAND)
    bench.hear("device/shed/get/ds", b"," * 1_000_000)
    for _ in range(MAX_EARLY + 10):
        bench.hear("device/shed/get/ds", b"Power")
    await bench.api.connected(bench.outlet)
    assert bench.outlet.of("device/shed/downlink/ds/Power") == [b"1"] * MAX_EARLY
    assert len(bench.outlet.take()) == MAX_EARLY, "no refusal of what was too long to keep"
    assert bench.core.parts.health.counters["device_api_unanswered"] == 11

    bench.api.disconnected()
    bench.hear("device/shed/get/ds", b"Power")
    bench.api.disconnected()
    await bench.api.connected(bench.outlet)
    assert bench.outlet.sent == []


def test_a_refused_message_is_told_to_people_and_to_the_device(bench: Bench) -> None:
    bench.hear("device/shed/ds/Temperature", b"hot")
    error, diagnosis = bench.outlet.take()
    assert error.topic == "blynk/shed/error"
    assert error.json["error"] == "pin.invalid_value"
    assert error.json["topic"] == "device/shed/ds/Temperature"
    assert (diagnosis.topic, diagnosis.qos) == ("device/shed/downlink/diag", 0)
    assert b"'hot'; expected a number. Send a value" in diagnosis.payload


def test_a_flood_of_bad_messages_is_told_of_rarely(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            bench.hear("device/shed/ds/Temperature", b"hot")
            bench.hear("device/shed/nothing/x", b"")
    topics = [one.topic for one in bench.outlet.take()]
    assert topics == ["blynk/shed/error", "device/shed/downlink/diag"]
    assert len(caplog.records) == 1
    bench.clock.advance(10.0)
    bench.hear("device/shed/ds/Temperature", b"hot")
    assert len(bench.outlet.take()) == 2


def test_what_is_over_the_quota_is_refused(bench: Bench) -> None:
    bench.quota = QuotaOptions(10, 3)
    for value in range(5):
        bench.hear("device/shed/ds/Temperature", str(value).encode())
    assert bench.value == ("2",)
    assert bench.core.parts.health.counters["quota_refused_messages"] == 2
    assert [one.json["error"] for one in bench.outlet.take()[:1]] == ["device.quota"]
    bench.clock.advance(0.1)
    bench.hear("device/shed/ds/Temperature", b"9")
    assert bench.value == ("9",)


def test_a_retained_message_is_ignored_with_one_warning(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            bench.hear("device/shed/ds/Temperature", b"21", is_retained=True)
            bench.hear("device/nobody/ds/Temperature", b"21", is_retained=True)
    assert bench.value == ()
    assert not bench.device.is_online
    assert bench.outlet.sent == []
    assert [vars(record)["device"] for record in caplog.records] == ["shed", ""]


def test_a_prefix_of_nobody_is_told_to_people(bench: Bench) -> None:
    bench.hear("device/nobody/ds/Temperature", b"21")
    (error,) = bench.outlet.take()
    assert (error.topic, error.json["error"]) == ("blynk/bridge/error", "device.unknown")


async def test_no_token_is_told_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(DeviceApiOptions("dev/{token}"))
    await bench.api.connected(bench.outlet)
    with caplog.at_level(logging.DEBUG):
        bench.hear(f"dev/{TOKEN}/ds/Temperature", b"hot")
        bench.hear(f"dev/{TOKEN}/ds/Temperature", b"21", is_retained=True)
        bench.hear(f"dev/{TOKEN}x/ds/Temperature", b"21")
    sent = bench.outlet.take()
    assert [one.topic for one in sent] == [
        "blynk/shed/error",
        f"dev/{TOKEN}/downlink/diag",
        "blynk/bridge/error",
    ]
    assert all(TOKEN not in str(one.payload) for one in sent)
    assert len(caplog.records) == 3
    assert all(TOKEN not in str(vars(record)) for record in caplog.records)


async def test_a_message_that_two_filters_take_is_taken_once() -> None:
    bench = Bench(DeviceApiOptions("device/{device}", {"shed": "device/hut"}))
    await bench.api.connected(bench.outlet)
    bench.hear("device/hut/ds/Temperature", b"1")
    assert len(bench.core.changes()) == 2, "it came, and it wrote once"


async def test_equal_messages_are_taken_each(bench: Bench) -> None:
    bench.core.changes()
    for _ in range(2):
        bench.hear("device/shed/ds/Temperature", b"1")
    assert len(bench.core.changes()) == 3, "it came, and it wrote twice"


def test_another_definition_counts_at_once(bench: Bench) -> None:
    bench.hear("device/shed/ds/Temperature", b"1")
    bench.core.redefine("shed", Datastream("V1", "Heat"), token=TOKEN)
    bench.follow()
    bench.hear("device/shed/ds/Heat", b"2")
    assert bench.value == ("2",)
    bench.core.store.write("shed", "V1", ("3",), API, Intent.COMMAND)
    assert [one.topic for one in bench.follow()] == ["device/shed/downlink/ds/Heat"]


async def test_another_token_counts_at_once() -> None:
    bench = Bench(DeviceApiOptions("dev/{token}"))
    await bench.api.connected(bench.outlet)
    bench.hear(f"dev/{TOKEN}/ds/Temperature", b"1")
    bench.core.redefine("shed", *STREAMS, token="other")
    bench.follow()
    bench.hear(f"dev/{TOKEN}/ds/Temperature", b"2")
    assert bench.value == ("1",)
    bench.hear("dev/other/ds/Temperature", b"3")
    assert bench.value == ("3",)


async def test_another_template_counts_after_a_refill(bench: Bench) -> None:
    registry = bench.core.registry
    registry.use_templates({"t": Template("t", {"V1": Datastream("V1", "Old")})})
    bench.core.redefine("shed", template="t", token=TOKEN)
    bench.follow()
    bench.hear("device/shed/ds/Old", b"1")
    registry.use_templates({"t": Template("t", {"V1": Datastream("V1", "New")})})
    await bench.api.connected(bench.outlet)
    bench.hear("device/shed/ds/New", b"2")
    assert bench.value == ("2",)


def test_a_removed_device_is_nobody_and_one_that_takes_its_place_begins_anew(
    bench: Bench,
) -> None:
    bench.quota = QuotaOptions(1, 1)
    bench.hear("device/shed/ds/Temperature", b"1")
    bench.core.registry.remove("shed", CONFIG)
    bench.follow()
    bench.hear("device/shed/ds/Temperature", b"2")
    assert [one.topic for one in bench.follow()] == ["blynk/bridge/error"]

    bench.core.add("shed", *STREAMS, token=TOKEN)
    bench.follow()
    bench.hear("device/shed/ds/Temperature", b"3")
    assert bench.value == ("3",)
    assert bench.core.registry.get("shed").connections == 1


async def test_who_asked_for_the_time_is_told_when_it_is_known() -> None:
    bench = Bench()
    quality = bench.core.parts.clock_quality
    await bench.api.connected(bench.outlet)
    quality.is_trusted = False
    bench.hear("device/shed/get/utc/all/json")
    assert bench.outlet.sent == []
    bench.clock.step(100_000_000_000)
    bench.core.parts.clock_quality._is_pc = True
    quality.check()
    assert [one.topic for one in bench.outlet.take()] == ["device/shed/downlink/utc/all/json"]


def test_the_time_becoming_known_without_a_connection_is_nothing() -> None:
    bench = Bench()
    quality = bench.core.parts.clock_quality
    quality.is_trusted = False
    bench.clock.step(100_000_000_000)
    bench.core.parts.clock_quality._is_pc = True
    quality.check()
    assert bench.outlet.sent == []
