from collections.abc import Callable

import pytest

from blynk_gateway.config import Options

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

MQTT = "mqtt: {base_topic: home}"
PLACE = "gateway: {location: {latitude: 1, longitude: 1}}"
PHONE = "notifications: {services: {phone: {url: 'ntfy://x'}}}"


def rules(rule: str, *sections: str) -> str:
    other = "{name: Other one, then: {delay: 1s}}"
    return "\n".join([*sections, f"automations: [{other}, {{name: a, {rule}}}]"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (rules("then: {scene: Othr one}"), 'found "othr-one", expected the name of an automation;'),
        (rules("then: {enable: b}"), "then.enable: found"),
        (rules("then: {disable: b}"), "then.disable: found"),
        (rules("then: [{delay: 1s}, {scene: A}]"), "then[1].scene: found this automation itself"),
        (rules("then: {webhook: b}"), 'found "b", expected the name of a webhook'),
        (
            rules("then: {webhook: partcle}", "webhooks: {particle: {url: 'http://nas'}}"),
            'did you mean "particle"?',
        ),
        (rules("then: {notify: {text: x, to: phon}}", PHONE), 'did you mean "phone"?'),
        (rules("then: {notify: {text: x, to: b}}"), "expected one of notifications.services"),
        (rules("when: {mqtt: b}, then: {delay: 1s}"), "when.mqtt: found"),
        (rules("then: {publish: {topic: b, payload: x}}"), "expected the section mqtt"),
        (rules("when: {sun: sunset}, then: {delay: 1s}"), "expected gateway.location"),
        (rules("if: {not: {before: sunrise}}, then: {delay: 1s}"), "if.not.before: found sunrise"),
    ],
)
def test_what_something_else_contradicts_is_a_fault(
    faults_of: FaultsOf, text: str, complaint: str
) -> None:
    (fault,) = faults_of(text)
    assert complaint in fault


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (rules("then: {notify: x}"), "found nobody who is told"),
        (rules("then: {notify: x}", PHONE), "found nobody who is told"),
        (rules("when: {mqtt: b}, then: {delay: 1s}", "mqtt: {enabled: false}"), "enabled is false"),
        (
            rules("then: {publish: {topic: home/pi/v1, payload: x}}", MQTT),
            "one of the gateway's own topics; to write a pin use `set`",
        ),
        (
            rules(
                "when: {device: b, becomes: stale}, then: {delay: 1s}", "devices: {b: {token: x}}"
            ),
            'found "stale", but b has no stale_after',
        ),
        (
            rules("if: {device: b, is: stale}, then: {delay: 1s}", "devices: {b: {token: x}}"),
            "if.is: warning: found",
        ),
    ],
)
def test_what_is_likely_not_meant_is_warned_of(
    options_of: OptionsOf, text: str, complaint: str
) -> None:
    (warning,) = options_of(text).warnings
    assert complaint in warning


@pytest.mark.parametrize(
    "text",
    [
        rules("then: [{scene: Other one}, {enable: a}, {disable: A}]"),
        rules("when: {sun: sunset}, if: {after: sunrise}, then: {delay: 1s}", PLACE),
        rules("when: {mqtt: b}, then: {publish: {topic: 'b/{value}', payload: x}}", MQTT),
        rules("then: {notify: {text: x, to: phone}}", PHONE),
    ],
)
def test_what_fits_together_is_fine(options_of: OptionsOf, text: str) -> None:
    assert options_of(text).warnings == ()


def test_faulty_rules_webhooks_and_services_are_not_unknown_as_well(faults_of: FaultsOf) -> None:
    faults = faults_of(
        "automations: [{name: b}, {name: a, then: [{scene: b}, {webhook: w}, {notify: {text: x,"
        " to: phone}}]}]\nwebhooks: {w: {}}\nnotifications: {services: {phone: {}}}"
    )
    assert [fault.split(": ")[1] for fault in faults] == [
        "automations.b",
        "webhooks.w",
        "notifications.services.phone",
    ]


@pytest.mark.parametrize("place", ["widgets: [ONE]", "pages: [{title: A, widgets: [ONE]}]"])
def test_button_of_an_unknown_rule_is_a_fault(
    faults_of: FaultsOf, options_of: OptionsOf, place: str
) -> None:
    rule = "automations: [{name: Good night, then: {delay: 1s}}]"
    text = f"{rule}\ndashboards:\n  home: {{{place}}}\n"
    options_of(text.replace("ONE", "{type: scene, automation: good-night}"))
    (fault,) = faults_of(text.replace("ONE", "{type: scene, automation: Good nigt}"))
    assert fault.startswith("gateway.yaml:3: dashboards.home.")
    assert fault.endswith('expected the name of an automation; did you mean "good-night"?')
