from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

DEVICES = "devices: {shed: {token: secret-a}, hut: {token: secret-b}}\n"
PREFIX = "gateway.yaml:2: mqtt.device_api"


@pytest.mark.parametrize(
    "api",
    [
        "true",
        "{prefix: 'dev/{token}'}",
        "{prefix: '{device}'}",
        "{prefix: device, devices: {shed: ''}}",
        "{devices: {shed: '', hut: hut}}",
        "{devices: {shed: device/barn}}",
    ],
)
def test_prefixes_of_their_own_are_fine(options_of: OptionsOf, api: str) -> None:
    assert options_of(f"{DEVICES}mqtt: {{device_api: {api}}}").warnings == ()


@pytest.mark.parametrize(
    ("api", "key", "prefix"),
    [
        ("{prefix: device}", "prefix", "device"),
        ("{prefix: ''}", "prefix", ""),
        ("{devices: {shed: '', hut: ''}}", "devices", ""),
        ("{devices: {shed: device/hut}}", "prefix", "device/{device}"),
        ("{prefix: dev/secret-a, devices: {shed: 'dev/{token}'}}", "prefix", "dev/secret-a"),
    ],
)
def test_two_devices_of_one_prefix_are_a_fault(
    faults_of: FaultsOf, api: str, key: str, prefix: str
) -> None:
    (fault,) = faults_of(f"{DEVICES}mqtt: {{device_api: {api}}}")
    assert fault == (
        f'{PREFIX}.{key}: found "{prefix}" for shed and hut, expected {{device}} or {{token}} in'
        " it, or a prefix for each below devices"
    )


def test_prefix_of_a_hundred_devices_is_one_fault(faults_of: FaultsOf) -> None:
    devices = ", ".join(f"d{number}: {{token: t{number}}}" for number in range(102))
    assert len(faults_of(f"devices: {{{devices}}}\nmqtt: {{device_api: {{prefix: a}}}}")) == 1


def test_prefix_without_placeholder_will_do_for_one_device(options_of: OptionsOf) -> None:
    assert options_of("devices: {shed: {token: a}}\nmqtt: {device_api: {prefix: ''}}").mqtt


@pytest.mark.parametrize(
    ("api", "base"),
    [
        ("{prefix: 'blynk/{device}'}", "blynk"),
        ("{prefix: blynk, devices: {shed: a}}", "blynk"),
        ("{prefix: '', devices: {shed: a}}", "ds"),
        ("{prefix: home, devices: {shed: a}}", "home/ds"),
    ],
)
def test_prefix_that_meets_the_base_topic_is_a_fault(
    faults_of: FaultsOf, api: str, base: str
) -> None:
    (fault,) = faults_of(f"{DEVICES}mqtt: {{base_topic: {base}, device_api: {api}}}")
    assert fault.startswith(f"{PREFIX}.prefix: found ")
    assert fault.endswith(f"expected a prefix apart from base_topic, which is {base}")


def test_token_with_a_wildcard_makes_no_topic(faults_of: FaultsOf) -> None:
    text = "devices: {shed: {token: '#'}}\nmqtt: {device_api: {prefix: 'dev/{token}'}}"
    (fault,) = faults_of(text)
    assert fault.startswith("gateway.yaml:1: devices.shed.token: found + or # in it, expected")


@pytest.mark.parametrize(
    ("topic", "api", "key"),
    [
        ("device/shed/ds/Heat", "true", "prefix"),
        ("device/+/event/#", "true", "prefix"),
        ("#", "true", "prefix"),
        ("ds/Heat", "{devices: {shed: ''}}", "devices"),
        ("garden/shed/downlink/reboot", "{devices: {shed: garden/shed}}", "devices"),
        ("garden/+/meta/+", "{devices: {shed: garden/shed}}", "devices"),
    ],
)
def test_binding_within_a_prefix_gets_a_warning(
    options_of: OptionsOf, topic: str, api: str, key: str, tmp_path: Path
) -> None:
    text = f"mqtt: {{device_api: {api}, bindings: [{{topic: {topic!r}, pin: shed/V1}}]}}"
    warnings = options_of(DEVICES + text).warnings
    assert [warning.replace(f"{tmp_path}/", "") for warning in warnings if "both" in warning] == [
        f'gateway.yaml:2: mqtt.bindings: warning: found "{topic}", which mqtt.device_api.{key}'
        " takes in: both will answer to it"
    ]


def test_device_that_is_not_declared_gets_a_warning(options_of: OptionsOf) -> None:
    (warning,) = options_of(f"{DEVICES}mqtt: {{device_api: {{devices: {{shet: a}}}}}}").warnings
    assert warning.endswith(
        "mqtt.device_api.devices: warning: found shet, but this file declares no such device;"
        ' unless `device add` has made it, add it below devices; did you mean "shed"?'
    )


def test_binding_beside_a_prefix_is_fine(options_of: OptionsOf) -> None:
    bindings = "[{topic: device/shed/state, pin: shed/V1}, {topic: garden/ds/x, pin: shed/V2}]"
    api = "{devices: {hut: garden/hut}}"
    assert options_of(f"{DEVICES}mqtt: {{device_api: {api}, bindings: {bindings}}}").warnings == ()
