from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options

OptionsOf = Callable[[str], Options]


@pytest.fixture
def warnings_of(options_of: OptionsOf, tmp_path: Path) -> Callable[[str], list[str]]:
    """Loads a text that can be used; its warnings, the directory left out."""

    def warn(text: str) -> list[str]:
        return [each.replace(f"{tmp_path}/", "") for each in options_of(text).warnings]

    return warn


WarningsOf = Callable[[str], list[str]]


def gpio(text: str) -> str:
    return f"gpio:\n  peripherals:\n    x: {{pin: V1, {text}}}\n"


def test_plain_lines_get_no_warning(warnings_of: WarningsOf) -> None:
    lines = [line for line in range(4, 28) if line not in (7, 8, 9, 10, 11, 14, 15)]
    assert warnings_of(f"gpio: {{direct: {lines}}}") == []
    assert warnings_of("gpio: {direct: all}") == []
    assert warnings_of(gpio("type: energenie, socket: 1")) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (1, "HAT EEPROM ID_SC; the firmware looks for a HAT there at each boot, use another line"),
        (2, "I²C SDA; it works as a plain line only without dtparam=i2c_arm=on in config.txt"),
        (9, "SPI 0 MISO; it works as a plain line only without dtparam=spi=on in config.txt"),
        (15, "UART RXD; it works as a plain line only without enable_uart=1 in config.txt"),
    ],
)
def test_line_of_a_bus_is_a_warning(warnings_of: WarningsOf, line: int, told: str) -> None:
    assert warnings_of(gpio(f"type: relay, line: {line}")) == [
        f"gateway.yaml:3: gpio.peripherals.x.line: warning: found GPIO {line}, which is {told}"
    ]
    assert warnings_of(f"gpio:\n  direct:\n    - 5\n    - {line}\n") == [
        f"gateway.yaml:4: gpio.direct: warning: found GPIO {line}, which is {told}"
    ]


def test_converter_on_the_spi_bus_is_where_it_belongs(warnings_of: WarningsOf) -> None:
    assert warnings_of(gpio("type: mcp3008")) == []
    assert warnings_of("gpio: {analog: {type: mcp3008}}") == []


def test_servo_without_hardware_pwm_is_a_warning(warnings_of: WarningsOf) -> None:
    assert warnings_of(gpio("type: servo, line: 17")) == [
        "gateway.yaml:3: gpio.peripherals.x.line: warning: found GPIO 17, which has no hardware"
        " PWM: the servo will jitter; use 12, 13, 18 or 19"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "type: angular_servo, line: 19",
        "type: servo, line: 17, hardware_pwm: never",
        "type: pwm, line: 17",
        "type: pwm, line: 13, hardware_pwm: auto",
    ],
)
def test_line_with_hardware_pwm_or_no_need_of_it_is_fine(
    warnings_of: WarningsOf, text: str
) -> None:
    assert warnings_of(gpio(text)) == []


def test_pwm_that_asks_for_hardware_in_vain_is_a_warning(warnings_of: WarningsOf) -> None:
    assert warnings_of(gpio("type: pwm, line: 17, hardware_pwm: auto")) == [
        "gateway.yaml:3: gpio.peripherals.x.hardware_pwm: warning: found GPIO 17, which has no"
        " hardware PWM: it will have steps of 1 %; use 12, 13, 18 or 19"
    ]


def test_interlock_of_one_is_a_warning(warnings_of: WarningsOf) -> None:
    assert warnings_of(gpio("type: relay, line: 5, interlock: blinds")) == [
        "gateway.yaml:3: gpio.peripherals.x.interlock: warning: found blinds, which no other has:"
        " it keeps nothing apart; is it misspelt?"
    ]
    more = "    y: {pin: V2, type: relay, line: 6, interlock: blinds}\n"
    assert warnings_of(gpio("type: relay, line: 5, interlock: blinds") + more) == []
