"""Tests of values, made ready once so that they are quick at each change.

1. The bounds of `between` belong to it, those of `above`, `below` and `outside` do not.
2. A test that holds goes on to hold until the value is behind the bound by the hysteresis.
3. A value that has no such parameter, or is no number where one is needed, says nothing: a sensor
   that answers `nan` once neither ends a test nor begins it anew.
4. Two texts that are numbers are equal as numbers, to the last digit: `1` and `1.0`, but not the
   numbers of two cards, which may be one and the same float.
5. `is: on` holds for every number but 0, and for the words `on` and `true`; `is: off` for 0, `off`
   and `false`. Any other text says nothing.
6. `changes` is of the whole value, or of one parameter after the first if that is named.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

from blynk_gateway.config.automations.options import Comparison, Op
from blynk_gateway.core.value import PinValue, number, printable

Judge: TypeAlias = Callable[[PinValue, float | None, bool], bool | None]
"""Whether a value passes: called with the value, its first parameter as a number, and whether the
value before it passed. None where the value says nothing."""

_Bounds: TypeAlias = Callable[[float, bool], bool]

_WORDS = {"on": True, "true": True, "off": False, "false": False}

_EXACT = 2.0**53
"""From here on not every whole number has a float of its own."""

_MAX_SHOWN = 80


def first_number(value: PinValue) -> float | None:
    """The first parameter as a number, None if it is none."""
    return number(value[:1])


def holds(test: Comparison, value: PinValue, previous: PinValue, *, was: bool) -> bool:
    """Whether a value passes a test.

    Args:
        previous: the value before it, for `changes`.
        was: whether that passed, for the hysteresis.
    """
    if test.op is Op.ANY:
        return True
    if test.op is Op.CHANGES:
        return has_changed(value, previous, test.parameter)
    return compiled(test)(value, first_number(value), was) is True


def has_changed(value: PinValue, previous: PinValue, parameter: int) -> bool:
    """Whether a value is another one, as far as `changes` looks at it."""
    if value == previous:
        return False
    if parameter:
        value, previous = value[parameter : parameter + 1], previous[parameter : parameter + 1]
    return len(value) != len(previous) or not all(map(is_same, value, previous))


def is_same(one: str, other: str) -> bool:
    """Whether two texts are equal, as numbers if both are."""
    if one == other:
        return True
    found = number((one,))
    if found is None or found != number((other,)):
        return False
    return abs(found) < _EXACT or Decimal(one) == Decimal(other)


def compiled(test: Comparison) -> Judge:
    """The test, ready to be called.

    Raises:
        AssertionError: it is one of triggers only, which is not about one value.
    """
    match test.op:
        case Op.ON | Op.OFF:
            return _is_on(test.parameter, is_on=test.op is Op.ON)
        case Op.EQUALS | Op.NOT_EQUALS:
            return _equals(test.parameter, test.text, is_equal=test.op is Op.EQUALS)
        case Op.ABOVE | Op.BELOW | Op.BETWEEN | Op.OUTSIDE:
            return _numeric(test.parameter, _bounds(test))
        case Op.CHANGES | Op.ANY:
            raise AssertionError(f"{test.op} is no test of one value")


def describe(test: Comparison) -> str:
    """The test in words, as it goes on after the name of a pin: `above 30 (hysteresis 1)`."""
    text = _words(test)
    notes = []
    if test.parameter:
        notes.append(f"parameter {test.parameter}")
    if test.hysteresis:
        notes.append(f"hysteresis {_number(test.hysteresis)}")
    return f"{text} ({', '.join(notes)})" if notes else text


def _words(test: Comparison) -> str:
    low, high = _number(test.low), _number(test.high)
    words = {
        Op.ABOVE: f"above {low}",
        Op.BELOW: f"below {high}",
        Op.BETWEEN: f"between {low} and {high}",
        Op.OUTSIDE: f"outside {low} to {high}",
        Op.EQUALS: f"equals {printable(test.text)[:_MAX_SHOWN]}",
        Op.NOT_EQUALS: f"is not {printable(test.text)[:_MAX_SHOWN]}",
        Op.ON: "is on",
        Op.OFF: "is off",
        Op.CHANGES: "changes",
        Op.ANY: "is written",
    }
    return words[test.op]


def _number(value: float) -> str:
    return f"{value:.15g}"


def _bounds(test: Comparison) -> _Bounds:
    low, high = test.low, test.high
    # Where the test ends that holds.
    low_end, high_end = low - test.hysteresis, high + test.hysteresis
    low_back, high_back = low + test.hysteresis, high - test.hysteresis
    match test.op:
        case Op.ABOVE:
            return lambda found, was: found > (low_end if was else low)
        case Op.BELOW:
            return lambda found, was: found < (high_end if was else high)
        case Op.BETWEEN:
            return lambda found, was: low_end <= found <= high_end if was else low <= found <= high
        case _:
            return lambda found, was: (
                found < low_back or found > high_back if was else found < low or found > high
            )


def _numeric(parameter: int, bounds: _Bounds) -> Judge:
    if not parameter:
        return lambda _, first, was: None if first is None else bounds(first, was)

    def judge(value: PinValue, _: float | None, was: bool) -> bool | None:
        found = number(value[parameter : parameter + 1])
        return None if found is None else bounds(found, was)

    return judge


def _is_on(parameter: int, *, is_on: bool) -> Judge:
    def judge(value: PinValue, first: float | None, _: bool) -> bool | None:
        found = number(value[parameter : parameter + 1]) if parameter else first
        if found is not None:
            return (found != 0) is is_on
        word = _WORDS.get(value[parameter].casefold()) if len(value) > parameter else None
        return None if word is None else word is is_on

    return judge


def _equals(parameter: int, text: str, *, is_equal: bool) -> Judge:
    wanted = number((text,))

    def judge(value: PinValue, first: float | None, _: bool) -> bool | None:
        if len(value) <= parameter:
            return None
        if value[parameter] == text:
            return is_equal
        if wanted is None:
            return not is_equal
        found = number(value[parameter : parameter + 1]) if parameter else first
        if found != wanted:
            return not is_equal
        return (abs(wanted) < _EXACT or is_same(value[parameter], text)) is is_equal

    return judge
