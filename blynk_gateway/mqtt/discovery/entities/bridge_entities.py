"""The gateway itself: entities that tell how it is, and let it be restarted and paired."""

from blynk_gateway.mqtt.discovery.entities import templates
from blynk_gateway.mqtt.discovery.entities.entity import Entity, make_entity
from blynk_gateway.mqtt.discovery.entities.place import Fields
from blynk_gateway.mqtt.discovery.ids import Ids
from blynk_gateway.mqtt.topics import Topics

SUBJECT = "bridge_"
"""What the subjects of these entities begin with."""

PAIR = '{"minutes": 5}'
PAIR_NO_MORE = '{"minutes": 0}'


def bridge_entities(ids: Ids, topics: Topics, own: str) -> list[Entity]:
    """The entities of the gateway's own device besides its pins.

    Args:
        own: its slug.
    """

    def make(component: str, name: str, word: str, fields: Fields) -> Entity:
        return make_entity(ids, own, SUBJECT + word, name, component, fields)

    health: Fields = {"state_topic": topics.bridge("health"), "entity_category": "diagnostic"}
    count: Fields = {**health, "state_class": "measurement"}
    return [
        make(
            "binary_sensor",
            "Connection",
            "state",
            {
                "state_topic": topics.state,
                "payload_on": "online",
                "payload_off": "offline",
                "device_class": "connectivity",
                "entity_category": "diagnostic",
                # It tells just that, and must not be unavailable.
                "availability": [],
            },
        ),
        make(
            "sensor",
            "Connected devices",
            "connected_devices",
            {**count, "value_template": templates.item("connected_devices"), "icon": "mdi:devices"},
        ),
        make(
            "sensor",
            "Backlog",
            "backlog",
            {**count, "value_template": templates.item("backlog"), "icon": "mdi:tray-full"},
        ),
        make(
            "sensor",
            "Processor temperature",
            "temperature",
            {
                **count,
                "value_template": templates.item("temperature"),
                "device_class": "temperature",
                "unit_of_measurement": "°C",
                "suggested_display_precision": 1,
            },
        ),
        make(
            "sensor",
            "Last error",
            "last_error",
            {
                **health,
                # Home Assistant takes no empty text for a state.
                "value_template": templates.shortened("(value_json.last_error or '-')"),
                "icon": "mdi:alert-circle-outline",
            },
        ),
        make(
            "button",
            "Restart",
            "restart",
            {
                "command_topic": topics.bridge("request", "restart"),
                "payload_press": "{}",
                "device_class": "restart",
                "entity_category": "config",
            },
        ),
        make(
            "switch",
            "Pairing",
            "pairing",
            {
                "state_topic": topics.bridge("pairing"),
                "command_topic": topics.bridge("request", "pair"),
                "payload_on": PAIR,
                "payload_off": PAIR_NO_MORE,
                "state_on": "ON",
                "state_off": "OFF",
                "icon": "mdi:link-plus",
                "entity_category": "config",
            },
        ),
    ]
