from gpiozero import Energenie
from gpiozero.pins.mock import MockFactory

from blynk_gateway.config.gpio.outputs import EnergenieOptions


def test_energenie_uses_the_lines_that_the_library_claims() -> None:
    factory = MockFactory()
    options = EnergenieOptions(name="heater", type="energenie", pin="V1", socket=1)
    claimed = Energenie(socket=1, pin_factory=factory)
    try:
        taken = {pin.info.name for pin in factory.pins.values()}
        assert taken == {f"GPIO{line}" for _, line in options.lines()}
    finally:
        claimed.close()
        factory.close()
