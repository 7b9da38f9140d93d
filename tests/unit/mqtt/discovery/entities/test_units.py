"""What a unit tells of a quantity."""

import pytest

from blynk_gateway.config.mqtt.device_classes import DEVICE_CLASSES
from blynk_gateway.mqtt.discovery.entities.units import _CLASSES, quantity, state_class


@pytest.mark.parametrize(
    ("unit", "name", "expected"),
    [
        ("°C", "Out", ("°C", "temperature")),
        (" ºC ", "Out", ("°C", "temperature")),
        ("kWh", "Meter", ("kWh", "energy")),
        ("lux", "Sky", ("lx", "illuminance")),
        ("%", "Humidity", ("%", "humidity")),
        ("%", "Soil humidity", ("%", "moisture")),
        ("%", "Akku", ("%", "battery")),
        ("ppm", "CO2", ("ppm", "carbon_dioxide")),
    ],
)
def test_unit_and_name_tell_the_device_class(
    unit: str, name: str, expected: tuple[str, str]
) -> None:
    assert quantity(unit, name) == expected


@pytest.mark.parametrize("unit", ["", "C", "%", "ppm", "dB", "furlong", "µS/cm", "µA"])
def test_unit_that_may_mean_anything_gives_no_device_class(unit: str) -> None:
    assert quantity(unit, "V5") == (unit, None)


def test_owners_word_stands() -> None:
    assert quantity("%", "Humidity", "battery") == ("%", "battery")


@pytest.mark.parametrize(
    ("unit", "device_class", "expected"),
    [
        ("bar", "temperature", "pressure"),
        ("°C", "humidity", "temperature"),
        ("L", "gas", "volume_storage"),
        ("hPa", "atmospheric_pressure", "atmospheric_pressure"),
        ("mm", "precipitation", "precipitation"),
        ("mm/h", "speed", "speed"),
        ("m³", "gas", "gas"),
        ("furlong", "distance", "distance"),
    ],
)
def test_owners_word_gives_way_to_a_unit_of_another_class(
    unit: str, device_class: str, expected: str
) -> None:
    assert quantity(unit, "V5", device_class) == (unit, expected)


def test_degrees_of_what_is_said_to_be_a_temperature_get_their_sign() -> None:
    assert quantity("C", "V5", "temperature") == ("°C", "temperature")
    assert quantity("K", "V5", "temperature") == ("K", "temperature")


def test_every_class_is_one_of_sensors_and_numbers() -> None:
    assert set(_CLASSES) <= DEVICE_CLASSES["sensor"] & DEVICE_CLASSES["number"]


@pytest.mark.parametrize(
    ("device_class", "expected"),
    [
        (None, "measurement"),
        ("temperature", "measurement"),
        ("energy", "total_increasing"),
        ("timestamp", None),
    ],
)
def test_numbers_are_kept_as_their_class_asks(
    device_class: str | None, expected: str | None
) -> None:
    assert state_class(device_class) == expected
