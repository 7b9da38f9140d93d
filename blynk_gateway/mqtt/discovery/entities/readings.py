"""Components that show a pin: sensors, events, where something is.

Each function gives the fields of its component, or None where the pin cannot be shown as one.
Source: homeassistant/components/mqtt/sensor.py, binary_sensor.py, event.py, device_tracker.py.
"""

from blynk_gateway.config.gpio.inputs import ButtonOptions
from blynk_gateway.core.datastream import DatastreamType
from blynk_gateway.mqtt.discovery.entities import templates
from blynk_gateway.mqtt.discovery.entities.pin_facts import PinFacts
from blynk_gateway.mqtt.discovery.entities.place import Fields, Place
from blynk_gateway.mqtt.discovery.entities.units import quantity, state_class

PINNED = "changed"
"""Type of the event that a pin without labels has."""

_TYPE_CLASSES = {"motion": "motion", "ping": "connectivity", "under_voltage": "problem"}
"""Device classes of binary sensors by type of peripheral."""


def sensor(facts: PinFacts, place: Place) -> Fields | None:
    """A number, one of several words, or text."""
    fields: Fields = {"state_topic": place.state}
    if facts.labels:
        options = list(dict(facts.labels).values())
        fields["device_class"] = "enum"
        fields["options"] = list(dict.fromkeys(options))
        fields["value_template"] = templates.mapped(dict(facts.labels))
    elif facts.is_number:
        fields |= numeric(facts)
        fields |= _past(facts, fields.get("device_class"))
        if facts.decimals is not None:
            fields["suggested_display_precision"] = facts.decimals
    else:
        fields["value_template"] = templates.shortened()
    return fields


def numeric(facts: PinFacts) -> Fields:
    """Unit and device class of a number; the owner's word goes before what the unit tells."""
    unit, device_class = quantity(facts.unit, facts.name, facts.presentation.device_class)
    fields: Fields = {"unit_of_measurement": unit} if unit else {}
    return fields | ({"device_class": device_class} if device_class else {})


def _past(facts: PinFacts, device_class: str | None) -> Fields:
    chosen = facts.presentation.state_class or state_class(device_class)
    return {"state_class": chosen} if chosen else {}


def binary_sensor(facts: PinFacts, place: Place) -> Fields | None:
    """0 is off, all above on."""
    if facts.width != 1 or facts.type is DatastreamType.LOCATION:
        return None
    fields: Fields = {"state_topic": place.state, "payload_on": "1", "payload_off": "0"}
    if not facts.is_binary:
        fields["value_template"] = templates.switched("1", "0", facts.minimum or 0)
    kind = facts.peripheral.type if facts.peripheral is not None else ""
    if kind in _TYPE_CLASSES:
        fields["device_class"] = _TYPE_CLASSES[kind]
    return fields


def event(facts: PinFacts, place: Place) -> Fields | None:
    """What is done to a button; of any other pin each value that it takes."""
    button = facts.peripheral
    if isinstance(button, ButtonOptions):
        deeds = ["press", "release"]
        deeds += ["hold"] if button.hold_ms is not None else []
        deeds += ["double_press"] if button.double_ms is not None else []
        return {
            "state_topic": f"{place.events}/{button.name}",
            "event_types": deeds,
            "device_class": "button",
            "value_template": templates.event("value_json.description"),
        }
    rows = dict(facts.labels)
    kind = templates.mapping(rows, PINNED) if rows else templates.literal(PINNED)
    return {
        # Not that of its value, which is told again when Home Assistant or the broker comes.
        "state_topic": place.event,
        "event_types": list(dict.fromkeys([*rows.values(), PINNED])),
        "value_template": templates.event(kind, value="value"),
    }


def device_tracker(facts: PinFacts, place: Place) -> Fields | None:
    """A place on the map; values are longitude and latitude."""
    if facts.type is not DatastreamType.LOCATION:
        return None
    return {
        "json_attributes_topic": place.state,
        "json_attributes_template": templates.position(longitude=0, latitude=1),
        "source_type": "gps",
    }
