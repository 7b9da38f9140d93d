"""The two forms of discovery messages."""

import json

import pytest

from blynk_gateway.config.mqtt.options import Discovery
from blynk_gateway.mqtt.discovery.entities.description import Description
from blynk_gateway.mqtt.discovery.entities.device_block import ORIGIN
from blynk_gateway.mqtt.discovery.entities.entity import Entity
from blynk_gateway.mqtt.discovery.forms import MAX_BYTES, ConfigTopic, Forms, succeeding
from blynk_gateway.mqtt.discovery.ids import Ids
from blynk_gateway.mqtt.topics import Topics
from tests.helpers.mqtt import INSTANCE_ID, Json, matches

FORMS = Forms("ha/home", Ids(INSTANCE_ID), Topics("blynk"))
TOPIC = "ha/home/device/blynk_0123456789ab_shed/config"
BLOCK = {"ids": ["blynk_0123456789ab_shed"], "name": "Schön"}
SHARED = {
    "device": BLOCK,
    "origin": ORIGIN,
    "availability": [{"topic": "blynk/bridge/state"}, {"topic": "blynk/shed/availability"}],
    "availability_mode": "all",
}


def described(*entities: Entity) -> Description:
    return Description("shed", BLOCK, entities, frozenset(), {}, frozenset(), frozenset())


def fan(component: str = "switch", **fields: Json) -> Entity:
    return Entity(component, "v5", {"name": "Fan", **fields})


def device_message(*entities: Entity) -> str:
    return FORMS.messages(Discovery.DEVICE, described(*entities))[TOPIC]


def components(payload: str | None) -> Json:
    assert payload is not None
    return json.loads(payload)["components"]


def test_device_form_is_one_message_with_everything() -> None:
    messages = FORMS.messages(Discovery.DEVICE, described(fan(), Entity("event", "event_x", {})))
    assert list(messages) == [TOPIC]
    assert json.loads(messages[TOPIC]) == SHARED | {
        "components": {
            "v5_switch": {"platform": "switch", "name": "Fan"},
            "event_x_event": {"platform": "event"},
        }
    }


def test_entity_form_is_a_message_for_each_with_the_same_ids() -> None:
    messages = FORMS.messages(Discovery.ENTITY, described(fan(), fan("sensor")))
    assert {topic: json.loads(payload) for topic, payload in messages.items()} == {
        "ha/home/switch/blynk_0123456789ab_shed/v5_switch/config": SHARED | {"name": "Fan"},
        "ha/home/sensor/blynk_0123456789ab_shed/v5_sensor/config": SHARED | {"name": "Fan"},
    }


def test_entity_keeps_its_own_availability() -> None:
    (payload,) = FORMS.messages(Discovery.ENTITY, described(fan(availability=[]))).values()
    assert json.loads(payload)["availability"] == []


def test_nothing_is_told_of_a_device_with_nothing_to_show_or_without_discovery() -> None:
    assert FORMS.messages(Discovery.DEVICE, described()) == {}
    assert FORMS.messages(Discovery.OFF, described(fan())) == {}


def test_equal_descriptions_give_equal_texts() -> None:
    one = fan(icon="mdi:fan", unit="°C")
    other = fan(unit="°C", icon="mdi:fan")
    assert device_message(one) == device_message(other)
    assert "Schön" in device_message(one)


def test_halves_of_characters_never_leave() -> None:
    assert "\N{REPLACEMENT CHARACTER}" in device_message(fan(icon="\ud800"))


def test_message_that_would_be_too_long_leaves_entities_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    entities = [Entity("text", f"v{number}", {"pad": "ä" * 10_000}) for number in range(20)]
    forms = Forms("homeassistant", Ids(INSTANCE_ID), Topics("blynk"))
    first, second = (
        forms.messages(Discovery.DEVICE, described(*entities)).values() for _ in range(2)
    )
    (payload,) = first
    assert list(second) == [payload]
    assert MAX_BYTES - 21_000 < len(payload.encode()) <= MAX_BYTES
    assert list(components(payload)) == sorted(f"v{number}_text" for number in range(13))
    assert caplog.text.count("entities left out") == 1


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        (TOPIC, ConfigTopic("shed")),
        (
            "ha/home/switch/blynk_0123456789ab_shed/v5_switch/config",
            ConfigTopic("shed", "switch", "v5_switch"),
        ),
        ("ha/home/device/0x00158d0001/config", None),
        ("ha/home/switch/0x00158d0001/switch/config", None),
        ("ha/home/device/blynk_ffffffffffff_shed/config", None),
        ("ha/home/device/blynk_0123456789ab_shed/state", None),
        ("homeassistant/device/blynk_0123456789ab_shed/config", None),
    ],
)
def test_only_our_own_topics_are_found(topic: str, found: ConfigTopic | None) -> None:
    assert FORMS.find(topic) == found


def test_filters_take_the_topics_of_both_forms() -> None:
    for form in (Discovery.DEVICE, Discovery.ENTITY):
        for topic in FORMS.messages(form, described(fan())):
            assert any(matches(one, topic) for one in FORMS.filters)


def test_entities_of_a_message_are_found_in_both_forms() -> None:
    for form in (Discovery.DEVICE, Discovery.ENTITY):
        ((topic, payload),) = FORMS.messages(form, described(fan())).items()
        ((component, key, fields),) = FORMS.entities(topic, payload)
        assert (component, key, fields["name"]) == ("switch", "v5_switch", "Fan")
    assert list(FORMS.entities("elsewhere", "{}")) == []


def test_what_is_gone_is_taken_away_by_its_platform_alone() -> None:
    following = succeeding(device_message(fan("sensor")), device_message(fan("switch")))
    assert components(following) == {
        "v5_switch": {"platform": "switch"},
        "v5_sensor": {"platform": "sensor", "name": "Fan"},
    }


def test_what_was_taken_away_once_is_not_again() -> None:
    new = device_message(fan("sensor"))
    following = succeeding(new, device_message(fan("switch")))
    assert following is not None
    assert succeeding(new, following) is None
    other = device_message(fan("sensor", icon="mdi:fan"))
    assert succeeding(other, following) == other


def test_same_message_needs_no_other() -> None:
    assert succeeding(device_message(fan()), device_message(fan())) is None


@pytest.mark.parametrize(
    "before",
    [
        "",
        "nonsense",
        "[]",
        '{"components": 7}',
        '{"components": {"x": 7}}',
        '{"components": {"x": {"platform": "unheard of", "name": "x"}}}',
        '{"components": {"x": {"platform": ["switch"], "name": "x"}}}',
        '{"migrate_discovery":true}',
        "[" * 100_000,
    ],
)
def test_anything_else_that_stands_there_is_replaced(before: str) -> None:
    assert succeeding(device_message(fan()), before) == device_message(fan())
