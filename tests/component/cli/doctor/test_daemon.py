import os
import socket
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.cli.doctor.daemon import check_daemon, check_ports, listening
from blynk_gateway.cli.doctor.finding import Level
from blynk_gateway.config import Options
from blynk_gateway.config.options import Address, ServerOptions
from tests.component.cli.doctor.conftest import Machine
from tests.helpers.control import control_server

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid ...\n"
OURS = 4711
EVERYWHERE = "0.0.0.0"  # noqa: S104  compared with, not listened on


def table(*rows: tuple[str, str, int]) -> str:
    """`/proc/net/tcp` with local address, state and inode of each row."""
    lines = [
        f"   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0"
        f"        0 {inode} 1 0000000000000000 100 0 0 10 0\n"
        for local, state, inode in rows
    ]
    return HEAD + "".join(lines)


def process(machine: Machine, pid: int, name: str, inode: int) -> None:
    machine.file(f"proc/{pid}/comm", f"{name}\n")
    fds = machine.root / f"proc/{pid}/fd"
    fds.mkdir()
    (fds / "3").symlink_to("/dev/null")
    (fds / "4").symlink_to(f"socket:[{inode}]")


def listen(machine: Machine, *addresses: Address) -> None:
    machine.change(options=Options(server=ServerOptions(addresses, ())))


def test_no_daemon_is_a_warning_that_says_how_to_start_it(machine: Machine) -> None:
    level, text, advice = machine.only(check_daemon)
    assert (level, text) == (Level.WARNING, f"none runs on {machine.data_dir}")
    assert "systemctl start" in advice


def test_daemon_of_another_user_is_a_warning(machine: Machine) -> None:
    machine.change(daemon=0)
    level, _, advice = machine.only(check_daemon)
    assert (level, advice) == (Level.WARNING, "Run `sudo blynk-gateway doctor`.")


def test_each_part_that_is_not_well_is_told_with_its_own_words(machine: Machine) -> None:
    machine.change(daemon=OURS)
    health = {
        "version": "1.2",
        "components": {
            "devices": {"state": "ok", "detail": ""},
            "gpio": {"state": "degraded", "detail": "no lgpio; install it"},
            "history": {"state": "failed", "detail": ""},
            "upstream cloud/pi": {"state": "failed", "detail": "told by another check"},
        },
    }
    with control_server(machine.data_dir) as control:
        control.answers["GET /api/health"] = (200, health)
        assert [one[:3] for one in machine.find(check_daemon)] == [
            (Level.OK, "daemon", f"process {OURS}, version 1.2"),
            (Level.WARNING, "daemon: gpio", "no lgpio; install it"),
            (Level.FAULT, "daemon: history", "failed"),
        ]


def test_daemon_that_does_not_answer_is_a_fault(machine: Machine) -> None:
    machine.change(daemon=OURS)
    level, text, _ = machine.only(check_daemon)
    assert level is Level.FAULT
    assert "does not answer" in text


@pytest.mark.parametrize(
    ("local", "address", "meets"),
    [
        ("00000000:1F90", Address(EVERYWHERE, 8080), True),
        ("0100007F:1F90", Address(EVERYWHERE, 8080), True),
        ("00000000:1F90", Address("192.168.1.5", 8080), True),
        ("0100007F:1F90", Address("127.0.0.1", 8080), True),
        ("0100007F:1F90", Address("192.168.1.5", 8080), False),
        ("0100007F:1F90", Address("shed.lan", 8080), True),
        ("00000000:1F91", Address(EVERYWHERE, 8080), False),
        ("0100007F:1F90", Address("::", 8080), True),
        ("0100007F:1F90", Address("::1", 8080), False),
        ("0" * 24 + "01000000:1F90", Address("::1", 8080), True),
        ("0" * 32 + ":1F90", Address(EVERYWHERE, 8080), True),
        ("0" * 24 + "01000000:1F90", Address(EVERYWHERE, 8080), False),
    ],
)
def test_port_is_taken_by_whatever_stands_in_the_way_and_by_nothing_else(
    machine: Machine, local: str, address: Address, meets: bool
) -> None:
    kind = "tcp6" if len(local) > 13 else "tcp"
    machine.file(f"proc/net/{kind}", table((local, "0A", 99), ("00000000:1F90", "01", 98)))
    process(machine, 12, "nginx", 99)
    listen(machine, address)
    level, text, _ = machine.only(check_ports)
    if meets:
        assert level is Level.FAULT
        assert "is in use by nginx (process 12); expected a free port" in text
    else:
        assert (level, text) == (Level.OK, f"{address} is free (server.listen)")


