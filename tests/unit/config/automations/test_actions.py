from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.automations.actions import ACTION, word_of
from blynk_gateway.config.automations.options import (
    Action,
    DelayAction,
    EnableAction,
    EventAction,
    NotifyAction,
    PropertyAction,
    PublishAction,
    PulseAction,
    SceneAction,
    SetAction,
    ToggleAction,
    WebhookAction,
)
from blynk_gateway.core.address import PinAddress

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

RULE = """
mqtt: {{}}
webhooks: {{hook: {{url: "http://nas/"}}}}
notifications: {{services: {{phone: {{url: "ntfy://x"}}}}, default: [phone]}}
automations:
  - {{name: Other one, then: {{delay: 1s}}}}
  - {{name: a, then: {}}}
"""
V1, V2 = PinAddress("pi", "V1"), PinAddress("pi", "V2")


@pytest.mark.parametrize(
    ("written", "action"),
    [
        (
            '{set: {pi/v1: on, pi/V2: [1, "{value}"]}}',
            SetAction({V1: ("on",), V2: ("1", "{value}")}),
        ),
        (
            '{property: {pi/V1: {color: "#D3435C", labels: [a, b]}}}',
            PropertyAction({V1: {"color": ("#D3435C",), "labels": ("a", "b")}}),
        ),
        ("{toggle: pi/v1}", ToggleAction(V1)),
        ("{delay: 1.5s}", DelayAction(1500)),
        ("{pulse: pi/V1}", PulseAction(V1)),
        ("{pulse: {pin: pi/V1, for: 2s, on: 5}}", PulseAction(V1, on_ms=2000, on=("5",))),
        (
            "{blink: {pin: pi/V1, times: 3, on_for: 1s, off_for: 2s, off: [2, 3]}}",
            PulseAction(V1, 1000, 2000, 3, ("1",), ("2", "3")),
        ),
        ("{scene: Other one}", SceneAction("other-one")),
        ("{webhook: hook}", WebhookAction("hook")),
        ("{publish: {topic: a/b, payload: ''}}", PublishAction("a/b", "")),
        (
            "{publish: {topic: 'a/{device}', payload: 1, retain: yes, qos: 2}}",
            PublishAction("a/{device}", "1", retain=True, qos=2),
        ),
        ('{notify: "It is {value}"}', NotifyAction("It is {value}")),
        (
            "{notify: {text: a, title: b, to: phone, limit: 5m}}",
            NotifyAction("a", "b", ("phone",), 300_000),
        ),
        ("{log_event: hot}", EventAction("hot")),
        ("{log_event: {code: hot, text: x, device: pi}}", EventAction("hot", "x", "pi")),
        ("{resolve_event: hot}", EventAction("hot", is_resolved=True)),
        (
            "{resolve_event: {code: hot, device: pi}}",
            EventAction("hot", device="pi", is_resolved=True),
        ),
        ("{enable: other-one}", EnableAction("other-one", is_enabled=True)),
        ("{disable: Other One}", EnableAction("other-one", is_enabled=False)),
    ],
)
def test_one_key_says_what_an_action_is(
    options_of: OptionsOf, written: str, action: Action
) -> None:
    assert options_of(RULE.format(written)).automations[1].then == (action,)
    # As it is shown, it means the same.
    assert options_of(RULE.format(ACTION.flow(action))).automations[1].then == (action,)
    assert ACTION.flow(action).startswith(f"{{{word_of(action)}: ")


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("[]", "then: found an empty list, expected an action"),
        ("", "then: found nothing, expected an action"),
        ("{st: {pi/V1: 1}}", "found no action, expected one of set"),
        ("{set: {}}", "set: found no pins, expected 1 to 100"),
        ("{set: {V1: 1}}", 'found "V1", expected a pin address'),
        ("{set: {pi/V1: 1, pi/v1: 2}}", "found a second time, expected once"),
        ("{set: {pi/V1: }}", "found nothing, expected a value"),
        ("{set: {pi/V1: []}}", "the value has no parameter"),
        ("{set: {pi/V1: " + 2000 * "x" + "}}", "at most 1024"),
        ("{property: {pi/V1: {}}}", "found no properties"),
        ("{property: {pi/V1: {colr: x}}}", 'did you mean "color"?'),
        ("{delay: 0s}", "from 1ms to 1y"),
        ("{delay: 2y}", "from 1ms to 1y"),
        ("{blink: {pin: pi/V1}}", "found no times, expected one"),
        ("{blink: {pin: pi/V1, times: 1001}}", "from 1 to 1000"),
        ("{pulse: {pin: pi/V1, for: 0s}}", "for: found"),
        ("{publish: {topic: a/#, payload: x}}", "without + and #"),
        ("{publish: {topic: $SYS/a, payload: x}}", "no $ first"),
        ("{publish: {topic: a}}", "found no payload"),
        ("{publish: {topic: a, payload: x, qos: 3}}", "qos: found"),
        ("{notify: ''}", "expected a text of 1 to 4096 characters"),
        ("{notify: {text: a, to: []}}", "to: found an empty list"),
        ("{log_event: {text: a}}", "found no code"),
        ("{resolve_event: {code: a, text: b}}", "text: found an unknown key"),
        ("{set: {pi/V1: 1}, delay: 1s}", "delay: found beside set, expected one key: begin"),
        ("[" + "{delay: 1s}, " * 101 + "]", "found 101 entries, expected at most 100"),
    ],
)
def test_what_is_no_action_is_told(faults_of: FaultsOf, written: str, complaint: str) -> None:
    faults = faults_of(RULE.format(written))
    assert any(complaint in fault for fault in faults), faults
