"""The events of devices as entities: one for each code that was ever logged."""

from collections.abc import Iterable

from blynk_gateway.core.change import EventKind
from blynk_gateway.mqtt.discovery.entities import templates
from blynk_gateway.mqtt.discovery.entities.entity import Entity, make_entity
from blynk_gateway.mqtt.discovery.ids import Ids, plain
from blynk_gateway.mqtt.topics import Topics

SUBJECT = "event_"
"""What the subjects of these entities begin with."""

MAX_CODES = 64
"""Of one device: a sketch that makes up codes must not fill Home Assistant with entities."""

KINDS = tuple(str(kind) for kind in EventKind if kind is not EventKind.INPUT)
"""Types of these events. What is done to a button is told by the entity of its pin."""


def event_entities(ids: Ids, topics: Topics, device: str, codes: Iterable[str]) -> list[Entity]:
    """The entities of a device's events.

    Args:
        codes: as levels of topics, which is how they are known after a restart.
    """
    template = templates.event(
        "value_json.kind", description="value_json.description", time="value_json.time"
    )
    return [
        make_entity(
            ids,
            device,
            SUBJECT + plain(code),
            code,
            "event",
            {
                "state_topic": topics.device(device, "event", code),
                "event_types": list(KINDS),
                "value_template": template,
            },
        )
        for code in codes
    ]


def find_code(component: str, key: str, fields: object) -> str | None:
    """The code that an entity of an earlier run was about; None for any other entity."""
    if component != "event" or not key.startswith(SUBJECT) or not isinstance(fields, dict):
        return None
    topic = fields.get("state_topic")
    return topic.rpartition("/")[2] or None if isinstance(topic, str) else None
