"""Components that set a pin: switches, numbers, lights and the like.

Each function gives the fields of its component, or None where the pin cannot be one: nobody may
write it, or its values do not fit.
Source: homeassistant/components/mqtt/switch.py, number.py, light/schema_json.py, ….
"""

from typing import NamedTuple

from blynk_gateway.config.gpio.outputs import PwmOptions, RgbOptions
from blynk_gateway.core.datastream import INT32_MAX, INT32_MIN, DatastreamType
from blynk_gateway.core.effects import EffectKind
from blynk_gateway.mqtt.discovery.entities import templates
from blynk_gateway.mqtt.discovery.entities.lamp import COLORS, Lamp
from blynk_gateway.mqtt.discovery.entities.pin_facts import PinFacts
from blynk_gateway.mqtt.discovery.entities.place import Fields, Place
from blynk_gateway.mqtt.discovery.entities.readings import numeric

MIN_STEP = 0.001
"""The finest step of a number in Home Assistant."""

STEPS = 100
"""A number of which nothing else is known has at least so many steps."""

MAX_TEXT = 255
"""Longest text that Home Assistant enters."""


class Ends(NamedTuple):
    """What a pin takes for off and on, closed and open."""

    off: str
    on: str
    is_plain: bool
    """Whether there is nothing between them."""


def ends_of(facts: PinFacts) -> Ends | None:
    """The two ends of a pin; None for one that has no two, or cannot be set."""
    if not facts.is_writable or facts.width != 1 or facts.type is DatastreamType.LOCATION:
        return None
    if facts.is_binary or facts.type is DatastreamType.STRING:
        return Ends("0", "1", is_plain=True)
    low, high = facts.minimum or 0.0, 1.0 if facts.maximum is None else facts.maximum
    return Ends(_text(low), _text(high), is_plain=False) if low < high else None


def switch(facts: PinFacts, place: Place) -> Fields | None:
    """On and off."""
    ends = ends_of(facts)
    if ends is None:
        return None
    fields: Fields = {**place.both, "payload_on": ends.on, "payload_off": ends.off}
    return fields | _two_states(ends)


def siren(facts: PinFacts, place: Place) -> Fields | None:
    """On and off, with a voice."""
    ends = ends_of(facts)
    if ends is None:
        return None
    fields: Fields = {**place.both, "payload_on": ends.on, "payload_off": ends.off}
    return {
        **fields,
        **_two_states(ends, "state_value_template"),
        # Without it the command would be JSON.
        "command_template": templates.RAW,
        "support_duration": False,
        "support_volume_set": False,
    }


def lock(facts: PinFacts, place: Place) -> Fields | None:
    """On is locked."""
    ends = ends_of(facts)
    if ends is None:
        return None
    return {
        **place.both,
        **_two_states(ends),
        "payload_lock": ends.on,
        "payload_unlock": ends.off,
        "state_locked": ends.on,
        "state_unlocked": ends.off,
    }


def button(facts: PinFacts, place: Place) -> Fields | None:
    """Each press writes the upper end."""
    ends = ends_of(facts)
    return None if ends is None else {"command_topic": place.command, "payload_press": ends.on}


def fan(facts: PinFacts, place: Place) -> Fields | None:
    """On and off; with limits wider than 0 and 1 a speed too."""
    ends = ends_of(facts)
    if ends is None or ends.off != "0":
        return None
    fields: Fields = {
        **place.both,
        **_two_states(ends, "state_value_template"),
        "payload_on": ends.on,
        "payload_off": ends.off,
    }
    highest = _whole(facts.maximum)
    if ends.is_plain or highest is None or highest <= 1:
        return fields
    return fields | {
        "percentage_state_topic": place.state,
        "percentage_command_topic": place.command,
        "percentage_value_template": templates.ROUNDED,
        "speed_range_min": 1,
        "speed_range_max": highest,
    }


def cover(facts: PinFacts, place: Place) -> Fields | None:
    """Open and closed; with limits wider than 0 and 1 a position between them."""
    ends = ends_of(facts)
    if ends is None:
        return None
    fields: Fields = {
        "command_topic": place.command,
        "payload_open": ends.on,
        "payload_close": ends.off,
        # A pin has no value for it.
        "payload_stop": None,
    }
    if ends.is_plain:
        return {
            **fields,
            "state_topic": place.state,
            "state_open": ends.on,
            "state_closed": ends.off,
        }
    closed, open_ = _whole(facts.minimum or 0.0), _whole(facts.maximum)
    if closed is None or open_ is None:
        return None
    return {
        **fields,
        "position_topic": place.state,
        "set_position_topic": place.command,
        "position_template": templates.ROUNDED,
        "position_closed": closed,
        "position_open": open_,
    }


