"""Values as payloads, and what anybody may send instead."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blynk_gateway.core.value import (
    MAX_PARAMETER_BYTES,
    MAX_VALUE_BYTES,
    PinValue,
    check_size,
    printable,
)
from blynk_gateway.errors import InvalidValue
from blynk_gateway.mqtt.payload import (
    MAX_JSON_BYTES,
    decode_payload,
    find_value,
    parse_json,
    parse_payload,
    value_payload,
)

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50)
tricky = st.lists(
    st.sampled_from(['"', "[", "]", ",", "1", "-", ".", "a", "\\", " ", "\n", "{", "}", "true"])
).map("".join)
anything = st.text(st.characters(codec=None, categories=None), max_size=50)


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        (("21.50",), "21.50"),
        (("",), ""),
        (("grün\n",), "grün\n"),
        (("1", "2"), '["1", "2"]'),
        (("", ""), '["", ""]'),
        (("grün", 'a"b'), '["grün", "a\\"b"]'),
        # Not mistaken for an array, so it stands as it is.
        (("[auto]",), "[auto]"),
        (("[]",), "[]"),
        (('{"a": [1]}',), '{"a": [1]}'),
        (('[{"a": 1}]',), '[{"a": 1}]'),
        (("[null]",), "[null]"),
        (("[1",), "[1"),
        (("[1] ",), "[1] "),
        # Would be taken for two parameters.
        (("[1,2]",), '["[1,2]"]'),
        (('["a"]',), '["[\\"a\\"]"]'),
    ],
)
def test_value_is_published_as_it_stands_and_read_back(value: PinValue, payload: str) -> None:
    assert value_payload(value) == payload
    assert parse_payload(payload.encode()) == value


@given(st.one_of(st.tuples(text | tricky), st.lists(text | tricky, min_size=1).map(tuple)))
@example(("[" * 2000 + "]" * 2000,))
@example(("\x01" * MAX_PARAMETER_BYTES,) * 3)
@example(("",) * (MAX_VALUE_BYTES + 1))
@example(("[" + "1" * 5000 + "]",))
@example(("[NaN]",))
def test_every_value_comes_back_unchanged(value: PinValue) -> None:
    assert parse_payload(value_payload(value).encode()) == value


@given(st.lists(anything, min_size=1).map(tuple))
def test_what_is_no_text_is_shown_and_never_breaks_a_payload(value: PinValue) -> None:
    # Surrogates of which one cannot tell bytes from halves of characters.
    value = tuple(one.replace("\0", "") for one in value)
    payload = value_payload(value).encode()
    assert parse_payload(payload) == tuple(printable(one) for one in value)


@given(st.binary(max_size=200))
@example(b'["\\ud800"]')
@example(b'["\\u0000"]')
def test_any_bytes_are_a_value_or_refused(payload: bytes) -> None:
    try:
        value = parse_payload(payload)
    except InvalidValue:
        return
    assert value
    for parameter in value:
        parameter.encode()


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        ("[255, 0, 0.50]", ("255", "0", "0.50")),
        ("[true, false]", ("1", "0")),
        ('[""]', ("",)),
        ("[1e999]", ("1e999",)),
        ("[" + "9" * 5000 + "]", ("9" * 5000,)),
        (" [1]", (" [1]",)),
        ("1\n", ("1\n",)),
        ("\x01", ("\x01",)),
    ],
)
def test_numbers_and_booleans_of_an_array_are_parameters(payload: str, value: PinValue) -> None:
    assert parse_payload(payload.encode()) == value


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b"\xff\xfe", "no text in UTF-8"),
        (b"[\xff]", "no text in UTF-8"),
        (b"1\x002", "zero byte"),
        (b"x" * (MAX_VALUE_BYTES + 1), "4097 bytes; expected at most 4096"),
        (b"x" * 1_000_000, "1000000 bytes"),
        (b"[" + b"1," * MAX_JSON_BYTES + b"1]", "expected at most 65536"),
        # No array, so it is a text, and too long for one.
        (b"[" * 5000 + b"]" * 5000, "10000 bytes; expected at most 4096"),
    ],
)
def test_what_is_no_value_is_refused_with_the_reason(payload: bytes, complaint: str) -> None:
    with pytest.raises(InvalidValue, match=complaint):
        parse_payload(payload)


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b'{"v5": 1', "no plain JSON: Expecting .* at character 8"),
        (b'{"v5": 1, "v5": 2}', "no plain JSON: a key stands twice"),
        (b"\xff", "no text in UTF-8"),
        (b'"' + b"x" * MAX_JSON_BYTES + b'"', "65538 bytes; expected at most 65536"),
    ],
)
def test_hostile_json_is_refused_with_the_reason(payload: bytes, complaint: str) -> None:
    with pytest.raises(InvalidValue, match=complaint):
        parse_json(payload)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("21.50", ("21.50",)),
        ('["a", 1, false]', ("a", "1", "0")),
        ("null", None),
        ("[]", None),
    ],
)
def test_a_value_is_a_scalar_or_an_array_of_scalars(body: str, value: PinValue | None) -> None:
    assert find_value(parse_json(body.encode())) == value


def test_longest_value_with_the_worst_escapes_fits_into_what_is_read() -> None:
    value = ("\x01" * 1023,) * 4
    check_size(value)
    payload = value_payload(value)
    assert len(json.loads(payload)) == 4
    assert len(payload) < MAX_JSON_BYTES // 2


def test_text_within_the_limit_is_decoded() -> None:
    assert decode_payload("°C".encode(), 3) == "°C"
    with pytest.raises(InvalidValue, match="3 bytes; expected at most 2"):
        decode_payload("°C".encode(), 2)
