from blynk_gateway.config.mqtt.device_classes import DEVICE_CLASSES
from blynk_gateway.config.mqtt.presentation import COMPONENTS


def test_every_component_with_device_classes_can_be_chosen() -> None:
    assert set(DEVICE_CLASSES) <= set(COMPONENTS)


def test_sensors_have_what_numbers_have_and_what_is_no_quantity() -> None:
    assert DEVICE_CLASSES["sensor"] - DEVICE_CLASSES["number"] == {"date", "enum", "timestamp"}
    assert DEVICE_CLASSES["number"] < DEVICE_CLASSES["sensor"]


def test_words_are_words() -> None:
    for words in DEVICE_CLASSES.values():
        assert all(word.replace("_", "").isalnum() and word.islower() for word in words)