def valve(facts: PinFacts, place: Place) -> Fields | None:
    """Open and closed; with limits wider than 0 and 1 a position between them."""
    ends = ends_of(facts)
    if ends is None:
        return None
    if ends.is_plain:
        return {
            **place.both,
            "payload_open": ends.on,
            "payload_close": ends.off,
            "state_open": ends.on,
            "state_closed": ends.off,
        }
    closed, open_ = _whole(facts.minimum or 0.0), _whole(facts.maximum)
    if closed is None or open_ is None:
        return None
    return {
        **place.both,
        "reports_position": True,
        "value_template": templates.ROUNDED,
        "position_closed": closed,
        "position_open": open_,
    }


def number(facts: PinFacts, place: Place) -> Fields | None:
    """A number between limits; where there are none, between those of its type."""
    if not (facts.is_writable and facts.is_number):
        return None
    low = float(INT32_MIN) if facts.minimum is None else facts.minimum
    high = float(INT32_MAX) if facts.maximum is None else facts.maximum
    limits = {"min": _json(low), "max": _json(high), "step": _json(_step(facts, low, high))}
    return place.both | numeric(facts) | limits


def select(facts: PinFacts, place: Place) -> Fields | None:
    """One of several words; the pin has their numbers."""
    if not facts.is_writable or not facts.labels:
        return None
    numbers: dict[str, str] = {}
    for value, label in facts.labels:
        numbers.setdefault(label, value)
    return {
        **place.both,
        "options": list(numbers),
        "value_template": templates.mapped(dict(facts.labels)),
        "command_template": templates.mapped(numbers),
    }


def text(facts: PinFacts, place: Place) -> Fields | None:
    """Whatever is written, as it is."""
    if not facts.is_writable:
        return None
    return {**place.both, "max": MAX_TEXT, "value_template": templates.shortened()}


def light(facts: PinFacts, place: Place) -> Fields | None:
    """A light, by JSON on topics of its own."""
    lamp = lamp_of(facts)
    if lamp is None:
        return None
    fields: Fields = {
        "schema": "json",
        "state_topic": place.light,
        "command_topic": place.light_command,
        "supported_color_modes": [lamp.color_mode],
    }
    return fields | ({"brightness": True} if lamp.is_dimmed else {})


def lamp_of(facts: PinFacts) -> Lamp | None:
    """How the values of a pin stand for light; None for one that cannot."""
    if not facts.is_writable or facts.type in (DatastreamType.STRING, DatastreamType.LOCATION):
        return None
    if facts.width not in (1, len(COLORS)):
        return None
    peripheral = facts.peripheral
    low, high = facts.minimum or 0.0, 1.0 if facts.maximum is None else facts.maximum
    if isinstance(peripheral, PwmOptions | RgbOptions):
        # The datastream has the limits in order; full light may be the lower one.
        low, high = peripheral.range
    return Lamp(
        low=low,
        high=high,
        parts=facts.width,
        is_dimmed=not facts.is_binary,
        is_whole=facts.type is not DatastreamType.DOUBLE,
        can_fade=EffectKind.FADE in facts.effects and facts.width == 1,
    )


def _two_states(ends: Ends, key: str = "value_template") -> Fields:
    """A template for a pin that has values between its ends: all but the lower one are on."""
    if ends.is_plain:
        return {}
    return {key: templates.switched(ends.on, ends.off, float(ends.off))}


def _step(facts: PinFacts, low: float, high: float) -> float:
    if facts.type is not DatastreamType.DOUBLE:
        return float(max(1, round(facts.step or 1)))
    if facts.step is not None:
        return max(facts.step, MIN_STEP)
    if facts.decimals is not None:
        return max(round(10.0**-facts.decimals, 9), MIN_STEP)
    step = 1.0
    while step > MIN_STEP and (high - low) / step < STEPS:
        step = round(step / 10, 3)
    return step


def _whole(limit: float | None) -> int | None:
    return int(limit) if limit is not None and limit == int(limit) else None


def _json(limit: float) -> float:
    return int(limit) if limit == int(limit) else limit


def _text(limit: float) -> str:
    return str(_json(limit))
