from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
import yaml

from blynk_gateway.config.fault import Rejected, Report
from blynk_gateway.config.kinds import Key, Kind, ListOf, MapOf, OrNull, Scalar, Section, Table
from blynk_gateway.config.options import Options
from blynk_gateway.config.scalars import whole_number
from blynk_gateway.config.scope import Scope

T = TypeVar("T")


@dataclass(frozen=True)
class Lamp:
    name: str
    watts: int = 60
    is_on: int | None = None


WORD = Scalar(str, "a word", str)
COUNT = Scalar(int, "a number", str)
LAMP = Section(
    Lamp,
    (
        Key("name", WORD),
        Key("watts", COUNT),
        Key("on", OrNull(COUNT), "is_on"),
        Key("on_file", COUNT, "is_on"),
    ),
    required=("name",),
)
LAMPS = MapOf(WORD, ("name",), LAMP, limit=2)


@pytest.fixture
def scope() -> Scope:
    return Scope(Path("a.yaml"), Report(), {})


def read(kind: Kind[T], text: str, scope: Scope) -> T:
    node = yaml.compose(text)
    assert isinstance(node, yaml.Node)
    scope.note("top", node)
    return kind.read(node, "top", scope)


def rejected(kind: Kind[T], text: str, scope: Scope) -> list[str]:
    with pytest.raises(Rejected):
        read(kind, text, scope)
    return complaints(scope)


def complaints(scope: Scope) -> list[str]:
    return [str(fault).removeprefix("a.yaml:") for fault in scope.report.faults]


def test_section_or_null_shows_its_keys_or_null(scope: Scope) -> None:
    kind = OrNull(LAMP)
    lamp = read(kind, "{name: desk}", scope)
    assert list(kind.settings(lamp, "top")) == list(LAMP.settings(Lamp("desk"), "top"))
    assert list(kind.settings(read(kind, "null", scope), "top")) == [("top", "null")]


def test_key_that_is_not_given_has_its_default(scope: Scope) -> None:
    assert read(LAMP, "{name: desk, on: 1}", scope) == Lamp("desk", 60, 1)
    assert read(LAMP, "{name: desk, on: null}", scope) == Lamp("desk")


def test_faulty_key_is_left_out_and_reading_goes_on(scope: Scope) -> None:
    assert read(LAMP, "{watts: x, name: desk, on: y}", scope) == Lamp("desk")
    assert complaints(scope) == [
        '1: top.watts: found "x", expected a number',
        '1: top.on: found "y", expected a number',
    ]


def test_object_without_a_required_key_is_not_made(scope: Scope) -> None:
    assert rejected(LAMP, "{watts: 5}", scope) == ["1: top: found no name, expected one"]


def test_object_with_a_faulty_required_key_is_not_made(scope: Scope) -> None:
    assert rejected(LAMP, "name: [a]", scope) == ["1: top.name: found a list, expected a word"]


def test_two_keys_of_one_attribute_cannot_be_given_together(scope: Scope) -> None:
    assert read(LAMP, "{name: desk, on: 1, on_file: 2}", scope) == Lamp("desk", 60, 1)
    assert complaints(scope) == ["1: top.on_file: found beside on, expected only one of the two"]


def test_unknown_key_is_told_the_nearest_one(scope: Scope) -> None:
    read(LAMP, "{name: desk, wats: 5}", scope)
    assert complaints(scope) == [
        "1: top.wats: found an unknown key, expected one of name, watts, on, on_file;"
        ' did you mean "watts"?'
    ]


def test_finish_may_put_another_object_in_place(scope: Scope) -> None:
    kind = Section(Lamp, LAMP.keys, finish=lambda lamp, key, _: Lamp(f"{key}/{lamp.name}"))
    assert read(kind, "{name: desk}", scope) == Lamp("top/desk")


def test_name_of_an_entry_is_an_attribute_it_may_give_itself(scope: Scope) -> None:
    entries = read(
        MapOf(WORD, ("name",), Section(Lamp, LAMP.keys), 9), "{a: , b: {name: c}}", scope
    )
    assert entries == {"a": Lamp("a"), "b": Lamp("c")}


