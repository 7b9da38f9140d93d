from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.automations.options import Comparison, MessageTrigger, Op, PinTrigger

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

RULE = "mqtt: {{}}\nautomations: [{{name: a, when: {{{}}}, then: {{delay: 1s}}}}]"


@pytest.mark.parametrize(
    ("written", "test"),
    [
        ("above: 30", Comparison(Op.ABOVE, low=30)),
        ("above: 0", Comparison(Op.ABOVE)),
        ("below: -3.5", Comparison(Op.BELOW, high=-3.5)),
        ("between: [1, 5]", Comparison(Op.BETWEEN, 1, 5)),
        ("outside: [-1, 1.7e9]", Comparison(Op.OUTSIDE, -1, 1.7e9)),
        ("equals: on", Comparison(Op.EQUALS, text="on")),
        ('equals: ""', Comparison(Op.EQUALS)),
        ("not_equals: 0012", Comparison(Op.NOT_EQUALS, text="0012")),
        ("is: on", Comparison(Op.ON)),
        ("is: true", Comparison(Op.ON)),
        ("is: FALSE", Comparison(Op.OFF)),
        ("changes: true", Comparison(Op.CHANGES)),
        ("any: true", Comparison(Op.ANY)),
        ("above: 1, hysteresis: 0.5, parameter: 2", Comparison(Op.ABOVE, 1, 0, "", 0.5, 2)),
    ],
)
def test_each_test_is_read(options_of: OptionsOf, written: str, test: Comparison) -> None:
    (trigger,) = options_of(RULE.format(f"pin: pi/V1, {written}")).automations[0].when
    assert isinstance(trigger, PinTrigger)
    assert trigger.test == test


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("", "found none of above, below, between"),
        ("above: 1, below: 5", "below: found beside above, expected only one of the two"),
        ("above: warm", 'found "warm", expected a number'),
        ("above: nan", "expected a number"),
        ("between: [5, 1]", "the smaller one first"),
        ("between: 1-5", 'did you mean "[1, 5]"?'),
        ("between: [1, 2, 3]", "expected a list of two"),
        ("is: maybe", 'found "maybe", expected on or off'),
        ("is: On!", "expected on or off"),
        ("changes: false", 'found "false", expected true; did you mean "true"?'),
        ("any: yes", "expected true"),
        ("changes: true, hysteresis: 1", "hysteresis: found beside changes, expected only with"),
        ("is: on, hysteresis: 1", "hysteresis: found beside is, expected only with"),
        ("any: true, for: 2s", "for: found beside any, which is true for a moment"),
        ("outside: [1, 5], hysteresis: 2", "found 2, expected less than half of 1 to 5"),
        ("above: 1, hysteresis: -1", "hysteresis: found"),
        ("above: 1, parameter: 256", "parameter: found"),
        ("above: 1, for: 2", 'did you mean "2s"?'),
        ("abov: 1", 'did you mean "above"?'),
    ],
)
def test_what_is_no_test_is_told(faults_of: FaultsOf, written: str, complaint: str) -> None:
    faults = faults_of(RULE.format(f"pin: pi/V1, {written}"))
    assert any(complaint in fault for fault in faults), faults


def test_message_needs_no_test_but_knows_no_change(
    options_of: OptionsOf, faults_of: FaultsOf
) -> None:
    assert options_of(RULE.format("mqtt: a/#")).automations[0].when == (MessageTrigger("a/#"),)
    assert "changes: found an unknown key" in faults_of(RULE.format("mqtt: a, changes: true"))[0]
    assert "found without a test" in faults_of(RULE.format("mqtt: a, parameter: 1"))[0]
