"""Components that show a pin."""

import pytest

from blynk_gateway.config.gpio.inputs import ButtonOptions, InputOptions
from blynk_gateway.config.gpio.sensors import SystemOptions
from blynk_gateway.core.datastream import DatastreamType
from blynk_gateway.core.presentation import Presentation
from blynk_gateway.mqtt.discovery.entities.pin_facts import PinFacts
from blynk_gateway.mqtt.discovery.entities.place import place_of
from blynk_gateway.mqtt.discovery.entities.readings import (
    binary_sensor,
    device_tracker,
    event,
    sensor,
)
from blynk_gateway.mqtt.topics import Topics
from tests.helpers.mqtt import Json

PLACE = place_of(Topics("blynk"), "shed", "V5")
STATE = {"state_topic": "blynk/shed/v5"}


def facts(kind: DatastreamType = DatastreamType.DOUBLE, **known: Json) -> PinFacts:
    return PinFacts(**{"pin": "V5", "name": "Pin", "type": kind, **known})


def test_number_has_unit_class_past_and_digits() -> None:
    assert sensor(facts(unit="°C", decimals=1), PLACE) == STATE | {
        "unit_of_measurement": "°C",
        "device_class": "temperature",
        "state_class": "measurement",
        "suggested_display_precision": 1,
    }
    assert sensor(facts(unit="kWh"), PLACE) == STATE | {
        "unit_of_measurement": "kWh",
        "device_class": "energy",
        "state_class": "total_increasing",
    }
    assert sensor(facts(), PLACE) == STATE | {"state_class": "measurement"}


def test_owner_says_how_the_past_is_kept() -> None:
    chosen = Presentation(device_class="gas", state_class="total")
    assert sensor(facts(unit="m³", presentation=chosen), PLACE) == STATE | {
        "unit_of_measurement": "m³",
        "device_class": "gas",
        "state_class": "total",
    }


def test_text_is_cut_and_has_no_past() -> None:
    expected = STATE | {"value_template": "{{ value[:255] }}"}
    assert sensor(facts(DatastreamType.STRING), PLACE) == expected
    assert sensor(facts(width=2, unit="°C"), PLACE) == expected


def test_words_are_options_each_once() -> None:
    labels = (("0", "Off"), ("1", "On"), ("2", "On"))
    assert sensor(facts(DatastreamType.ENUM, labels=labels), PLACE) == STATE | {
        "device_class": "enum",
        "options": ["Off", "On"],
        "value_template": '{{ {"0": "Off", "1": "On", "2": "On"}.get(value, "None") }}',
    }


def test_binary_pin_is_read_as_it_is() -> None:
    expected = STATE | {"payload_on": "1", "payload_off": "0"}
    assert binary_sensor(facts(DatastreamType.BOOL), PLACE) == expected


def test_number_is_on_above_its_lower_limit() -> None:
    found = binary_sensor(facts(minimum=5, maximum=9), PLACE)
    assert found is not None
    assert found["value_template"] == '{{ "1" if value | float(0) > 5 else "0" }}'


def test_peripheral_tells_what_a_binary_sensor_is() -> None:
    motion = InputOptions(name="pir", type="motion", pin="V5", line=4)
    under = SystemOptions(name="volts", type="under_voltage", pin="V5")
    for peripheral, device_class in ((motion, "motion"), (under, "problem")):
        found = binary_sensor(facts(peripheral=peripheral), PLACE)
        assert found is not None
        assert found["device_class"] == device_class


@pytest.mark.parametrize("known", [{"width": 2}, {"kind": DatastreamType.LOCATION}])
def test_several_values_are_no_binary_sensor(known: dict[str, Json]) -> None:
    assert binary_sensor(facts(**known), PLACE) is None


@pytest.mark.parametrize(
    ("timing", "deeds"),
    [
        ({}, ["press", "release"]),
        ({"hold_ms": 900}, ["press", "release", "hold"]),
        ({"double_ms": 300}, ["press", "release", "double_press"]),
    ],
)
def test_button_tells_what_can_be_done_to_it(timing: Json, deeds: list[str]) -> None:
    door = ButtonOptions(name="door", type="button", pin="V5", line=27, **timing)
    assert event(facts(DatastreamType.INT, peripheral=door), PLACE) == {
        "state_topic": "blynk/shed/event/door",
        "event_types": deeds,
        "device_class": "button",
        "value_template": '{{ {"event_type": value_json.description} | tojson }}',
    }


def test_any_pin_can_be_an_event_with_its_value() -> None:
    assert event(facts(), PLACE) == {
        "state_topic": "blynk/shed/v5/event",
        "event_types": ["changed"],
        "value_template": '{{ {"event_type": "changed", "value": value} | tojson }}',
    }
    labelled = event(facts(labels=(("1", "Up"), ("2", "Down"))), PLACE)
    assert labelled is not None
    assert labelled["event_types"] == ["Up", "Down", "changed"]
    assert labelled["value_template"] == (
        '{{ {"event_type": {"1": "Up", "2": "Down"}.get(value, "changed"), "value": value}'
        " | tojson }}"
    )


def test_location_is_a_tracker_and_nothing_else_is() -> None:
    assert device_tracker(facts(DatastreamType.LOCATION), PLACE) == {
        "json_attributes_topic": "blynk/shed/v5",
        "json_attributes_template": (
            '{{ {"latitude": value_json[1] | float(0), "longitude": value_json[0] | float(0)}'
            " | tojson }}"
        ),
        "source_type": "gps",
    }
    assert device_tracker(facts(), PLACE) is None
