"""The section `mqtt`: what it takes, and what it says of what it does not."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options, as_yaml, effective
from blynk_gateway.config.mqtt.options import (
    BindingOptions,
    DeviceApiOptions,
    Direction,
    Discovery,
    MqttOptions,
    MqttTlsOptions,
    ProtocolVersion,
)
from blynk_gateway.config.secret import Secret

PAGE = (Path(__file__).parents[4] / "docs/reference/config.md").read_text()

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

EVERYTHING = """
devices: {shed: {token: t}}
mqtt:
  enabled: false
  host: "fe80::1"
  port: 8884
  username: me
  password_file: password
  client_id: garden gateway
  keepalive: 2m
  tls: {ca: password, cert: password, key: password}
  protocol: 5
  base_topic: home/blynk
  discovery: entity
  discovery_prefix: ha
  bindings:
    - topic: tele/+/SENSOR
      pin: "{1}/V3"
      json: list[0].value
      map: {"ON": 1, "": ""}
      scale: -0.5
      offset: 3
      round: 2
      qos: 1
    - {topic: lamp/state, pin: shed/V1, direction: both, retain: true}
  device_api: {prefix: "dev/{token}", devices: {shed: ""}}
"""


def test_every_key_reaches_the_options(options_of: OptionsOf, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse\n")
    options = options_of(EVERYTHING)
    pem = tmp_path / "password"
    assert options.mqtt == MqttOptions(
        enabled=False,
        host="fe80::1",
        port=8884,
        username="me",
        password=Secret("correct horse"),
        client_id="garden gateway",
        keepalive_ms=120_000,
        tls=MqttTlsOptions(pem, pem, pem),
        protocol=ProtocolVersion.V5,
        base_topic="home/blynk",
        discovery=Discovery.ENTITY,
        discovery_prefix="ha",
        bindings=(
            BindingOptions(
                "tele/+/SENSOR",
                "{1}/V3",
                json=("list", 0, "value"),
                map={"ON": "1", "": ""},
                scale=-0.5,
                offset=3.0,
                round=2,
                qos=1,
            ),
            BindingOptions("lamp/state", "shed/V1", Direction.BOTH, retain=True),
        ),
        device_api=DeviceApiOptions("dev/{token}", {"shed": ""}),
    )
    assert options.warnings == ()


def test_what_is_shown_reads_back_but_for_the_password(
    options_of: OptionsOf, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("hidden")
    options = options_of(EVERYTHING)
    shown = as_yaml(effective(options))
    assert "hidden" not in shown
    (tmp_path / "password").write_text("***")
    again = options_of(shown)
    assert again.mqtt == options_of(EVERYTHING).mqtt


def test_there_is_no_broker_unless_one_is_given(options_of: OptionsOf) -> None:
    for text in ("", "mqtt:", "mqtt: null"):
        assert options_of(text).mqtt is None
    assert options_of("mqtt: {}").mqtt == MqttOptions()


def test_port_is_the_usual_one_unless_it_is_given(options_of: OptionsOf) -> None:
    ports = {}
    for text in ("host: a", "tls: true", "tls: true, port: 1884", "port: 1884"):
        options = options_of(f"mqtt: {{{text}}}")
        assert options.mqtt is not None
        assert options.warnings == ()
        ports[text] = options.mqtt.port
    assert list(ports.values()) == [1883, 8883, 1884, 1884]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("port: 8883", "port: warning: found 8883, the port of brokers with TLS, but tls is off"),
        (
            "{port: 1883, tls: true}",
            "port: warning: found 1883, the port of brokers without TLS, but tls is on",
        ),
        (
            "{tls: {ca: gateway.yaml, insecure: true}}",
            "tls.insecure: warning: found beside ca, which is of no use then: any certificate will"
            " do",
        ),
    ],
)
def test_what_is_likely_not_meant_gets_a_warning(
    options_of: OptionsOf, text: str, warning: str
) -> None:
    text = text if text.startswith("{") else f"{{{text}}}"
    (told,) = options_of(f"mqtt: {text}").warnings
    assert told.partition("gateway.yaml:1: mqtt.")[2] == warning


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("host: 'nas:1883'", 'host: found "nas:1883", expected a host name or an IP address; did'),
        ("host: 300.1.1.1", 'host: found "300.1.1.1", expected a host name or an IP address'),
        ("keepalive: 4s", 'keepalive: found "4s", expected a duration'),
        ("keepalive: 5500ms", 'keepalive: found "5500ms", expected a duration'),
        ("keepalive: 60", 'keepalive: found "60", expected a duration such as 20ms, 5s, 30m,'),
        ("protocol: 3.1", 'protocol: found "3.1", expected one of 3.1.1, 5; did you mean "3.1.1"?'),
        ("protocol: 5.0", 'protocol: found "5.0", expected one of 3.1.1, 5; did you mean "5"?'),
        ("protocol: v5", 'protocol: found "v5", expected one of 3.1.1, 5; did you mean "5"?'),
        ("protocol: 4", 'protocol: found "4", expected one of 3.1.1, 5; did you mean "3.1.1"?'),
        ("discovery: false", 'discovery: found "false", expected one of device, entity, off; did'),
        ("client_id: ''", 'client_id: found "", expected 1 to 64 printable ASCII characters'),
        (
            "base_topic: ha, discovery_prefix: ha",
            'base_topic: found "ha", which is discovery_prefix',
        ),
        ("password: hidden", "username: found none beside a password, expected the user"),
        ("password: hidden, username: ''", 'username: found "", expected a name of 1 to 256'),
        (
            "username: me, password: hidden, password_file: x",
            "password_file: found beside password, expected only",
        ),
        ("tls: {key: gateway.yaml}", "tls.cert: found none, expected a file: cert and key go"),
        ("tls: {key: gateway.yaml, cert: x.pem}", 'tls.cert: found "x.pem", which cannot be read'),
    ],
)
def test_faults_say_what_is_expected_and_no_secret(
    faults_of: FaultsOf, text: str, fault: str
) -> None:
    (found,) = faults_of(f"mqtt: {{{text}}}")
    assert found.startswith(f"gateway.yaml:1: mqtt.{fault}")
    assert "hidden" not in found


def test_likely_names_are_offered_for_a_url(faults_of: FaultsOf) -> None:
    (found,) = faults_of("mqtt: {host: 'mqtts://nas.local:8883/mqtt'}")
    assert found.endswith('did you mean "nas.local"?')


def test_user_without_a_password_is_fine(options_of: OptionsOf) -> None:
    options = options_of("mqtt: {username: me}").mqtt
    assert options is not None
    assert (options.username, options.password) == ("me", None)


def test_limits_of_the_keep_alive_are_taken(options_of: OptionsOf) -> None:
    for text, keepalive_ms in (("5s", 5000), ("18h", 64_800_000)):
        options = options_of(f"mqtt: {{keepalive: {text}}}").mqtt
        assert options is not None
        assert options.keepalive_ms == keepalive_ms


def test_documented_defaults_are_the_real_ones(options_of: OptionsOf) -> None:
    text = "mqtt: {tls: true, port: 1883, device_api: true, bindings: [{topic: a, pin: pi/V1}]}"
    shown = {setting.key: setting.value for setting in effective(options_of(text))}
    (binding,) = re.findall(r"\[\{(.*)\}\]", shown["mqtt.bindings"])
    real = shown | {
        f"mqtt.bindings[].{name}": value
        for name, value in (pair.split(": ", 1) for pair in binding.split(", "))
    }
    sections = re.findall(r"^#### `(mqtt\.[^`]+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    told = {key: re.findall(r"Default\s`([^`]*)`", body) for key, body in sections}
    untold = {"mqtt.password_file", "mqtt.bindings[].topic", "mqtt.bindings[].pin"}
    assert {key for key, defaults in told.items() if not defaults} == untold
    off = {"mqtt.tls": "false", "mqtt.device_api": "false", "mqtt.bindings": "[]"}
    expected = {key: off.get(key) or real[key].strip('"') for key in told.keys() - untold}
    assert {key: defaults[-1].strip('"') for key, defaults in told.items() if defaults} == expected
