import pytest

from blynk_gateway.core.json_path import JsonPath, item_at, texts_at
from blynk_gateway.core.json_text import DIGITS, WORDS, decode_json
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue

DOCUMENT = decode_json(
    '{"a": {"b": [1.50, "x", true, null]}, "list": ["1", 2], "empty": [], "no": null}'
)


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        (("a", "b", 0), ("1.50",)),
        (("a", "b", 1), ("x",)),
        (("a", "b", 2), ("1",)),
        (("a", "b", 3), None),
        (("a", "b", 4), None),
        (("list",), ("1", "2")),
        (("empty",), None),
        (("no",), None),
        (("no", "deeper"), None),
        (("gone", "deeper"), None),
    ],
)
def test_what_stands_there_is_found_as_it_is_written(path: JsonPath, texts: PinValue) -> None:
    assert texts_at(DOCUMENT, path, DIGITS) == texts


def test_booleans_are_the_texts_that_are_asked_for() -> None:
    assert texts_at(DOCUMENT, ("a", "b", 2), WORDS) == ("true",)


def test_no_path_is_the_whole_document() -> None:
    assert item_at(DOCUMENT, ()) is DOCUMENT
    assert texts_at(decode_json("21.50"), (), DIGITS) == ("21.50",)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("list", "key"), "no object around 'key'"),
        (("a", 0), r"no list around \[0\]"),
        (("a",), "an object or a list"),
        (("a", "b"), "null"),
    ],
)
def test_something_else_is_refused_with_its_place(path: JsonPath, found: str) -> None:
    with pytest.raises(InvalidValue, match=f"the payload has {found} at '{path[0]}"):
        texts_at(DOCUMENT, path, DIGITS)
