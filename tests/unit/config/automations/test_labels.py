from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.automations.labels import value_fault
from blynk_gateway.config.automations.options import PinCondition, PinTrigger
from blynk_gateway.core.datastream import Datastream, DatastreamType

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

RULE = """
devices: {{a: {{token: x, template: t}}}}
templates:
  t:
    datastreams:
      V1: {{type: bool}}
      V2: {{type: enum, labels: {{0: "Off", 1: Auto}}, fallback: 0}}
      V3: {{type: string}}
automations:
  - name: a
    when: {{pin: a/{0}}}
    if: {{any: {{not: {{pin: a/{0}}}}}}}
    then: {{delay: 1s}}
"""


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("V1, equals: on", "1"),
        ("V1, not_equals: False", "0"),
        ("V1, equals: 1", "1"),
        ("V2, equals: Auto", "1"),
        ("V2, equals: 1", "1"),
        ("V3, equals: on", "on"),
        ("V3, equals: Auto", "Auto"),
    ],
)
def test_word_becomes_the_number_that_the_pin_has(
    options_of: OptionsOf, written: str, text: str
) -> None:
    rule = options_of(RULE.format(written)).automations[0]
    (trigger,), (condition,) = rule.when, rule.conditions
    assert isinstance(trigger, PinTrigger)
    assert trigger.test.text == text
    inner = condition.conditions[0].condition  # type: ignore[union-attr]  # as it is written
    assert isinstance(inner, PinCondition)
    assert inner.test.text == text


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("V1, equals: maybe", 'equals: found "maybe" for V1, expected 0 or 1'),
        (
            "V2, not_equals: Aut",
            'not_equals: found "Aut" for V2, expected one of Off, Auto; did you mean "Auto"?',
        ),
        ("V2, equals: 5", 'found "5" for V2, expected one of Off, Auto'),
    ],
)
def test_word_that_never_comes_is_a_fault(
    faults_of: FaultsOf, written: str, complaint: str
) -> None:
    faults = faults_of(RULE.format(written))
    assert len(faults) == 2
    assert all(complaint in fault for fault in faults), faults


def test_value_outside_of_its_limits_is_none() -> None:
    stream = Datastream("V1", "x", DatastreamType.INT, minimum=0, maximum=5)
    assert value_fault(("5",), stream) == ""
    assert value_fault(("6",), stream) == 'found "6" for V1, expected a number from 0 to 5'
    assert "expected a whole number" in value_fault(("1.5",), stream)
