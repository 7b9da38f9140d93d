from collections.abc import Callable

import pytest

from blynk_gateway.config import Options
from blynk_gateway.config.mqtt.options import DeviceApiOptions

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


@pytest.mark.parametrize(
    ("text", "api"),
    [
        ("false", None),
        ("true", DeviceApiOptions("device/{device}", {})),
        ("{prefix: 'dev/{token}'}", DeviceApiOptions("dev/{token}")),
        ("{prefix: 'a-{device}/b'}", DeviceApiOptions("a-{device}/b")),
        ("{prefix: ''}", DeviceApiOptions("")),
        ("{devices: {pi: ''}}", DeviceApiOptions(devices={"pi": ""})),
    ],
)
def test_prefixes_are_taken(options_of: OptionsOf, text: str, api: DeviceApiOptions | None) -> None:
    mqtt = options_of(f"mqtt: {{host: a, device_api: {text}}}").mqtt
    assert mqtt is not None
    assert mqtt.device_api == api


@pytest.mark.parametrize(
    "prefix", ["{slug}", "{", "a}", "{}", "{{device}}", "a/+", "a/#", "/a", "a/", "a//b", "$a"]
)
def test_prefix_that_is_none_is_refused(faults_of: FaultsOf, prefix: str) -> None:
    (fault,) = faults_of(f"mqtt: {{device_api: {{prefix: '{prefix}'}}}}")
    assert fault.startswith(
        f'gateway.yaml:1: mqtt.device_api.prefix: found "{prefix}", expected levels such as'
        ' device/{device} or dev/{token}, without + and #, or "" for none'
    )


def test_prefix_of_a_device_is_checked_likewise(faults_of: FaultsOf) -> None:
    (fault,) = faults_of("mqtt: {device_api: {devices: {shed: /a/}}}")
    assert fault.startswith("gateway.yaml:1: mqtt.device_api.devices.shed: found")
    assert fault.endswith('did you mean "a"?')
