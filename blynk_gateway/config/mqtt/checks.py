"""What is wrong on the broker, or likely is, and shows only between options."""

from collections.abc import Iterator

from blynk_gateway.config.fault import found
from blynk_gateway.config.mqtt.device_prefixes import check_device_api
from blynk_gateway.config.mqtt.options import BindingOptions, Direction, MqttOptions
from blynk_gateway.config.mqtt.topics import is_own, placeholder
from blynk_gateway.config.options import Options
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.suggest import suggestion

MAX_UNKNOWN = 20
"""Devices that are named one by one; each is compared with all that there are."""


def check_mqtt(options: Options, scope: Scope) -> None:
    """Report every contradiction between `mqtt` and the rest, and what is likely not meant.

    A section that is switched off is looked at too: it is to work when it is switched on.
    """
    mqtt = options.mqtt
    if mqtt is not None:
        _check_own_topics(mqtt, scope)
        _check_repeated(mqtt, scope)
        _warn_of_unknown_devices(options, mqtt, scope)
        check_device_api(options, mqtt, scope)


def _check_own_topics(mqtt: MqttOptions, scope: Scope) -> None:
    base = mqtt.base_topic
    for binding, place in _bindings(mqtt):
        if not is_own(binding.topic, base):
            continue
        text = f"found {found(binding.topic)}, which "
        if binding.topic.startswith(f"{base}/"):
            text += f"is the gateway's own (base_topic {base}); expected another topic:"
            scope.fault_at("mqtt.bindings", f"{text} a pin follows a pin by `links`", place)
        else:
            text += f"takes in the gateway's own topics (base_topic {base}): a pin may feed itself;"
            scope.warn_at("mqtt.bindings", f"{text} use a narrower filter", place)


def _check_repeated(mqtt: MqttOptions, scope: Scope) -> None:
    ends: dict[tuple[str, str], tuple[BindingOptions, str]] = {}
    writers: dict[str, tuple[BindingOptions, str]] = {}
    for binding, place in _bindings(mqtt):
        own = (binding, place)
        other, first = ends.setdefault((binding.topic, binding.pin), own)
        if first != place:
            text = f"found {found(binding.topic)} and {binding.pin} again (line "
            text += f"{scope.line_of(first)}), expected one binding of the two"
            if other.direction is not binding.direction:
                text += ", with direction both"
            scope.fault_at("mqtt.bindings", text, place)
        elif binding.direction is not Direction.IN:
            _, first = writers.setdefault(binding.topic, own)
            if first != place:
                text = f"found {found(binding.topic)}, to which line {scope.line_of(first)}"
                scope.warn_at("mqtt.bindings", f"{text} publishes too: the last one wins", place)


def _warn_of_unknown_devices(options: Options, mqtt: MqttOptions, scope: Scope) -> None:
    known = {options.gateway.slug, *options.devices}
    told: set[str] = set()
    for binding, place in _bindings(mqtt):
        slug = binding.pin.partition("/")[0]
        is_known = slug in known or f"devices.{slug}" in scope.places
        if is_known or slug in told or placeholder(slug):
            continue
        if len(told) == MAX_UNKNOWN:
            text = f"found more than {MAX_UNKNOWN} devices that this file does not declare"
            scope.warn_at("mqtt.bindings", text, place)
            return
        told.add(slug)
        text = f"found {binding.pin}, but this file declares no device {slug}; unless"
        text += f" `device add` has made it, add it below devices{suggestion(slug, known)}"
        scope.warn_at("mqtt.bindings", text, place)


def _bindings(mqtt: MqttOptions) -> Iterator[tuple[BindingOptions, str]]:
    """Each binding and the path of its place."""
    for index, binding in enumerate(mqtt.bindings):
        yield binding, f"mqtt.bindings[{index}]"
