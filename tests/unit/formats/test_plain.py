import pytest

from blynk_gateway.formats.plain import PlainValue, plain_number, plain_value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (("21.0",), 21),
        (("21.50",), 21.5),
        (("-0",), 0),
        (("1e300",), 1e300),
        (("9007199254740993",), 9007199254740992.0),
        (("inf",), "inf"),
        (("on",), "on"),
        (("1", "2"), ["1", "2"]),
        ((), []),
        (("\udcff",), "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_value_is_a_number_where_it_is_one(value: tuple[str, ...], shown: PlainValue) -> None:
    found = plain_value(value, is_text=False)
    assert (found, type(found)) == (shown, type(shown))


def test_text_stays_text_even_if_it_looks_like_a_number() -> None:
    assert plain_value(("007",), is_text=True) == "007"


def test_whole_numbers_lose_their_point_only_where_that_is_exact() -> None:
    assert isinstance(plain_number(3.0), int)
    assert isinstance(plain_number(2.0**60), float)
