from collections.abc import Callable

import pytest

from blynk_gateway.config import Options, as_yaml, effective
from blynk_gateway.config.mqtt.device_api import DEVICE_API
from blynk_gateway.config.mqtt.options import DeviceApiOptions, MqttTlsOptions

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]


def tls_of(options: Options) -> MqttTlsOptions | None:
    assert options.mqtt is not None
    return options.mqtt.tls


@pytest.mark.parametrize("text", ["true", "yes", "on", "{}", "{insecure: false}"])
def test_section_can_be_switched_on_as_it_is(options_of: OptionsOf, text: str) -> None:
    assert tls_of(options_of(f"mqtt: {{tls: {text}}}")) == MqttTlsOptions()


@pytest.mark.parametrize("text", ["false", "no", "off", "null", ""])
def test_section_can_be_switched_off(options_of: OptionsOf, text: str) -> None:
    assert tls_of(options_of(f"mqtt: {{host: nas, tls: {text}}}")) is None


def test_section_can_be_spelt_out(options_of: OptionsOf) -> None:
    assert tls_of(options_of("mqtt: {tls: {insecure: true}}")) == MqttTlsOptions(insecure=True)


@pytest.mark.parametrize(
    ("text", "found"), [("ca.pem", '"ca.pem"'), ('""', '""'), ("!x true", 'the tag "!x"')]
)
def test_another_text_is_told_what_is_expected(faults_of: FaultsOf, text: str, found: str) -> None:
    (fault,) = faults_of(f"mqtt: {{tls: {text}}}")
    assert fault.startswith(f"gateway.yaml:1: mqtt.tls: found {found}, expected ")
    if "tag" not in found:
        assert fault.endswith("true or false, or `key: value` pairs of ca, cert, key, insecure")


def test_list_is_no_section(faults_of: FaultsOf) -> None:
    (fault,) = faults_of("mqtt: {tls: [ca]}")
    assert fault.startswith("gateway.yaml:1: mqtt.tls: found a list, expected `key: value` pairs")


@pytest.mark.parametrize("text", ["true", "false"])
def test_what_is_shown_reads_back(options_of: OptionsOf, text: str) -> None:
    options = options_of(f"mqtt: {{host: nas, tls: {text}, device_api: {text}}}")
    assert options_of(as_yaml(effective(options))) == options


def test_it_can_be_shown_on_one_line() -> None:
    assert DEVICE_API.flow(None) == "false"
    assert DEVICE_API.flow(DeviceApiOptions("a")) == '{prefix: "a", devices: {}}'
