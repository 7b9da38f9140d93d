"""The schema of tests: `above: 30`, `between: [1, 5]`, `is: on`, `changes: true`."""

from collections.abc import Iterator
from dataclasses import replace

from blynk_gateway.config.automations.options import Comparison, Op
from blynk_gateway.config.automations.unions import Made
from blynk_gateway.config.fault import quoted
from blynk_gateway.config.gpio.common import Range
from blynk_gateway.config.gpio.keys import RangeOf
from blynk_gateway.config.kinds import Key, Scalar
from blynk_gateway.config.likely import likely_word
from blynk_gateway.config.scalars import NUMBER, UNITS_MS, duration, number_from, whole_number
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.value import MAX_PARAMETER_BYTES

MAX_PARAMETER = 255
"""A value of 4 KiB could hold more; nobody's does."""

MAX_FOR_MS = 365 * UNITS_MS["d"]
MAX_NUMBER = 1e15
"""Beyond it steps of 1 get lost."""


BOUNDED = frozenset({Op.ABOVE, Op.BELOW, Op.BETWEEN, Op.OUTSIDE})
"""Those that have a bound, and so can have a hysteresis."""

MOMENTARY = frozenset({Op.CHANGES, Op.ANY})
"""Those that are true for a moment only."""

_WORDS = {
    **dict.fromkeys(("on", "true", "yes"), Op.ON),
    **dict.fromkeys(("off", "false", "no"), Op.OFF),
}


def make_test(
    test: Comparison | None, hysteresis: float = 0.0, parameter: int = 0
) -> Comparison | None:
    """The test with what stands beside it."""
    if test is None:
        return None
    return replace(test, hysteresis=hysteresis, parameter=parameter)


def show_test(test: Comparison | None) -> Iterator[tuple[str, object]]:
    """Its keys, and what their kinds write."""
    if test is None:
        return
    yield ("is" if test.op in (Op.ON, Op.OFF) else str(test.op)), test
    if test.hysteresis:
        yield "hysteresis", test.hysteresis
    if test.parameter:
        yield "parameter", test.parameter


def check_test(test: Comparison | None, key: str, scope: Scope, for_ms: int = 0) -> None:
    """Report what stands beside a test and does nothing there."""
    if test is None:
        for name in ("hysteresis", "parameter"):
            if f"{key}.{name}" in scope.places:
                text = "found without a test, expected above, below or the like beside it"
                scope.fault_at(f"{key}.{name}", text)
        return
    if test.hysteresis and test.op not in BOUNDED:
        text = f"found beside {_word(test)}, expected only with {', '.join(sorted(BOUNDED))}"
        scope.fault_at(f"{key}.hysteresis", text)
    width = test.high - test.low
    if test.op is Op.OUTSIDE and test.hysteresis * 2 >= width:
        text = f"found {NUMBER.flow(test.hysteresis)}, expected less than half of {_span(test)}"
        scope.fault_at(f"{key}.hysteresis", f"{text}: it would never end")
    if for_ms and test.op in MOMENTARY:
        text = f"found beside {test.op}, which is true for a moment; expected a test that can last"
        scope.fault_at(f"{key}.for", text)


def _word(test: Comparison) -> str:
    return "is" if test.op in (Op.ON, Op.OFF) else str(test.op)


def _span(test: Comparison) -> str:
    return f"{NUMBER.flow(test.low)} to {NUMBER.flow(test.high)}"


def _parse_switch(text: str) -> Op:
    try:
        return _WORDS[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def _parse_true(text: str) -> bool:
    if text.lower() != "true":
        raise ValueError(text)
    return True


def _parse_text(text: str) -> str:
    if len(text.encode()) > MAX_PARAMETER_BYTES or "\0" in text:
        raise ValueError(text)
    return text


_TRUE = Scalar(_parse_true, "true", lambda _: "true", likely=lambda _: "true")
_TEXT = Scalar(_parse_text, f"a number, or a text of at most {MAX_PARAMETER_BYTES} bytes", quoted)
_SPAN = RangeOf(-MAX_NUMBER, MAX_NUMBER, is_rising=True)
_SWITCH = Scalar(_parse_switch, "on or off", str, tuple(_WORDS), likely=likely_word)


def _bounds(op: Op) -> Key:
    kind = Made(
        _SPAN,
        lambda span: Comparison(op, low=span.low, high=span.high),
        lambda test: Range(test.low, test.high),
    )
    return Key(op, kind, "test")


def _text(op: Op) -> Key:
    return Key(op, Made(_TEXT, lambda text: Comparison(op, text=text), lambda it: it.text), "test")


def _moment(op: Op) -> Key:
    return Key(op, Made(_TRUE, lambda _: Comparison(op), lambda _: True), "test")


_LASTING = (
    Key("above", Made(NUMBER, lambda n: Comparison(Op.ABOVE, low=n), lambda it: it.low), "test"),
    Key("below", Made(NUMBER, lambda n: Comparison(Op.BELOW, high=n), lambda it: it.high), "test"),
    _bounds(Op.BETWEEN),
    _bounds(Op.OUTSIDE),
    _text(Op.EQUALS),
    _text(Op.NOT_EQUALS),
    Key("is", Made(_SWITCH, Comparison, lambda test: test.op), "test"),
)

PARAMETER = Key("parameter", whole_number(0, MAX_PARAMETER))
HYSTERESIS = Key("hysteresis", number_from(0, MAX_NUMBER))
FOR = Key("for", duration(0, MAX_FOR_MS), "for_ms")

STATE_KEYS = (*_LASTING, PARAMETER)
"""Of conditions and messages: what a value is."""

CHANGE_KEYS = (*_LASTING, _moment(Op.CHANGES), _moment(Op.ANY), HYSTERESIS, PARAMETER, FOR)
"""Of pins as triggers: what a value becomes."""
