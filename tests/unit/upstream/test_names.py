"""Pins of a mapping by both of their names."""

from blynk_gateway.core.address import PinAddress
from blynk_gateway.upstream.names import Names
from tests.helpers.upstream import mapped, mapping


def test_pins_are_found_by_both_names() -> None:
    names = Names(mapping(mapped("house/V1", "V7"), mapped("shed/V1", "V2")))
    assert names.pins[PinAddress("shed", "V1")].remote == "V2"
    found = names.above("V7")
    assert found is not None
    assert found.local == PinAddress("house", "V1")
    assert names.above("V1") is None
    assert names.devices == {"house", "shed"}
    assert [one.remote for one in names] == ["V7", "V2"]
