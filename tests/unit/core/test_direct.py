import pytest

from blynk_gateway.core.direct import (
    MIN_EVERY_MS,
    DirectPin,
    PinMode,
    check_command,
    check_mode,
    first_use,
)
from blynk_gateway.errors import InvalidValue, NotWritable


@pytest.mark.parametrize("mode", PinMode)
def test_a_digital_pin_takes_every_mode(mode: PinMode) -> None:
    check_mode("D8", DirectPin(mode))


@pytest.mark.parametrize("mode", [PinMode.OUT, PinMode.PULL_UP, PinMode.PULL_DOWN])
def test_an_analog_pin_takes_no_digital_mode(mode: PinMode) -> None:
    with pytest.raises(InvalidValue, match=r"A0 cannot be .*; expected one of in, pwm"):
        check_mode("A0", DirectPin(mode))


def test_a_virtual_pin_has_no_mode() -> None:
    with pytest.raises(InvalidValue, match="V5 is virtual and has no mode"):
        check_mode("V5", DirectPin(PinMode.OUT))


def test_only_inputs_are_asked_and_not_too_often() -> None:
    check_mode("A0", DirectPin(PinMode.IN, MIN_EVERY_MS))
    with pytest.raises(InvalidValue, match="expected at least 50"):
        check_mode("A0", DirectPin(PinMode.IN, MIN_EVERY_MS - 1))
    with pytest.raises(InvalidValue, match="D8 is an output and cannot be asked"):
        check_mode("D8", DirectPin(PinMode.OUT, 1000))


def test_the_first_write_makes_an_output() -> None:
    assert first_use("D8") == (PinMode.OUT, None)
    assert first_use("A0") == (PinMode.PWM, None)


@pytest.mark.parametrize("mode", [PinMode.IN, PinMode.PULL_UP, PinMode.PULL_DOWN])
def test_an_input_takes_no_command(mode: PinMode) -> None:
    with pytest.raises(NotWritable, match="D8 is an input"):
        check_command("D8", DirectPin(mode), ("1",), 255)


@pytest.mark.parametrize("text", ["", "2", "-1", "on", "1.0", "01", "1 "])
def test_an_output_takes_0_and_1_only(text: str) -> None:
    check_command("D8", DirectPin(PinMode.OUT), ("0",), 255)
    check_command("D8", DirectPin(PinMode.OUT), ("1",), 255)
    with pytest.raises(InvalidValue, match="expected 0 or 1"):
        check_command("D8", DirectPin(PinMode.OUT), (text,), 255)


@pytest.mark.parametrize(
    "value", [("256",), ("-1",), ("1.5",), ("",), ("1", "2"), ("²",), ("9999",)]
)
def test_pwm_takes_whole_numbers_up_to_the_highest(value: tuple[str, ...]) -> None:
    for good in ("0", "128", "255"):
        check_command("D8", DirectPin(PinMode.PWM), (good,), 255)
    with pytest.raises(InvalidValue, match="expected a whole number 0 to 255"):
        check_command("D8", DirectPin(PinMode.PWM), value, 255)
