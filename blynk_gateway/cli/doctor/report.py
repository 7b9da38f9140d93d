"""`doctor`: all checks, and their findings for people or programs."""

import contextlib
import os
import socket
import sys
import textwrap
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from blynk_gateway.cli.access import load_of, service_environment
from blynk_gateway.cli.client import CONTROL_SOCKET, ControlClient
from blynk_gateway.cli.commands import WIDTH
from blynk_gateway.cli.doctor.account import Account, account_of_process, account_of_user
from blynk_gateway.cli.doctor.broker import check_broker
from blynk_gateway.cli.doctor.buses import check_buses, check_hardware_pwm, check_one_wire
from blynk_gateway.cli.doctor.case import Case, Check
from blynk_gateway.cli.doctor.daemon import check_daemon, check_ports
from blynk_gateway.cli.doctor.finding import Finding, Level, warning
from blynk_gateway.cli.doctor.lines import check_chip, check_library, check_lines
from blynk_gateway.cli.doctor.packages import check_packages
from blynk_gateway.cli.doctor.power import check_power
from blynk_gateway.cli.doctor.secrets_file import check_secrets
from blynk_gateway.cli.doctor.service import check_service
from blynk_gateway.cli.doctor.storage import check_configuration, check_data_dir, check_disk
from blynk_gateway.cli.doctor.upstream import check_upstream
from blynk_gateway.cli.doctor.wall_clock import check_clock
from blynk_gateway.cli.output import print_json, shown
from blynk_gateway.config import Options, find_config, find_data_dir
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.errors import ConfigError, GatewayError

CHECKS: tuple[Check, ...] = (
    check_configuration,
    check_secrets,
    check_packages,
    check_data_dir,
    check_disk,
    check_clock,
    check_power,
    check_service,
    check_daemon,
    check_ports,
    check_broker,
    check_upstream,
    check_library,
    check_chip,
    check_lines,
    check_buses,
    check_one_wire,
    check_hardware_pwm,
)

_INDENT = " " * 9
_PEER_CREDENTIALS_BYTES = 12

_INSTALLED_DATA = "var/lib/blynk-gateway"

_UNITS = (
    "etc/systemd/system/blynk-gateway.service",
    "usr/lib/systemd/system/blynk-gateway.service",
)


def doctor(arguments: Namespace) -> int:
    """Run all checks; 1 if one of them found a fault."""
    findings = examine(case_of(arguments), CHECKS)
    if arguments.json:
        print_json({"findings": [finding._asdict() for finding in findings]})
    else:
        for finding in findings:
            _print(finding)
        print(f"\n{_summary(findings)}")
    return int(any(finding.level is Level.FAULT for finding in findings))


def examine(case: Case, checks: Sequence[Check]) -> list[Finding]:
    """What checks find; one that cannot look says so."""
    return [finding for check in checks for finding in _tried(check, case)]


def case_of(arguments: Namespace, root: Path = Path("/")) -> Case:
    """This machine with the configuration that the command is given or finds."""
    config = find_config(arguments.config, os.environ)
    options, faults = Options(), tuple[str, ...]()
    try:
        options = load_of(arguments, config, service_environment(root))
    except ConfigError as error:
        faults = tuple(map(str, error.faults))
    data_dir = find_data_dir(arguments.data_dir, options, os.environ)
    if faults and arguments.data_dir is None and not data_dir.exists():
        # What the file says of it is unknown; as installed it says this.
        installed = root / _INSTALLED_DATA
        data_dir = installed if installed.exists() else data_dir
    client = ControlClient(data_dir)
    daemon = _daemon(client, data_dir)
    return Case(
        root=root,
        config=config,
        options=options,
        faults=faults,
        data_dir=data_dir,
        account=_account(daemon, data_dir, root),
        daemon=daemon,
        client=client,
        clock=SystemClock(),
    )


def _daemon(client: ControlClient, data_dir: Path) -> int | None:
    try:
        if not client.is_served:
            return None
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
            probe.connect(str(data_dir / CONTROL_SOCKET))
            peer = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS_BYTES)
    except (GatewayError, OSError):
        return 0
    return int.from_bytes(peer[:4], sys.byteorder)


def _account(daemon: int | None, data_dir: Path, root: Path) -> Account:
    """Who runs the daemon, or owns its data, or else whoever asks."""
    if daemon:
        # It may have ended since, or be hidden.
        with contextlib.suppress(OSError):
            return account_of_process(root / "proc" / str(daemon))
    try:
        uid = data_dir.stat().st_uid
    except OSError:
        uid = os.geteuid()
    return account_of_user(uid, [root / unit for unit in _UNITS])


def _tried(check: Check, case: Case) -> Iterator[Finding]:
    try:
        yield from check(case)
    except OSError as error:
        name = check.__name__.removeprefix("check_").replace("_", " ")
        place = f"{error.filename}: " if error.filename else ""
        yield warning(
            name,
            f"{place}it could not be looked at ({error.strerror or error})",
            "Run `sudo blynk-gateway doctor`.",
        )


def _print(finding: Finding) -> None:
    head = f"{finding.level:<9}"
    print(_wrapped(f"{finding.check}: {finding.text}", head))
    if finding.advice:
        print(_wrapped(finding.advice, _INDENT))


def _wrapped(text: str, head: str) -> str:
    return textwrap.fill(
        shown(text),
        WIDTH,
        initial_indent=head,
        subsequent_indent=_INDENT,
        break_on_hyphens=False,
    )


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.level for finding in findings)
    parts = [
        f"{counts[level]} {level}{'' if counts[level] == 1 else 's'}"
        for level in (Level.FAULT, Level.WARNING)
        if counts[level]
    ]
    return f"{' and '.join(parts)}." if parts else "No faults."
