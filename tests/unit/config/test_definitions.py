from blynk_gateway.config.definitions import definition_of
from blynk_gateway.config.options import DeviceOptions
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.direct import DirectPin, PinMode


def test_everything_that_is_declared_of_a_device_is_told() -> None:
    datastreams = {"V1": Datastream("V1", "Fan")}
    pins = {"D1": DirectPin(PinMode.OUT)}
    options = DeviceOptions("shed", "Shed", Secret("t"), "all", datastreams, 5000, {"a": "b"}, pins)
    assert definition_of(options) == DeviceDefinition(
        "shed", "Shed", "t", DeviceSource.FILE, "all", datastreams, 5000, {"a": "b"}, pins
    )
