from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from blynk_gateway.config.fault import Rejected, Report
from blynk_gateway.config.kinds import Key, MapOf, Scalar, Section
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.typed import TYPE, Typed


@dataclass(frozen=True)
class Shape:
    type: str
    name: str = ""
    radius: int = 1
    side: int = 2
    colour: str = "black"


WORD = Scalar(str, "a word", str)
NUMBER = Scalar(int, "a number", str)
_COLOUR = Key("colour", WORD)
CIRCLE = Section(Shape, (TYPE, Key("radius", NUMBER), _COLOUR), required=("radius",))
SQUARE = Section(Shape, (TYPE, Key("side", NUMBER), _COLOUR))
SHAPES = Typed({"circle": CIRCLE, "square": SQUARE, "tile": SQUARE, "field": SQUARE, "box": SQUARE})


@pytest.fixture
def scope() -> Scope:
    return Scope(Path("a.yaml"), Report(), {})


def read(text: str, scope: Scope) -> Shape:
    node = yaml.compose(text)
    assert isinstance(node, yaml.Node)
    scope.note("top", node)
    return SHAPES.read(node, "top", scope)


def complaints(scope: Scope) -> list[str]:
    return [str(fault) for fault in scope.report.faults]


def test_type_chooses_the_keys(scope: Scope) -> None:
    assert read("{radius: 5, type: circle}", scope) == Shape("circle", radius=5)
    assert read("{type: tile, side: 7}", scope) == Shape("tile", side=7)
    assert complaints(scope) == []


def test_entry_without_type_is_told_the_types(scope: Scope) -> None:
    with pytest.raises(Rejected):
        read("{radius: 5}", scope)
    assert complaints(scope) == [
        "a.yaml:1: top: found no type, expected one of circle, square, tile, field, box"
    ]


def test_unknown_type_gets_the_nearest_one(scope: Scope) -> None:
    with pytest.raises(Rejected):
        read("\ntype: sqare", scope)
    assert complaints(scope) == [
        'a.yaml:2: top.type: found "sqare", expected one of circle, square, tile, field, box;'
        ' did you mean "square"?'
    ]


@pytest.mark.parametrize("text", ["{type: [circle]}", "{type: }", "{type: !secret circle}"])
def test_type_that_is_no_word_is_one_fault(scope: Scope, text: str) -> None:
    with pytest.raises(Rejected):
        read(text, scope)
    assert len(complaints(scope)) == 1


def test_key_of_another_type_is_named_as_such(scope: Scope) -> None:
    assert read("{type: square, radius: 5}", scope) == Shape("square")
    assert read("{type: circle, radius: 1, side: 3}", scope) == Shape("circle")
    assert complaints(scope) == [
        "a.yaml:1: top.radius: found a key of circle, which square does not have;"
        " expected one of type, side, colour",
        "a.yaml:1: top.side: found a key of square, tile, field and others, which circle does not"
        " have; expected one of type, radius, colour",
    ]


def test_misspelt_key_is_not_told_as_a_missing_one_too(scope: Scope) -> None:
    with pytest.raises(Rejected):
        read("{type: circle, raduis: 5}", scope)
    assert complaints(scope) == [
        "a.yaml:1: top.raduis: found an unknown key, expected one of type, radius, colour;"
        ' did you mean "radius"?',
    ]


def test_key_given_twice_is_one_fault(scope: Scope) -> None:
    assert read("{type: square, side: 3, side: 4}", scope).side == 3
    assert len(complaints(scope)) == 1


def test_settings_are_those_of_the_type(scope: Scope) -> None:
    shape = read("{type: square, side: 3}", scope)
    assert list(SHAPES.settings(shape, "top")) == [
        ("top.type", "square"),
        ("top.side", "3"),
        ("top.colour", "black"),
    ]
    assert SHAPES.flow(shape) == "{type: square, side: 3, colour: black}"


def test_entries_of_a_map_have_types_of_their_own(scope: Scope) -> None:
    node = yaml.compose("{one: {type: circle, radius: 4}, two: {type: box}}")
    assert isinstance(node, yaml.Node)
    kind = MapOf(WORD, ("name",), SHAPES, limit=2)
    assert kind.read(node, "top", scope) == {
        "one": Shape("circle", "one", radius=4),
        "two": Shape("box", "two"),
    }


def test_misspelt_type_key_is_told_instead_of_all_types(scope: Scope) -> None:
    with pytest.raises(Rejected):
        read("{tpye: circle, radius: 5}", scope)
    assert complaints(scope) == [
        'a.yaml:1: top.tpye: found an unknown key, expected type; did you mean "type"?'
    ]


def test_many_types_are_listed_only_where_none_is_near(scope: Scope) -> None:
    words = [f"kind{letter}" for letter in "abcdefghijklm"]
    many = Typed(dict.fromkeys(words, SQUARE))
    for word in ("kinda1", "zzz"):
        node = yaml.compose(f"type: {word}")
        assert isinstance(node, yaml.Node)
        with pytest.raises(Rejected):
            many.read(node, "top", scope)
    near, far = (fault.text for fault in scope.report.faults)
    assert near == 'found "kinda1", expected one of 13 types; did you mean "kinda"?'
    assert far == f'found "zzz", expected one of {", ".join(words)}'
