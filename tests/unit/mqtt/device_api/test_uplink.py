import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.change import (
    Change,
    EventChange,
    EventKind,
    Intent,
    MetadataChange,
    Origin,
    OriginKind,
    PastChange,
    PinChange,
    PropertyChange,
    StatusChange,
)
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.errors import GatewayError, InvalidValue, UnknownPin
from blynk_gateway.mqtt.device_api.faults import NoSuchTopic, OverQuota
from blynk_gateway.mqtt.device_api.names import StreamNames
from blynk_gateway.mqtt.device_api.uplink import Uplink
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import Core

ORIGIN = Origin(OriginKind.DEVICE, "mqtt:shed")


class TickingClock(FakeClock):
    """A millisecond goes by whenever somebody looks."""

    def now_ms(self) -> int:
        self.advance(0.001)
        return super().now_ms()


class Bench:
    """A device and what takes its messages.

    Attributes:
        refused: parts of messages.
    """

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.core = Core(clock=self.clock)
        self.device = self.core.add(
            "shed",
            Datastream("V1", "Temperature", DatastreamType.DOUBLE, minimum=-40, maximum=85),
            Datastream("V2", "Power", DatastreamType.INT, is_writable=False, default=("0",)),
            Datastream("V3", "Place", DatastreamType.LOCATION),
            Datastream("V4", "Device On", DatastreamType.BOOL),
            Datastream("V5", "Text"),
        )
        self.core.changes()
        self.refused: list[GatewayError] = []
        self.uplink = Uplink(self.core.parts, StreamNames(self.core.store))

    def take(self, topic: str, payload: str | bytes = b"") -> list[Change]:
        """What a message of the device changes."""
        content = payload if isinstance(payload, bytes) else payload.encode()
        self.uplink.take(self.device, topic.split("/"), content, self.refused.append)
        return self.core.changes()

    def values(self, topic: str, payload: str | bytes = b"") -> dict[str, tuple[str, ...]]:
        """The values that a message of the device writes, by pin."""
        return {one.pin: one.value for one in self.take(topic, payload) if type(one) is PinChange}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_value_is_the_device_s_own_report(bench: Bench) -> None:
    (change,) = bench.take("ds/Power", "1")
    assert isinstance(change, PinChange)
    assert change[1:4] == ("shed", "V2", ("1",))
    assert (change.origin, change.intent) == (ORIGIN, Intent.REPORT)


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        ("ds/Temperature", b"21.50", {"V1": ("21.50",)}),
        ("ds/Temperature", b"99", {"V1": ("85",)}),
        ("ds/Text", b"", {"V5": ("",)}),
        ("ds/Text", b"a\0b\0", {"V5": ("a", "b", "")}),
        ("ds/Text", b"\xff", {"V5": ("\udcff",)}),
        ("ds/Text", b"[1]\n", {"V5": ("[1]\n",)}),
        ("ds/Place", b"30.5\x0050.4", {"V3": ("30.5", "50.4")}),
        ("ds/V1", b"1", {"V1": ("1",)}),
        ("ds/v77", b"x", {"V77": ("x",)}),
    ],
)
def test_a_payload_is_stored_as_over_tcp(
    bench: Bench, topic: str, payload: bytes, expected: dict[str, tuple[str, ...]]
) -> None:
    assert bench.values(topic, payload) == expected


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("ds/Temperature", b""),
        ("ds/Temperature", b"nan"),
        ("ds/Temperature", b"hot"),
        ("ds/Power", b"1.5"),
        ("ds/Place", b"1"),
        ("ds/Text", b"\0" * 1_000_000),
        ("ds/Text", b"x" * 1025),
        ("ds/Nothing", b"1"),
        ("ds/D1", b"1"),
        ("ds/", b"1"),
        ("ds/Power/on", b"1"),
        ("ds/Power/prop", b"1"),
        ("ds/Power/prop/color/erase/x", b""),
        ("ds", b"1"),
        ("batch_ds/x", b"{}"),
        ("batch_ds", b"[]"),
        ("batch_ds", b"{"),
        ("batch_ds", b'{"Power": 1, "Power": 2}'),
        ("batch_ds", b'{"Power": NaN}'),
        ("batch_ds", b"[" * 60_000),
        ("batch_ds", b'{"a":' * 10_000),
        ("batch_ds", b" " * 1_000_000),
        ("ds/Power/timestamped_batch", b"[]"),
        ("ds/Power/prop/nonsense", b"1"),
        ("ds/Power/prop/color", b"x" * 1025),
        ("ds/Text/erase", b""),
        ("ds/V9/erase", b""),
        ("event/", b""),
        ("event/a/b", b""),
        ("event/" + "x" * 51, b""),
        ("event/hot", b"x" * 301),
        ("event/hot", b"x" * 1_000_000),
        ("meta/", b"x"),
        ("meta/a/b", b"x"),
        ("meta/a", b"x" * 257),
        ("meta/a", b"x\0y"),
        ("meta/Auth Token", b"x"),
        ("info/mcu", b"[]"),
        ("info/mcu", b"x"),
        ("info/ncp", b"{}"),
        ("", b""),
    ],
)
def test_bad_messages_are_refused_and_change_nothing(
    bench: Bench, topic: str, payload: bytes
) -> None:
    with pytest.raises(GatewayError):
        bench.take(topic, payload)
    assert bench.core.changes() == []
    assert bench.refused == []


