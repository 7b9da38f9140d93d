"""The gateway itself in Home Assistant."""

import json

from blynk_gateway.mqtt.discovery.entities.bridge_entities import bridge_entities
from blynk_gateway.mqtt.discovery.ids import Ids
from blynk_gateway.mqtt.topics import Topics
from tests.helpers.mqtt import INSTANCE_ID

FOUND = {one.key: one for one in bridge_entities(Ids(INSTANCE_ID), Topics("blynk"), "pi")}


def test_gateway_tells_how_it_is() -> None:
    assert {key: one.fields["name"] for key, one in FOUND.items()} == {
        "bridge_state_binary_sensor": "Connection",
        "bridge_connected_devices_sensor": "Connected devices",
        "bridge_backlog_sensor": "Backlog",
        "bridge_temperature_sensor": "Processor temperature",
        "bridge_last_error_sensor": "Last error",
        "bridge_restart_button": "Restart",
        "bridge_pairing_switch": "Pairing",
    }


def test_none_of_it_is_in_the_way_of_pins() -> None:
    assert all(one.fields["entity_category"] in ("diagnostic", "config") for one in FOUND.values())


def test_connection_is_never_unavailable() -> None:
    fields = FOUND["bridge_state_binary_sensor"].fields
    assert fields["availability"] == []
    assert (fields["state_topic"], fields["payload_off"]) == ("blynk/bridge/state", "offline")


def test_pairing_is_asked_for_and_shown() -> None:
    fields = FOUND["bridge_pairing_switch"].fields
    assert fields["command_topic"] == "blynk/bridge/request/pair"
    assert json.loads(fields["payload_on"]) == {"minutes": 5}
    assert json.loads(fields["payload_off"]) == {"minutes": 0}
    assert (fields["state_topic"], fields["state_on"]) == ("blynk/bridge/pairing", "ON")


def test_sensors_read_one_key_of_health() -> None:
    sensors = [one.fields for one in FOUND.values() if one.component == "sensor"]
    assert {fields["state_topic"] for fields in sensors} == {"blynk/bridge/health"}
    assert [fields["value_template"] for fields in sensors] == [
        "{{ value_json.connected_devices }}",
        "{{ value_json.backlog }}",
        "{{ value_json.temperature }}",
        "{{ (value_json.last_error or '-')[:255] }}",
    ]
