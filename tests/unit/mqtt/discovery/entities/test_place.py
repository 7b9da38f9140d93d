"""Where a pin is at the broker."""

from blynk_gateway.mqtt.discovery.entities.place import place_of
from blynk_gateway.mqtt.topics import Topics


def test_place_has_all_topics_of_a_pin() -> None:
    place = place_of(Topics("home/blynk"), "shed", "V5")
    assert place == (
        "home/blynk/shed/v5",
        "home/blynk/shed/v5/set",
        "home/blynk/shed/v5/light",
        "home/blynk/shed/v5/light/set",
        "home/blynk/shed/v5/event",
        "home/blynk/shed/event",
    )
    assert place.both == {
        "state_topic": "home/blynk/shed/v5",
        "command_topic": "home/blynk/shed/v5/set",
    }
