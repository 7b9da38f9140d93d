from collections.abc import Callable

import pytest

FaultsOf = Callable[[str], list[str]]

DEVICES = """
gateway: {slug: pi}
devices: {a: {token: 0123456789abcdef0123456789abcdef}}
automations:
"""
DO = "then: {set: {pi/V1: 1}}"


@pytest.mark.parametrize(
    ("rule", "likely"),
    [
        (f"{{alias: X, {DO}}}", ("name",)),
        ("{name: X, trigger: {startup: true}, action: {delay: 1s}}", ("then", "when")),
        (f"{{name: X, when: {{time: '07:30'}}, {DO}}}", ("at",)),
        (f"{{name: X, when: {{topic: a/b}}, {DO}}}", ("mqtt",)),
        (f"{{name: X, when: {{every: 5m}}, {DO}}}", ("cron",)),
        (f"{{name: X, when: {{pin: a/V1, '>': 3}}, {DO}}}", ("above",)),
        (f"{{name: X, when: {{pin: a/V1, to: 3}}, {DO}}}", ("equals",)),
        (f"{{name: X, when: {{pin: a/V1, is: 1}}, {DO}}}", ("on",)),
        (f"{{name: X, when: {{pin: a.V1, is: on}}, {DO}}}", ("a/V1",)),
        (f"{{name: X, when: {{pin: a/V1, above: '30,5 C'}}, {DO}}}", ("30.5",)),
        (f"{{name: X, when: {{device: a, is: offline}}, {DO}}}", ("becomes",)),
        (f"{{name: X, when: {{device: a, becomes: disconnected}}, {DO}}}", ("offline",)),
        (f"{{name: X, when: {{at: '7:30', weekday: mon}}, {DO}}}", ("days",)),
        (f"{{name: X, if: {{device: a, becomes: offline}}, {DO}}}", ("is",)),
        (f"{{name: X, if: {{or: []}}, {DO}}}", ("any",)),
        ("{name: X, then: {wait: 5m}}", ("delay",)),
        ("{name: X, then: {delay: 00:05:00}}", ("5m",)),
        ("{name: X, then: {notify: {message: hi}}}", ("text",)),
        ("{name: X, then: {log_event: {event: hi}}}", ("code",)),
        ("{name: X, then: {pulse: {pin: pi/V1, duration: 1s}}}", ("for",)),
    ],
)
def test_word_of_another_program_is_one_fault_that_tells_ours(
    faults_of: FaultsOf, rule: str, likely: tuple[str, ...]
) -> None:
    faults = faults_of(f"{DEVICES}  - {rule}")
    assert len(faults) == len(likely)
    for fault, word in zip(faults, likely, strict=True):
        assert fault.endswith(f'; did you mean "{word}"?')


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (f"{{name: X, {DO}, else: []}}", "write another rule with the opposite test"),
        (f"{{name: X, when: {{platform: sun, event: sunset}}, {DO}}}", "{sun: sunset}"),
        (f"{{name: X, when: {{platform: time, at: '7:30'}}, {DO}}}", '{at: "07:30"}'),
        (
            f"{{name: X, when: {{sunset: true}}, {DO}}}",
            "write it as in {sun: sunset, offset: -30m}",
        ),
        (f"{{name: X, when: {{above: 3}}, {DO}}}", "it belongs into the entry with `pin`"),
        (f"{{name: X, if: {{and: []}}, {DO}}}", "a list of conditions means all of them"),
        (f"{{name: X, if: {{pin: a/V1, is: on, for: 2m}}, {DO}}}", "only a trigger can have it"),
        ("{name: X, then: {service: light.on}}", "the key itself says what it is"),
        ("{name: X, then: {if: x}}", "conditions stand in `if`, beside `then`"),
        ("{name: X, then: {set: pi/V1}}", "such as {pi/V1: 1}"),
        ("{name: X, then: {set: {pin: pi/V1, value: 1}}}", "such as {pi/V1: 1}"),
        ("{name: X, then: {set: {pi/V1:1}}}", "found no blank behind the colon"),
        ("{name: X, then: {set: {pi/V1: {value}}}}", 'quote a text with braces, as in "{value}"'),
        ("{name: X, then: {notify: {value}}}", 'quote a text with braces, as in "{value}"'),
    ],
)
def test_what_has_no_word_here_is_one_fault_that_says_what_to_do(
    faults_of: FaultsOf, rule: str, said: str
) -> None:
    (fault,) = faults_of(f"{DEVICES}  - {rule}")
    assert said in fault
