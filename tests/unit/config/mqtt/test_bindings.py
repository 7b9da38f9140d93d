from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.mqtt.options import BindingOptions, Direction

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


@pytest.fixture
def binding_of(options_of: OptionsOf) -> Callable[[str], BindingOptions]:
    def read(text: str) -> BindingOptions:
        mqtt = options_of(f"mqtt: {{bindings: [{{{text}}}]}}").mqtt
        assert mqtt is not None
        return mqtt.bindings[0]

    return read


BindingOf = Callable[[str], BindingOptions]


def test_topic_and_pin_are_enough(binding_of: BindingOf) -> None:
    assert binding_of("topic: a/b, pin: pi/v1") == BindingOptions("a/b", "pi/V1")


@pytest.mark.parametrize(
    "text",
    [
        "topic: a/+/b/+, pin: '{2}/V1'",
        "topic: a/#, pin: pi/V1",
        "topic: a, pin: pi/V1, direction: out, json: state.value, retain: true",
        "topic: a, pin: pi/V1, direction: both, map: {on: 1, off: 0}",
        # Read one way only, several texts may stand for one value.
        "topic: a, pin: pi/V1, map: {on: 1, open: 1, off: 0}",
        "topic: a, pin: pi/V1, direction: out, map: {1: on, 2: on}",
        "topic: a, pin: pi/V1, json: '[0].x', round: 0, scale: 1e-3, offset: -5, qos: 2",
    ],
)
def test_what_makes_sense_is_taken(binding_of: BindingOf, text: str) -> None:
    assert binding_of(text).direction in Direction


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("topic: a/+, pin: '{2}/V1'", ".pin: found {2}, expected at most {1}: the topic has 1 +"),
        ("topic: a/#, pin: '{1}/V1'", ".pin: found {1}, expected a device: the topic has no +"),
        (
            "topic: a/+, pin: pi/V1, direction: both",
            '.topic: found "a/+", expected a topic without + and # for direction both',
        ),
        (
            "topic: a, pin: '{1}/V1', direction: out",
            ".pin: found {1}, expected a device: only a + of direction in names one",
        ),
        (
            "topic: a, pin: pi/V1, direction: both, json: 'a[3]'",
            ".json: found the index 3, expected keys alone: what is published is an object",
        ),
        (
            "topic: a, pin: pi/V1, direction: both, map: {on: 1, open: 1}",
            '.map: found "1" for "on" and "open", expected one text for each value: direction both'
            " reads it backwards too",
        ),
        ("topic: a, pin: pi/V1, retain: true", ".retain: found beside direction in, which"),
        ("topic: a, pin: pi/V1, scale: 0.0", '.scale: found "0.0", expected a number other than 0'),
        ("topic: a, pin: pi/V1, scale: nan", '.scale: found "nan", expected a number other than 0'),
        ('topic: a, pin: pi/V1, map: {a: "\\0"}', '.map.a: found "\\x00", expected a text of at'),
        ("topic: a", ": found no pin, expected one"),
    ],
)
def test_what_does_not_go_together_is_a_fault(faults_of: FaultsOf, text: str, fault: str) -> None:
    (found,) = faults_of(f"mqtt: {{bindings: [{{{text}}}]}}")
    assert found.startswith(f"gateway.yaml:1: mqtt.bindings[0]{fault}")


def test_faulty_direction_is_the_only_complaint(faults_of: FaultsOf) -> None:
    (found,) = faults_of("mqtt: {bindings: [{topic: a, pin: '{1}/V1', direction: up}]}")
    assert '.direction: found "up"' in found


def test_text_of_a_map_has_a_limit_in_bytes(binding_of: BindingOf, faults_of: FaultsOf) -> None:
    text = "topic: a, pin: pi/V1, map: {on: %s}"
    assert binding_of(text % ("ö" * 128)).map == {"on": "ö" * 128}
    (fault,) = faults_of("mqtt: {bindings: [{%s}]}" % (text % ("ö" * 129)))
    assert fault.endswith("expected a text of at most 256 bytes")
