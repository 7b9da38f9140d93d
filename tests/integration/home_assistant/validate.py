"""Puts what stands on the broker before Home Assistant's own schemas and entities.

Run by the Python of `.venv-ha`, which has Home Assistant and nothing of ours:

    .venv-ha/bin/python validate.py < brokers

Each line in is a broker: its retained messages, {topic: payload}. Each line out is what is to be
said of it: {"version", "faults": {topic: [text]}, "entities": [{"component", "id", "unique_id",
"name", "state", "available", "commands"}]}. An entity is made by Home Assistant's class and given
the messages of its topics; whatever Home Assistant logs as a warning is a fault, and so is a key
that it drops. `commands` is what it publishes when it is told to do `ACTIONS`: [topic, payload].
"""

import asyncio
import copy
import importlib
import json
import logging
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import MagicMock, patch

import voluptuous as vol
from homeassistant import loader
from homeassistant.components.mqtt import discovery
from homeassistant.components.mqtt.const import ENTITY_PLATFORMS
from homeassistant.components.mqtt.entity import MqttEntity
from homeassistant.components.mqtt.models import DATA_MQTT, ReceiveMessage
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry, entity_registry

PREFIX = "homeassistant/"

NEWER = {"default_entity_id"}
"""Keys of versions after the one installed; that one drops them."""

GONE = {"object_id": "gone from Home Assistant 2026.4; use default_entity_id"}

MAX_STATE = 255
"""Home Assistant shows a longer state as unknown."""

PLATFORMS = {str(one) for one in ENTITY_PLATFORMS} - {"camera", "image"}
"""Those without pictures, which would ask for further packages."""

ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "button": ("async_press", {}),
    "cover": ("async_close_cover", {}),
    "fan": ("async_turn_off", {}),
    "light": ("async_turn_on", {"brightness": 128}),
    "lock": ("async_unlock", {}),
    "number": ("async_set_native_value", {"value": 1}),
    "select": ("async_select_option", {"option": "Manual"}),
    "siren": ("async_turn_off", {}),
    "switch": ("async_turn_off", {}),
    "text": ("async_set_value", {"value": "440"}),
    "valve": ("async_handle_close_valve", {}),
}
"""What a person may do to an entity: the method behind the service, and its arguments."""

READ_ONLY = {"binary_sensor", "sensor"}


class Faults(logging.Handler):
    """What is wrong with one config: found here, or logged by Home Assistant."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take a log record as a fault."""
        self.texts.append(record.getMessage())

    def add(self, where: str, text: object) -> None:
        """Add a fault."""
        self.texts.append(f"{where}: {text}" if where else str(text))


@contextmanager
def collected() -> Iterator[Faults]:
    """The faults of what is done inside."""
    faults = Faults()
    root = logging.getLogger()
    root.addHandler(faults)
    try:
        yield faults
    finally:
        root.removeHandler(faults)


class Platform(NamedTuple):
    """What Home Assistant makes entities of one component with.

    Attributes:
        discovered: schema of what comes by MQTT; it drops keys that it does not know.
        configured: schema of what stands in `configuration.yaml`; it refuses them.
        classes: by the option `schema`, which only lights have.
    """

    discovered: Any
    configured: Any
    classes: dict[str | None, Any]


