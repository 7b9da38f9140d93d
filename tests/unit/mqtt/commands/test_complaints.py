"""What was refused is told once, to who sent it and in the log."""

import logging

import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.errors import InvalidValue, NotWritable, UnknownDevice
from blynk_gateway.mqtt.commands.complaints import LOG_EVERY_S, TELL_EVERY_S, Complaints
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import Core, FakeOutlet

MESSAGE = Message("blynk/shed/v5/set", b"warm")
ERROR = InvalidValue("V5 (Heat) was given 'warm'; expected a number")


class Rig:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.core = Core(clock=self.clock)
        self.core.add("shed")
        self.core.add("attic")
        self.outlet = FakeOutlet()
        self.complaints = Complaints(self.core.parts)

    def complain(self, device: str | None = "shed", message: Message = MESSAGE) -> None:
        self.complaints.complain(self.outlet, device, message, ERROR)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_sender_finds_what_was_refused_and_why(rig: Rig) -> None:
    rig.complain()
    (sent,) = rig.outlet.sent
    assert (sent.topic, sent.qos, sent.retain) == ("blynk/shed/error", 0, False)
    assert sent.json == {
        "topic": "blynk/shed/v5/set",
        "payload": "warm",
        "error": "pin.invalid_value",
        "message": "V5 (Heat) was given 'warm'; expected a number",
        "hint": "Send a value that fits the pin's datastream or mode, or change that.",
    }


@pytest.mark.parametrize("device", [None, "nowhere", "nowhere/+/#"])
def test_what_is_for_no_device_is_told_by_the_gateway(rig: Rig, device: str | None) -> None:
    rig.complain(device)
    assert [one.topic for one in rig.outlet.sent] == ["blynk/bridge/error"]


def test_log_has_one_line_a_minute_with_what_was_held_back(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        rig.complain()
    rig.clock.advance(LOG_EVERY_S)
    rig.complain()
    lines = [vars(record) for record in caplog.records if record.levelno == logging.WARNING]
    assert [line["held_back"] for line in lines] == [0, 2]
    assert lines[0]["topic"] == "blynk/shed/v5/set"
    assert lines[0]["reason"] == str(ERROR)
    assert rig.core.parts.health.counters["mqtt_refused"] == 4


def test_flood_is_told_once_a_second_for_each_device_and_kind(rig: Rig) -> None:
    for number in range(1000):
        rig.complain(message=Message(f"blynk/shed/v{number}/set", b"x"))
    assert len(rig.outlet.take()) == 1
    rig.complain("attic")
    rig.complaints.complain(rig.outlet, "shed", MESSAGE, NotWritable("V5 is read-only"))
    assert [one.topic for one in rig.outlet.take()] == ["blynk/attic/error", "blynk/shed/error"]
    rig.clock.advance(TELL_EVERY_S)
    rig.complain()
    assert len(rig.outlet.take()) == 1


def test_devices_that_somebody_makes_up_share_one_complaint(rig: Rig) -> None:
    for number in range(1000):
        error = UnknownDevice(f"no device has the slug 'x{number}'")
        rig.complaints.complain(rig.outlet, f"x{number}", MESSAGE, error)
    assert len(rig.outlet.sent) == 1


def test_hostile_text_is_cut_and_made_printable(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    topic = "blynk/shed/" + "v\n" * 1000 + "/set"
    rig.complain(message=Message(topic, b"\x00\xff\n" + b"\xc3\xa4" * 500_000))
    content = rig.outlet.sent[0].json
    assert content["payload"].isprintable()
    assert content["payload"].endswith("ä")
    assert len(content["payload"]) == 80
    assert content["topic"].isprintable()
    assert len(rig.outlet.sent[0].payload) < 1000
    assert "\n" not in vars(caplog.records[-1])["topic"]


def test_before_the_connection_is_ready_the_log_tells_it(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.complaints.complain(None, "shed", MESSAGE, ERROR)
    assert rig.outlet.sent == []
    assert caplog.messages == ["message refused"]
    rig.complain()
    assert len(rig.outlet.sent) == 1


def test_token_in_a_topic_is_neither_told_nor_logged(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    token = rig.core.registry.get("shed").definition.token
    rig.complain(message=Message(f"dev/{token}/ds/Heat", b"warm"))
    (sent,) = rig.outlet.sent
    assert sent.json["topic"].endswith("…/ds/Heat")
    assert token not in str(sent.payload)
    assert all(token not in str(vars(record)) for record in caplog.records)
