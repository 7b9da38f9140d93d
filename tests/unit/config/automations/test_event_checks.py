from collections.abc import Callable

import pytest

from blynk_gateway.config import Options

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

FILE = """
devices:
  a: {{token: x, template: t, events: {{cold: }}}}
  b: {{token: y}}
templates: {{t: {{events: {{hot: }}}}}}
automations: [{{name: a, {}}}]
"""


@pytest.mark.parametrize(
    "rule",
    [
        "when: {event: hot, device: a}, then: {resolve_event: cold}",
        "when: {event: whatever, device: b}, then: {delay: 1s}",
        "when: [{event: power}, {event: notify}, {event: offline, device: a}], then: {delay: 1s}",
        "then: {log_event: {code: cold, device: a}}",
    ],
)
def test_code_that_is_declared_or_cannot_be_judged_is_fine(
    options_of: OptionsOf, rule: str
) -> None:
    assert options_of(FILE.format(rule)).warnings == ()


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("when: {event: hott, device: a}, then: {delay: 1s}", "which a does not declare; did you"),
        ("when: {event: dry}, then: {delay: 1s}", 'found "dry", which no device declares'),
        ("then: {log_event: hto}", "then.log_event: warning: found"),
        ("then: {resolve_event: {code: x, device: a}}", "then.resolve_event: warning: found"),
    ],
)
def test_code_that_is_likely_misspelt_is_warned_of(
    options_of: OptionsOf, rule: str, complaint: str
) -> None:
    (warning,) = options_of(FILE.format(rule)).warnings
    assert complaint in warning


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("gateway: {events: {hot: {notify: [phon]}}}", "gateway.events.hot.notify"),
        ("devices: {a: {token: x, events: {hot: {notify: phon}}}}", "devices.a.events.hot.notify"),
        ("templates: {t: {events: {hot: {notify: phon}}}}", "templates.t.events.hot.notify"),
    ],
)
def test_service_of_an_event_has_to_be_there(faults_of: FaultsOf, section: str, key: str) -> None:
    (fault,) = faults_of(f"{section}\nnotifications: {{services: {{phone: {{url: 'ntfy://x'}}}}}}")
    assert fault.split(": ")[1] == key
    assert fault.endswith('did you mean "phone"?')
