from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from blynk_gateway.cli.doctor.broker import check_broker
from blynk_gateway.cli.doctor.finding import Level
from blynk_gateway.config import Options
from blynk_gateway.config.mqtt.options import (
    Discovery,
    MqttOptions,
    MqttTlsOptions,
    ProtocolVersion,
)
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.clock import SystemClock
from tests.component.cli.doctor.conftest import Machine
from tests.helpers.broker import Broker
from tests.helpers.processes import free_port

USER, PASSWORD = "gateway", "correct horse"


def write_access_list(directory: Path) -> None:
    (directory / "access").write_text(f"user {USER}\ntopic readwrite blynk/#\n")


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    """A broker that lets one user in, and to the base topic alone."""
    with Broker(
        passwords={USER: PASSWORD},
        settings=["acl_file {dir}/access"],
        prepare=write_access_list,
    ) as broker:
        yield broker


@pytest.fixture
def options(broker: Broker) -> MqttOptions:
    return MqttOptions(host="127.0.0.1", port=broker.port, username=USER, password=Secret(PASSWORD))


@pytest.fixture
def configure(machine: Machine) -> Callable[[MqttOptions | None], None]:
    return lambda options: machine.change(options=Options(mqtt=options), clock=SystemClock())


Configure = Callable[[MqttOptions | None], None]


@pytest.mark.parametrize("protocol", list(ProtocolVersion))
def test_broker_that_hands_on_what_is_published_is_well(
    machine: Machine, configure: Configure, options: MqttOptions, protocol: ProtocolVersion
) -> None:
    configure(replace(options, discovery=Discovery.OFF, protocol=protocol))
    assert machine.only(check_broker) == (
        Level.OK,
        f"127.0.0.1:{options.port} takes the user {USER}, MQTT {protocol}",
        "",
    )


def test_topics_that_an_access_list_forgets_are_a_fault_that_names_them(
    machine: Machine,
    configure: Configure,
    options: MqttOptions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("blynk_gateway.cli.doctor.broker.ECHO_TIMEOUT_S", 0.3)
    configure(options)
    level, text, advice = machine.only(check_broker)
    assert level is Level.FAULT
    assert text == (
        "what is published to homeassistant/device/blynk_doctor/config does not come back"
    )
    assert advice.startswith(
        "Let the user gateway write and read homeassistant/# in the broker's access"
    )


def test_wrong_password_is_a_fault_that_does_not_tell_it(
    machine: Machine, configure: Configure, options: MqttOptions
) -> None:
    configure(replace(options, password=Secret("wrong horse")))
    level, text, advice = machine.only(check_broker)
    assert level is Level.FAULT
    assert f"127.0.0.1:{options.port}" in text
    assert "mqtt.password" in advice
    assert "horse" not in text + advice


def test_broker_that_is_not_there_is_a_fault(
    machine: Machine, configure: Configure, options: MqttOptions
) -> None:
    port = free_port()
    configure(replace(options, port=port))
    level, text, advice = machine.only(check_broker)
    assert level is Level.FAULT
    assert f"127.0.0.1:{port}" in text
    assert advice


def test_broker_without_tls_is_a_fault_where_tls_is_expected(
    machine: Machine, configure: Configure, options: MqttOptions
) -> None:
    configure(replace(options, tls=MqttTlsOptions(insecure=True)))
    insecure, refused = machine.find(check_broker)
    assert insecure.level is Level.WARNING
    assert insecure.advice == "Name the broker's authority in mqtt.tls.ca, and remove insecure."
    assert refused.level is Level.FAULT
    assert "TLS" in refused.text + refused.advice


@pytest.mark.parametrize("is_faulty", [True, False])
def test_nothing_is_said_where_no_broker_is_configured(
    machine: Machine, configure: Configure, options: MqttOptions, *, is_faulty: bool
) -> None:
    configure(options if is_faulty else replace(options, enabled=False))
    if is_faulty:
        machine.change(faults=("gateway.yaml:1: …",))
    assert machine.find(check_broker) == []
    configure(None)
    assert machine.find(check_broker) == []
