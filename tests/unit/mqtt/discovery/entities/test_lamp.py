"""A pin as a light."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.value import PinValue, number
from blynk_gateway.errors import InvalidValue
from blynk_gateway.mqtt.discovery.entities.lamp import Glow, Lamp
from tests.helpers.mqtt import Json

RGB = Lamp(parts=3, is_whole=True)
DIMMER = Lamp(low=0, high=100, is_whole=True)
INVERSE = Lamp(low=100, high=0, can_fade=True)
RELAY = Lamp(high=1, is_dimmed=False, is_whole=True)
RED = Glow(255, (255, 0, 0))


@pytest.mark.parametrize(
    ("lamp", "value", "glow"),
    [
        (RGB, ("255", "0", "0"), RED),
        (RGB, ("51", "102", "0"), Glow(102, (128, 255, 0))),
        (RGB, ("0", "0", "0"), None),
        (DIMMER, ("100",), Glow(255)),
        (DIMMER, ("0.1",), Glow(1)),
        (DIMMER, ("500",), Glow(255)),
        (DIMMER, ("0",), None),
        (INVERSE, ("100",), None),
        (INVERSE, ("20",), Glow(204)),
        (INVERSE, ("fade", "0", "900"), Glow(255)),
        (RELAY, ("1",), Glow(255)),
        (RELAY, ("0",), None),
    ],
)
def test_value_is_a_glow(lamp: Lamp, value: PinValue, glow: Glow | None) -> None:
    assert lamp.glow_of(value) == glow


@pytest.mark.parametrize(
    ("lamp", "value"),
    [
        (RGB, ("1", "2")),
        (RGB, ("fade", "255", "1000")),
        (RGB, ("1", "2", "nan")),
        (DIMMER, ("blink",)),
        (DIMMER, ("fade", "255", "1000")),
        (INVERSE, ("fade", "up")),
        (DIMMER, ("1", "2")),
    ],
)
def test_effect_is_no_glow(lamp: Lamp, value: PinValue) -> None:
    with pytest.raises(InvalidValue):
        lamp.glow_of(value)


def test_state_has_what_can_be_set() -> None:
    assert RGB.state_of(Glow(102, (128, 255, 0))) == {
        "state": "ON",
        "brightness": 102,
        "color_mode": "rgb",
        "color": {"r": 128, "g": 255, "b": 0},
    }
    assert DIMMER.state_of(Glow(7)) == {
        "state": "ON",
        "brightness": 7,
        "color_mode": "brightness",
    }
    assert RELAY.state_of(Glow()) == {"state": "ON", "color_mode": "onoff"}
    assert RGB.state_of(None) == {"state": "OFF"}


@pytest.mark.parametrize(
    ("lamp", "command", "before", "value"),
    [
        (RGB, {"state": "ON", "color": {"r": 255, "g": 0, "b": 9}}, Glow(), ("255", "0", "9")),
        (RGB, {"state": "ON", "brightness": 51}, RED, ("51", "0", "0")),
        (RGB, {"state": "ON"}, Glow(51, (255, 0, 0)), ("51", "0", "0")),
        (RGB, {"state": "OFF"}, RED, ("0", "0", "0")),
        (RGB, {"brightness": 0}, RED, ("0", "0", "0")),
        (RGB, {"color": {"r": 0, "g": 255, "b": 0}}, Glow(51, (255, 0, 0)), ("0", "51", "0")),
        (RGB, {"state": "ON", "transition": 2}, RED, ("255", "0", "0")),
        (DIMMER, {"state": "ON", "brightness": 128}, Glow(), ("50",)),
        (DIMMER, {"state": "ON"}, Glow(51), ("20",)),
        (INVERSE, {"state": "ON", "brightness": 1}, Glow(), ("99.608",)),
        (INVERSE, {"state": "OFF"}, Glow(), ("100",)),
        (INVERSE, {"state": "ON", "transition": 1.5}, Glow(), ("fade", "0", "1500")),
        (INVERSE, {"state": "OFF", "transition": 0.001}, Glow(), ("fade", "100", "10")),
        (INVERSE, {"state": "OFF", "transition": 1e300}, Glow(), ("fade", "100", "86400000")),
        (RELAY, {"state": "ON"}, Glow(), ("1",)),
        (RELAY, {"state": "ON", "brightness": 3}, Glow(), ("1",)),
        (RELAY, {"state": "OFF"}, Glow(), ("0",)),
    ],
)
def test_command_is_a_value(
    lamp: Lamp, command: dict[str, Json], before: Glow, value: PinValue
) -> None:
    assert lamp.value_of(command, before) == value


@pytest.mark.parametrize(
    "command",
    [
        '"ON"',
        "[]",
        '{"state": "on"}',
        '{"state": 1}',
        '{"brightness": "7"}',
        '{"brightness": true}',
        '{"brightness": -1}',
        '{"brightness": 256}',
        '{"brightness": NaN}',
        '{"color": [1, 2, 3]}',
        '{"color": {"r": 1, "g": 2}}',
        '{"color": {"r": 1, "g": 2, "b": null}}',
        '{"transition": "slow"}',
        '{"transition": -1}',
        '{"transition": NaN}',
    ],
)
def test_anything_else_is_refused(command: str) -> None:
    with pytest.raises(InvalidValue):
        RGB.value_of(json.loads(command), Glow())


@given(st.integers(1, 255), st.integers(0, 255), st.integers(0, 255), st.booleans())
def test_brightness_that_was_set_is_the_one_that_is_told(
    brightness: int, green: int, blue: int, is_whole: bool
) -> None:
    lamp = Lamp(parts=3, is_whole=is_whole)
    command = {"state": "ON", "brightness": brightness, "color": {"r": 255, "g": green, "b": blue}}
    value = lamp.value_of(command, Glow())
    assert all(number((text,)) is not None for text in value)
    glow = lamp.glow_of(value)
    assert glow is not None
    assert glow.brightness == brightness
    assert glow.color[0] == 255
