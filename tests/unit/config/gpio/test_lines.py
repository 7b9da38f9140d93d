from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.gpio.inputs import AdcOptions, EncoderOptions
from blynk_gateway.config.gpio.lines import (
    Claim,
    channel_count,
    claims,
    open_lines,
    open_pins,
    plain_lines,
    spi_devices,
)
from blynk_gateway.config.gpio.options import AnalogOptions, GpioOptions
from blynk_gateway.config.gpio.outputs import EnergenieOptions, OutputOptions
from blynk_gateway.config.gpio.sensors import OneWireOptions
from blynk_gateway.core.header import Bus

ELSEWHERE = "dtoverlay=w1-gpio,gpiopin=N"

RELAY = OutputOptions(name="pump", type="relay", pin="V1", line=17)
KNOB = EncoderOptions(name="knob", type="encoder", pin="V2", a=5, b=6)
SOIL = AdcOptions(name="soil", type="mcp3008", pin="V3", device=1)
TUB = OneWireOptions(name="tub", type="ds18b20", pin="V4")
HEATER = EnergenieOptions(name="heater", type="energenie", pin="V5", socket=1)


def gpio(*peripherals: PeripheralOptions, direct: tuple[int, ...] | None = None) -> GpioOptions:
    return GpioOptions(direct=direct, peripherals={one.name: one for one in peripherals})


def test_lines_of_a_list_are_open_and_no_others() -> None:
    assert open_lines(gpio(RELAY, direct=(5, 6))) == {5, 6}
    assert open_lines(GpioOptions()) == frozenset()


def test_all_means_what_nothing_else_uses() -> None:
    assert open_lines(gpio()) == set(range(28))
    assert open_lines(gpio(RELAY, KNOB)) == set(range(28)) - {5, 6, 17}


def test_all_leaves_out_the_lines_of_buses_in_use() -> None:
    assert open_lines(gpio(SOIL)) == set(range(28)) - {7, 8, 9, 10, 11}
    assert open_lines(gpio(TUB)) == set(range(28)) - {4}
    assert open_lines(gpio(HEATER)) == set(range(28)) - {17, 22, 23, 24, 25, 27}
    analog = GpioOptions(direct=None, analog=AnalogOptions("mcp3002"))
    assert open_lines(analog) == set(range(28)) - {7, 8, 9, 10, 11}


def test_analog_pins_are_the_channels_of_the_converter() -> None:
    options = GpioOptions(direct=(5,), analog=AnalogOptions("mcp3204"))
    assert channel_count(options) == 4
    assert open_pins(options) == {"D5", "A0", "A1", "A2", "A3"}
    assert open_pins(GpioOptions()) == frozenset()


def test_claim_names_the_option_and_what_cannot_be_moved_comes_first() -> None:
    found = list(claims(gpio(RELAY, TUB)))
    assert found == [
        Claim("gpio.peripherals.tub.type", '"tub"', 4, Bus.ONE_WIRE, Bus.ONE_WIRE, ELSEWHERE),
        Claim("gpio.peripherals.pump.line", '"pump"', 17),
    ]


def test_chip_select_that_no_chip_has_can_be_freed() -> None:
    def freed(*peripherals: PeripheralOptions, analog: AnalogOptions | None = None) -> set[int]:
        options = GpioOptions(analog=analog, peripherals={one.name: one for one in peripherals})
        return {claim.line for claim in claims(options) if claim.freed_by}

    first = AdcOptions(name="first", type="mcp3008", pin="V6")
    assert freed(first) == {7}
    assert freed(analog=AnalogOptions("mcp3008")) == {7}
    assert freed(SOIL) == set()
    assert freed(first, analog=AnalogOptions("mcp3008", device=1)) == set()
    assert spi_devices(gpio(first, SOIL, RELAY)) == {0, 1}


def test_plain_lines_are_those_of_peripherals_and_direct_pins() -> None:
    assert plain_lines(gpio(RELAY, KNOB, SOIL, TUB, direct=(13,))) == {5, 6, 13, 17}
    assert plain_lines(gpio(RELAY)) == {17}
