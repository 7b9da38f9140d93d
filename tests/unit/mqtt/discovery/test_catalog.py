"""What is to be told of devices, and when anew."""

import pytest

from blynk_gateway.core.change import EventKind, Intent
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.presentation import HIDDEN, Presentation
from blynk_gateway.mqtt.discovery.catalog import Catalog
from blynk_gateway.mqtt.discovery.entities.event_codes import MAX_CODES
from blynk_gateway.mqtt.discovery.ids import Ids
from tests.helpers.mqtt import CONFIG, INSTANCE_ID, OWN, Core


class Known:
    """A catalog of a core with one device."""

    def __init__(self, *datastreams: Datastream) -> None:
        self.core = Core()
        self.device = self.core.add("shed", *datastreams)
        self.catalog = Catalog(self.core.parts, Ids(INSTANCE_ID), dict, lambda: None)
        self.core.changes()

    def news(self) -> list[bool]:
        """Of each change since the last call."""
        return [self.catalog.is_news(change) for change in self.core.changes()]

    def write(self, pin: str, *value: str) -> None:
        self.core.store.write("shed", pin, value, CONFIG, Intent.REPORT)

    def keys(self) -> list[str]:
        description = self.catalog.describe("shed")
        assert description is not None
        return [entity.key for entity in description.entities]


def test_first_value_of_a_pin_is_news_and_later_ones_are_not() -> None:
    known = Known()
    known.write("V1", "1")
    assert known.news() == [True]
    known.keys()
    known.write("V1", "2")
    assert known.news() == [False]


def test_pin_whose_first_value_was_conflated_is_news() -> None:
    known = Known()
    known.write("V1", "1")
    known.write("V1", "2")
    known.core.changes()
    known.write("V1", "3")
    assert known.news() == [True]


def test_pin_that_is_not_to_be_shown_is_no_news_again_and_again() -> None:
    known = Known(Datastream("V1", "a", presentation=Presentation(HIDDEN)))
    known.write("V1", "1")
    known.news()
    assert known.keys() == []
    known.write("V1", "2")
    assert known.news() == [False]


def test_value_with_more_parts_than_the_one_before_is_news() -> None:
    known = Known(Datastream("V1", "Strip", DatastreamType.INT, 0, 255))
    known.write("V1", "1")
    known.news()
    assert known.keys() == ["v1_number"]
    known.write("V1", "1", "2", "3")
    known.write("V1", "3", "2", "1")
    assert known.news() == [True, False]
    assert known.keys() == ["v1_light"]


def test_guessed_number_that_takes_text_is_text_from_then_on() -> None:
    known = Known()
    known.write("V1", "1")
    known.news()
    assert "state_class" in str(known.catalog.describe("shed"))
    known.write("V1", "warm")
    known.write("V1", "warmer")
    known.write("V1", "3")
    known.news()
    assert "state_class" not in str(known.catalog.describe("shed"))
    known.write("V1", "hot")
    assert known.news() == [False]


def test_text_of_a_declared_pin_is_no_news() -> None:
    known = Known(Datastream("V1", "a", DatastreamType.STRING))
    known.write("V1", "1")
    known.news()
    known.keys()
    known.write("V1", "warm")
    assert known.news() == [False]


@pytest.mark.parametrize(("name", "is_news"), [("label", True), ("min", True), ("color", False)])
def test_properties_that_say_how_to_show_a_pin_are_news(name: str, is_news: bool) -> None:
    known = Known()
    known.core.registry.set_property(known.device, "V1", name, ("5",), CONFIG)
    assert known.news() == [is_news]


def test_device_that_comes_and_goes_is_no_news_unless_it_tells_something_new() -> None:
    known = Known()
    known.keys()
    registry = known.core.registry
    registry.connected(known.device, CONFIG)
    registry.disconnected(known.device, CONFIG)
    registry.told(known.device, [("dev", "ESP8266")], CONFIG)
    assert known.news() == [False, False, True]
    known.keys()
    registry.told(known.device, [("dev", "ESP8266")], CONFIG)
    assert known.news() == [False]


def test_definitions_and_modes_are_news() -> None:
    known = Known()
    known.core.redefine("shed", Datastream("V1", "a"))
    known.core.store.set_mode("shed", "D4", DirectPin(PinMode.OUT), CONFIG)
    known.core.registry.set_metadata(known.device, "a", "b", CONFIG)
    known.core.registry.remove("shed", CONFIG)
    assert known.news() == [True, True, False, True]


def test_first_event_of_a_code_is_news_and_what_is_done_to_buttons_is_not() -> None:
    known = Known()
    record = known.core.registry.record_event
    record(known.device, EventKind.LOGGED, "too/hot", "", CONFIG)
    record(known.device, EventKind.RESOLVED, "too/hot", "", CONFIG)
    record(known.device, EventKind.INPUT, "door", "press", CONFIG)
    assert known.news() == [True, False, False]
    (key,) = known.keys()
    assert key.startswith("event_too_hot")


def test_what_the_gateway_notices_is_an_entity_of_its_own_device_only() -> None:
    known = Known()
    record = known.core.registry.record_event
    record(known.device, EventKind.SYSTEM, "offline", "", CONFIG)
    own = known.core.registry.get("pi")
    record(own, EventKind.SYSTEM, "power", "", CONFIG)
    # Mostly it comes before the broker is connected: an entity of it would come and go.
    record(own, EventKind.SYSTEM, "restart", "", CONFIG)
    assert known.news() == [False, True, False]
    assert known.keys() == []


def test_codes_have_one_order_whenever_they_came() -> None:
    known = Known()
    for code in ("b", "a", "c"):
        assert known.catalog.adopt("shed", code)
    assert known.keys() == ["event_a_event", "event_b_event", "event_c_event"]


def test_device_that_makes_up_codes_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    known = Known()
    taken = [known.catalog.adopt("shed", str(number)) for number in range(MAX_CODES + 50)]
    assert sum(taken) == MAX_CODES
    assert caplog.text.count("too many event codes") == 1


def test_own_device_goes_first() -> None:
    known = Known()
    known.core.add("attic")
    assert known.catalog.slugs() == [OWN, "attic", "shed"]


def test_device_that_is_gone_is_forgotten() -> None:
    known = Known()
    known.catalog.adopt("shed", "a")
    known.write("V1", "1")
    known.keys()
    known.core.registry.remove("shed", CONFIG)
    assert known.catalog.describe("shed") is None
    known.core.add("shed")
    assert known.keys() == []
