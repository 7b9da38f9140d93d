"""What other programs tell: systemd, the journal, the kernel's log, and our own `doctor`."""

import sys
from collections.abc import Sequence

from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.service import BACKUP, SOCKET, TIMER, UNIT
from blynk_gateway.cli.program import output_of
from blynk_gateway.cli.support_bundle.part import NotCollected

LINES = 3000

UNITS = (UNIT, SOCKET, BACKUP, TIMER)

PROPERTIES = (
    "Id",
    "LoadState",
    "UnitFileState",
    "ActiveState",
    "SubState",
    "Result",
    "StatusText",
    "NRestarts",
    "ExecMainCode",
    "ExecMainStatus",
    "ExecMainStartTimestamp",
    "ActiveEnterTimestamp",
    "InactiveEnterTimestamp",
    "WatchdogUSec",
    "WatchdogTimestamp",
    "MemoryCurrent",
    "MemoryPeak",
    "MemoryMax",
    "CPUUsageNSec",
    "TasksCurrent",
    "TasksMax",
    "NFileDescriptorStore",
    "FileDescriptorStoreMax",
    "LimitNOFILE",
    "FragmentPath",
    "DropInPaths",
    "NeedDaemonReload",
    "User",
    "SupplementaryGroups",
    "Listen",
    "LastTriggerUSec",
    "NextElapseUSecRealtime",
)
"""All harmless; `Environment` and the command lines of drop-in files may hold secrets."""

_KERNEL_WORDS = (
    "blynk",
    "ext4",
    "gpio",
    "hwmon",
    "i/o error",
    "i2c",
    "mmc",
    "nvme",
    "out of memory",
    "oom",
    "read-only",
    "spi",
    "thrott",
    "under-voltage",
    "undervoltage",
    "w1_",
)
"""Of the kernel's log only lines with one of these: others name networks and devices of a home."""


def service(_: Case) -> str:
    """How systemd sees the units.

    Raises:
        ProgramFailed: there is no systemd.
    """
    shown = f"--property={','.join(PROPERTIES)}"
    return output_of(["systemctl", "show", "--no-pager", shown, *UNITS])


def journal(_: Case) -> str:
    """The latest lines of our units in the journal.

    Raises:
        NotCollected, ProgramFailed: it may not be read.
    """
    units = [f"--unit={unit}" for unit in UNITS]
    return _journal([*units, f"--lines={LINES}"])


def kernel(_: Case) -> str:
    """What the kernel said of supply, card, lines and buses since the machine started.

    Raises:
        NotCollected, ProgramFailed: it may not be read.
    """
    lines = _journal(["--dmesg", "--boot", f"--lines={3 * LINES}"]).splitlines()
    told = (line for line in lines if any(word in line.lower() for word in _KERNEL_WORDS))
    return "".join(f"{line}\n" for line in told)


def doctor(case: Case) -> str:
    """The report of `doctor`, by a process that can be ended if it waits for a peer.

    Raises:
        ProgramFailed: it did not end in time.
    """
    # -P: root does not import what lies about in the directory that it happens to be in.
    config = () if case.config is None else ("--config", str(case.config))
    command = [sys.executable, "-P", "-m", "blynk_gateway", "doctor", *config]
    return output_of([*command, "--data-dir", str(case.data_dir)], fine=(0, 1))


def _journal(options: Sequence[str]) -> str:
    shape = ["--no-pager", "--no-hostname", "--quiet", "--output=short-iso"]
    text = output_of(["journalctl", *shape, *options])
    if not text:
        raise NotCollected("the journal has nothing of it, or does not show it to this user")
    return text
