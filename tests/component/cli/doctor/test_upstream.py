"""Servers above: what the daemon says of them, and what can be seen without it."""

import asyncio
import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.api.upstream import upstream_view
from blynk_gateway.cli.doctor.finding import Level
from blynk_gateway.cli.doctor.upstream import check_upstream
from blynk_gateway.config import Options
from blynk_gateway.config.upstream.options import UpstreamOptions, UpstreamTlsOptions
from blynk_gateway.core.upstream import MappingState, MappingStatus, UpstreamState
from tests.component.cli.doctor.conftest import Machine
from tests.helpers.authority import Authority, Identity
from tests.helpers.control import control_server
from tests.helpers.patience import PATIENCE_S
from tests.helpers.processes import free_port
from tests.helpers.upstreams import ABOVE

CONNECTED = ABOVE._replace(mappings=ABOVE.mappings[:1])


def findings_of(
    machine: Machine, state: UpstreamState, **components: tuple[str, str]
) -> list[tuple[Level, str, str]]:
    """What is found where the daemon tells this."""
    health: dict[str, Any] = {
        "components": {
            f"upstream cloud/{name}": {"state": level, "detail": detail}
            for name, (level, detail) in components.items()
        },
        "upstream": upstream_view([state]),
    }
    machine.change(daemon=4711)
    with control_server(machine.data_dir) as control:
        control.answers["GET /api/health"] = (200, json.dumps(health))
        return [one[:3] for one in machine.find(check_upstream)]


def test_connected_device_is_well_and_tells_what_waits(machine: Machine) -> None:
    assert findings_of(machine, CONNECTED, greenhouse=("ok", "")) == [
        (
            Level.OK,
            "cloud cloud/greenhouse",
            "connected to fra1.blynk.cloud:443, 17 points wait to go up",
        )
    ]


def test_device_that_is_not_well_is_told_in_its_own_words(machine: Machine) -> None:
    found = findings_of(
        machine, ABOVE, greenhouse=("degraded", "its clock is off"), pi=("failed", "token refused")
    )
    assert found == [
        (Level.WARNING, "cloud cloud/greenhouse", "its clock is off"),
        (Level.FAULT, "cloud cloud/pi", "token refused"),
    ]


def test_pins_that_run_in_a_circle_are_told(machine: Machine) -> None:
    found = findings_of(
        machine,
        CONNECTED,
        **{"greenhouse": ("ok", ""), "greenhouse circle": ("degraded", "V1 comes back")},
    )
    assert found[1:] == [(Level.WARNING, "cloud cloud/greenhouse circle", "V1 comes back")]


def test_device_that_was_not_connected_yet_is_a_warning(machine: Machine) -> None:
    state = ABOVE._replace(mappings=(MappingState("pi", MappingStatus.WAITING),))
    assert findings_of(machine, state) == [(Level.WARNING, "cloud cloud/pi", "not connected yet")]


def test_budget_that_is_spent_is_a_warning(machine: Machine) -> None:
    spent = ABOVE.budgets[1]._replace(spent=5000, left=0)
    state = CONNECTED._replace(budgets=(ABOVE.budgets[0], spent))
    assert findings_of(machine, state)[1:] == [
        (Level.WARNING, "cloud cloud", "the 5000 messages of this day are spent")
    ]


def test_daemon_that_does_not_answer_is_left_to_its_own_check(machine: Machine) -> None:
    machine.change(daemon=4711)
    assert machine.find(check_upstream) == []


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "home")


@contextmanager
def listening(identity: Identity | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """A server that notes whatever it is told; with TLS if it has a certificate."""
    heard: list[bytes] = []
    context = None
    if identity is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.cert, identity.key)

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(PATIENCE_S)
                    if context is not None:
                        with context.wrap_socket(connection, server_side=True) as secure:
                            heard.append(secure.recv(100))
                    else:
                        heard.append(connection.recv(100))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            yield server.getsockname()[1], heard
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture
def configure(machine: Machine) -> Callable[..., None]:
    def with_options(*upstreams: UpstreamOptions) -> None:
        machine.change(options=Options(upstream={one.name: one for one in upstreams}))

    return with_options


