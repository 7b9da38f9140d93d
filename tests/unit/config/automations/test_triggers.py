from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.automations.options import (
    Comparison,
    DeviceState,
    DeviceTrigger,
    EventTrigger,
    MessageTrigger,
    Op,
    PinTrigger,
    StartupTrigger,
    Trigger,
)
from blynk_gateway.core.address import PinAddress

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

RULE = """
devices: {{a: {{token: x, stale_after: 5m}}}}
mqtt: {{}}
automations: [{{name: a, when: {}, then: {{delay: 1s}}}}]
"""


@pytest.mark.parametrize(
    ("written", "trigger"),
    [
        (
            "{pin: A/v5, above: 30, for: 2m}",
            PinTrigger(PinAddress("a", "V5"), Comparison(Op.ABOVE, 30), 120_000),
        ),
        (
            "{device: a, becomes: stale, for: 5m}",
            DeviceTrigger("a", DeviceState.STALE, 300_000),
        ),
        ("{device: any, becomes: online}", DeviceTrigger("", DeviceState.ONLINE)),
        ("{event: hot}", EventTrigger("hot")),
        (
            "{event: hot, device: a, text: Very hot, is: resolved}",
            EventTrigger("hot", "a", "Very hot", is_resolved=True),
        ),
        ('{event: hot, text: "", is: logged}', EventTrigger("hot", text="")),
        (
            "{mqtt: a/+/b, json: x.y, not_equals: 3}",
            MessageTrigger("a/+/b", ("x", "y"), Comparison(Op.NOT_EQUALS, text="3")),
        ),
        ("{startup: true}", StartupTrigger()),
    ],
)
def test_leading_key_says_what_a_trigger_is(
    options_of: OptionsOf, written: str, trigger: Trigger
) -> None:
    assert options_of(RULE.format(written)).automations[0].when == (trigger,)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("{}", "when: found no trigger, expected one of pin, event, device, mqtt, at, cron, sun"),
        (
            "pin",
            "when: found a text, expected a trigger such as {pin: greenhouse/V5, above: 30}; did",
        ),
        ("[{startup: true}, {pni: a/V5}]", "when[1]: found no trigger"),
        ("{pin: V5, is: on}", 'pin: found "V5", expected a pin address'),
        ("{device: a}", "found no becomes, expected one"),
        ("{device: a, becomes: gone}", 'becomes: found "gone", expected one of online'),
        ("{event: " + 51 * "x" + "}", "event: found"),
        ("{event: hot, is: over}", 'is: found "over", expected logged or resolved'),
        ("{mqtt: a/#/b}", "mqtt: found"),
        ("{startup: false}", 'startup: found "false", expected true'),
        ("{startup: true, device: a}", "startup: found an unknown key, expected one of device"),
        ("{pin: a/V5, is: on, at: 7:00}", "at: found an unknown key, expected one of pin"),
        ("[" + "{startup: true}, " * 101 + "]", "found 101 entries, expected at most 100"),
    ],
)
def test_what_is_no_trigger_is_told(faults_of: FaultsOf, written: str, complaint: str) -> None:
    faults = faults_of(RULE.format(written))
    assert any(complaint in fault for fault in faults), faults


def test_rule_without_trigger_is_a_scene(options_of: OptionsOf) -> None:
    assert options_of(RULE.format("[]")).automations[0].when == ()
