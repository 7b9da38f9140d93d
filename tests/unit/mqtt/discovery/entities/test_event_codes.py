"""The events of devices as entities."""

import pytest

from blynk_gateway.mqtt.discovery.entities.event_codes import event_entities, find_code
from blynk_gateway.mqtt.discovery.ids import Ids
from blynk_gateway.mqtt.topics import Topics
from tests.helpers.mqtt import INSTANCE_ID

IDS, TOPICS = Ids(INSTANCE_ID), Topics("blynk")


def test_each_code_is_an_entity_with_every_kind_of_event() -> None:
    (entity,) = event_entities(IDS, TOPICS, "shed", ["too hot"])
    assert entity.component == "event"
    assert entity.fields == {
        "name": "too hot",
        "unique_id": f"blynk_0123456789ab_shed_{entity.subject}",
        "default_entity_id": "event.shed_too_hot",
        "state_topic": "blynk/shed/event/too hot",
        "event_types": ["logged", "resolved", "notification", "system"],
        "value_template": (
            '{{ {"event_type": value_json.kind, "description": value_json.description,'
            ' "time": value_json.time} | tojson }}'
        ),
    }


@pytest.mark.parametrize("code", ["overheat", "too hot", "größe"])
def test_code_is_found_again_in_what_stands_at_the_broker(code: str) -> None:
    (entity,) = event_entities(IDS, TOPICS, "shed", [code])
    assert find_code("event", entity.key, entity.fields) == code


@pytest.mark.parametrize(
    ("component", "key", "fields"),
    [
        ("sensor", "event_x_sensor", {"state_topic": "blynk/shed/event/x"}),
        ("event", "v10_event", {"state_topic": "blynk/pi/event/door"}),
        ("event", "event_x_event", {"platform": "event"}),
        ("event", "event_x_event", {"state_topic": ["blynk"]}),
        ("event", "event_x_event", {"state_topic": "blynk/shed/event/"}),
    ],
)
def test_nothing_else_is_a_code(component: str, key: str, fields: dict[str, object]) -> None:
    assert find_code(component, key, fields) is None
