"""Pins as events at the broker."""

import pytest

from blynk_gateway.core.change import Intent
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.mqtt.discovery.pin_events import PinEvents
from tests.helpers.mqtt import CONFIG, Core, FakeOutlet, Sent

TOPIC = "blynk/shed/v5/event"


class Bell:
    """A bell on V5 of a device, and what is told of it."""

    def __init__(self) -> None:
        self.core = Core()
        self.core.add("shed", Datastream("V5", "Bell"))
        self.core.changes()
        self.events = PinEvents(self.core.parts.topics)
        self.events.use("shed", frozenset({"V5"}))

    def write(self, pin: str, *value: str, intent: Intent = Intent.REPORT) -> list[Sent]:
        """What is told of a value."""
        outlet = FakeOutlet()
        self.core.store.write("shed", pin, value, CONFIG, intent)
        for change in self.core.changes():
            self.events.changed(change, outlet)
        return outlet.sent


@pytest.fixture
def bell() -> Bell:
    return Bell()


def test_each_value_is_told_also_an_equal_one_and_kept_by_nobody(bell: Bell) -> None:
    assert bell.write("V5", "1") == [Sent(TOPIC, "1", retain=False)]
    assert bell.write("V5", "1", intent=Intent.COMMAND) == [Sent(TOPIC, "1")]
    assert bell.write("V5", "a", "b") == [Sent(TOPIC, '["a", "b"]')]


def test_what_only_stood_so_is_no_event(bell: Bell) -> None:
    assert bell.write("V5", "1", intent=Intent.SYNC) == []


def test_other_pins_are_no_events(bell: Bell) -> None:
    assert bell.write("V6", "1") == []
    bell.events.use("shed", frozenset())
    assert bell.write("V5", "1") == []