class Validator:
    """Home Assistant as it is before its start, with a broker that has these messages."""

    def __init__(
        self, hass: HomeAssistant, platforms: dict[str, Platform], messages: dict[str, str]
    ) -> None:
        self._hass = hass
        self._platforms = platforms
        self._messages = messages
        self._unique_ids: set[tuple[str, str]] = set()
        configs = [find_json(payload) for topic, payload in messages.items() if is_config(topic)]
        devices = [config.get("device", config.get("dev", {})) for config in configs]
        self._devices = {text for device in devices for text in identifiers(device)}

    async def validate(self) -> dict[str, Any]:
        """What is to be said of all configs."""
        faults: dict[str, list[str]] = {}
        entities: list[dict[str, Any]] = []
        for topic, payload in self._messages.items():
            if is_config(topic):
                with collected() as found:
                    entities += await self._validate(topic, payload, found)
                if found.texts:
                    faults[topic] = found.texts
        return {"version": __version__, "faults": faults, "entities": entities}

    async def _validate(self, topic: str, payload: str, faults: Faults) -> list[dict[str, Any]]:
        match = discovery.TOPIC_MATCHER.fullmatch(topic.removeprefix(PREFIX))
        if match is None:
            faults.add("", "not a topic of discovery")
            return []
        component = match["component"]
        if component == "device":
            entities: list[dict[str, Any]] = []
            for part in self._parts(payload, match, faults):
                entities += await self._entity(topic, *part, faults)
            return entities
        config = discovery.MQTTDiscoveryPayload(find_json(payload))
        discovery._replace_all_abbreviations(config)
        if "unique_id" not in config:
            faults.add("", "unique_id is missing: it would have no device")
        if not discovery._valid_origin_info(config):
            return []
        if "~" in config:
            discovery._replace_topic_base(config)
        return await self._entity(topic, component, "", config, set(config), faults)

    def _parts(
        self, payload: str, match: re.Match[str], faults: Faults
    ) -> Iterator[tuple[str, str, Any, set[str]]]:
        """The components of a device's config, with what Home Assistant adds to each."""
        device = discovery._parse_device_payload(
            self._hass, payload, match["object_id"], match["node_id"]
        )
        if not device:
            return
        for name, found in device["components"].items():
            config = dict(found)
            component = config.pop("platform")
            own = set(config)
            if not own:
                faults.add(name, "a component without options is the removal of one")
                continue
            config["device"] = device["device"]
            config["origin"] = device.get("origin")
            discovery._merge_common_device_options(config, device)
            if "~" in config:
                discovery._replace_topic_base(config)
            yield component, name, config, own

    async def _entity(
        self,
        topic: str,
        component: str,
        name: str,
        config: dict[str, Any],
        own: set[str],
        faults: Faults,
    ) -> list[dict[str, Any]]:
        """What a component turns into: nothing if its schema refuses it."""
        if component not in self._platforms:
            faults.add(name, f"unknown component {component}")
            return []
        for key in own & GONE.keys():
            faults.add(name, f"{key}: {GONE[key]}")
        via = config.get("device", {}).get("via_device")
        if via is not None and via not in self._devices:
            faults.add(name, f"via_device: there is no device {via}")
        platform = self._platforms[component]
        discovered = {
            "discovery_hash": (component, name),
            "discovery_payload": config,
            "discovery_topic": topic,
        }
        try:
            accepted = platform.discovered(copy.deepcopy(dict(config)))
            make = platform.classes[accepted.get("schema")]
            entity = make(self._hass, accepted, MagicMock(), discovered)
            live = await self._live(entity, component, name, config, faults)
        except (vol.Invalid, ValueError, TypeError, KeyError, HomeAssistantError) as error:
            faults.add(name, error)
            return []
        for key in dropped(platform, config) & own - NEWER:
            faults.add(name, f"{key} would be dropped: a {component} has no such option")
        return [live]

    async def _live(
        self, entity: MqttEntity, component: str, name: str, config: dict[str, Any], faults: Faults
    ) -> dict[str, Any]:
        """Give an entity the messages of its topics and look at it."""
        unique_id = str(entity.unique_id)
        if (component, unique_id) in self._unique_ids:
            faults.add(name, f"unique_id {unique_id} is taken")
        self._unique_ids.add((component, unique_id))
        wanted = config.get("default_entity_id", f"{component}.")
        if not wanted.startswith(f"{component}."):
            faults.add(name, f"default_entity_id {wanted} is not of {component}")
        if component in READ_ONLY and entity.entity_category == "config":
            faults.add(name, f"a {component} cannot be of the category config")
        entity.entity_id = f"{component}.{name or 'entity'}"
        entity.platform = entity.platform_data = MagicMock(platform_name="mqtt")
        entity._subscriptions = {}
        entity._prepare_subscribe_topics()
        for subscription in entity._subscriptions.values():
            self._deliver(subscription["topic"], subscription["msg_callback"])
        for topic in entity._avail_topics:
            if not self._deliver(topic, entity._availability_message_received):
                faults.add(name, f"nothing stands on {topic}, so it is never available")
        state = entity.state
        if state is not None and len(str(state)) > MAX_STATE:
            faults.add(name, f"a state of {len(str(state))} characters is not shown")
        return {
            "component": component,
            "id": name,
            "unique_id": unique_id,
            "name": config.get("name"),
            "state": state,
            "available": entity.available,
            "commands": await commands(entity, component),
        }

    def _deliver(self, topic: str, callback: Callable[[ReceiveMessage], object]) -> bool:
        """Hand a retained message over, if there is one."""
        if topic not in self._messages:
            return False
        callback(ReceiveMessage(topic, self._messages[topic], 0, True, topic, time.monotonic()))
        return True


def is_config(topic: str) -> bool:
    """Whether Home Assistant looks at the topic."""
    return topic.startswith(PREFIX) and topic.endswith("/config")


def find_json(payload: str) -> dict[str, Any]:
    """The object of a payload, an empty one if there is none."""
    try:
        found = json.loads(payload)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def identifiers(device: dict[str, Any]) -> list[str]:
    """What a device is called by others."""
    found = device.get("identifiers", device.get("ids", []))
    return [found] if isinstance(found, str) else list(found)


async def commands(entity: MqttEntity, component: str) -> list[list[str]]:
    """What an entity publishes when a person uses it."""
    if component not in ACTIONS:
        return []
    method, arguments = ACTIONS[component]
    with patch.object(entity, "async_publish") as publish:
        await getattr(entity, method)(**arguments)
    return [[str(one) for one in call.args[:2]] for call in publish.await_args_list]


def dropped(platform: Platform, config: dict[str, Any]) -> set[str]:
    """Keys that are not of the component."""
    try:
        platform.configured(copy.deepcopy(dict(config)))
    except vol.MultipleInvalid as invalid:
        return {str(one.path[0]) for one in invalid.errors if "extra keys" in str(one)}
    return set()


async def load_platform(component: str) -> Platform:
    """What Home Assistant sets a component up with, as its own setup hands it over."""
    module = importlib.import_module(f"homeassistant.components.mqtt.{component}")
    with patch.object(module, "async_setup_entity_entry_helper") as setup:
        await module.async_setup_entry(MagicMock(), MagicMock(), MagicMock())
    _, _, single, _, _, discovered, configured, *rest = setup.call_args.args
    return Platform(discovered, configured, rest[0] if rest else {None: single})


async def main() -> None:
    """Read brokers, write what is to be said of them."""
    platforms = {name: await load_platform(name) for name in PLATFORMS}
    with tempfile.TemporaryDirectory() as directory:
        hass = HomeAssistant(directory)
        hass.data[DATA_MQTT] = MagicMock()
        for registry in (device_registry, entity_registry):
            hass.data[registry.DATA_REGISTRY] = MagicMock()
        # Home Assistant looks there whom to blame for what an entity does wrong.
        hass.data[loader.DATA_INTEGRATIONS] = hass.data[loader.DATA_CUSTOM_COMPONENTS] = {}
        for line in sys.stdin:
            found = await Validator(hass, platforms, json.loads(line)).validate()
            sys.stdout.write(json.dumps(found, default=str) + "\n")
        await hass.async_stop(force=True)


if __name__ == "__main__":
    asyncio.run(main())
