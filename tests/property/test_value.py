import json
import math

from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.value import (
    MAX_PARAMETER_BYTES,
    MAX_VALUE_BYTES,
    PinValue,
    check_size,
    decode_value,
    encode_value,
    number,
    printable,
)
from blynk_gateway.errors import InvalidValue

# Any text at all, also what has no bytes: a JSON body can bring that.
anything = st.text(st.characters(codec=None, categories=None), max_size=50)


@given(st.binary(max_size=200))
def test_every_body_comes_back_unchanged(body: bytes) -> None:
    value = decode_value(body)
    assert encode_value(value) == body
    assert len(value) == body.count(b"\0") + 1


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_every_text_comes_back_unchanged(parameters: list[str]) -> None:
    value = (*parameters, "last")
    assert decode_value(encode_value(value)) == value


@given(st.lists(anything, min_size=1).map(tuple))
def test_every_text_has_bytes_and_what_is_read_back_stays(value: PinValue) -> None:
    body = encode_value(value)
    assert encode_value(decode_value(body)) == body


@given(anything)
def test_printable_text_is_valid_unicode_and_stays(text: str) -> None:
    shown = printable(text)
    assert shown.encode().decode() == shown
    assert printable(shown) == shown
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert shown == text


@given(st.lists(st.sampled_from(["", "x", "°", "\udcff", "\0"]), max_size=6), st.data())
def test_a_value_is_taken_exactly_if_its_body_fits(parts: list[str], data: st.DataObject) -> None:
    value = tuple(part * data.draw(st.integers(0, 1100)) for part in parts)
    fits = (
        bool(value)
        and all(len(encode_value((one,))) <= MAX_PARAMETER_BYTES for one in value)
        and len(encode_value(value)) <= MAX_VALUE_BYTES
        and len(decode_value(encode_value(value))) == len(value)
    )
    try:
        check_size(value)
    except InvalidValue:
        assert not fits
    else:
        assert fits


@given(anything)
def test_a_number_is_finite_and_fit_for_json(text: str) -> None:
    found = number((text,))
    if found is not None:
        assert math.isfinite(found)
        assert json.loads(json.dumps(found)) == found


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_read_as_written(value: float) -> None:
    assert number((repr(value),)) == value