def test_server_without_tls_is_reached_and_told_nothing(
    machine: Machine, configure: Callable[..., None]
) -> None:
    with listening() as (port, heard):
        configure(UpstreamOptions("nas", "127.0.0.1", port, tls=None))
        level, text, _ = machine.only(check_upstream)
    assert (level, text.partition(";")[0]) == (Level.OK, f"127.0.0.1:{port} takes connections")
    assert b"".join(heard) == b""


def test_server_with_a_certificate_of_our_authority_is_well(
    machine: Machine, configure: Callable[..., None], authority: Authority
) -> None:
    with listening(authority.issue("nas", "127.0.0.1")) as (port, heard):
        options = UpstreamOptions("nas", "127.0.0.1", port, UpstreamTlsOptions(authority.ca))
        configure(options)
        level, text, _ = machine.only(check_upstream)
    assert level is Level.OK
    assert text.startswith(f"127.0.0.1:{port} takes connections over TLS;")
    assert b"".join(heard) == b""


def test_certificate_that_nobody_signed_is_a_fault_that_names_the_key(
    machine: Machine, configure: Callable[..., None], authority: Authority
) -> None:
    with listening(authority.issue("nas", "127.0.0.1")) as (port, _):
        configure(UpstreamOptions("nas", "127.0.0.1", port))
        level, text, advice = machine.only(check_upstream)
    assert level is Level.FAULT
    assert f"127.0.0.1:{port}" in text
    assert "tls: {ca: FILE}" in advice


def test_server_that_is_not_there_is_a_fault(
    machine: Machine, configure: Callable[..., None]
) -> None:
    port = free_port()
    configure(UpstreamOptions("nas", "127.0.0.1", port, tls=None))
    level, text, _ = machine.only(check_upstream)
    assert level is Level.FAULT
    assert text == f"127.0.0.1:{port}: nothing listens there; expected a server"


def test_each_usual_port_is_tried_before_it_is_a_fault(
    machine: Machine, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    async def refuse(_host: str, port: int, **_options: object) -> None:
        await asyncio.sleep(0)
        tried.append(port)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("asyncio.open_connection", refuse)
    configure(UpstreamOptions("nas", "fd00::5", tls=None))
    _, text, _ = machine.only(check_upstream)
    assert tried == [80, 8080]
    assert "[fd00::5]:80: " in text
    assert "[fd00::5]:8080: " in text


def test_server_that_says_nothing_is_a_fault_after_a_while(
    machine: Machine, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.cli.doctor.upstream.CONNECT_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        configure(UpstreamOptions("nas", "127.0.0.1", port))
        level, text, _ = machine.only(check_upstream)
    assert (level, text) == (Level.FAULT, f"127.0.0.1:{port}: no answer; expected one")


def test_authorities_that_cannot_be_read_are_a_fault(
    machine: Machine, configure: Callable[..., None], tmp_path: Path
) -> None:
    configure(UpstreamOptions("nas", "127.0.0.1", 1, UpstreamTlsOptions(tmp_path / "gone.pem")))
    level, text, _ = machine.only(check_upstream)
    assert level is Level.FAULT
    assert "gone.pem" in text


def test_nothing_is_said_of_servers_that_are_not_in_force(
    machine: Machine, configure: Callable[..., None]
) -> None:
    configure(UpstreamOptions("nas", "127.0.0.1", 1, enabled=False))
    assert machine.find(check_upstream) == []
    configure(UpstreamOptions("nas", "127.0.0.1", 1))
    machine.change(faults=("gateway.yaml:1: …",))
    assert machine.find(check_upstream) == []
