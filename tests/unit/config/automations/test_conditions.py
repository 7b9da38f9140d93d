from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.automations.options import (
    AnyCondition,
    Comparison,
    Condition,
    DayTime,
    DeviceCondition,
    DeviceState,
    NotCondition,
    Op,
    PinCondition,
    TimeCondition,
)
from blynk_gateway.core.address import PinAddress

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

RULE = "devices: {{a: {{token: x}}}}\nautomations: [{{name: a, if: {}, then: {{delay: 1s}}}}]"
HOT = PinCondition(PinAddress("a", "V5"), Comparison(Op.ABOVE, 30))


@pytest.mark.parametrize(
    ("written", "condition"),
    [
        ("{pin: a/V5, above: 30}", HOT),
        ("{device: a, is: offline}", DeviceCondition("a", DeviceState.OFFLINE)),
        ('{after: "22:00", before: 6:00}', TimeCondition(DayTime(79_200), DayTime(21_600))),
        ("{days: [sat]}", TimeCondition(days=frozenset({5}))),
        ("{any: {pin: a/V5, above: 30}}", AnyCondition((HOT,))),
        (
            "{any: [{not: {pin: a/V5, above: 30}}, {before: 12:00}]}",
            AnyCondition((NotCondition(HOT), TimeCondition(before=DayTime(43_200)))),
        ),
        ("{not: {not: {pin: a/V5, above: 30}}}", NotCondition(NotCondition(HOT))),
    ],
)
def test_leading_key_says_what_a_condition_is(
    options_of: OptionsOf, written: str, condition: Condition
) -> None:
    assert options_of(RULE.format(written)).automations[0].conditions == (condition,)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (
            "{}",
            "if: found no condition, expected one of pin, device, after, before, days, any",
        ),
        ("{sun: sunset}", "if: found no condition"),
        ("{pin: a/V5}", "found none of above, below"),
        ("{pin: a/V5, changes: true}", "changes: found an unknown key"),
        ("{pin: a/V5, above: 3, hysteresis: 1}", "hysteresis: found an unknown key"),
        ("{pin: a/V5, above: 3, for: 1m}", "for: found an unknown key"),
        ("{device: any, is: online}", "there is no device any"),
        ("{after: 7:00, before: 07:00}", "before: found 07:00 for both, expected two different"),
        ("{any: []}", "any: found an empty list, expected a condition"),
        ("{not: [{days: mon}]}", "not: found a list, expected a condition such as {pin: "),
        ("{any: [{not: {days: mo}}]}", 'any[0].not.days: found "mo", expected one of mon'),
    ],
)
def test_what_is_no_condition_is_told(faults_of: FaultsOf, written: str, complaint: str) -> None:
    faults = faults_of(RULE.format(written))
    assert any(complaint in fault for fault in faults), faults


def test_conditions_inside_of_each_other_end_somewhere(faults_of: FaultsOf) -> None:
    deep = "{not: " * 40 + "{days: mon}" + "}" * 40
    assert "found more than 32 levels" in faults_of(RULE.format(deep))[0]
