import contextlib

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.api.bodies import (
    MAX_QUERY_FIELDS,
    json_value,
    only_field,
    parse_json,
    parse_query,
    pin_value,
)
from blynk_gateway.api.faults import RequestError
from blynk_gateway.core.json_text import Literal


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nan",
        b"[NaN]",
        b"-Infinity",
        b"\xff",
        b"[" * 100_000,
        b'"\\x"',
        b"1 2",
        b'{"a": 1, "a": 2}',
    ],
)
def test_anything_but_json_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError):
        parse_json(body)


@given(st.binary(max_size=100))
def test_any_bytes_are_json_or_refused(body: bytes) -> None:
    with contextlib.suppress(RequestError):
        parse_json(body)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("v1", {"v1": [""]}),
        ("v1=a&v2=&v1=b", {"v1": ["a", "b"], "v2": [""]}),
        ("a+b=c%20d", {"a b": ["c d"]}),
        ("v1=%FF", {"v1": ["\udcff"]}),
        ("v1=%00", {"v1": ["\0"]}),
        ("v1=%C3%BC", {"v1": ["ü"]}),
        ("v1=%zz", {"v1": ["%zz"]}),
        ("=x&&", {"": ["x"]}),
    ],
)
def test_query_is_parsed_in_order(query: str, expected: dict[str, list[str]]) -> None:
    assert parse_query(make_mocked_request("GET", f"/get?{query}")) == expected


def test_query_of_too_many_fields_is_refused() -> None:
    with pytest.raises(RequestError, match="1024 fields"):
        parse_query(make_mocked_request("GET", "/get?" + "&".join(["v"] * (MAX_QUERY_FIELDS + 1))))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("a", ("a",)),
        (Literal("1.0"), ("1.0",)),
        (True, ("true",)),
        (False, ("false",)),
        (["a", Literal("1")], ("a", "1")),
        ([], ()),
        ("a\0b", ("a", "b")),
        ("\udc80", ("\N{REPLACEMENT CHARACTER}",)),
        (None, None),
        ({}, None),
        ([[]], None),
        (["a", None], None),
    ],
)
def test_json_becomes_a_pin_value_or_nothing(
    item: object, expected: tuple[str, ...] | None
) -> None:
    assert json_value(item) == expected


def test_no_parameter_is_no_value() -> None:
    assert pin_value([]) == ()
    assert pin_value([""]) == ("",)


def test_field_of_a_query_is_its_first_value_fit_for_people() -> None:
    assert only_field({"a": ["\udcff", "b"]}, "a") == "\N{REPLACEMENT CHARACTER}"
    assert only_field({}, "a") is None
