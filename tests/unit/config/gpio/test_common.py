from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.gpio.inputs import EncoderOptions
from blynk_gateway.config.gpio.outputs import MotorOptions, RgbOptions


def test_lines_come_with_the_option_that_names_them() -> None:
    encoder = EncoderOptions(name="knob", type="encoder", pin="V1", a=5, b=6)
    assert list(encoder.lines()) == [("a", 5), ("b", 6)]
    rgb = RgbOptions(name="mood", type="rgb", pin="V1", red=1, green=2, blue=3)
    assert list(rgb.lines()) == [("red", 1), ("green", 2), ("blue", 3)]


def test_line_that_is_not_given_is_left_out() -> None:
    motor = MotorOptions(name="gate", type="motor", pin="V1", forward=5, backward=6)
    assert list(motor.lines()) == [("forward", 5), ("backward", 6)]


def test_peripheral_without_lines_has_none() -> None:
    assert list(PeripheralOptions(name="router", type="ping", pin="V1").lines()) == []
