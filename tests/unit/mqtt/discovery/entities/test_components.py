"""What a pin is shown as."""

from dataclasses import replace

import pytest

from blynk_gateway.config.gpio.inputs import ButtonOptions
from blynk_gateway.config.gpio.outputs import PwmOptions, RgbOptions
from blynk_gateway.config.gpio.sensors import SystemOptions
from blynk_gateway.config.mqtt.presentation import COMPONENTS
from blynk_gateway.core.datastream import DatastreamType
from blynk_gateway.core.presentation import HIDDEN, Presentation
from blynk_gateway.mqtt.discovery.entities.components import BUILDERS, guess, shown_as
from blynk_gateway.mqtt.discovery.entities.pin_facts import PinFacts
from blynk_gateway.mqtt.discovery.entities.place import Fields, place_of
from blynk_gateway.mqtt.topics import Topics
from tests.helpers.mqtt import Json

PLACE = place_of(Topics("blynk"), "shed", "V5")
LABELS = (("0", "Off"), ("1", "On"))
LIMITS = {"minimum": 0.0, "maximum": 100.0}
BYTE = {"minimum": 0.0, "maximum": 255.0}
BINARY = {"minimum": 0.0, "maximum": 1.0}

PWM = PwmOptions(name="lamp", type="pwm", pin="V5", line=18)
RGB = RgbOptions(name="strip", type="rgb", pin="V5", red=1, green=2, blue=3)
DOOR = ButtonOptions(name="door", type="button", pin="V5", line=27)
UNDER_VOLTAGE = SystemOptions(name="volts", type="under_voltage", pin="V5")


def facts(kind: DatastreamType = DatastreamType.DOUBLE, **known: Json) -> PinFacts:
    return PinFacts(**{"pin": "V5", "name": "Pin", "type": kind, "is_writable": True, **known})


def shown(found: PinFacts) -> tuple[str, Fields]:
    result = shown_as(found, PLACE)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("kind", "known", "writable", "read_only"),
    [
        (DatastreamType.BOOL, {}, "switch", "binary_sensor"),
        (DatastreamType.INT, BINARY, "switch", "binary_sensor"),
        (DatastreamType.DOUBLE, BINARY, "number", "sensor"),
        (DatastreamType.INT, LIMITS, "number", "sensor"),
        (DatastreamType.DOUBLE, LIMITS, "number", "sensor"),
        (DatastreamType.DOUBLE, {}, "sensor", "sensor"),
        (DatastreamType.DOUBLE, {"minimum": 0.0}, "sensor", "sensor"),
        (DatastreamType.ENUM, {"labels": LABELS}, "select", "sensor"),
        (DatastreamType.INT, {"labels": LABELS, **BINARY}, "select", "sensor"),
        (DatastreamType.ENUM, {}, "sensor", "sensor"),
        (DatastreamType.STRING, {}, "text", "sensor"),
        (DatastreamType.LOCATION, {}, "device_tracker", "device_tracker"),
        (DatastreamType.INT, {"width": 3, **BYTE}, "light", "sensor"),
        (DatastreamType.INT, {"width": 3, **LIMITS}, "text", "sensor"),
        (DatastreamType.INT, {"width": 2, **BYTE}, "text", "sensor"),
        (DatastreamType.DOUBLE, {"peripheral": PWM, **LIMITS}, "light", "sensor"),
        (DatastreamType.DOUBLE, {"peripheral": RGB, "width": 3, **LIMITS}, "light", "sensor"),
        (DatastreamType.INT, {"peripheral": DOOR}, "event", "event"),
        (DatastreamType.DOUBLE, {"peripheral": UNDER_VOLTAGE}, "switch", "binary_sensor"),
    ],
)
def test_guess(kind: DatastreamType, known: dict[str, Json], writable: str, read_only: str) -> None:
    assert guess(facts(kind, **known)) == writable
    assert guess(facts(kind, **known, is_writable=False)) == read_only


def test_owner_may_name_every_component_that_is_built() -> None:
    assert set(COMPONENTS) - {HIDDEN} == set(BUILDERS)


def test_owners_component_goes_before_the_guess() -> None:
    cover = Presentation(component="cover", device_class="garage")
    component, fields = shown(facts(DatastreamType.BOOL, presentation=cover))
    assert (component, fields["device_class"]) == ("cover", "garage")


def test_component_that_the_pin_cannot_be_gives_way_to_the_guess() -> None:
    found = facts(DatastreamType.STRING, presentation=Presentation(component="number"))
    assert shown(found)[0] == "text"
    read_only = replace(found, type=DatastreamType.BOOL, is_writable=False)
    assert shown(read_only)[0] == "binary_sensor"


def test_pin_that_is_not_to_be_shown_is_not() -> None:
    assert shown_as(facts(presentation=Presentation(HIDDEN)), PLACE) is None


def test_device_class_of_another_component_is_left_out() -> None:
    garage = Presentation(device_class="garage")
    assert "device_class" not in shown(facts(DatastreamType.BOOL, presentation=garage))[1]


def test_device_class_that_nobody_knows_is_tried() -> None:
    later = Presentation(device_class="telepathy")
    assert shown(facts(DatastreamType.BOOL, presentation=later))[1]["device_class"] == "telepathy"
    assert "device_class" not in shown(facts(DatastreamType.STRING, presentation=later))[1]


@pytest.mark.parametrize("known", [{"is_writable": False}, LIMITS])
def test_device_class_gives_way_to_a_unit_of_another_one(known: Json) -> None:
    found = facts(unit="bar", presentation=Presentation(device_class="temperature"), **known)
    assert shown(found)[1]["device_class"] == "pressure"


def test_words_stay_an_enum_whatever_the_owner_says() -> None:
    found = facts(labels=LABELS, is_writable=False, presentation=Presentation(device_class="power"))
    assert shown(found)[1]["device_class"] == "enum"


@pytest.mark.parametrize(
    ("is_writable", "category", "expected"),
    [
        (True, "config", "config"),
        (True, "diagnostic", "diagnostic"),
        (False, "config", "diagnostic"),
    ],
)
def test_what_cannot_be_set_is_no_setting(is_writable: bool, category: str, expected: str) -> None:
    found = facts(
        DatastreamType.BOOL, is_writable=is_writable, presentation=Presentation(category=category)
    )
    assert shown(found)[1]["entity_category"] == expected


def test_icon_is_the_owners() -> None:
    found = facts(presentation=Presentation(icon="mdi:fan"))
    assert shown(found)[1]["icon"] == "mdi:fan"


def test_hidden_widget_is_there_but_not_enabled() -> None:
    assert shown(facts(is_hidden=True))[1]["enabled_by_default"] is False
    assert "enabled_by_default" not in shown(facts())[1]
