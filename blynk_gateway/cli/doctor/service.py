"""Checks of an installed system: the units, as systemd sees them."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, fault, ok, warning
from blynk_gateway.cli.program import ProgramFailed, output_of

Ask = Callable[[Sequence[str]], str]

UNIT = "blynk-gateway.service"
SOCKET = "blynk-gateway.socket"
BACKUP = "blynk-gateway-backup.service"
TIMER = "blynk-gateway-backup.timer"

_PROPERTIES = (
    "Id",
    "LoadState",
    "UnitFileState",
    "ActiveState",
    "SubState",
    "Result",
    "ExecMainStatus",
    "MainPID",
    "NRestarts",
    "NeedDaemonReload",
    "Listen",
)

_ENABLED = ("enabled", "enabled-runtime", "linked", "linked-runtime", "static", "generated")

_CHANGING = ("activating", "deactivating", "reloading")

_BAD_CONFIG = "78"

_LOG = "Look for the reason in `sudo journalctl -u blynk-gateway -e`."

_NAME = "service"

_RESULTS = {
    "watchdog": "it hung, and systemd's watchdog ended it",
    "timeout": "it did not start or stop in time",
    "signal": "a signal ended it",
    "core-dump": "a signal ended it",
    "oom-kill": "the kernel ended it, as memory ran out",
    "start-limit-hit": "it was started too often",
}

Unit = Mapping[str, str]


def check_service(case: Case, ask: Ask = output_of) -> Iterator[Finding]:
    """The service runs, comes at each boot, and did not have to be started again."""
    units = _units(ask)
    unit = units.get(UNIT, {})
    if unit.get("LoadState") != "loaded":
        # Run by hand, in a container, or by a unit of another name.
        return
    if unit["ActiveState"] == "failed":
        yield _failed(unit)
    elif unit["SubState"] == "auto-restart":
        yield fault(_NAME, f"it ended and is started again and again: {_reason(unit)}", _LOG)
    elif unit["ActiveState"] in _CHANGING:
        yield warning(_NAME, f"it is {unit['ActiveState']}", "Ask again in a minute.")
    elif unit["ActiveState"] != "active":
        yield warning(
            _NAME,
            f"it is {unit['ActiveState']}",
            "Start it: `sudo systemctl start blynk-gateway`.",
        )
    else:
        yield from _running(case, unit)
    if unit["UnitFileState"] not in _ENABLED:
        yield warning(
            _NAME,
            f"it does not come at a boot ({unit['UnitFileState']})",
            "Switch it on: `sudo systemctl enable blynk-gateway`.",
        )
    if unit["NeedDaemonReload"] == "yes":
        yield warning(
            _NAME,
            "its unit file has changed since systemd read it",
            "Run `sudo systemctl daemon-reload`, then restart the service.",
        )
    yield from _socket(case, units.get(SOCKET, {}))
    yield from _backups(units)


def _units(ask: Ask) -> dict[str, dict[str, str]]:
    """Properties of each unit; nothing where there is no systemd to ask."""
    names = (UNIT, SOCKET, BACKUP, TIMER)
    try:
        text = ask(
            ["systemctl", "show", "--no-pager", f"--property={','.join(_PROPERTIES)}", *names]
        )
    except ProgramFailed:
        return {}
    units: dict[str, dict[str, str]] = {}
    # One block for each unit, with an empty line between two.
    for block in text.split("\n\n"):
        found = dict.fromkeys(_PROPERTIES, "")
        for line in block.splitlines():
            name, _, value = line.partition("=")
            # A socket unit has a line for each of its addresses.
            found[name] = f"{found[name]}\n{value}".strip() if name == "Listen" else value
        units[found["Id"]] = found
    return units


def _failed(unit: Unit) -> Finding:
    if unit["ExecMainStatus"] == _BAD_CONFIG:
        return fault(
            _NAME,
            "it ended with 78, as its configuration has faults, and is not started again",
            "See them by `sudo blynk-gateway check-config`, correct them, then run"
            " `sudo systemctl restart blynk-gateway`.",
        )
    return fault(_NAME, f"it failed: {_reason(unit)}", _LOG)


def _reason(unit: Unit) -> str:
    ended = f"it ended with {unit['ExecMainStatus']}"
    return _RESULTS.get(unit["Result"], ended)


def _running(case: Case, unit: Unit) -> Iterator[Finding]:
    restarts = int(unit["NRestarts"] or 0)
    if case.daemon and unit["MainPID"] != str(case.daemon):
        yield warning(
            _NAME,
            f"it runs as process {unit['MainPID']}, but process {case.daemon} has {case.data_dir}",
            "Give doctor the --config and --data-dir of the one you mean.",
        )
    elif restarts:
        yield warning(
            _NAME,
            f"it runs, but systemd had to start it again {restarts} times; the last time"
            f" {_RESULTS.get(unit['Result'], 'it ended by itself')}",
            _LOG,
        )
    else:
        yield ok(_NAME, f"it runs as process {unit['MainPID']}, without a restart by systemd")


def _socket(case: Case, unit: Unit) -> Iterator[Finding]:
    """A socket unit opens the addresses of the configuration, and no others."""
    if unit.get("ActiveState") != "active" or case.faults:
        return
    server = case.options.server
    wanted = {str(address) for address in (*server.listen, *server.listen_tls)}
    opened = {line.partition(" ")[0] for line in unit["Listen"].splitlines()}
    if opened == wanted:
        yield ok(SOCKET, f"it opens {', '.join(sorted(opened))}")
        return
    parts = [
        f"{text} {', '.join(sorted(some))}"
        for text, some in (("only it has", opened - wanted), ("it lacks", wanted - opened))
        if some
    ]
    yield warning(
        SOCKET,
        f"it does not open what server.listen and server.listen_tls say: {'; '.join(parts)}",
        f"Write the same addresses into it: `sudo systemctl edit {SOCKET}`, an empty"
        " ListenStream= first; or switch it off: the gateway opens its ports itself.",
    )


def _backups(units: Mapping[str, Unit]) -> Iterator[Finding]:
    timer, last = units.get(TIMER, {}), units.get(BACKUP, {})
    if timer.get("LoadState") != "loaded":
        return
    if last.get("ActiveState") == "failed":
        yield fault(
            "backup",
            "the last one by the clock failed",
            f"Look for the reason in `sudo journalctl -u {BACKUP} -e`.",
        )
    elif timer["ActiveState"] != "active":
        yield warning(
            "backup",
            "none is made by the clock",
            f"Switch it on: `sudo systemctl enable --now {TIMER}`.",
        )
    else:
        yield ok("backup", f"{TIMER} is on")
