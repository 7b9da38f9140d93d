"""One entity of Home Assistant."""

from blynk_gateway.mqtt.discovery.entities.entity import make_entity
from blynk_gateway.mqtt.discovery.ids import Ids
from tests.helpers.mqtt import INSTANCE_ID


def test_entity_has_ids_that_do_not_depend_on_its_name() -> None:
    entity = make_entity(Ids(INSTANCE_ID), "shed-2", "v5", "Big fan", "switch", {"a": 1})
    assert entity.fields == {
        "a": 1,
        "name": "Big fan",
        "unique_id": "blynk_0123456789ab_shed-2_v5",
        "default_entity_id": "switch.shed_2_big_fan",
    }


def test_entity_that_becomes_another_component_has_another_key() -> None:
    ids = Ids(INSTANCE_ID)
    keys = [make_entity(ids, "shed", "v5", "Fan", one, {}).key for one in ("switch", "sensor")]
    assert keys == ["v5_switch", "v5_sensor"]
