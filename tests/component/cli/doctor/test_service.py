from collections.abc import Callable, Sequence

import pytest

from blynk_gateway.cli.doctor.finding import Finding, Level
from blynk_gateway.cli.doctor.service import BACKUP, SOCKET, TIMER, UNIT, check_service
from blynk_gateway.cli.program import ProgramFailed
from blynk_gateway.config import Options
from blynk_gateway.config.options import Address, ServerOptions
from tests.component.cli.doctor.conftest import Machine

GOOD = {
    "Id": UNIT,
    "LoadState": "loaded",
    "UnitFileState": "enabled",
    "ActiveState": "active",
    "SubState": "running",
    "Result": "success",
    "ExecMainStatus": "0",
    "MainPID": "77",
    "NRestarts": "0",
    "NeedDaemonReload": "no",
}
NONE = {"LoadState": "not-found", "ActiveState": "inactive", "NeedDaemonReload": "no"}


def systemd(*units: dict[str, str]) -> Callable[[Sequence[str]], str]:
    """Answers as `systemctl show` does of these units, and that others are not there."""
    found = {unit["Id"]: unit for unit in units}

    def ask(command: Sequence[str]) -> str:
        assert command[:2] == ["systemctl", "show"]
        blocks = [found.get(name, {"Id": name, **NONE}) for name in command[-4:]]
        return "\n\n".join(
            "\n".join(f"{name}={line}" for name, text in one.items() for line in text.split("\n"))
            for one in blocks
        )

    return ask


def only(machine: Machine, *units: dict[str, str]) -> Finding:
    (finding,) = machine.find(check_service, systemd(*units))
    return finding


def test_service_that_runs_is_well(machine: Machine) -> None:
    machine.change(daemon=77)
    finding = only(machine, GOOD)
    assert finding.level is Level.OK
    assert finding.text == "it runs as process 77, without a restart by systemd"


@pytest.mark.parametrize(
    ("change", "level", "text", "advice"),
    [
        (
            {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "78"},
            Level.FAULT,
            "ended with 78, as its configuration has faults",
            "check-config",
        ),
        (
            {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "1"},
            Level.FAULT,
            "it failed: it ended with 1",
            "journalctl",
        ),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "Result": "watchdog"},
            Level.FAULT,
            "again and again: it hung, and systemd's watchdog ended it",
            "journalctl",
        ),
        (
            {"ActiveState": "activating", "SubState": "start"},
            Level.WARNING,
            "it is activating",
            "Ask again",
        ),
        ({"ActiveState": "inactive"}, Level.WARNING, "it is inactive", "systemctl start"),
        (
            {"NRestarts": "3", "Result": "oom-kill"},
            Level.WARNING,
            "start it again 3 times; the last time the kernel ended it, as memory ran out",
            "journalctl",
        ),
        ({"MainPID": "78"}, Level.WARNING, "runs as process 78, but process 77", "--config"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(
    machine: Machine, change: dict[str, str], level: Level, text: str, advice: str
) -> None:
    machine.change(daemon=77)
    finding = only(machine, GOOD | change)
    assert finding.level is level
    assert text in finding.text
    assert advice in finding.advice


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"UnitFileState": "disabled"}, "it does not come at a boot (disabled)"),
        ({"NeedDaemonReload": "yes"}, "its unit file has changed since systemd read it"),
    ],
)
def test_unit_that_is_not_in_order_is_told_beside_its_state(
    machine: Machine, change: dict[str, str], text: str
) -> None:
    good, other = machine.find(check_service, systemd(GOOD | change))
    assert good.level is Level.OK
    assert (other.level, other.text) == (Level.WARNING, text)


def test_without_the_unit_or_without_systemd_there_is_nothing_to_say(machine: Machine) -> None:
    def refuse(_: Sequence[str]) -> str:
        raise ProgramFailed("there is no systemctl on this machine")

    assert machine.find(check_service, systemd()) == []
    assert machine.find(check_service, refuse) == []


def socket(*addresses: str) -> dict[str, str]:
    listen = "\n".join(f"{one} (Stream)" for one in addresses)
    return {"Id": SOCKET, **NONE, "ActiveState": "active", "Listen": listen}


def test_socket_unit_has_to_open_what_the_configuration_says(machine: Machine) -> None:
    plain, secure = Address("192.168.1.5", 8080), Address("::", 9443)
    server = ServerOptions(listen=(plain,), listen_tls=(secure,))
    machine.change(options=Options(server=server))
    _, same = machine.find(check_service, systemd(GOOD, socket("192.168.1.5:8080", "[::]:9443")))
    assert (same.level, same.text) == (Level.OK, "it opens 192.168.1.5:8080, [::]:9443")
    _, other = machine.find(check_service, systemd(GOOD, socket("[::]:8080", "[::]:9443")))
    assert other.level is Level.WARNING
    assert other.text.endswith("only it has [::]:8080; it lacks 192.168.1.5:8080")
    machine.change(faults=("a fault",))
    assert len(machine.find(check_service, systemd(GOOD, socket("[::]:1")))) == 1


@pytest.mark.parametrize(
    ("timer", "last", "level", "text"),
    [
        ("active", "inactive", Level.OK, f"{TIMER} is on"),
        ("inactive", "inactive", Level.WARNING, "none is made by the clock"),
        ("active", "failed", Level.FAULT, "the last one by the clock failed"),
    ],
)
def test_backups_by_the_clock_are_looked_at(
    machine: Machine, timer: str, last: str, level: Level, text: str
) -> None:
    units = (
        {"Id": TIMER, "LoadState": "loaded", "ActiveState": timer},
        {"Id": BACKUP, "LoadState": "loaded", "ActiveState": last},
    )
    _, finding = machine.find(check_service, systemd(GOOD, *units))
    assert (finding.level, finding.text) == (level, text)