def test_entries_whose_names_mean_the_same_are_one_too_many(scope: Scope) -> None:
    upper = Scalar(str.upper, "a word", str)
    kind = MapOf(upper, ("name",), Section(Lamp, LAMP.keys), limit=9)
    assert read(kind, "{a: {watts: 1}, A: {watts: 2}}", scope) == {"A": Lamp("A", 1)}
    assert complaints(scope) == ["1: top.A: found a second time, expected once"]


def test_faulty_entries_are_left_out_of_lists_and_maps(scope: Scope) -> None:
    assert read(ListOf(COUNT, "a list", 9), "[1, x, 3]", scope) == (1, 3)
    assert read(Table(WORD, COUNT, 9), "{a: 1, b: x, c: [1]}", scope) == {"a": 1}
    assert read(LAMPS, "{a: 5, b: {name: b}}", scope) == {"b": Lamp("b")}
    assert len(complaints(scope)) == 4


def test_good_entry_keeps_its_line_after_a_faulty_one(scope: Scope) -> None:
    read(ListOf(COUNT, "a list", 9), "- x\n- 2\n", scope)
    assert scope.places["top[0]"].line == 2


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ListOf(COUNT, "a list", 2), "[1, 2, 3]"),
        (Table(WORD, COUNT, 2), "{a: 1, b: 2, c: 3}"),
        (LAMPS, "{a: , b: , c: }"),
    ],
)
def test_more_entries_than_the_limit_are_refused(
    kind: Kind[object], text: str, scope: Scope
) -> None:
    assert rejected(kind, text, scope) == ["1: top: found 3 entries, expected at most 2"]


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        (OrNull(COUNT), "~", "null"),
        (OrNull(COUNT), "7", "7"),
        (ListOf(COUNT, "a list", 9), "- 1\n- 2", "[1, 2]"),
        (Table(WORD, COUNT, 9), "a: 1", "{a: 1}"),
        (LAMP, "name: a", "{name: a, watts: 60, on: null}"),
        (LAMPS, "a: {name: b}", '{"a": {name: b, watts: 60, on: null}}'),
    ],
)
def test_value_is_shown_as_yaml_on_one_line(
    kind: Kind[object], text: str, shown: str, scope: Scope
) -> None:
    assert kind.flow(read(kind, text, scope)) == shown


def test_settings_have_dotted_paths(scope: Scope) -> None:
    settings = list(LAMPS.settings(read(LAMPS, "a: {name: b}", scope), "lamps"))
    assert settings == [("lamps.a.name", "b"), ("lamps.a.watts", "60"), ("lamps.a.on", "null")]
    assert list(LAMPS.settings({}, "lamps")) == [("lamps", "{}")]


def test_word_that_is_nearly_right_is_told_the_right_one(scope: Scope) -> None:
    def parse(text: str) -> str:
        raise ValueError(text)

    kind = Scalar(parse, "one of debug, info", str, ("debug", "info"))
    assert rejected(kind, "inf", scope) == [
        '1: top: found "inf", expected one of debug, info; did you mean "info"?'
    ]


def test_key_behind_one_without_a_value_may_want_an_indentation(
    options_of: Callable[[str], Options], faults_of: Callable[[str], list[str]]
) -> None:
    (fault,) = faults_of("gpio:\n  peripherals:\n  pump: {type: relay, line: 5, pin: V1}\n")
    assert fault.endswith("analog, peripherals; if it belongs to peripherals, indent it")
    (fault,) = faults_of("gpio:\n  direct: []\n  pump: {}\n")
    assert fault.endswith("direct, analog, peripherals")
    assert options_of("gpio:\n  peripherals:\n").gpio.peripherals == {}


def test_value_that_is_nearly_right_is_told_what_was_meant(scope: Scope) -> None:
    kind = whole_number(0, 27)
    for text in ("GPIO17", "GPIO28", "G" * 100):
        rejected(kind, text, scope)
    near, far, long = (fault.text for fault in scope.report.faults)
    assert near.endswith('; did you mean "17"?')
    assert far.endswith("from 0 to 27")
    assert long.endswith("from 0 to 27")
