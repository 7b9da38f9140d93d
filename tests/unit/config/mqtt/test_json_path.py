import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.config.mqtt.json_path import (
    JSON_PATH,
    MAX_PATH_LENGTH,
    MAX_STEPS,
    format_json_path,
    parse_json_path,
)
from blynk_gateway.core.json_path import JsonPath

INDEXES = st.integers(0, 999_999)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("temperature", ("temperature",)),
        ("ENERGY.Power", ("ENERGY", "Power")),
        ("data.list[0].value", ("data", "list", 0, "value")),
        ("data.list.0.value", ("data", "list", 0, "value")),
        ("[2]", (2,)),
        ("0", (0,)),
        ("[0][1]", (0, 1)),
        ('["a b"]', ("a b",)),
        ('["$"]["{"]', ("$", "{")),
        ('["a.b"].c["0"]', ("a.b", "c", "0")),
        (r'["say \"hi\""]', ('say "hi"',)),
        ('[""]', ("",)),
        ("größe.a-b_c", ("größe", "a-b_c")),
        ("AM2301-0", ("AM2301-0",)),
        ("1234567", ("1234567",)),
    ],
)
def test_path_is_keys_and_indexes(text: str, path: JsonPath) -> None:
    assert parse_json_path(text) == path


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", ".a", "a.", "a..b", "a.[0]", "a[0]b", '["a"]b', "[]", "[-1]", "[1", "a]"),
        *("[1234567]", "[a]", '["a]', '["a"', "a b", '"a"', "a['b']", '["a"]["b]', "a.b "),
        *("$.a", "$", "a.$b", "{{a}}", "a{b}"),
        *('["\\ud800"]', '["\\x"]', '["a\nb"]', "a\nb", "\ud800"),
        "a" * (MAX_PATH_LENGTH + 1),
        "[0]" * (MAX_STEPS + 1),
    ],
)
def test_text_that_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the text of it is not used
        parse_json_path(text)


def test_longest_and_deepest_path_is_taken() -> None:
    assert parse_json_path("a" * MAX_PATH_LENGTH)
    assert parse_json_path("[0]" * MAX_STEPS) == (0,) * MAX_STEPS


@given(st.lists(st.one_of(INDEXES, KEYS), min_size=1, max_size=6).map(tuple))
def test_path_that_is_shown_is_the_same_path(path: JsonPath) -> None:
    text = format_json_path(path)
    if len(text) <= MAX_PATH_LENGTH:
        assert parse_json_path(text) == path


def test_plain_path_is_shown_as_people_write_it() -> None:
    assert format_json_path(("data", "list", 0, "a b", "0")) == 'data.list[0]["a b"]["0"]'
    assert JSON_PATH.show(("a b", "c")) == r'"[\"a b\"].c"'


@pytest.mark.parametrize("text", ["$.a.b", ".a.b", "{{ value_json.a.b }}", "{{value_json.a.b}}"])
def test_path_of_another_language_is_translated(text: str) -> None:
    assert JSON_PATH.likely is not None
    assert JSON_PATH.likely(text) == "a.b"
