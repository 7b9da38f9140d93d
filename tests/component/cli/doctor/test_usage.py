from blynk_gateway.cli.doctor.usage import LineUser, line_users, spi_users, uses_lines
from blynk_gateway.config.gpio.inputs import AdcOptions
from blynk_gateway.config.gpio.options import AnalogOptions, GpioOptions
from blynk_gateway.config.gpio.outputs import OutputOptions, RgbOptions
from blynk_gateway.config.gpio.sensors import OneWireOptions

PUMP = OutputOptions(name="pump", type="relay", pin="V1", line=17)
LAMP = RgbOptions(name="lamp", type="rgb", pin="V2", red=5, green=6, blue=13)
SOIL = AdcOptions(name="soil", type="mcp3008", pin="V3", device=1)
POND = OneWireOptions(name="pond", type="ds18b20", pin="V4")


def test_every_plain_line_is_named_and_those_of_the_bus_are_not() -> None:
    peripherals = {one.name: one for one in (PUMP, LAMP, SOIL, POND)}
    options = GpioOptions(direct=(22,), analog=AnalogOptions("mcp3208"), peripherals=peripherals)
    assert list(line_users(options)) == [
        (17, "pump.line"),
        (5, "lamp.red"),
        (6, "lamp.green"),
        (13, "lamp.blue"),
        (22, "direct"),
    ]
    assert list(spi_users(options)) == [(1, "soil (mcp3008)"), (0, "gpio.analog (mcp3208)")]
    assert str(LineUser(17, "pump.line")) == "GPIO17 (pump.line)"


def test_only_what_needs_no_line_needs_no_back_end() -> None:
    assert not uses_lines(GpioOptions())
    assert not uses_lines(GpioOptions(peripherals={"pond": POND}))
    assert uses_lines(GpioOptions(peripherals={"soil": SOIL}))
    assert uses_lines(GpioOptions(peripherals={"pump": PUMP}))
    assert uses_lines(GpioOptions(direct=None))
    assert uses_lines(GpioOptions(analog=AnalogOptions("mcp3008")))
