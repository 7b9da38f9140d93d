import json

import pytest

from blynk_gateway.api.faults import RequestError
from blynk_gateway.api.v1.schema import JSON_SCHEMAS, Field, Kind, _checked
from blynk_gateway.core.json_text import Literal


def test_every_kind_has_a_json_schema() -> None:
    assert set(JSON_SCHEMAS) == set(Kind)
    assert json.dumps(list(JSON_SCHEMAS.values()))


@pytest.mark.parametrize(
    ("kind", "found", "expected"),
    [
        (Kind.TEXT, "a", "a"),
        (Kind.TEXT, "", ""),
        (Kind.NUMBER, Literal("2.5"), 2.5),
        (Kind.VALUE, "a", ("a",)),
        (Kind.VALUE, Literal("2.50"), ("2.50",)),
        (Kind.VALUE, [], ()),
        (Kind.FLAG, False, False),
        (Kind.TEXTS, [], ()),
        (Kind.TEXTS, ["a", "\ud800"], ("a", "\ufffd")),
    ],
)
def test_field_of_its_kind_is_taken(kind: Kind, found: object, expected: object) -> None:
    assert _checked("x", Field(kind, "something"), found) == expected


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (Kind.TEXT, Literal("5")),
        (Kind.TEXT, None),
        (Kind.TEXT, True),
        (Kind.NUMBER, "5"),
        (Kind.NUMBER, True),
        (Kind.NUMBER, Literal("1e999")),
        (Kind.VALUE, None),
        (Kind.VALUE, {}),
        (Kind.FLAG, Literal("1")),
        (Kind.FLAG, "true"),
        (Kind.TEXTS, "a"),
        (Kind.TEXTS, ["a", Literal("1")]),
    ],
)
def test_field_of_another_kind_is_refused_by_path(kind: Kind, found: object) -> None:
    with pytest.raises(RequestError, match=r"^body\.x: wrong type; expected something$"):
        _checked("x", Field(kind, "something"), found)
