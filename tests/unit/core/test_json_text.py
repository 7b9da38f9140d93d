"""JSON that peers send: nothing in it changes, and nothing hostile passes."""

import contextlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.json_text import (
    DIGITS,
    WORDS,
    Literal,
    decode_json,
    scalar_text,
    scalar_texts,
    whole_number,
)
from blynk_gateway.core.value import PinValue


def test_numbers_stay_as_written() -> None:
    parsed = decode_json("[21.50, 1e400, -0, 123456789012345678901234567890]")
    assert parsed == ["21.50", "1e400", "-0", "123456789012345678901234567890"]
    assert all(isinstance(one, Literal) for one in parsed)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "Expecting value at character 0"),
        ("{'v5': 1}", " at character 1"),
        ('{"v5": 1} x', "Extra data at character 10"),
        ('{"v5": 1, "v5": 2}', "a key stands twice"),
        ('{"v5": NaN}', "it holds NaN, which is no number"),
        ('{"v5": -Infinity}', "it holds -Infinity, which is no number"),
        ("[" * 60_000, "it is nested too deep"),
        ('{"a":' * 12_000, "it is nested too deep"),
    ],
)
def test_hostile_json_is_refused_with_the_reason(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        decode_json(text)


@given(st.text(max_size=100))
def test_any_text_is_json_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        decode_json(text)


@pytest.mark.parametrize(
    ("text", "truths", "texts"),
    [
        ('"on"', WORDS, ("on",)),
        ("21.50", WORDS, ("21.50",)),
        ("true", WORDS, ("true",)),
        ('["a", 1, false]', DIGITS, ("a", "1", "0")),
        ('"\\ud800"', DIGITS, ("\N{REPLACEMENT CHARACTER}",)),
        ("[]", DIGITS, ()),
        ("null", DIGITS, None),
        ("[1, null]", DIGITS, None),
        ("[[1]]", DIGITS, None),
        ("{}", DIGITS, None),
    ],
)
def test_texts_are_those_of_a_scalar_or_of_an_array_of_scalars(
    text: str, truths: Mapping[bool, str], texts: PinValue | None
) -> None:
    assert scalar_texts(decode_json(text), truths) == texts


def test_an_array_is_no_scalar() -> None:
    assert scalar_text(["1"], DIGITS) is None
    assert scalar_text(Literal("1.0"), DIGITS) == "1.0"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Literal("12"), 12),
        (Literal("-1"), -1),
        (Literal("1.0"), None),
        (Literal("1e3"), None),
        (Literal("9" * 16), None),
        (Literal(" 1"), None),
        (Literal("1\n"), None),
        (Literal("1_0"), None),
        (Literal("+1"), None),
        (Literal("\N{ARABIC-INDIC DIGIT ONE}"), None),
        ("12", None),
        (True, None),
        (None, None),
    ],
)
def test_whole_numbers_of_json_alone_count(item: object, expected: int | None) -> None:
    assert whole_number(item) == expected
