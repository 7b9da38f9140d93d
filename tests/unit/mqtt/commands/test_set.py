"""What `…/set` writes, and what it refuses without a trace."""

import json
import re

import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.core.change import Change, Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.value import PinValue
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.commands.set import SetCommands
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import CONFIG, Core, FakeOutlet, matches

DATASTREAMS = (
    Datastream("V1", "Fan", DatastreamType.INT, minimum=0, maximum=1),
    Datastream("V2", "Set point", DatastreamType.DOUBLE, minimum=5, maximum=30),
    Datastream("V3", "Temperature", DatastreamType.DOUBLE, is_writable=False),
    Datastream("V4", "Note", DatastreamType.STRING),
    Datastream("V6", "Alarm", DatastreamType.BOOL),
    Datastream("V7", "Mode", DatastreamType.ENUM, labels=((0, "off"), (1, "auto"))),
)


class RunningClock(FakeClock):
    """Goes on by a millisecond at each look."""

    def now_ms(self) -> int:
        self.advance(0.001)
        return super().now_ms()


class Rig:
    def __init__(self) -> None:
        self.core = Core(clock=RunningClock())
        self.core.add("shed", *DATASTREAMS)
        self.feature = SetCommands(self.core.parts, Complaints(self.core.parts))
        self.outlet = FakeOutlet()
        self.core.changes()

    def send(self, topic: str, payload: bytes | str) -> list[Change]:
        """What a message leads to."""
        content = payload.encode() if isinstance(payload, str) else payload
        for one in self.feature.subscriptions():
            if matches(one.filter, f"blynk/{topic}"):
                one.handler(Message(f"blynk/{topic}", content))
        return self.core.changes()

    def values(self, topic: str, payload: bytes | str) -> dict[str, PinValue]:
        """The pins that a message writes."""
        found = {}
        for change in self.send(topic, payload):
            assert isinstance(change, PinChange)
            found[change.pin] = change.value
        return found

    def complaint(self) -> str:
        """The message of the only complaint since the last call."""
        (sent,) = self.outlet.take()
        message = sent.json["message"]
        assert isinstance(message, str)
        return message


@pytest.fixture
async def rig() -> Rig:
    rig = Rig()
    await rig.feature.connected(rig.outlet)
    return rig


def test_set_is_a_command_from_the_broker(rig: Rig) -> None:
    (change,) = rig.send("shed/v5/set", "21.50")
    assert isinstance(change, PinChange)
    assert (change.device, change.pin, change.value) == ("shed", "V5", ("21.50",))
    assert change.intent is Intent.COMMAND
    assert change.origin == Origin(OriginKind.MQTT)
    assert rig.outlet.sent == []


@pytest.mark.parametrize(
    ("pin", "payload", "value"),
    [
        ("v1", "1", ("1",)),
        ("v2", "99", ("30",)),
        ("v6", "ON", ("1",)),
        ("v7", "auto", ("1",)),
        ("v4", "[auto]", ("[auto]",)),
        ("v4", '{"a": 1}', ('{"a": 1}',)),
        ("v4", "", ("",)),
        ("v5", '[""]', ("",)),
        ("v5", "[255, 0, 0]", ("255", "0", "0")),
        ("v5", '["a", "b"]', ("a", "b")),
        ("v5", "x" * 1024, ("x" * 1024,)),
        ("d5", "1", ("1",)),
    ],
)
def test_payload_is_taken_as_the_datastream_says(
    rig: Rig, pin: str, payload: str, value: PinValue
) -> None:
    rig.send(f"shed/{pin}/set", payload)
    assert rig.core.store.get("shed", pin.upper()).value == value
    assert rig.outlet.sent == []


def test_equal_value_is_a_second_press(rig: Rig) -> None:
    assert len(rig.send("shed/v5/set", "1") + rig.send("shed/v5/set", "1")) == 2


