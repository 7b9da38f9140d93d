import pytest

from blynk_gateway.config.gpio.options import AnalogOptions, Factory, GpioOptions
from blynk_gateway.config.gpio.sensors import PingOptions

PING = PingOptions(name="router", type="ping", pin="V1", host="localhost")


@pytest.mark.parametrize(
    "options",
    [
        GpioOptions(direct=None),
        GpioOptions(direct=(5,)),
        GpioOptions(analog=AnalogOptions("mcp3008")),
        GpioOptions(peripherals={"router": PING}),
    ],
)
def test_pins_are_in_use_as_soon_as_anything_is_configured(options: GpioOptions) -> None:
    assert options.is_used


def test_nothing_is_in_use_without_configuration() -> None:
    assert not GpioOptions().is_used
    assert not GpioOptions(factory=Factory.LGPIO).is_used
