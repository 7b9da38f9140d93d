"""The section `automations` as a whole: what it takes, shows again, and is documented to take."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blynk_gateway.config import Options, as_yaml, effective, load
from blynk_gateway.config.automations.actions import ACTION
from blynk_gateway.config.automations.conditions import CONDITION
from blynk_gateway.config.automations.options import (
    AutomationOptions,
    Comparison,
    Mode,
    NotifyAction,
    Op,
    PinTrigger,
    SetAction,
    WebhookAction,
)
from blynk_gateway.config.automations.schema import AUTOMATION
from blynk_gateway.config.automations.triggers import TRIGGER
from blynk_gateway.core.address import PinAddress

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

PAGE = (Path(__file__).parents[4] / "docs/reference/config.md").read_text()

# The example of the product page, word for word but for what it needs of other sections.
PRODUCT = """
devices: {greenhouse: {token: x}}
automations:
  - name: Too hot
    when: {pin: greenhouse/V5, above: 30, for: 2m, hysteresis: 1}
    then: [{set: {pi/V1: 1}}, {notify: "Greenhouse at {value} °C"}, {webhook: particle-led}]
webhooks:
  particle-led: {method: POST, url: "https://api.particle.io/v1/devices/ID/blynk_led",
                 headers: {Authorization: "Bearer !secret particle"}, form: {args: "{value}"},
                 min_interval: 60s}
"""

BASE = """
gateway: {location: {latitude: 0, longitude: 0}}
devices: {a: {token: x, stale_after: 5m}}
mqtt: {}
webhooks: {hook: {url: "http://nas/"}}
notifications: {services: {phone: {url: "ntfy://x"}}, default: [phone]}
"""

TESTS = st.sampled_from(
    [
        *("above: -3.5", "below: 1e-7", "between: [0, 1]", "outside: [-5, 5.25]", "equals: on"),
        *('equals: "a: \\"b\\" # c"', "not_equals: ''", "is: on", "is: off, parameter: 255"),
    ]
)
CHANGES = TESTS | st.sampled_from(
    [
        *("changes: true", "any: true", "above: 1e15, hysteresis: 0.1, for: 1.5s"),
        *("changes: true, parameter: 1", "below: 0, for: 0s"),
    ]
)
DAYS = st.sampled_from(["", ", days: weekdays", ", days: [sun, mon]", ", days: weekend"])
TRIGGERS = st.one_of(
    CHANGES.map(lambda test: f"{{pin: a/V5, {test}}}"),
    st.sampled_from(["a", "any"]).map(lambda it: f"{{device: {it}, becomes: stale, for: 1m}}"),
    st.just('{event: "hot: x", text: "", is: resolved}'),
    st.just("{event: hot, device: a}"),
    TESTS.map(lambda test: f'{{mqtt: "x/+/#", json: "a[0].b", {test}}}'),
    DAYS.map(lambda days: f'{{at: [7:30, "19:00:01"]{days}}}'),
    DAYS.map(lambda days: f"{{sun: sunset, offset: -90s{days}}}"),
    st.sampled_from(['{cron: "*/5 * * * 1-5"}', '{cron: "@weekly"}', "{startup: true}"]),
)
CONDITIONS = st.recursive(
    st.one_of(
        TESTS.map(lambda test: f"{{pin: a/V5, {test}}}"),
        st.just("{device: a, is: offline}"),
        DAYS.map(lambda days: f"{{after: sunset-1h, before: 6:00{days}}}"),
        st.just("{days: [mon, tue, wed, thu, fri, sat, sun]}"),
    ),
    lambda inner: st.one_of(
        inner.map(lambda one: f"{{not: {one}}}"),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: f"{{any: [{', '.join(some)}]}}"),
    ),
    max_leaves=4,
)
ACTIONS = st.sampled_from(
    [
        '{set: {pi/V1: on, pi/V2: [1, "a\\nb"]}}',
        '{property: {a/V5: {color: "#D3435C", labels: [a, ""]}}}',
        *(
            "{delay: 1d}",
            "{toggle: pi/V1}",
            "{pulse: pi/V1}",
            "{pulse: {pin: pi/V1, for: 2s, on: [1, 2]}}",
        ),
        *("{blink: {pin: pi/V1, times: 1, off_for: 1s}}", "{blink: {pin: pi/V1, times: 9}}"),
        *("{scene: Other}", "{webhook: hook}", "{enable: Größe}", "{disable: other}"),
        '{publish: {topic: "a/{x}", payload: "{\\"a\\": 1}", retain: true, qos: 1}}',
        *('{notify: "a\\n\\U0001F33F"}', "{notify: {text: a, title: b, to: [phone], limit: 0s}}"),
        *("{log_event: hot}", "{log_event: {code: a b, text: '{value}', device: a}}"),
        *("{resolve_event: hot}", "{resolve_event: {code: hot, device: a}}"),
    ]
)


def test_example_of_the_product_page_works_as_it_stands(
    options_of: OptionsOf, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("particle: correct-horse\n")
    secrets.chmod(0o600)
    options = options_of(PRODUCT)
    assert options.automations == (
        AutomationOptions(
            name="Too hot",
            slug="too-hot",
            when=(
                PinTrigger(
                    PinAddress("greenhouse", "V5"),
                    Comparison(Op.ABOVE, low=30, hysteresis=1),
                    for_ms=120_000,
                ),
            ),
            then=(
                SetAction({PinAddress("pi", "V1"): ("1",)}),
                NotifyAction("Greenhouse at {value} °C"),
                WebhookAction("particle-led"),
            ),
        ),
    )
    assert list(options.webhooks) == ["particle-led"]


def test_every_key_of_a_rule_reaches_the_options(options_of: OptionsOf) -> None:
    rule = options_of(
        "automations: [{name: A b, enabled: off, then: {delay: 1s}, limit: 10m, mode: queued}]"
    ).automations[0]
    assert (rule.name, rule.slug, rule.enabled) == ("A b", "a-b", False)
    assert (rule.limit_ms, rule.mode) == (600_000, Mode.QUEUED)


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=60,
)
@given(
    when=st.lists(TRIGGERS, max_size=4),
    conditions=st.lists(CONDITIONS, max_size=3),
    then=st.lists(ACTIONS, min_size=1, max_size=5),
)
def test_rules_shown_as_yaml_mean_the_same_again(
    tmp_path: Path, when: list[str], conditions: list[str], then: list[str]
) -> None:
    path = tmp_path / "gateway.yaml"
    rules = f"""
