from blynk_gateway.core.accounts import Scope
from blynk_gateway.core.address import PinAddress

FAN = PinAddress("greenhouse", "V1")
LIGHT = PinAddress("greenhouse", "V2")
PUMP = PinAddress("pi", "V1")


def test_scope_of_no_devices_is_everything() -> None:
    assert Scope.of_devices([]) is None


def test_scope_of_devices_has_all_their_pins_and_no_other() -> None:
    scope = Scope.of_devices(["greenhouse"])
    assert scope is not None
    assert scope.has_device("greenhouse")
    assert scope.has_pin(FAN)
    assert not scope.has_device("pi")
    assert not scope.has_pin(PUMP)


def test_scope_of_pins_has_those_alone() -> None:
    scope = Scope(pins=frozenset({FAN}))
    assert scope.has_device("greenhouse")
    assert scope.has_pin(FAN)
    assert not scope.has_pin(LIGHT)
    assert not scope.has_device("pi")
