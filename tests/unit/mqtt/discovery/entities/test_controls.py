"""Components that set a pin."""

import pytest

from blynk_gateway.config.gpio.common import Range
from blynk_gateway.config.gpio.outputs import PwmOptions
from blynk_gateway.core.datastream import DatastreamType
from blynk_gateway.core.effects import EFFECTS
from blynk_gateway.mqtt.discovery.entities import controls
from blynk_gateway.mqtt.discovery.entities.lamp import Lamp
from blynk_gateway.mqtt.discovery.entities.pin_facts import PinFacts
from blynk_gateway.mqtt.discovery.entities.place import place_of
from blynk_gateway.mqtt.topics import Topics
from tests.helpers.mqtt import Json

PLACE = place_of(Topics("blynk"), "shed", "V5")
BOTH = {"state_topic": "blynk/shed/v5", "command_topic": "blynk/shed/v5/set"}
BINARY: dict[str, Json] = {"kind": DatastreamType.INT, "minimum": 0.0, "maximum": 1.0}
WIDE: dict[str, Json] = {"kind": DatastreamType.INT, "minimum": 0.0, "maximum": 255.0}
ON_OFF = '{{ "255" if value | float(0) > 0 else "0" }}'

BUILDERS = (
    controls.switch,
    controls.siren,
    controls.lock,
    controls.button,
    controls.fan,
    controls.cover,
    controls.valve,
    controls.number,
    controls.select,
    controls.text,
    controls.light,
)


def facts(kind: DatastreamType = DatastreamType.DOUBLE, **known: Json) -> PinFacts:
    return PinFacts(**{"pin": "V5", "name": "Pin", "type": kind, "is_writable": True, **known})


@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
def test_what_nobody_may_write_is_no_control(build: Json) -> None:
    labels = (("0", "Off"), ("1", "On"))
    for known in (BINARY, WIDE, {"labels": labels}, {"kind": DatastreamType.STRING}):
        assert build(facts(**known, is_writable=False), PLACE) is None


def test_switch_of_a_binary_pin_needs_no_template() -> None:
    assert controls.switch(facts(**BINARY), PLACE) == BOTH | {"payload_on": "1", "payload_off": "0"}


def test_switch_of_a_wider_pin_writes_its_limits_and_is_on_between_them() -> None:
    assert controls.switch(facts(**WIDE), PLACE) == BOTH | {
        "payload_on": "255",
        "payload_off": "0",
        "value_template": ON_OFF,
    }
    half = controls.switch(facts(minimum=0.5, maximum=2.5), PLACE)
    assert half == BOTH | {
        "payload_on": "2.5",
        "payload_off": "0.5",
        "value_template": '{{ "2.5" if value | float(0) > 0.5 else "0.5" }}',
    }


@pytest.mark.parametrize(
    "known",
    [{"width": 3}, {"kind": DatastreamType.LOCATION}, {"minimum": 5.0}, {"maximum": 0.0}],
)
def test_pin_without_two_ends_is_no_switch(known: dict[str, Json]) -> None:
    assert controls.switch(facts(**known), PLACE) is None


def test_siren_takes_plain_commands() -> None:
    assert controls.siren(facts(**BINARY), PLACE) == BOTH | {
        "payload_on": "1",
        "payload_off": "0",
        "command_template": "{{ value }}",
        "support_duration": False,
        "support_volume_set": False,
    }


def test_lock_is_locked_while_it_is_on() -> None:
    assert controls.lock(facts(**BINARY), PLACE) == BOTH | {
        "payload_lock": "1",
        "payload_unlock": "0",
        "state_locked": "1",
        "state_unlocked": "0",
    }


def test_button_writes_the_upper_end() -> None:
    expected = {"command_topic": "blynk/shed/v5/set", "payload_press": "255"}
    assert controls.button(facts(**WIDE), PLACE) == expected


def test_fan_has_a_speed_where_there_is_room_for_one() -> None:
    plain = controls.fan(facts(**BINARY), PLACE)
    assert plain == BOTH | {"payload_on": "1", "payload_off": "0"}
    assert controls.fan(facts(**WIDE), PLACE) == BOTH | {
        "payload_on": "255",
        "payload_off": "0",
        "state_value_template": ON_OFF,
        "percentage_state_topic": "blynk/shed/v5",
        "percentage_command_topic": "blynk/shed/v5/set",
        "percentage_value_template": "{{ value | float(0) | round | int }}",
        "speed_range_min": 1,
        "speed_range_max": 255,
    }
    assert controls.fan(facts(minimum=10, maximum=20), PLACE) is None


def test_cover_has_a_position_where_there_is_room_for_one() -> None:
    command = {"command_topic": "blynk/shed/v5/set", "payload_stop": None}
    assert controls.cover(facts(**BINARY), PLACE) == command | {
        "payload_open": "1",
        "payload_close": "0",
        "state_topic": "blynk/shed/v5",
        "state_open": "1",
        "state_closed": "0",
    }
    assert controls.cover(facts(**WIDE), PLACE) == command | {
        "payload_open": "255",
        "payload_close": "0",
        "position_topic": "blynk/shed/v5",
        "set_position_topic": "blynk/shed/v5/set",
        "position_template": "{{ value | float(0) | round | int }}",
        "position_closed": 0,
        "position_open": 255,
    }
    assert controls.cover(facts(minimum=0.5, maximum=2.5), PLACE) is None


