import pytest

from blynk_gateway.core.properties import PROPERTY_NAMES


@pytest.mark.parametrize("name", ["label", "color", "onLabel", "min", "max", "isDisabled", "urls"])
def test_properties_of_stock_sketches_are_known(name: str) -> None:
    assert name in PROPERTY_NAMES


@pytest.mark.parametrize("name", ["", "Label", "onlabel", "labels\0", "width"])
def test_names_are_exact(name: str) -> None:
    assert name not in PROPERTY_NAMES