@pytest.mark.parametrize(
    ("daemon", "holder", "level", "text"),
    [
        (OURS, OURS, Level.OK, "the daemon listens on 0.0.0.0:8080"),
        (OURS, 12, Level.FAULT, "in use by python3 (process 12)"),
        (OURS, None, Level.OK, "the daemon listens"),
        (0, None, Level.OK, "the daemon listens"),
        (None, None, Level.FAULT, "in use by another program"),
    ],
)
def test_port_is_the_daemons_or_a_fault(
    machine: Machine, daemon: int | None, holder: int | None, level: Level, text: str
) -> None:
    machine.file("proc/net/tcp", table(("00000000:1F90", "0A", 99)))
    machine.file("proc/13/comm", "without descriptors that we may see")
    if holder is not None:
        process(machine, holder, "python3", 99)
    machine.change(daemon=daemon)
    listen(machine, Address(EVERYWHERE, 8080))
    machine.change(daemon=daemon)
    found, told, _ = machine.only(check_ports)
    assert found is level
    assert text in told


def test_copy_that_systemd_keeps_does_not_make_the_port_anothers(machine: Machine) -> None:
    machine.file("proc/net/tcp", table(("00000000:1F90", "0A", 99)))
    process(machine, 1, "systemd", 99)
    process(machine, OURS, "blynk-gateway", 99)
    listen(machine, Address(EVERYWHERE, 8080))
    machine.change(daemon=OURS)
    assert machine.only(check_ports)[0] is Level.OK
    machine.change(daemon=12)
    level, text, _ = machine.only(check_ports)
    assert level is Level.FAULT
    assert f"systemd (process 1), blynk-gateway (process {OURS})" in text


def test_port_that_systemd_holds_while_no_daemon_runs_is_no_fault(machine: Machine) -> None:
    machine.file("proc/net/tcp", table(("00000000:1F90", "0A", 99)))
    process(machine, 1, "systemd", 99)
    listen(machine, Address(EVERYWHERE, 8080))
    level, text, advice = machine.only(check_ports)
    assert level is Level.WARNING
    assert text.startswith("systemd holds 0.0.0.0:8080 (server.listen) open, for the gateway")
    assert "systemctl list-sockets" in advice


def test_port_that_the_daemons_user_may_not_open_is_a_fault(machine: Machine) -> None:
    machine.be_stranger()
    listen(machine, Address(EVERYWHERE, 80))
    level, text, advice = machine.only(check_ports)
    assert level is Level.FAULT
    assert text.startswith("gateway may not listen on 0.0.0.0:80 (server.listen); expected a port")
    assert "systemctl edit blynk-gateway.socket" in advice
    machine.file("proc/sys/net/ipv4/ip_unprivileged_port_start", "80\n")
    assert machine.only(check_ports)[0] is Level.OK


def test_running_daemon_that_does_not_listen_is_a_fault(machine: Machine) -> None:
    machine.change(daemon=OURS)
    tls = ServerOptions((Address("127.0.0.1", 0),), (Address(EVERYWHERE, 9443),))
    machine.change(options=Options(server=tls))
    level, text, _ = machine.only(check_ports)
    assert level is Level.FAULT
    assert text == "the daemon does not listen on 0.0.0.0:9443 (server.listen_tls)"


def test_ports_of_a_faulty_configuration_are_not_guessed(machine: Machine) -> None:
    machine.change(daemon=OURS, faults=("gateway.yaml:1: x",))
    assert machine.find(check_ports) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_listening_sockets_of_this_machine_are_seen(machine: Machine, host: str) -> None:
    machine.change(root=Path("/"))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        port: Any = server.getsockname()[1]
        (found,) = (one for one in listening(machine.case) if one.port == port)
        assert found.host == host
        listen(machine, Address(host, port))
        _, text, _ = machine.only(check_ports)
        assert f"(process {os.getpid()})" in text
