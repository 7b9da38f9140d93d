"""One entity of Home Assistant, before it becomes part of a message."""

from typing import NamedTuple

from blynk_gateway.mqtt.discovery.entities.place import Fields
from blynk_gateway.mqtt.discovery.ids import Ids, object_id


class Entity(NamedTuple):
    """An entity.

    Attributes:
        component: `sensor`, `switch`, ….
        subject: what it is about, unique in its device and safe for ids: `v5`, `event_overheat`.
        fields: all that its component needs, with name and unique id.
    """

    component: str
    subject: str
    fields: Fields

    @property
    def key(self) -> str:
        """Its name in messages. A pin that becomes another component gets another key: then one
        message can take the old one away and bring the new one."""  # noqa: D205, D209  one sentence
        return f"{self.subject}_{self.component}"


def make_entity(
    ids: Ids, device: str, subject: str, name: str, component: str, fields: Fields
) -> Entity:
    """An entity with what all of them have.

    Args:
        device: slug.
        name: shown after the device's.
    """
    common: Fields = {
        "name": name,
        "unique_id": ids.entity(device, subject),
        "default_entity_id": f"{component}.{object_id(device, name, subject)}",
    }
    return Entity(component, subject, common | fields)
