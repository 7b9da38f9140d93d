"""The schema of conditions: what has to hold when a rule is to run."""

from collections.abc import Mapping

import yaml

from blynk_gateway.config.automations import habits
from blynk_gateway.config.automations.comparison import STATE_KEYS, check_test, make_test, show_test
from blynk_gateway.config.automations.options import (
    ALL_DAYS,
    AnyCondition,
    Comparison,
    Condition,
    DeviceCondition,
    DeviceState,
    NotCondition,
    PinCondition,
    TimeCondition,
)
from blynk_gateway.config.automations.times import DAY_TIME, DAYS, format_day_time
from blynk_gateway.config.automations.unions import Form, Forms, OneOrMore, given
from blynk_gateway.config.kinds import Key, Kind, Section
from blynk_gateway.config.scalars import PIN_ADDRESS, SLUG, choice
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.address import PinAddress

MAX_CONDITIONS = 100

_EXAMPLE = "{pin: greenhouse/V6, is: on}"
_EXPECTED = f"a condition such as {_EXAMPLE}, or a list of them"


class Inner(Kind[Condition]):
    """A condition inside of another."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> Condition:
        """Any of them, again with others inside."""
        return CONDITION.read(node, key, scope)

    def flow(self, value: Condition) -> str:
        """As a mapping in braces."""
        return CONDITION.flow(value)


def _make_pin(pin: PinAddress, test: Comparison, parameter: int = 0) -> PinCondition:
    return PinCondition(pin, make_test(test, 0.0, parameter) or test)


def _finish_pin(condition: PinCondition, key: str, scope: Scope) -> PinCondition:
    check_test(condition.test, key, scope)
    return condition


def _finish_time(condition: TimeCondition, key: str, scope: Scope) -> TimeCondition:
    if condition.after is not None and condition.after == condition.before:
        text = f"found {format_day_time(condition.after)} for both, expected two different times"
        scope.fault_at(f"{key}.before", text)
    return condition


def _show_time(condition: TimeCondition) -> Mapping[str, object]:
    days = None if condition.days == ALL_DAYS else condition.days
    shown = dict(given(after=condition.after, before=condition.before, days=days))
    # One that always holds is none, but has to be something.
    return shown or {"days": condition.days}


_INNER = Inner()

_PIN = Form(
    PinCondition,
    Section(
        _make_pin,
        (Key("pin", PIN_ADDRESS), *STATE_KEYS),
        required=("pin", "test"),
        finish=_finish_pin,
        habits=habits.PIN_CONDITION,
    ),
    lambda it: {"pin": it.pin, **dict(show_test(it.test))},
)

_DEVICE = Form(
    DeviceCondition,
    Section(
        DeviceCondition,
        (Key("device", SLUG), Key("is", choice(DeviceState), "state")),
        required=("device", "state"),
        habits=habits.DEVICE_CONDITION,
    ),
    lambda it: {"device": it.device, "is": it.state},
)

_TIME = Form(
    TimeCondition,
    Section(
        TimeCondition,
        (Key("after", DAY_TIME), Key("before", DAY_TIME), Key("days", DAYS)),
        finish=_finish_time,
    ),
    _show_time,
)

_ANY = Form(
    AnyCondition,
    Section(
        AnyCondition,
        (Key("any", OneOrMore(_INNER, _EXPECTED, MAX_CONDITIONS, least=1), "conditions"),),
        required=("conditions",),
    ),
    lambda it: {"any": it.conditions},
)

_NOT = Form(
    NotCondition,
    Section(NotCondition, (Key("not", _INNER, "condition"),), required=("condition",)),
    lambda it: {"not": it.condition},
)

CONDITION: Forms[Condition] = Forms(
    "condition",
    {
        "pin": _PIN,
        "device": _DEVICE,
        "after": _TIME,
        "before": _TIME,
        "days": _TIME,
        "any": _ANY,
        "not": _NOT,
    },
    habits.CONDITION,
    _EXAMPLE,
)
CONDITIONS = OneOrMore(CONDITION, _EXPECTED, MAX_CONDITIONS)
