"""The two forms of discovery messages: one for each device, or one for each entity.

Both give an entity the same id in Home Assistant, made of the device's id and its own key, so that
it can go over from one form to the other and keep what its owner did with it.

Messages are canonical JSON: equal descriptions give equal texts.
Source: homeassistant/components/mqtt/discovery.py and schemas.py.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from blynk_gateway.config.mqtt.options import Discovery
from blynk_gateway.core.value import printable
from blynk_gateway.mqtt.discovery.entities.components import BUILDERS
from blynk_gateway.mqtt.discovery.entities.description import Description
from blynk_gateway.mqtt.discovery.entities.device_block import ORIGIN
from blynk_gateway.mqtt.discovery.entities.place import Fields
from blynk_gateway.mqtt.discovery.ids import Ids
from blynk_gateway.mqtt.topics import Topics

MAX_BYTES = 262_144
"""Longest message: what a broker takes may be configured, and is seldom configured lower."""

log = logging.getLogger(__name__)

_DEVICE = "device"
_CONFIG = "config"
_PLATFORM = "platform"


class ConfigTopic(NamedTuple):
    """What a discovery topic of ours names.

    Attributes:
        device: slug.
        component, key: of an entity; empty in the device form.
    """

    device: str
    component: str = ""
    key: str = ""

    @property
    def form(self) -> Discovery:
        """Which of the two forms it has."""
        return Discovery.ENTITY if self.component else Discovery.DEVICE


class Forms:
    """Makes messages of descriptions.

    Args:
        prefix: first levels of the topics Home Assistant looks at.
    """

    def __init__(self, prefix: str, ids: Ids, topics: Topics) -> None:
        self._prefix = prefix
        self._ids = ids
        self._topics = topics
        self._cut: set[str] = set()

    @property
    def filters(self) -> tuple[str, str]:
        """What takes the topics of both forms, ours and those of others."""
        device = f"{self._prefix}/{_DEVICE}/+/{_CONFIG}"
        return device, f"{self._prefix}/+/+/+/{_CONFIG}"

    def find(self, topic: str) -> ConfigTopic | None:
        """What a topic names; None for one that is not ours."""
        if not topic.startswith(f"{self._prefix}/"):
            return None
        match topic[len(self._prefix) + 1 :].split("/"):
            case ["device", device_id, "config"]:
                slug = self._ids.find_slug(device_id)
                return None if slug is None else ConfigTopic(slug)
            case [component, device_id, key, "config"]:
                slug = self._ids.find_slug(device_id)
                return None if slug is None else ConfigTopic(slug, component, key)
            case _:
                return None

    def messages(self, form: Discovery, description: Description) -> dict[str, str]:
        """All messages that tell of a device, by topic; none for a device with nothing to show."""
        if not description.entities:
            return {}
        if form is Discovery.DEVICE:
            return {self._topic(description.device): _dump(self._device(description))}
        if form is Discovery.ENTITY:
            return {
                self._topic(description.device, entity.component, entity.key): _dump(
                    self._shared(description) | entity.fields
                )
                for entity in description.entities
            }
        return {}

    def entities(self, topic: str, payload: str) -> Iterator[tuple[str, str, Fields]]:
        """Component, key and fields of all entities that a message of ours is about."""
        config = self.find(topic)
        if config is None:
            return
        if config.form is Discovery.ENTITY:
            yield config.component, config.key, _decoded(payload)
            return
        for key, fields in components_of(payload).items():
            yield str(fields.get(_PLATFORM)), key, fields

    def _topic(self, device: str, *entity: str) -> str:
        device_id = self._ids.device(device)
        if not entity:
            return "/".join((self._prefix, _DEVICE, device_id, _CONFIG))
        component, key = entity
        return "/".join((self._prefix, component, device_id, key, _CONFIG))

    def _device(self, description: Description) -> Fields:
        shared = self._shared(description)
        components: dict[str, Fields] = {}
        room = MAX_BYTES - len(_dump(shared).encode()) - 100
        for entity in description.entities:
            fields = {_PLATFORM: entity.component, **entity.fields}
            room -= len(_dump({entity.key: fields}).encode())
            if room < 0:
                # A message that is too long would be refused as a whole.
                self._complain(description.device, len(components))
                break
            components[entity.key] = fields
        else:
            self._cut.discard(description.device)
        return {**shared, "components": components}

    def _complain(self, device: str, shown: int) -> None:
        # Once: the device may change its labels all day.
        if device not in self._cut:
            self._cut.add(device)
            log.warning("entities left out of discovery", extra={"device": device, "shown": shown})

    def _shared(self, description: Description) -> Fields:
        available = (self._topics.state, self._topics.device(description.device, "availability"))
        return {
            "device": description.block,
            "origin": ORIGIN,
            "availability": [{"topic": topic} for topic in available],
            "availability_mode": "all",
        }


def components_of(payload: str) -> Mapping[str, Fields]:
    """The entities in a message of the device form, by key; none in anything else."""
    components = _decoded(payload).get("components")
    if not isinstance(components, dict):
        return {}
    return {key: fields for key, fields in components.items() if isinstance(fields, dict)}


def succeeding(payload: str, before: str) -> str | None:
    """A message of the device form that also takes away what stood in the one before.

    An entity is taken away by its platform alone; to leave it out would leave it there.

    Returns:
        None if the one before says the same, whatever it took away.
    """
    old, new = components_of(before), components_of(payload)
    standing = {key: fields for key, fields in old.items() if set(fields) != {_PLATFORM}}
    gone = {
        key: {_PLATFORM: fields[_PLATFORM]}
        for key, fields in standing.items()
        # Home Assistant refuses the whole device for one platform that it does not know.
        if key not in new and str(fields.get(_PLATFORM)) in BUILDERS
    }
    if gone:
        return _dump({**json.loads(payload), "components": {**new, **gone}})
    is_same = payload == before or (
        standing != old and _dump({**json.loads(before), "components": standing}) == payload
    )
    return None if is_same else payload


def _decoded(payload: str) -> Fields:
    """A JSON object; an empty one for anything else."""
    try:
        decoded = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _dump(fields: Fields) -> str:
    return printable(json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
