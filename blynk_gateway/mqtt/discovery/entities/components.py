"""What a pin is shown as: the component of Home Assistant and its fields."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from blynk_gateway.config.gpio.inputs import ButtonOptions
from blynk_gateway.config.gpio.outputs import PwmOptions, RgbOptions
from blynk_gateway.config.mqtt.device_classes import DEVICE_CLASSES
from blynk_gateway.core.datastream import DatastreamType
from blynk_gateway.core.presentation import HIDDEN
from blynk_gateway.mqtt.discovery.entities import controls, readings
from blynk_gateway.mqtt.discovery.entities.lamp import COLORS, FULL
from blynk_gateway.mqtt.discovery.entities.pin_facts import PinFacts
from blynk_gateway.mqtt.discovery.entities.place import Fields, Place
from blynk_gateway.mqtt.discovery.entities.units import fits

Builder: TypeAlias = Callable[[PinFacts, Place], Fields | None]

BUILDERS: Mapping[str, Builder] = {
    "binary_sensor": readings.binary_sensor,
    "button": controls.button,
    "cover": controls.cover,
    "device_tracker": readings.device_tracker,
    "event": readings.event,
    "fan": controls.fan,
    "light": controls.light,
    "lock": controls.lock,
    "number": controls.number,
    "select": controls.select,
    "sensor": readings.sensor,
    "siren": controls.siren,
    "switch": controls.switch,
    "text": controls.text,
    "valve": controls.valve,
}
"""All that one pin can be shown as."""

READ_ONLY = frozenset({"binary_sensor", "device_tracker", "event", "sensor"})
"""Components that cannot be settings."""


def shown_as(facts: PinFacts, place: Place) -> tuple[str, Fields] | None:
    """The component of a pin and its fields; None for a pin that is not to be shown.

    A component that the owner named and that the pin cannot be gives way to the usual one.
    """
    presentation = facts.presentation
    if presentation.component == HIDDEN:
        return None
    chosen = presentation.component or guess(facts)
    fields = BUILDERS[chosen](facts, place)
    if fields is None:
        chosen = guess(facts)
        fields = BUILDERS[chosen](facts, place) or {}
    if presentation.device_class is not None and _fits(presentation.device_class, chosen, fields):
        fields["device_class"] = presentation.device_class
    if presentation.icon is not None:
        fields["icon"] = presentation.icon
    if presentation.category is not None:
        is_setting = presentation.category == "config" and chosen not in READ_ONLY
        fields["entity_category"] = "config" if is_setting else "diagnostic"
    if facts.is_hidden:
        fields["enabled_by_default"] = False
    return chosen, fields


def guess(facts: PinFacts) -> str:  # noqa: PLR0911  one kind after another
    """The component of a pin whose owner named none: always one that it can be."""
    if isinstance(facts.peripheral, ButtonOptions):
        return "event"
    if facts.type is DatastreamType.LOCATION:
        return "device_tracker"
    if _is_lamp(facts):
        return "light"
    if facts.labels and facts.width == 1:
        return "select" if facts.is_writable else "sensor"
    if facts.is_binary or _is_alarm(facts):
        return "switch" if facts.is_writable else "binary_sensor"
    if facts.type is DatastreamType.STRING or not facts.is_number:
        return "text" if facts.is_writable else "sensor"
    # Without limits a number cannot be set in Home Assistant.
    is_limited = facts.minimum is not None and facts.maximum is not None
    return "number" if facts.is_writable and is_limited else "sensor"


def _fits(device_class: str, component: str, fields: Fields) -> bool:
    """Whether class and unit are not known to belong elsewhere: a later version may have more."""
    if "options" in fields or not fits(fields.get("unit_of_measurement", ""), device_class):
        return False
    owners = [name for name, classes in DEVICE_CLASSES.items() if device_class in classes]
    return component in owners or (not owners and component in DEVICE_CLASSES)


def _is_lamp(facts: PinFacts) -> bool:
    if not facts.is_writable:
        return False
    if isinstance(facts.peripheral, PwmOptions | RgbOptions):
        return controls.lamp_of(facts) is not None
    is_color = facts.width == len(COLORS) and (facts.minimum, facts.maximum) == (0, FULL)
    return is_color and facts.type is not DatastreamType.STRING


def _is_alarm(facts: PinFacts) -> bool:
    """Whether it is a gauge of the Pi that only knows yes and no."""
    return facts.peripheral is not None and facts.peripheral.type == "under_voltage"
