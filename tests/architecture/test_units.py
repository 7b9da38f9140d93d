"""The unit files and the program agree: commands, paths, users, ports, times and limits."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from blynk_gateway.blynk_server.admission import MAX_CONNECTIONS, RESERVED_FILES
from blynk_gateway.cli import EXIT_BAD_CONFIG
from blynk_gateway.cli.parser import build_parser
from blynk_gateway.config import Options, load_data_dir
from blynk_gateway.daemon import STOP_WITHIN_S

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "systemd"

SERVICE = "blynk-gateway.service"
BACKUP = "blynk-gateway-backup.service"
MOST_EXPOSED = 15
"""Tenths of the score of `systemd-analyze security`."""

EXECUTABLE = "/usr/bin/blynk-gateway"
STATE = "/var/lib/blynk-gateway"


def settings(name: str) -> dict[str, list[str]]:
    """Values of each key of a unit file, in order."""
    found: dict[str, list[str]] = {}
    for line in (SYSTEMD / name).read_text().splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def only(name: str, key: str) -> str:
    (value,) = settings(name)[key]
    return value


def seconds(text: str) -> float:
    """What a time of the unit files stands for."""
    units = {"s": 1, "min": 60, "h": 3600}
    number = text.rstrip("".join(units))
    return float(number) * units[text.removeprefix(number)]


def exposure_is_within(unit: Path, tenths: int) -> bool:
    analyze = shutil.which("systemd-analyze")
    assert analyze, "apt install systemd"
    command = (analyze, "security", "--offline=true", f"--threshold={tenths}", str(unit))
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", [SERVICE, BACKUP])
@pytest.mark.parametrize("key", ["ExecStart", "ExecReload"])
def test_every_command_is_one_of_the_program(name: str, key: str) -> None:
    for line in settings(name).get(key, []):
        program, *arguments = shlex.split(line)
        assert program == EXECUTABLE
        assert build_parser().parse_args(arguments).handler


def test_backups_go_where_the_directory_is_made_and_may_be_written() -> None:
    directory = only(BACKUP, "ReadWritePaths")
    *_, target = shlex.split(only(BACKUP, "ExecStart"))
    assert Path(target) == Path(directory)
    kind, made, mode, *owner = (SYSTEMD / "blynk-gateway.tmpfiles").read_text().split()[:5]
    assert (kind, made, mode, *owner) == ("d", directory, "0700", *[only(BACKUP, "User")] * 2)


@pytest.mark.parametrize("name", [SERVICE, BACKUP])
def test_user_is_made_and_owns_the_state(name: str) -> None:
    users = (SYSTEMD / "blynk-gateway.sysusers").read_text().splitlines()
    (user,) = (shlex.split(line) for line in users if line.startswith("u "))
    assert user[1] == only(name, "User") == only(name, "Group")
    assert user[4] == STATE == f"/var/lib/{only(name, 'StateDirectory')}"
    assert only(name, "StateDirectoryMode") == "0700"


def test_file_of_the_package_names_the_state_of_the_service() -> None:
    assert load_data_dir(ROOT / "config" / "gateway.yaml") == Path(STATE)


def test_socket_unit_opens_the_ports_of_a_gateway_without_configuration() -> None:
    server = Options().server
    addresses = [str(address) for address in (*server.listen, *server.listen_tls)]
    assert settings("blynk-gateway.socket")["ListenStream"] == addresses


def test_only_a_faulty_configuration_is_not_tried_again() -> None:
    assert only(SERVICE, "Restart") == "always"
    assert only(SERVICE, "StartLimitIntervalSec") == "0"
    assert int(only(SERVICE, "RestartPreventExitStatus")) == EXIT_BAD_CONFIG


def test_times_and_limits_have_room_for_what_the_program_needs() -> None:
    assert seconds(only(SERVICE, "TimeoutStopSec")) > 2 * STOP_WITHIN_S
    assert int(only(SERVICE, "LimitNOFILE")) > MAX_CONNECTIONS + RESERVED_FILES


@pytest.mark.parametrize("name", [SERVICE, BACKUP])
def test_sandbox_stays_as_tight_as_promised(name: str) -> None:
    assert exposure_is_within(SYSTEMD / name, MOST_EXPOSED)


def test_hole_in_the_sandbox_is_seen(tmp_path: Path) -> None:
    lines = (SYSTEMD / SERVICE).read_text().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("Protect"))
    (tmp_path / SERVICE).write_text(text)
    assert not exposure_is_within(tmp_path / SERVICE, MOST_EXPOSED)
