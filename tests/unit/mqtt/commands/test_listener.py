"""Which commands arrive, for which pin, and which do not."""

import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.config.mqtt.options import MqttOptions
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.commands.listener import CommandListener
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import Core, FakeOutlet, matches


class Rig:
    """A listener for `set`, and what came out of it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.core = Core(MqttOptions(base_topic="home/blynk"), self.clock)
        self.core.add("shed")
        self.taken: list[tuple[str, str]] = []
        self.listener = CommandListener(
            self.core.parts, Complaints(self.core.parts), "set", self._obey
        )
        self.listener.outlet = self.outlet = FakeOutlet()

    def send(self, topic: str, *, is_retained: bool = False) -> None:
        topic = f"home/blynk/{topic}"
        for one in self.listener.subscriptions():
            if matches(one.filter, topic):
                one.handler(Message(topic, b"1", is_retained=is_retained))

    def _obey(self, device: str, pin: str, message: Message) -> None:
        assert message.payload == b"1"
        self.taken.append((device, pin))


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize(
    ("topic", "pin"),
    [
        ("shed/v5/set", "V5"),
        ("shed/V5/set", "V5"),
        ("SHED/d05/set", "D5"),
        ("shed/a0/set", "A0"),
        ("shed/set", ""),
    ],
)
def test_command_finds_its_pin_however_it_is_written(rig: Rig, topic: str, pin: str) -> None:
    for _ in range(2):
        rig.send(topic)
    assert rig.taken == [("shed", pin)] * 2


@pytest.mark.parametrize(
    ("topic", "place", "code"),
    [
        ("shed/v256/set", "shed", "pin.unknown"),
        ("shed/x/set", "shed", "pin.unknown"),
        ("shed/v٣/set", "shed", "pin.unknown"),
        ("nowhere/v5/set", "bridge", "device.unknown"),
        ("nowhere/set", "bridge", "device.unknown"),
        ("+/v5/set", "bridge", "device.unknown"),
    ],
)
def test_what_names_no_pin_is_complained_of(rig: Rig, topic: str, place: str, code: str) -> None:
    rig.send(topic)
    assert rig.taken == []
    (sent,) = rig.outlet.sent
    assert sent.topic == f"home/blynk/{place}/error"
    assert sent.json["error"] == code
    assert sent.json["topic"] == f"home/blynk/{topic}"


@pytest.mark.parametrize("topic", ["shed/v5/get", "bridge/request/set", "bridge/set", "shed/v5"])
def test_topics_of_others_are_left_to_them(rig: Rig, topic: str) -> None:
    rig.send(topic)
    assert rig.taken == []
    assert rig.outlet.sent == []


def test_retained_command_is_ignored_with_one_warning(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    for pin in range(3):
        rig.send(f"shed/v{pin}/set", is_retained=True)
    assert rig.taken == []
    assert rig.outlet.sent == []
    assert caplog.messages == ["retained command ignored"]
    assert vars(caplog.records[0])["topic"] == "home/blynk/shed/v0/set"
    rig.clock.advance(60)
    rig.send("shed/v0/set", is_retained=True)
    assert vars(caplog.records[1])["held_back"] == 2
    assert rig.core.parts.health.counters["mqtt_retained_commands"] == 4


def test_retained_commands_to_devices_made_up_share_one_warning(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(50):
        rig.send(f"x{number}/v5/set", is_retained=True)
    assert len(caplog.messages) == 1


def test_topics_made_up_fill_no_memory(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blynk_gateway.mqtt.commands.listener.MAX_KNOWN", 100)
    for number in range(256):
        rig.send(f"shed/v{number}/set")
        rig.send(f"x{number}/v5/set")
    assert len(rig.taken) == 256
    assert len(rig.listener._known) <= 100
