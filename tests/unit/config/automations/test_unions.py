from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.config import nodes
from blynk_gateway.config.automations.unions import (
    Form,
    Forms,
    Made,
    OneKey,
    OneOrMore,
    TextOr,
    given,
    paths_of,
)
from blynk_gateway.config.fault import Rejected, Report
from blynk_gateway.config.kinds import Key, Kind, Scalar, Section
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.links import Link
from blynk_gateway.core.location import Location

COUNT = Scalar(int, "a number", str)
COUNTS = OneOrMore(COUNT, "a number or a list", 3, least=1)
LINK = Form(
    Link,
    Section(Link, (Key("from", COUNT, "source"), Key("to", COUNT, "target")), ("source", "target")),
    lambda link: {"from": link.source, "to": link.target},
)
PLACE = Form(
    Location,
    Section(Location, (Key("at", COUNT, "latitude"), Key("to", COUNT, "longitude"))),
    lambda place: {"at": place.latitude, "to": place.longitude},
)
THING: Forms[object] = Forms("thing", {"from": LINK, "at": PLACE}, {"where": "at"}, "{at: home}")
ACT: OneKey[object] = OneKey(
    "act",
    {"count": COUNT, "place": TextOr("at", PLACE)},
    lambda value: "count" if isinstance(value, int) else "place",
    {"number": "count", "if": "it stands elsewhere"},
)


@pytest.fixture
def scope() -> Scope:
    return Scope(Path("f.yaml"), Report(), {})


def read(kind: Kind[Any], text: str, scope: Scope) -> object:
    root = nodes.compose_text(text, "f.yaml", scope.report)
    assert root is not None
    return kind.read(root, "top", scope)


def complaint(kind: Kind[Any], text: str, scope: Scope) -> str:
    with pytest.raises(Rejected):
        read(kind, text, scope)
    return "; ".join(f"{fault.key}: {fault.text}" for fault in scope.report.faults)


def test_one_is_as_good_as_a_list_of_one(scope: Scope) -> None:
    assert read(COUNTS, "5", scope) == read(COUNTS, "[5]", scope) == (5,)


def test_paths_are_those_of_the_file(scope: Scope) -> None:
    assert paths_of("top", 1, scope) == ["top"]
    read(COUNTS, "[1, 2]", scope)
    assert paths_of("top", 2, scope) == ["top[0]", "top[1]"]
    assert paths_of("top", 0, scope) == []


def test_with_a_faulty_entry_there_is_none(scope: Scope) -> None:
    assert complaint(COUNTS, "[1, a, b]", scope).count("expected a number") == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [("~", "found nothing"), ("[]", "an empty list"), ("[1, 2, 3, 4]", "at most 3")],
)
def test_too_few_and_too_many_are_faults(scope: Scope, text: str, told: str) -> None:
    assert told in complaint(COUNTS, text, scope)


def test_key_chooses_the_shape(scope: Scope) -> None:
    assert read(THING, "{from: 1, to: 2}", scope) == Link(1, 2)  # type: ignore[arg-type]  # numbers will do
    assert read(THING, "{to: 2, at: 1}", scope) == Location(1, 2)
    assert THING.flow(Location(1, 2)) == "{at: 1, to: 2}"


def test_without_such_a_key_the_nearest_is_told(scope: Scope) -> None:
    told = complaint(THING, "{form: 1}", scope)
    assert told == 'top: found no thing, expected one of from, at; did you mean "from"?'


def test_one_key_says_what_its_value_is(scope: Scope) -> None:
    assert read(ACT, "{count: 5}", scope) == 5
    assert ACT.flow(5) == "{count: 5}"
    assert read(ACT, "{place: {at: 5, to: 6}}", scope) == Location(5, 6)
    assert ACT.flow(Location(5, 6)) == "{place: {at: 5, to: 6}}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{count: 1, place: 2}", "top.place: found beside count, expected one key: begin another"),
        ("{count: 1, colour: 2}", "top.colour: found beside count, expected one key alone"),
        ("{cout: 1}", 'found no act, expected one of count, place; did you mean "count"?'),
        ("{}", "found no act, expected one of count, place"),
        ("count", "found a text, expected `key: value`, the key one of count, place; did you mean"),
        ("[]", "found a list"),
    ],
)
def test_other_keys_are_faults(scope: Scope, text: str, told: str) -> None:
    assert told in complaint(ACT, text, scope)


def test_text_alone_is_the_most_important_key(scope: Scope) -> None:
    section = Section(lambda at: Location(at, 0), (Key("at", COUNT),), required=("at",))
    place = TextOr("at", Form(Location, section, lambda it: {"at": it.latitude}))
    assert read(place, "5", scope) == read(place, "{at: 5}", scope) == Location(5, 0)
    assert place.flow(Location(5, 0)) == "{at: 5}"


def test_part_stands_for_the_whole(scope: Scope) -> None:
    kind = Made(COUNT, lambda count: Location(count, 0), lambda place: place.latitude)
    place = read(kind, "5", scope)
    assert place == Location(5, 0)
    assert kind.flow(Location(5, 0)) == "5"


def test_only_what_says_something_is_given() -> None:
    assert dict(given(a=1, b=0, c="", d=(), for_=2, e=None)) == {"a": 1, "for": 2}


def test_mapping_of_nothing_has_no_shape(scope: Scope) -> None:
    assert "found no thing" in complaint(THING, "{}", scope)
