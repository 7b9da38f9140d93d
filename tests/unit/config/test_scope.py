from pathlib import Path

import pytest
import yaml

from blynk_gateway.config.fault import Fault, Rejected, Report
from blynk_gateway.config.scope import MAX_ENTRIES, Scope, join
from blynk_gateway.errors import ConfigError


@pytest.fixture
def scope() -> Scope:
    return Scope(Path("a.yaml"), Report(), {})


def node(text: str) -> yaml.Node:
    composed = yaml.compose(text)
    assert isinstance(composed, yaml.Node)
    return composed


def names_of(scope: Scope, text: str) -> dict[str, str]:
    return {name: value.value for name, _, value in scope.pairs_of(node(text), "top")}


def test_text_is_as_written(scope: Scope) -> None:
    assert [scope.text_of(node(text), "key", "a text") for text in ("0012", "12:30", "off")] == [
        "0012",
        "12:30",
        "off",
    ]


@pytest.mark.parametrize("text", ["[a]", "{a: b}", "~", "!tag a", "!secret a"])
def test_anything_but_a_plain_text_is_rejected(scope: Scope, text: str) -> None:
    with pytest.raises(Rejected):
        scope.text_of(node(text), "key", "a text")
    assert len(scope.report.faults) == 1


def test_nothing_is_a_mapping_without_entries(scope: Scope) -> None:
    assert scope.pairs_of(node("~"), "top") == []


def test_merged_keys_give_way_to_own_ones_and_to_earlier_ones(scope: Scope) -> None:
    text = "{<<: [{a: first, b: first}, {b: second, c: second}], a: own}"
    assert names_of(scope, text) == {"a": "own", "b": "first", "c": "second"}
    assert scope.report.faults == []


def test_key_given_twice_is_reported_and_the_first_stands(scope: Scope) -> None:
    assert names_of(scope, "a: 1\na: 2\n") == {"a": "1"}
    text = "found a second time, expected once; it stands in line 1 already"
    assert scope.report.faults == [Fault("a.yaml", 2, "top.a", text)]


def test_aliases_cannot_stand_for_endless_entries(scope: Scope) -> None:
    many = node("[" + "a, " * 1000 + "]")
    for _ in range(MAX_ENTRIES // 1000):
        scope.entries_of(many, "key", "a list")
    with pytest.raises(ConfigError, match="found more than 50000 entries in all"):
        scope.entries_of(many, "key", "a list")


def test_fault_of_a_key_that_is_not_given_stands_at_its_parent(scope: Scope) -> None:
    scope.note("server", node("\n\nx"))
    scope.fault_at("server.tls.cert", "found none")
    scope.fault_at("links", "found none")
    assert [fault.line for fault in scope.report.faults] == [3, 0]


def test_warning_stands_where_a_fault_would_and_is_none(scope: Scope) -> None:
    scope.note("gpio", node("\n\nx"))
    scope.warn_at("gpio.direct", "found 14")
    assert scope.report.faults == []
    assert [str(each) for each in scope.report.warnings] == [
        "a.yaml:3: gpio.direct: warning: found 14"
    ]
    assert scope.line_of("gpio.direct") == 3
    assert scope.line_of("links") == 0


def test_entry_that_is_faulty_makes_its_list_faulty(scope: Scope) -> None:
    scope.fault(1, "server.listen[2]", "found x")
    assert scope.is_faulty("server.listen")
    assert not scope.is_faulty("server.tls")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("token", "top.token"), ("a b", 'top."a b"'), ("x" * 50, f'top."{"x" * 40}"…')],
)
def test_path_quotes_names_that_are_no_words(name: str, expected: str) -> None:
    assert join("top", name) == expected


@pytest.mark.parametrize("text", ["{token:hidden}", "{a: 1, token:hidden}", '{"token: hidden"}'])
def test_missing_blank_is_told_and_what_follows_is_not(scope: Scope, text: str) -> None:
    node = yaml.compose(text)
    assert isinstance(node, yaml.Node)
    with pytest.raises(Rejected):
        scope.pairs_of(node, "top")
    (fault,) = scope.report.faults
    assert str(fault) == "a.yaml:1: top.token: found no blank behind the colon, expected one"


def test_colon_in_a_name_with_a_value_is_fine(scope: Scope) -> None:
    node = yaml.compose("{a:b: 1}")
    assert isinstance(node, yaml.Node)
    assert [name for name, _, _ in scope.pairs_of(node, "top")] == ["a:b"]
