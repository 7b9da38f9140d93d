from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.mqtt.checks import MAX_UNKNOWN

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

FILE = "devices: {{shed: {{token: a}}, greenhouse: {{token: b}}}}\nmqtt:\n  bindings:\n{}"


def file_of(*bindings: str) -> str:
    return FILE.format("".join(f"    - {{{binding}}}\n" for binding in bindings))


@pytest.fixture
def warnings_of(options_of: OptionsOf, tmp_path: Path) -> Callable[..., list[str]]:
    def warn(*bindings: str) -> list[str]:
        warnings = options_of(file_of(*bindings)).warnings
        return [warning.replace(f"{tmp_path}/", "") for warning in warnings]

    return warn


WarningsOf = Callable[..., list[str]]


def test_ordinary_bindings_need_no_comment(warnings_of: WarningsOf) -> None:
    assert not warnings_of(
        "topic: zigbee2mqtt/lamp, pin: shed/V1, json: state",
        "topic: zigbee2mqtt/lamp, pin: shed/V2, json: brightness",
        "topic: zigbee2mqtt/lamp, pin: shed/V3, json: color.hue",
        "topic: zigbee2mqtt/lamp, pin: greenhouse/V1, json: state",
        "topic: zigbee2mqtt/lamp/set, pin: shed/V1, direction: out, json: state",
        "topic: tele/+/SENSOR, pin: '{1}/V3'",
        "topic: blynk/shed/temperature, pin: pi/V9",
    )


@pytest.mark.parametrize("direction", ["in", "out", "both"])
@pytest.mark.parametrize("topic", ["blynk/shed/v5", "blynk/shed/v5/set", "blynk/bridge/info"])
def test_topic_of_our_own_is_a_fault(faults_of: FaultsOf, topic: str, direction: str) -> None:
    assert faults_of(file_of(f"topic: {topic}, pin: shed/V1, direction: {direction}")) == [
        f'gateway.yaml:4: mqtt.bindings: found "{topic}", which is the gateway\'s own (base_topic'
        " blynk); expected another topic: a pin follows a pin by `links`"
    ]


def test_filter_below_our_base_is_a_fault_too(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(file_of("topic: blynk/+/v5, pin: '{1}/V6'"))
    assert 'found "blynk/+/v5", which is the gateway\'s own' in fault


def test_filter_that_takes_in_our_own_topics_gets_a_warning(warnings_of: WarningsOf) -> None:
    (warning,) = warnings_of("topic: +/+/state, pin: shed/V1")
    assert warning == (
        'gateway.yaml:4: mqtt.bindings: warning: found "+/+/state", which takes in the gateway\'s'
        " own topics (base_topic blynk): a pin may feed itself; use a narrower filter"
    )


def test_same_end_twice_is_a_fault_that_names_the_first(faults_of: FaultsOf) -> None:
    assert faults_of(
        file_of(
            "topic: a, pin: shed/V1, scale: 2", "topic: b, pin: pi/V1", "topic: a, pin: shed/v1"
        )
    ) == [
        'gateway.yaml:6: mqtt.bindings: found "a" and shed/V1 again (line 4), expected one binding'
        " of the two"
    ]


def test_two_directions_are_one_binding_of_both(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(
        file_of("topic: a, pin: shed/V1", "topic: a, pin: shed/V1, direction: out")
    )
    assert fault.endswith("expected one binding of the two, with direction both")


def test_two_that_publish_to_one_topic_get_a_warning(warnings_of: WarningsOf) -> None:
    assert warnings_of(
        "topic: a, pin: shed/V1, direction: out", "topic: a, pin: shed/V2, direction: both"
    ) == [
        'gateway.yaml:5: mqtt.bindings: warning: found "a", to which line 4 publishes too: the last'
        " one wins"
    ]


def test_device_that_is_not_declared_gets_a_warning(warnings_of: WarningsOf) -> None:
    bindings = ("a, pin: greenhose/V1", "b, pin: kitchen/V1", "c, pin: kitchen/V2")
    assert warnings_of(*(f"topic: {binding}" for binding in bindings)) == [
        "gateway.yaml:4: mqtt.bindings: warning: found greenhose/V1, but this file declares no"
        " device greenhose; unless `device add` has made it, add it below devices; did you mean"
        ' "greenhouse"?',
        "gateway.yaml:5: mqtt.bindings: warning: found kitchen/V1, but this file declares no"
        " device kitchen; unless `device add` has made it, add it below devices",
    ]


def test_section_that_is_switched_off_is_checked_all_the_same(faults_of: FaultsOf) -> None:
    text = "mqtt: {enabled: false, bindings: [{topic: blynk/a/v1, pin: pi/V1}]}"
    (fault,) = faults_of(text)
    assert "which is the gateway's own" in fault


def test_unknown_devices_are_named_up_to_a_limit(warnings_of: WarningsOf) -> None:
    warnings = warnings_of(*(f"topic: a/{number}, pin: d{number}/V1" for number in range(30)))
    assert len(warnings) == MAX_UNKNOWN + 1
    assert warnings[-1].endswith(
        f"found more than {MAX_UNKNOWN} devices that this file does not declare"
    )
