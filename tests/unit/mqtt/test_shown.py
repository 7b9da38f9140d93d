import pytest

from blynk_gateway.config.mqtt.options import DeviceApiOptions
from blynk_gateway.mqtt.shown import shown_topic
from tests.helpers.mqtt import Core

TOKEN = "4ae3851817194e2596cf1b7103603ef8"


@pytest.mark.parametrize(
    ("prefix", "topic", "shown"),
    [
        ("dev/{token}", f"dev/{TOKEN}/ds/T", "dev/4ae3…/ds/T"),
        ("dev/{token}", "dev/guessed-token/ds/T", "dev/gues…/ds/T"),
        ("dev/{token}", f"dev/{TOKEN}", "dev/4ae3…"),
        ("a/{device}/x-{token}", f"a/shed/x-{TOKEN}/ds/T", "a/shed/x-4a…/ds/T"),
        ("dev/{token}", "zigbee2mqtt/kitchen", "zigbee2mqtt/kitchen"),
        ("dev/{device}", "dev/shed-in-the-garden/ds/T", "dev/shed-in-the-garden/ds/T"),
        ("{token}", "dev", "d…"),
        ("", "ds/a\nb", "ds/a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_level_of_a_token_is_masked_and_no_other(prefix: str, topic: str, shown: str) -> None:
    assert shown_topic(topic, DeviceApiOptions(prefix)) == shown
    assert shown_topic(topic, DeviceApiOptions("a/{device}", {"shed": prefix})) == shown


def test_token_of_a_device_is_masked_wherever_it_stands() -> None:
    core = Core()
    core.add("shed", token=TOKEN)
    assert shown_topic(f"old/{TOKEN}/x", None, core.registry) == "old/4ae3…/x"
    assert shown_topic("old/shed/x", None, core.registry) == "old/shed/x"
