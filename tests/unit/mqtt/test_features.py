from dataclasses import replace
from pathlib import Path

from blynk_gateway.config.mqtt.options import BindingOptions, DeviceApiOptions, MqttOptions
from blynk_gateway.mqtt.features import make_features
from blynk_gateway.mqtt.services import MqttServices
from tests.helpers.mqtt import Core, no_services


def names(options: MqttOptions, services: MqttServices) -> list[str]:
    made = make_features(Core(options).parts, services, lambda: None)
    return [type(feature).__name__ for feature in made]


def test_what_an_earlier_run_left_is_looked_at_before_anything_is_published(
    tmp_path: Path,
) -> None:
    assert names(MqttOptions(), no_services(tmp_path))[0] == "Leftovers"


def test_entities_are_announced_after_their_states(tmp_path: Path) -> None:
    made = names(MqttOptions(), no_services(tmp_path))
    assert made.index("Announcer") > made.index("Values")
    assert made.index("Announcer") > made.index("Availability")


def test_bound_topics_are_heard_before_pins_are_told_and_rules_wait_for_nobody(
    tmp_path: Path,
) -> None:
    made = names(MqttOptions(bindings=(BindingOptions("a/b", "pi/V1"),)), no_services(tmp_path))
    assert made.index("RuleMessages") < made.index("Listening") < made.index("Values")
    assert made.index("Values") < made.index("DeviceStates") < made.index("Bindings")


def test_bindings_and_the_device_api_are_there_where_they_are_asked_for(
    tmp_path: Path,
) -> None:
    plain = MqttOptions()
    bound = replace(plain, bindings=(BindingOptions("a/b", "pi/V1"),))
    served = replace(plain, device_api=DeviceApiOptions())
    services = no_services(tmp_path)
    always = set(names(plain, services))
    assert set(names(bound, services)) - always == {"Bindings"}
    assert set(names(served, services)) - always == {"DeviceApi"}