automations:
  - {{name: Other, then: {{delay: 1s}}}}
  - name: Größe
    when: [{", ".join(when)}]
    if: [{", ".join(conditions)}]
    then: [{", ".join(then)}]
    mode: restart
"""
    path.write_text(BASE + rules)
    options = load(path, {})
    shown = as_yaml(effective(options))
    path.write_text(BASE + shown[shown.index("automations:") : shown.index("webhooks:")])
    assert load(path, {}).automations == options.automations


def test_rules_stand_in_lines_of_their_own(options_of: OptionsOf) -> None:
    text = "automations: [{name: a, then: {delay: 1s}}, {name: b, then: {delay: 1s}}]"
    shown = as_yaml(effective(options_of(text))).splitlines()
    first = shown.index("automations: [")
    assert shown[first + 1].startswith('  {name: "a", ')
    assert shown[first + 2].startswith('  {name: "b", ')


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (
            "{name: A, then: {delay: 1s}}",
            "found a mapping, expected a list of rules, each beginning with `- name:`",
        ),
        ("[{then: {delay: 1s}}]", "automations[0]: found no name, expected one"),
        ("[{name: A}]", "automations.a: found no then, expected one"),
        ("[{name: A, then: {delay: 1s}, enable: no}]", 'did you mean "enabled"?'),
        ("[{name: A, then: {delay: 1s}, mode: always}]", "expected one of single, restart"),
        ("[{name: A, then: {delay: 1s}, limit: -1s}]", "limit: found"),
        ("[{name: Ä b, then: {delay: 1s}}, {name: a-B, then: {delay: 1s}}]", "that line 1 has too"),
        ("[{name: [a], then: {delay: 1s}}]", "automations[0].name: found a list"),
        ("[~]", "automations[0]: found no name"),
        ("[[]]", "automations[0]: found a list"),
    ],
)
def test_what_is_no_rule_is_told(faults_of: FaultsOf, written: str, complaint: str) -> None:
    faults = faults_of(f"automations: {written}")
    assert any(complaint in fault for fault in faults), faults


def test_faults_stand_in_the_line_of_their_rule_whatever_the_others_are(
    faults_of: FaultsOf,
) -> None:
    faults = faults_of("automations:\n- x\n- {name: b}\n- {name: c, then: {webhook: gone}}\n")
    assert [fault.split(": ")[:2] for fault in faults] == [
        ["gateway.yaml:2", "automations[0]"],
        ["gateway.yaml:3", "automations.b"],
        ["gateway.yaml:4", "automations.c.then.webhook"],
    ]


def table(heading: str) -> str:
    match = re.search(rf"^#### {heading}\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
    assert match
    return match[1]


@pytest.mark.parametrize(("heading", "kind"), [("Triggers", TRIGGER), ("Conditions", CONDITION)])
def test_each_shape_and_each_key_of_it_is_documented(heading: str, kind: object) -> None:
    assert kind in (TRIGGER, CONDITION)
    forms = TRIGGER.forms if kind is TRIGGER else CONDITION.forms
    page, tests = table(heading), table("Tests")
    for word, form in forms.items():
        assert re.search(rf"\b{word}\b", page), word
        for key in form.section.keys:
            told = re.search(rf"\b{key.name}\b", page) or re.search(rf"`{key.name}: ", tests)
            assert told, key.name


def test_each_action_is_documented() -> None:
    told = re.findall(r"^\| `\{(\w+): ", table("Actions"), re.MULTILINE)
    more = re.findall(r"`, `\{(\w+): ", table("Actions"))
    assert set(told) | set(more) == set(ACTION.kinds)


def test_a_name_and_something_to_do_are_enough() -> None:
    assert AUTOMATION.required == ("name", "then")