def test_a_batch_writes_typed_values(bench: Bench) -> None:
    document = (
        '{"Text": "a", "Temperature": 10.30, "Place": [30.5, 50.450001], "Device On": true,'
        ' "Power": 1, "V9": "x"}'
    )
    changes = bench.take("batch_ds", document)
    assert {one.pin: one.value for one in changes if type(one) is PinChange} == {
        "V5": ("a",),
        "V1": ("10.30",),
        "V3": ("30.5", "50.450001"),
        "V4": ("1",),
        "V2": ("1",),
        "V9": ("x",),
    }


def test_a_batch_has_one_time() -> None:
    changes = Bench(TickingClock()).take("batch_ds", '{"Power": 1, "Text": "a", "V9": "x"}')
    assert len({one.at_ms for one in changes}) == 1


def test_a_megabyte_is_refused_before_it_is_decoded(bench: Bench) -> None:
    with pytest.raises(InvalidValue, match="1000000 bytes"):
        bench.take("ds/Text", b"\0" * 1_000_000)


def test_a_batch_of_fifty_is_written_in_its_order(bench: Bench) -> None:
    document = json.dumps({f"V{index}": index for index in range(10, 60)})
    assert list(bench.values("batch_ds", document).items()) == [
        (f"V{index}", (str(index),)) for index in range(10, 60)
    ]


def test_what_is_wrong_in_a_batch_does_not_keep_the_rest_from_being_taken(bench: Bench) -> None:
    document = '{"Power": "on", "Nothing": 1, "Text": null, "Device On": {}, "Temperature": 3}'
    assert bench.values("batch_ds", document) == {"V1": ("3",)}
    assert [type(error) for error in bench.refused] == [
        InvalidValue,
        UnknownPin,
        InvalidValue,
        InvalidValue,
    ]


def test_points_of_the_past_have_their_own_times(bench: Bench) -> None:
    now_ms = bench.clock.now_ms()
    document = json.dumps([[now_ms - 1000, 2], [now_ms - 2000, 1]])
    changes = bench.take("ds/Temperature/timestamped_batch", document)
    assert [
        (type(one), one.at_ms, one.value)
        for one in changes
        if isinstance(one, PinChange | PastChange)
    ] == [
        (PinChange, now_ms - 1000, ("2",)),
        (PastChange, now_ms - 2000, ("1",)),
    ]


