import pytest

from blynk_gateway.automations.rules.comparison import compiled, describe, has_changed, holds
from blynk_gateway.config.automations.options import Comparison, Op
from blynk_gateway.core.value import PinValue
from tests.helpers.rules import comparison


@pytest.mark.parametrize(
    ("test", "passing", "failing"),
    [
        (comparison("above", 30), ("30.1", "1e3"), ("30", "30.0", "-40")),
        (comparison("below", 3), ("2.99", "-7"), ("3", "4")),
        (comparison("between", 1, 5), ("1", "3", "5.0"), ("0.99", "5.01")),
        (comparison("outside", 1, 5), ("0.99", "5.01"), ("1", "3", "5")),
        (comparison("equals", "1"), ("1", "1.0", "1e0"), ("2", "on", "")),
        (comparison("equals", "Auto"), ("Auto",), ("auto", "1", "")),
        # Two cards of one batch: as floats they are equal.
        (
            comparison("equals", "12345678901234567"),
            ("12345678901234567", "12345678901234567.0"),
            ("12345678901234568", "12345678901234566"),
        ),
        (comparison("not_equals", "1"), ("2", "on", ""), ("1", "01.00")),
        (comparison("not_equals", "Auto"), ("auto", "1"), ("Auto",)),
        (comparison("on"), ("1", "255", "-0.5", "ON", "true"), ("0", "0.0", "off", "False")),
        (comparison("off"), ("0", "-0", "off", "false"), ("1", "on", "TRUE")),
    ],
)
def test_each_test_passes_what_its_name_says(
    test: Comparison, passing: tuple[str, ...], failing: tuple[str, ...]
) -> None:
    assert [one for one in passing if not holds(test, (one,), (), was=False)] == []
    assert [one for one in failing if holds(test, (one,), (), was=False)] == []


@pytest.mark.parametrize(
    ("test", "held", "ended"),
    [
        (comparison("above", 30, hysteresis=1), ("30", "29.5", "29.01"), ("29", "-5")),
        (comparison("below", 3, hysteresis=0.5), ("3", "3.4"), ("3.5", "9")),
        (comparison("between", 1, 5, hysteresis=1), ("0", "6"), ("-0.1", "6.1")),
        (comparison("outside", 1, 5, hysteresis=1), ("1", "1.9", "4.1", "5"), ("2", "3", "4")),
    ],
)
def test_what_holds_ends_behind_the_bound_only(
    test: Comparison, held: tuple[str, ...], ended: tuple[str, ...]
) -> None:
    assert [one for one in held if not holds(test, (one,), (), was=True)] == []
    assert [one for one in held if holds(test, (one,), (), was=False)] == [
        one for one in held if test.op is Op.BETWEEN and 1 <= float(one) <= 5
    ]
    assert [one for one in ended if holds(test, (one,), (), was=True)] == []


@pytest.mark.parametrize("word", ["nan", "ovf", "", "warm", "1_0"])
@pytest.mark.parametrize("op", ["above", "below", "between", "outside", "on", "off"])
@pytest.mark.parametrize("was", [False, True])
def test_what_is_no_number_says_nothing(op: str, word: str, was: bool) -> None:
    judge = compiled(comparison(op, 1, 2))
    assert judge((word,), None, was) is None
    assert not holds(comparison(op, 1, 2), (word,), (), was=was)


@pytest.mark.parametrize(
    ("test", "value", "expected"),
    [
        (comparison("above", 30, parameter=1), ("0", "31"), True),
        (comparison("above", 30, parameter=1), ("31", "0"), False),
        (comparison("above", 30, parameter=2), ("31", "31"), None),
        (comparison("equals", "x", parameter=1), ("y", "x"), True),
        (comparison("equals", "1", parameter=1), ("0", "1.0"), True),
        (comparison("not_equals", "x", parameter=1), ("y",), None),
        (comparison("on", parameter=1), ("0", "2"), True),
        (comparison("on", parameter=1), ("1", "off"), False),
        (comparison("on", parameter=1), ("1",), None),
        (comparison("above", 30), ("31", "0"), True),
    ],
)
def test_a_test_is_of_its_parameter(
    test: Comparison, value: PinValue, expected: bool | None
) -> None:
    first = float(value[0]) if value[0].isdigit() else None
    assert compiled(test)(value, first, False) is expected


@pytest.mark.parametrize(
    ("value", "previous", "parameter", "expected"),
    [
        (("1",), (), 0, True),
        (("1",), ("1",), 0, False),
        (("1.0",), ("1",), 0, False),
        (("1", "2"), ("1", "3"), 0, True),
        (("1", "2"), ("1",), 0, True),
        (("1", "2"), ("0", "2"), 1, False),
        (("1", "2"), ("1", "3"), 1, True),
        (("1",), ("2",), 1, False),
        (("a",), ("b",), 0, True),
        (("nan",), ("nan",), 0, False),
        (("12345678901234567",), ("12345678901234568",), 0, True),
        (("1e17",), (" 100000000000000000",), 0, False),
    ],
)
def test_a_change_is_of_the_whole_value_or_of_one_parameter(
    value: PinValue, previous: PinValue, parameter: int, expected: bool
) -> None:
    assert has_changed(value, previous, parameter) is expected
    changes = comparison("changes", parameter=parameter)
    assert holds(changes, value, previous, was=False) is expected
    assert holds(comparison("any"), value, previous, was=False)


def test_what_is_of_triggers_only_cannot_be_asked_of_a_value() -> None:
    with pytest.raises(AssertionError):
        compiled(comparison("changes"))


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (comparison("above", 30, hysteresis=0.5), "above 30 (hysteresis 0.5)"),
        (comparison("below", -1.25), "below -1.25"),
        (comparison("between", 1, 5, parameter=1), "between 1 and 5 (parameter 1)"),
        (comparison("outside", 1, 5), "outside 1 to 5"),
        (comparison("equals", "Auto\udcff"), "equals Auto\N{REPLACEMENT CHARACTER}"),
        (comparison("not_equals", "x"), "is not x"),
        (comparison("on"), "is on"),
        (comparison("off"), "is off"),
        (comparison("changes"), "changes"),
        (comparison("any"), "is written"),
    ],
)
def test_words_follow_the_name_of_a_pin(test: Comparison, words: str) -> None:
    assert describe(test) == words
