"""The installed service as its user sees it: units, journal, process, configuration."""

import json
import time
from pathlib import Path
from typing import Any

from tests.vm.inside.outcome import attempt, expect, run, within

UNIT = "blynk-gateway.service"
CONFIG = Path("/etc/blynk-gateway/gateway.yaml")
DATA = Path("/var/lib/blynk-gateway")
USER = "blynk-gateway"

START_WITHIN_S = 240
"""A start takes 15 times as long as on a real machine of this kind."""

_KIB_PER_MIB = 1024
_AS_JSON = ("--output=json", "--all")


def show(prop: str, unit: str = UNIT) -> str:
    """A property of a unit, as `systemctl show` has it."""
    return run("systemctl", "show", "--property", prop, "--value", unit).strip()


def state() -> str:
    """active, activating, failed, …"""
    return show("ActiveState")


def pid() -> int:
    """Of the daemon; 0 while there is none."""
    return int(show("MainPID"))


def start() -> None:
    """Start the service; returns when it is ready."""
    run("systemctl", "start", UNIT)


def stop() -> None:
    """Stop the service."""
    run("systemctl", "stop", UNIT)


def restart() -> None:
    """Restart the service; returns when it is ready."""
    run("systemctl", "restart", UNIT)


def is_replaced(old_pid: int) -> bool:
    """Whether another process serves in place of the old one."""
    return state() == "active" and pid() not in (0, old_pid)


def configure(text: str) -> None:
    """Replace the configuration file, as an editor does: its owner and mode stay."""
    CONFIG.write_text(text)


def start_took_s() -> float:
    """From the fork of the process to READY=1 of its latest start."""
    began, ended = (
        int(show(f"{name}Monotonic")) for name in ("ExecMainStartTimestamp", "ActiveEnterTimestamp")
    )
    return (ended - began) / 1e6


def resident_mib() -> float:
    """What the process holds in memory, shared pages of libraries included."""
    for line in Path(f"/proc/{pid()}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) / _KIB_PER_MIB
    raise AssertionError("smaps_rollup without Rss")


def now() -> str:
    """A place in the journal: what comes after it is told by `since`."""
    _, out = attempt("journalctl", "--quiet", "--lines=0", "--show-cursor")
    expect("-- cursor: " in out, "the journal has a cursor")
    return out.split("-- cursor: ")[1].strip()


def since(cursor: str) -> list[dict[str, Any]]:
    """Records of the service after a place: its own, and those of systemd about it."""
    # Not by --unit: with a filter journalctl 252 leaves out the first record after a cursor.
    _, out = attempt("journalctl", "--quiet", *_AS_JSON, f"--after-cursor={cursor}")
    records = map(json.loads, out.splitlines())
    return [one for one in records if UNIT in (one.get("_SYSTEMD_UNIT"), one.get("UNIT"))]


def matching(match: str, after: float) -> list[dict[str, Any]]:
    """Records with a field, `DEVICE=bench`, after a time of the monotonic clock."""
    _, out = attempt("journalctl", "--quiet", *_AS_JSON, "--boot", match)
    records = map(json.loads, out.splitlines())
    return [one for one in records if int(one["__MONOTONIC_TIMESTAMP"]) / 1e6 >= after]


def said(cursor: str, text: str) -> bool:
    """Whether a record after a place has this text in its message."""
    return any(text in str(record.get("MESSAGE")) for record in since(cursor))


def settle() -> None:
    """Return when nothing is on its way, whatever became of it."""
    moving = ("activating", "deactivating", "reloading")
    within(START_WITHIN_S, lambda: state() not in moving, "the service comes to rest")


def await_active(limit_s: float = START_WITHIN_S) -> float:
    """Seconds until the service is ready."""
    began = time.monotonic()
    within(limit_s, lambda: state() == "active", f"{UNIT} is active")
    return time.monotonic() - began
