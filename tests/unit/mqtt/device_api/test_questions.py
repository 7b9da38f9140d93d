import json

import pytest

from blynk_gateway.config.mqtt.options import DeviceApiOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.errors import GatewayError, InvalidValue, UnknownPin
from blynk_gateway.mqtt.device_api.downlink import Downlink
from blynk_gateway.mqtt.device_api.faults import NoSuchTopic, UnknownLocation
from blynk_gateway.mqtt.device_api.names import StreamNames
from blynk_gateway.mqtt.device_api.prefixes import Prefixes
from blynk_gateway.mqtt.device_api.questions import Questions
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import CONFIG, OWN, Core, FakeOutlet

API = Origin(OriginKind.API, "someone")
START_MS = 1_790_000_000_000


class Bench:
    """A device that asks.

    Attributes:
        refused: names that there was no answer for.
    """

    def __init__(self) -> None:
        self.core = Core(clock=FakeClock(START_MS))
        self.outlet = FakeOutlet()
        self.refused: list[GatewayError] = []
        self.device = self.core.add(
            "shed",
            Datastream("V1", "Temperature", DatastreamType.DOUBLE),
            Datastream("V2", "Power", DatastreamType.INT, default=("0",)),
            Datastream("V3", "Place", DatastreamType.LOCATION, is_synced=False),
            metadata={"Serial Number": "17", "a/b": "x"},
        )
        prefixes = Prefixes(DeviceApiOptions(), self.core.registry, OWN)
        self.questions = Questions(
            self.core.parts,
            StreamNames(self.core.store),
            Downlink(self.core.parts, prefixes),
        )

    def write(self, pin: str, *value: str) -> None:
        """Somebody gives a pin a value."""
        self.core.store.write("shed", pin, value, API, Intent.REPORT)

    def ask(self, topic: str, payload: bytes | str = b"") -> list[tuple[str, str]]:
        """The answers to a message of the device: topic behind `downlink/`, and payload."""
        content = payload if isinstance(payload, bytes) else payload.encode()
        levels = topic.split("/")
        self.questions.answer(self.outlet, self.device, levels, content, self.refused.append)
        return self.answers()

    def answers(self) -> list[tuple[str, str]]:
        """What was sent since the last call."""
        return [
            (one.topic.removeprefix("device/shed/downlink/"), _text(one.payload))
            for one in self.outlet.take()
        ]


def _text(payload: str | bytes) -> str:
    return payload if isinstance(payload, str) else payload.decode()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_values_are_told_by_name_in_the_order_of_the_question(bench: Bench) -> None:
    bench.write("V1", "21.50")
    bench.write("V9", "a", "b")
    assert bench.ask("get/ds", "V9, Temperature,Power,,V9") == [
        ("ds/V9", "a\0b"),
        ("ds/Temperature", "21.50"),
        ("ds/Power", "0"),
    ]


def test_what_nobody_wrote_has_no_answer(bench: Bench) -> None:
    assert bench.ask("get/ds", "Temperature,V9") == []
    assert bench.refused == []


def test_an_unknown_name_is_refused_and_the_others_are_answered(bench: Bench) -> None:
    assert bench.ask("get/ds", "Nothing,Power") == [("ds/Power", "0")]
    assert [type(error) for error in bench.refused] == [UnknownPin]


def test_all_are_those_that_are_synced(bench: Bench) -> None:
    bench.write("V1", "1")
    bench.write("V3", "30.5", "50.4")
    bench.write("V9", "x")
    bench.write("D4", "1")
    assert bench.ask("get/ds/all") == [("ds/Temperature", "1"), ("ds/Power", "0"), ("ds/V9", "x")]


def test_metadata_are_told_by_their_name(bench: Bench) -> None:
    assert bench.ask("get/meta", "Serial Number,Device Name,Time Zone,Hotspot Name") == [
        ("meta/Serial Number", "17"),
        ("meta/Device Name", "Shed"),
        ("meta/Time Zone", "Europe/Berlin"),
        ("meta/Hotspot Name", ""),
    ]


@pytest.mark.parametrize("field", ["Nothing", "Auth Token", "a/b", "x" * 1000])
def test_metadata_that_are_secret_or_not_there_are_refused(bench: Bench, field: str) -> None:
    assert bench.ask("get/meta", field) == []
    assert [type(error) for error in bench.refused] == [InvalidValue]


def test_the_time_is_told_with_its_zone(bench: Bench) -> None:
    ((topic, payload),) = bench.ask("get/utc/all/json")
    assert topic == "utc/all/json"
    assert json.loads(payload) == {
        "tz_name": "Europe/Berlin",
        "tz_rule": "CET-1CEST,M3.5.0,M10.5.0/3",
        "tz_offset": 60,
        "dst_offset": 60,
        "time": START_MS,
        "iso8601": "2026-09-21T16:13:20+02:00",
    }


def test_no_time_is_told_before_it_is_known_and_then_once(bench: Bench) -> None:
    quality = bench.core.parts.clock_quality
    quality.is_trusted = False
    assert bench.ask("get/utc/all/json") == []
    assert bench.ask("get/utc/all/json") == []

    quality.is_trusted = True
    bench.questions.time_trusted(bench.outlet)
    assert [topic for topic, _ in bench.answers()] == ["utc/all/json"]
    bench.questions.time_trusted(bench.outlet)
    assert bench.answers() == []


def test_who_was_removed_or_lost_the_connection_is_not_told_the_time_later(bench: Bench) -> None:
    quality = bench.core.parts.clock_quality
    quality.is_trusted = False
    bench.ask("get/utc/all/json")
    bench.questions.forget()
    quality.is_trusted = True
    bench.questions.time_trusted(bench.outlet)
    assert bench.answers() == []

    quality.is_trusted = False
    bench.ask("get/utc/all/json")
    bench.core.registry.remove("shed", CONFIG)
    quality.is_trusted = True
    bench.questions.time_trusted(bench.outlet)
    assert bench.answers() == []


def test_the_owner_s_word_on_the_location_goes_before_the_device_s(bench: Bench) -> None:
    bench.write("V3", "30.523333", "50.45")
    assert bench.ask("get/loc/all") == [("loc/all", "50.45,30.523333")]
    bench.core.registry.set_metadata(bench.device, "loc.latlon", "52.52, 13.405", API)
    assert bench.ask("get/loc/all") == [("loc/all", "52.52,13.405")]


@pytest.mark.parametrize("said", ["", "here", "1", "1,2,3", "91,0", "0,181", "nan,0"])
def test_a_location_that_is_none_is_not_told(bench: Bench, said: str) -> None:
    bench.core.registry.set_metadata(bench.device, "loc.latlon", said, API)
    with pytest.raises(UnknownLocation):
        bench.ask("get/loc/all")


@pytest.mark.parametrize("topic", ["get", "get/x", "get/ds/Power", "get/utc/time", "get/meta/all"])
def test_a_question_that_does_not_exist_is_refused(bench: Bench, topic: str) -> None:
    with pytest.raises(NoSuchTopic):
        bench.ask(topic)


@pytest.mark.parametrize("topic", ["get/ds", "get/meta"])
def test_a_megabyte_of_names_is_refused_unread(bench: Bench, topic: str) -> None:
    with pytest.raises(InvalidValue, match="1000000 bytes"):
        bench.ask(topic, b"," * 1_000_000)
