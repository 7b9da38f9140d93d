import pytest

from blynk_gateway.core.header import (
    FIXED_PULL_OHM,
    HARDWARE_PWM_LINES,
    LINE_USES,
    LINES,
    ONE_WIRE_LINE,
    SPI0_BUS,
    SPI0_CHIP_SELECTS,
    SPI0_LINES,
    Bus,
    Pulls,
    fixed_pull,
    line_use,
    line_uses,
)


def test_lines_of_the_header_are_0_to_27() -> None:
    assert list(LINES) == list(range(28))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (0, "HAT EEPROM ID_SD"),
        (1, "HAT EEPROM ID_SC"),
        (2, "I²C SDA"),
        (3, "I²C SCL"),
        (4, "1-Wire data"),
        (7, "SPI 0 CE1"),
        (8, "SPI 0 CE0"),
        (9, "SPI 0 MISO"),
        (10, "SPI 0 MOSI"),
        (11, "SPI 0 SCLK"),
        (14, "UART TXD"),
        (15, "UART RXD"),
        (16, "SPI 1 CE2"),
        (18, "hardware PWM 0"),
    ],
)
def test_other_use_of_a_line_is_named_with_its_role(line: int, told: str) -> None:
    assert str(line_use(line)) == told


@pytest.mark.parametrize("line", [5, 6, 22, 23, 24, 25, 26, 27, 28, -1])
def test_plain_lines_have_no_other_use(line: int) -> None:
    assert line_use(line) is None
    assert line_uses(line) == ()


def test_all_uses_of_a_shared_line_are_known() -> None:
    assert [use.bus for use in line_uses(19)] == [Bus.PWM, Bus.PCM, Bus.SPI1]
    assert LINE_USES.keys() <= set(LINES)


def test_hardware_pwm_is_on_four_lines_only() -> None:
    assert {12, 13, 18, 19} == HARDWARE_PWM_LINES


def test_lines_of_the_buses_are_those_of_the_table() -> None:
    assert {n for n, uses in LINE_USES.items() if uses[0].bus is Bus.SPI0} == SPI0_LINES
    assert [line_uses(line)[0].role for line in SPI0_CHIP_SELECTS] == ["CE0", "CE1"]
    assert [line_uses(line)[0].role for line in SPI0_BUS] == ["MISO", "MOSI", "SCLK"]
    assert line_uses(ONE_WIRE_LINE)[0].bus is Bus.ONE_WIRE


def test_only_the_i2c_lines_have_a_soldered_pull() -> None:
    assert {line: fixed_pull(line) for line in LINES if fixed_pull(line)} == {
        2: Pulls.UP,
        3: Pulls.UP,
    }
    assert FIXED_PULL_OHM == 1800
