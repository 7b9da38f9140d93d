import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.errors import InvalidValue
from blynk_gateway.mqtt.bindings.numbers import Scaling


@pytest.mark.parametrize(
    ("text", "scale", "offset", "digits", "expected"),
    [
        ("21.50", 1, 0, None, "21.50"),
        ("on", 1, 0, None, "on"),
        ("215", 0.1, 0, None, "21.5"),
        ("3", 0.1, 0, None, "0.3"),
        ("100", 1.8, 32, None, "212"),
        ("21.46", 1, 0, 1, "21.5"),
        ("21.04", 1, 0, 1, "21"),
        ("0.5", 1, 0, 0, "1"),
        ("2.5", 1, 0, 0, "3"),
        ("-0.4", 1, 0, 0, "0"),
        ("1e2", 2, 0, None, "200"),
        (" 7", 2, 0, None, "14"),
        ("1.7e308", 1, 0, 2, "1.7e+308"),
        ("1e-300", 2, 0, None, "2e-300"),
        ("1" * 300, 1, 0, 0, "1.11111111111111e+299"),
    ],
)
def test_number_is_scaled_then_shifted_then_rounded(
    text: str, scale: float, offset: float, digits: int | None, expected: str
) -> None:
    assert Scaling(scale, offset, digits).apply(text) == expected


@pytest.mark.parametrize("text", ["", "on", "nan", "inf", "1_000", "0x10", "٣", "1e999"])
def test_what_is_no_number_is_refused_where_one_is_asked_for(text: str) -> None:
    scaling = Scaling(2, 0, None)
    with pytest.raises(InvalidValue, match="expected a number"):
        scaling.apply(text)
    with pytest.raises(InvalidValue, match="expected a number"):
        scaling.undo(text)


def test_way_back_does_not_round() -> None:
    assert Scaling(2.55, 0, 0).undo("128") == "50.196078431372549"


numbers = st.decimals(-(10**9), 10**9, places=3).map(lambda one: f"{one:f}")
scales = st.floats(0.001, 1000) | st.floats(-1000, -0.001)


@given(numbers, scales, st.floats(-1000, 1000).map(lambda one: round(one, 3)))
def test_what_went_out_comes_back_the_same(text: str, scale: float, offset: float) -> None:
    scaling = Scaling(round(scale, 3), offset, None)
    assert float(scaling.apply(scaling.undo(text))) == pytest.approx(float(text), abs=1e-5)


@given(st.integers(0, 255), st.sampled_from([2.55, 0.01, 0.1, 3, 10]))
def test_whole_numbers_come_back_exactly(number: int, scale: float) -> None:
    scaling = Scaling(scale, 0, 0)
    assert scaling.apply(scaling.undo(str(number))) == str(number)