def test_an_erased_pin_goes_back_to_its_default(bench: Bench) -> None:
    bench.take("ds/Power", "1")
    assert bench.values("ds/Power/erase") == {"V2": ("0",)}


def test_a_pin_without_default_cannot_be_erased_and_keeps_its_value(bench: Bench) -> None:
    bench.take("ds/Text", "kept")
    with pytest.raises(InvalidValue, match="no default"):
        bench.take("ds/Text/erase")
    assert bench.core.store.get("shed", "V5").value == ("kept",)


def test_a_property_of_several_texts_is_set(bench: Bench) -> None:
    (change,) = bench.take("ds/Power/prop/labels", b"off\0on")
    assert isinstance(change, PropertyChange)
    assert change[1:6] == ("shed", "V2", "labels", ("off", "on"), ORIGIN)


def test_an_erased_property_is_an_empty_text(bench: Bench) -> None:
    bench.take("ds/Power/prop/color", "#FF0000")
    (change,) = bench.take("ds/Power/prop/color/erase")
    assert isinstance(change, PropertyChange)
    assert change.value == ("",)


def test_erasing_a_property_that_was_never_set_is_nothing(bench: Bench) -> None:
    assert bench.take("ds/Power/prop/color/erase") == []
    assert bench.device.properties == {}


@pytest.mark.parametrize("description", ["", "too hot: 40 °C"])
def test_an_event_is_logged_with_its_description(bench: Bench, description: str) -> None:
    (change,) = bench.take("event/too_hot", description)
    assert isinstance(change, EventChange)
    assert change[1:6] == ("shed", EventKind.LOGGED, "too_hot", description, ORIGIN)


def test_events_of_one_code_are_a_second_apart(bench: Bench) -> None:
    assert bench.take("event/hot")
    with pytest.raises(OverQuota):
        bench.take("event/hot")
    assert bench.take("event/cold")
    bench.clock.advance(1.0)
    assert bench.take("event/hot")


def test_metadata_are_set_by_their_name(bench: Bench) -> None:
    (change,) = bench.take("meta/Serial Number", "12345")
    assert isinstance(change, MetadataChange)
    assert change[1:5] == ("shed", "Serial Number", "12345", ORIGIN)


def test_info_is_kept_by_the_names_of_the_binary_protocol(bench: Bench) -> None:
    document = {
        "tmpl": "TMPL12345678",
        "ver": "1.2.0",
        "build": "Nov 21 2026 12:00:00",
        "type": "shed\nfw",
        "rxbuff": 1024,
        "other": {},
    }
    (change,) = bench.take("info/mcu", json.dumps(document))
    assert isinstance(change, StatusChange)
    assert change.info == (
        ("fw", "1.2.0"),
        ("fw-type", "shed\N{REPLACEMENT CHARACTER}fw"),
        ("build", "Nov 21 2026 12:00:00"),
        ("tmpl", "TMPL12345678"),
        ("buff-in", "1024"),
    )


def test_the_same_info_again_is_no_news(bench: Bench) -> None:
    assert bench.take("info/mcu", '{"ver": "1"}')
    assert bench.take("info/mcu", '{"ver": "1", "tmpl": "", "build": null}') == []


def test_an_unknown_topic_is_shown_without_what_stands_before_it(bench: Bench) -> None:
    with pytest.raises(NoSuchTopic, match=r"'ds/…/x'"):
        bench.take("ds/Power/x")


@given(
    st.lists(
        st.sampled_from(["ds", "Power", "prop", "color", "erase", "batch_ds", "event", "meta"])
        | st.text(max_size=8),
        min_size=1,
        max_size=5,
    ),
    st.binary(max_size=80),
)
def test_any_message_is_taken_or_refused(levels: list[str], payload: bytes) -> None:
    bench = Bench()
    try:
        bench.uplink.take(bench.device, levels, payload, bench.refused.append)
    except GatewayError:
        assert bench.core.changes() == []