def test_valve_has_a_position_where_there_is_room_for_one() -> None:
    assert controls.valve(facts(**BINARY), PLACE) == BOTH | {
        "payload_open": "1",
        "payload_close": "0",
        "state_open": "1",
        "state_closed": "0",
    }
    assert controls.valve(facts(**WIDE), PLACE) == BOTH | {
        "reports_position": True,
        "value_template": "{{ value | float(0) | round | int }}",
        "position_closed": 0,
        "position_open": 255,
    }
    assert controls.valve(facts(minimum=0.5, maximum=2.5), PLACE) is None


def test_number_has_limits_step_and_unit() -> None:
    found = controls.number(facts(minimum=5.0, maximum=30.5, unit="°C", decimals=1), PLACE)
    assert found == BOTH | {
        "min": 5,
        "max": 30.5,
        "step": 0.1,
        "unit_of_measurement": "°C",
        "device_class": "temperature",
    }


def test_number_without_limits_has_those_of_its_type() -> None:
    found = controls.number(facts(DatastreamType.INT), PLACE)
    assert found is not None
    assert (found["min"], found["max"], found["step"]) == (-(2**31), 2**31 - 1, 1)


@pytest.mark.parametrize(
    ("known", "step"),
    [
        ({"minimum": 0.0, "maximum": 255.0}, 1),
        ({"minimum": 5.0, "maximum": 30.0}, 0.1),
        ({"minimum": 0.0, "maximum": 1.0}, 0.01),
        ({"minimum": 0.0, "maximum": 1e-9}, 0.001),
        ({"minimum": 0.0, "maximum": 1.0, "decimals": 0}, 1),
        ({"minimum": 0.0, "maximum": 1.0, "decimals": 9}, 0.001),
        ({"step": 0.5}, 0.5),
        ({"step": 1e-6}, 0.001),
        ({"kind": DatastreamType.INT, "step": 0.5}, 1),
        ({"kind": DatastreamType.INT, "step": 10.0}, 10),
    ],
)
def test_step_suits_the_limits_and_is_never_finer_than_possible(
    known: dict[str, Json], step: float
) -> None:
    found = controls.number(facts(**known), PLACE)
    assert found is not None
    assert found["step"] == step


def test_only_numbers_are_numbers() -> None:
    for known in ({"kind": DatastreamType.STRING}, {"width": 2}):
        assert controls.number(facts(**known), PLACE) is None


def test_select_writes_the_first_number_of_a_label() -> None:
    labels = (("0", "Off"), ("1", "On"), ("2", "On"))
    assert controls.select(facts(DatastreamType.ENUM, labels=labels), PLACE) == BOTH | {
        "options": ["Off", "On"],
        "value_template": '{{ {"0": "Off", "1": "On", "2": "On"}.get(value, "None") }}',
        "command_template": '{{ {"Off": "0", "On": "1"}.get(value, "None") }}',
    }
    assert controls.select(facts(DatastreamType.ENUM), PLACE) is None


def test_text_is_no_longer_than_home_assistant_takes() -> None:
    assert controls.text(facts(DatastreamType.STRING), PLACE) == BOTH | {
        "max": 255,
        "value_template": "{{ value[:255] }}",
    }


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (BINARY, {"supported_color_modes": ["onoff"]}),
        (WIDE, {"supported_color_modes": ["brightness"], "brightness": True}),
        ({**WIDE, "width": 3}, {"supported_color_modes": ["rgb"], "brightness": True}),
    ],
)
def test_light_speaks_json_on_topics_of_its_own(
    known: dict[str, Json], expected: dict[str, Json]
) -> None:
    assert controls.light(facts(**known), PLACE) == expected | {
        "schema": "json",
        "state_topic": "blynk/shed/v5/light",
        "command_topic": "blynk/shed/v5/light/set",
    }


@pytest.mark.parametrize("known", [{"kind": DatastreamType.STRING}, {"width": 2}])
def test_what_has_no_levels_is_no_light(known: dict[str, Json]) -> None:
    assert controls.light(facts(**known), PLACE) is None


def test_lamp_knows_which_end_of_its_output_is_dark() -> None:
    pwm = PwmOptions(name="lamp", type="pwm", pin="V5", line=18, range=Range(100, 0))
    found = controls.lamp_of(facts(minimum=0.0, maximum=100.0, peripheral=pwm, effects=EFFECTS))
    assert found == Lamp(low=100, high=0, can_fade=True)


def test_lamp_of_a_whole_number_is_whole_and_a_binary_one_not_dimmed() -> None:
    assert controls.lamp_of(facts(**WIDE)) == Lamp(is_whole=True)
    assert controls.lamp_of(facts(DatastreamType.BOOL)) == Lamp(
        high=1, is_dimmed=False, is_whole=True
    )
