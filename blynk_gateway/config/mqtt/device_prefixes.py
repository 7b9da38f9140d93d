"""Prefixes of the device API: each leads to one device, and to nothing else that we do."""

from collections.abc import Iterator

from blynk_gateway.config.fault import found
from blynk_gateway.config.mqtt.device_api import DEVICE, TOKEN
from blynk_gateway.config.mqtt.options import DeviceApiOptions, MqttOptions
from blynk_gateway.config.mqtt.topics import LEVEL, REST, is_wild, overlaps
from blynk_gateway.config.options import Options
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.suggest import suggestion

FIRST_LEVELS = ("ds", "batch_ds", "event", "meta", "get", "info", "downlink")
"""What follows a prefix. Source: blynk-protocol §11."""

_KEY = "mqtt.device_api"


def check_device_api(options: Options, mqtt: MqttOptions, scope: Scope) -> None:
    """Report prefixes that more than one thing would answer to."""
    api = mqtt.device_api
    if api is None:
        return
    _check_devices(options, api, scope)
    for key, prefix in _prefixes(api):
        # Whatever lies below the base topic is ours, whether it has a meaning today or not.
        if _meets(prefix, f"{mqtt.base_topic}/{REST}"):
            text = f"found {found(prefix)}, expected a prefix apart from base_topic"
            scope.fault_at(key, f"{text}, which is {mqtt.base_topic}")
    _warn_of_bindings(api, mqtt, scope)


def _warn_of_bindings(api: DeviceApiOptions, mqtt: MqttOptions, scope: Scope) -> None:
    keys = {_pattern(prefix): key for key, prefix in _prefixes(api)}
    wild = list(filter(is_wild, keys))
    for index, binding in enumerate(mqtt.bindings):
        topic = binding.topic
        # With thousands of prefixes and of bindings not every one is compared with every other.
        near = keys if is_wild(topic) else (*wild, *filter(keys.__contains__, _above(topic)))
        key = next((keys[pattern] for pattern in near if _meets(pattern, topic)), "")
        if key:
            text = f"found {found(topic)}, which {key} takes in: both will answer to it"
            scope.warn_at("mqtt.bindings", text, f"mqtt.bindings[{index}]")


def _check_devices(options: Options, api: DeviceApiOptions, scope: Scope) -> None:
    for slug in api.devices:
        if f"devices.{slug}" not in scope.places:
            text = f"found {slug}, but this file declares no such device; unless `device add`"
            hint = suggestion(slug, options.devices)
            scope.warn_at(f"{_KEY}.devices", f"{text} has made it, add it below devices{hint}")
    _check_declared(options, api, scope)


def _check_declared(options: Options, api: DeviceApiOptions, scope: Scope) -> None:
    holders: dict[str, str] = {}
    told: set[str] = set()
    for slug, device in options.devices.items():
        key, prefix = f"{_KEY}.devices", api.devices.get(slug)
        if prefix is None:
            key, prefix = f"{_KEY}.prefix", api.prefix
        if TOKEN in prefix and is_wild(device.token.reveal()):
            text = f"found + or # in it, expected neither: {TOKEN} of {key} makes a topic of it"
            scope.fault_at(f"devices.{slug}.token", text)
        made = prefix.replace(DEVICE, slug).replace(TOKEN, device.token.reveal())
        holder = holders.setdefault(made, slug)
        if holder != slug and made not in told:
            told.add(made)
            text = f"found {found(prefix)} for {holder} and {slug}, expected {DEVICE} or {TOKEN}"
            scope.fault_at(key, f"{text} in it, or a prefix for each below devices")


def _prefixes(api: DeviceApiOptions) -> Iterator[tuple[str, str]]:
    yield f"{_KEY}.prefix", api.prefix
    for prefix in dict.fromkeys(api.devices.values()):
        yield f"{_KEY}.devices", prefix


def _pattern(prefix: str) -> str:
    """A filter that takes all that the prefix can become."""
    levels = prefix.split("/") if prefix else []
    return "/".join(LEVEL if DEVICE in level or TOKEN in level else level for level in levels)


def _above(topic: str) -> list[str]:
    """Every prefix that a topic has, the empty one too."""
    levels = topic.split("/")
    return ["/".join(levels[:count]) for count in range(len(levels))]


def _meets(prefix: str, topic: str) -> bool:
    """Whether a filter takes anything below a prefix."""
    start = f"{prefix}/" if prefix else ""
    return any(overlaps(f"{start}{level}/{REST}", topic) for level in FIRST_LEVELS)
