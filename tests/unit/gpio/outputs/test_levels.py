import pytest

from blynk_gateway.config.gpio.common import Range
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.outputs.levels import (
    between,
    from_fraction,
    is_close,
    levels_text,
    number_text,
    parse_levels,
    to_fraction,
)

BYTE = Range(0, 255)
INVERTED = Range(100, 0)


@pytest.mark.parametrize(
    ("level", "text"),
    [
        (128.0, "128"),
        (0.0, "0"),
        (-0.0, "0"),
        (-0.00000001, "0"),
        (12.5, "12.5"),
        (-90.0, "-90"),
        (0.1 + 0.2, "0.3"),
        (100.0, "100"),
        (1e15, "1000000000000000"),
    ],
)
def test_numbers_have_no_needless_decimals(level: float, text: str) -> None:
    assert number_text(level) == text


def test_each_level_is_a_parameter() -> None:
    assert levels_text((255.0, 0.0, 12.5)) == ("255", "0", "12.5")


@pytest.mark.parametrize("value", [("128",), ("128.0",), ("1.28e2",)])
def test_a_number_within_the_limits_is_a_level(value: tuple[str, ...]) -> None:
    assert parse_levels("V1", value, BYTE, 1) == (128.0,)


def test_limits_may_be_the_wrong_way_round() -> None:
    assert parse_levels("V1", ("100",), INVERTED, 1) == (100.0,)
    assert parse_levels("V1", ("0",), INVERTED, 1) == (0.0,)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ((), 1),
        (("",), 1),
        (("nan",), 1),
        (("256",), 1),
        (("-1",), 1),
        (("1", "2"), 1),
        (("blink",), 1),
        (("1", "2"), 3),
        (("1", "2", "x"), 3),
        (("1", "2", "256"), 3),
        (("1", "2", "3", "4"), 3),
    ],
)
def test_anything_else_is_refused(value: tuple[str, ...], count: int) -> None:
    with pytest.raises(InvalidValue, match=r"^V1 was given .*; expected .* from 0 to 255$"):
        parse_levels("V1", value, BYTE, count)


def test_a_level_and_its_fraction_stand_for_each_other() -> None:
    assert to_fraction(127.5, BYTE) == 0.5
    assert from_fraction(0.5, BYTE) == 127.5
    assert to_fraction(100, INVERTED) == 0
    assert to_fraction(0, INVERTED) == 1
    assert from_fraction(0.25, INVERTED) == 75


def test_fractions_never_leave_what_hardware_takes() -> None:
    assert to_fraction(256, BYTE) == 1
    assert to_fraction(-1, BYTE) == 0


def test_what_a_library_rounds_is_close() -> None:
    assert is_close([0.5, 0.295], [0.5, 0.29])
    assert not is_close([0.5, 0.3], [0.5, 0.28])


def test_a_way_ends_exactly_at_its_end() -> None:
    assert between((0.0, 10.0), (10.0, 0.0), 0.25) == (2.5, 7.5)
    assert between((0.1,), (0.7,), 1.0) == (0.7,)