@pytest.mark.parametrize(
    ("pin", "payload", "complaint"),
    [
        ("v1", "warm", "expected a whole number"),
        ("v1", "1\n", "expected a whole number"),
        ("v1", "", r"V1 was given nothing; expected a value, \[\"\"\] for an empty text"),
        ("v5", "", "V5 was given nothing"),
        ("v2", "nan", "expected a number"),
        ("v3", "20", "read-only"),
        ("d5", "7", "expected 0 or 1"),
        ("v5", b"\xff\x00", "no text in UTF-8"),
        ("v5", "a\0b", "zero byte"),
        ("v5", '["a\\u0000b"]', "zero byte"),
        ("v5", "x" * 1025, "1025 bytes; expected at most 1024"),
        ("v5", "x" * 1_000_000, "1000000 bytes; expected at most 4096"),
        ("v5", json.dumps(["x" * 1000] * 5), "5004 bytes; expected at most 4096"),
    ],
)
def test_what_does_not_fit_is_refused_once_and_changes_nothing(
    rig: Rig, pin: str, payload: str | bytes, complaint: str
) -> None:
    assert rig.send(f"shed/{pin}/set", payload) == []
    assert re.search(complaint, rig.complaint())


def test_json_object_sets_several_pins_at_one_moment(rig: Rig) -> None:
    payload = '{"v1": 1, "V2": "21.50", "v4": "a", "v5": [1, "b"], "v6": true, "v7": "auto"}'
    changes = rig.send("shed/set", payload)
    assert [(one.pin, one.value) for one in changes if isinstance(one, PinChange)] == [
        ("V1", ("1",)),
        ("V2", ("21.50",)),
        ("V4", ("a",)),
        ("V5", ("1", "b")),
        ("V6", ("1",)),
        ("V7", ("1",)),
    ]
    assert len({one.at_ms for one in changes}) == 1
    assert rig.outlet.sent == []


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        ('{"v5": 1, "v1": "warm"}', "expected a whole number"),
        ('{"v5": 1, "v3": 20}', "read-only"),
        ('{"v5": 1, "x": 2}', "'x' is no pin"),
        ('{"v5": 1, "v6": null}', "V6 was given no value"),
        ('{"v5": 1, "v6": {"a": 1}}', "V6 was given no value"),
        ('{"v5": 1, "V05": 2}', "V5 was given two values"),
        ('{"v5": 1, "v5": 2}', "a key stands twice"),
        ('{"v5": 1, "v6": NaN}', "no number"),
        ('{"d5": 1, "a5": 200}', "is the pin of the board that A5 is"),
        ('{"v5": 1, "\\ud800": 1}', "is no pin"),
        ("[1]", "no JSON object"),
        ("{}", "no JSON object"),
        ("21.5", "no JSON object"),
        ("", "no plain JSON: Expecting value"),
        ("{" * 30_000, "no plain JSON"),
        ('{"v5":' * 10_000, "nested too deep"),
        (b"\xff", "no text in UTF-8"),
        ('{"v5": "' + "x" * 1_000_000 + '"}', "expected at most 65536"),
    ],
)
def test_json_object_is_written_whole_or_not_at_all(
    rig: Rig, payload: str | bytes, complaint: str
) -> None:
    assert rig.send("shed/set", payload) == []
    assert re.search(complaint, rig.complaint())


def test_pins_of_both_kinds_with_other_numbers_go_together(rig: Rig) -> None:
    rig.core.store.set_mode("shed", "A6", DirectPin(PinMode.PWM), CONFIG)
    rig.core.changes()
    rig.send("shed/set", '{"d5": 1, "a6": 200}')
    assert rig.core.store.get("shed", "A6").value == ("200",)
    assert rig.core.store.get("shed", "D5").value == ("1",)


@pytest.mark.parametrize("topic", ["shed/v5/set", "shed/set"])
def test_device_that_was_removed_is_complained_of(rig: Rig, topic: str) -> None:
    rig.send(topic, '{"v5": 1}')
    rig.core.registry.remove("shed", CONFIG)
    rig.core.changes()
    assert rig.send(topic, '{"v5": 1}') == []
    assert [one.topic for one in rig.outlet.sent] == ["blynk/bridge/error"]


def test_command_is_no_sign_of_life(rig: Rig) -> None:
    rig.send("shed/v5/set", "1")
    assert rig.core.registry.get("shed").last_seen_ms == 0


def test_without_a_connection_nothing_is_published(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.feature.disconnected()
    rig.feature.disconnected()
    rig.send("shed/v1/set", "warm")
    assert rig.outlet.sent == []
    assert caplog.messages == ["message refused"]
