import pytest

from blynk_gateway.core.value import (
    MAX_PARAMETER_BYTES,
    MAX_VALUE_BYTES,
    PinValue,
    check_size,
    decode_value,
    encode_value,
    number,
    numbers,
    printable,
    printable_value,
)
from blynk_gateway.errors import InvalidValue


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"1", ("1",)),
        (b"1.0", ("1.0",)),
        (b"", ("",)),
        (b"255\x000\x00127", ("255", "0", "127")),
        (b"1\x00", ("1", "")),
        ("21 °C".encode(), ("21 °C",)),
        (b"\xff\xfe", ("\udcff\udcfe",)),
    ],
)
def test_body_becomes_a_value_and_the_same_body_again(body: bytes, value: PinValue) -> None:
    assert decode_value(body) == value
    assert encode_value(value) == body


def test_text_that_has_no_bytes_is_replaced_and_its_neighbours_stay() -> None:
    assert encode_value(("a\ud800\udcff",)) == b"a\xef\xbf\xbd\xff"


@pytest.mark.parametrize(
    "value",
    [
        ("",),
        ("x" * MAX_PARAMETER_BYTES,),
        ("°" * (MAX_PARAMETER_BYTES // 2),),
        ("\udcff" * MAX_PARAMETER_BYTES,),
        ("x" * 1023,) * 4,
    ],
)
def test_value_within_the_limits_is_taken(value: PinValue) -> None:
    check_size(value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ((), "no parameter"),
        (("x" * (MAX_PARAMETER_BYTES + 1),), "has 1025 bytes; expected at most 1024"),
        (("1", "°" * 513), "has 1026 bytes; expected at most 1024"),
        (("x" * 1024,) * 4, f"has 4099 bytes; expected at most {MAX_VALUE_BYTES}"),
        (("",) * (MAX_VALUE_BYTES + 2), "has 4097 bytes"),
        (("1\0002",), "zero byte"),
    ],
)
def test_value_beyond_the_limits_is_refused_with_what_was_found(
    value: PinValue, found: str
) -> None:
    with pytest.raises(InvalidValue, match=found):
        check_size(value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("21.5", "21.5"),
        ("21 °C", "21 °C"),
        ("a\udcffb", "a\N{REPLACEMENT CHARACTER}b"),
        ("\ud800b", "\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_printable_text_is_valid_unicode(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable_value((text, "1")) == [shown, "1"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("1", 1.0), ("25.500", 25.5), ("-7", -7.0), ("1e3", 1000.0), ("+.5", 0.5), (" 5 ", 5.0)],
)
def test_number_reads_what_stock_clients_send(text: str, found: float) -> None:
    assert number((text,)) == found


@pytest.mark.parametrize(
    "value",
    [("",), ("on",), ("nan",), ("inf",), ("-inf",), ("ovf",), ("1e999",), ("1_000",), ("\u0665",)],
)
def test_what_is_no_finite_number_is_none(value: PinValue) -> None:
    assert number(value) is None


def test_several_parameters_are_no_number() -> None:
    assert number(("1", "2")) is None


@pytest.mark.parametrize(
    "values",
    [
        [],
        [("1",), ("-2.5",), (" 1e3 ",)],
        [("1",), ("nan",), ("2",)],
        [("1",), ("inf",)],
        [("1_000",), ("2",)],
        [("1", "2"), ("3",)],
        [("on",), ("3",)],
        [("\u0663",), ("3",)],
        [("",), ("3",)],
    ],
)
def test_numbers_of_many_are_those_of_each(values: list[PinValue]) -> None:
    assert list(numbers(values)) == [number(value) for value in values]
