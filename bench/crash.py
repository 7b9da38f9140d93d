"""Kills the daemon in the middle of a storm of writes, again and again, and looks what is left.

python -m bench.crash [--cycles 200] [--seed 1] [--slack 0.5] [--keep]

Each cycle starts the daemon on what the last one left, loads it, ends it with SIGKILL at a random
moment, and holds a copy of the file, as the kill left it, against what was accepted; the next start
then has to give the latest values. Some kills come in the middle of a start, of a backup or of a
snapshot; passes of the archive, checkpoints and retention run several times a second
(`bench/hurried.py`). The exit code is 1 if anything was not as promised.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.crash_check import Findings, check, read
from bench.crash_load import (
    LATE,
    OLD,
    Ledger,
    back_up,
    configuration,
    current_values,
    storm,
    watch,
)

ROOT = Path(__file__).parents[1]

DEVICES = 4
COMMIT_EVERY_S = 0.25
SLACK_S = 0.5
"""Time for a commit itself, on a machine that is busy."""

START_S = 20.0
START_MOMENTS_S = 1.5
"""A kill in a start comes within this time: a start takes about half of it."""

STORM_S = (0.2, 2.2)
MARK_S = 3.0
"""The longest wait for the beginning of a snapshot or a backup."""

PAUSES_S = (0.0, 0.01, 0.03, 0.1)
FRESH_EVERY = 10
"""Cycles on one data directory: looking through all that it holds takes ever longer."""

KINDS = ("start", "storm", "storm", "storm", "backup", "snapshot")
POLL_S = 0.005


@dataclass
class Totals:
    """What all cycles gave."""

    kinds: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    found: int = 0
    archived: int = 0
    losses_s: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Daemon:
    """A daemon on a data directory, which is killed."""

    def __init__(self, directory: Path, devices: int) -> None:
        self.data_dir = directory / "data"
        self.control = self.data_dir / "control.sock"
        self.port = _free_port()
        self._config = directory / "gateway.yaml"
        self._log = directory / "gateway.log"
        directory.mkdir(parents=True)
        self._config.write_text(json.dumps(configuration(self.port, devices, COMMIT_EVERY_S)))
        self._process: asyncio.subprocess.Process | None = None
        self._killed_at: float | None = None

    async def spawn(self) -> None:
        """Start it, and do not wait."""
        places = ["--config", str(self._config), "--data-dir", str(self.data_dir)]
        self.control.unlink(missing_ok=True)
        self._killed_at = None
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.hurried", "run", *places),
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=ROOT,
                # Debug mode would make it several times slower.
                env={**os.environ, "PYTHONASYNCIODEBUG": ""},
            )

    async def ready(self) -> None:
        """Wait until it serves."""
        deadline = time.monotonic() + START_S
        while not (_accepts(self.control) and _accepts(("127.0.0.1", self.port))):
            ended = self._process is None or self._process.returncode is not None
            if ended or time.monotonic() > deadline:
                tail = self._log.read_text(errors="replace")[-3000:]
                raise SystemExit(f"bench: the daemon does not start:\n{tail}")
            await asyncio.sleep(POLL_S)

    async def kill(self) -> float:
        """End it at once; returns when, by the monotonic clock. May be called twice."""
        assert self._process is not None
        if self._killed_at is None:
            self._killed_at = time.monotonic()
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            code = await self._process.wait()
            if code != -signal.SIGKILL:
                tail = self._log.read_text(errors="replace")[-3000:]
                raise SystemExit(f"bench: the daemon ended by itself with {code}:\n{tail}")
        return self._killed_at

    async def orphans(self) -> list[int]:
        """Processes that it started and that are still there two seconds later."""
        assert self._process is not None
        deadline = time.monotonic() + 2.0
        while (left := _session(self._process.pid)) and time.monotonic() < deadline:  # noqa: ASYNC110 - other processes end
            await asyncio.sleep(POLL_S)
        return left


async def cycle(
    daemon: Daemon, ledger: Ledger, kind: str, totals: Totals, slack_s: float = SLACK_S
) -> Findings:
    """Start, load, kill, and look.

    Args:
        kind: one of `KINDS`: what goes on when the kill comes.
        slack_s: what a commit may take.
    """
    shutil.rmtree(daemon.data_dir / "snapshots", ignore_errors=True)
    faults = []
    await daemon.spawn()
    try:
        if kind == "start":
            await asyncio.sleep(random.uniform(0, START_MOMENTS_S))  # noqa: S311 - no secret
        else:
            await daemon.ready()
            faults += await _differing_values(daemon, ledger)
            async with _load(daemon, ledger, kind):
                await _moment(daemon, kind)
                await daemon.kill()
    finally:
        killed_at = await daemon.kill()
    if left := await daemon.orphans():
        faults.append(f"processes outlived the daemon: {left}")
    database = daemon.data_dir / "gateway.db"
    if not database.exists():
        return Findings(faults)
    totals.hits["snapshot draft"] += any(daemon.data_dir.glob("snapshots/*.part"))
    totals.hits["backup staging"] += any(daemon.data_dir.glob(".backup-*"))
    copy = daemon.data_dir.with_name("copy")
    copy.mkdir()
    # The daemon's next start has to deal with the file as the kill left it.
    for path in daemon.data_dir.glob("gateway.db*"):
        if not path.name.endswith("-shm"):
            shutil.copy(path, copy)
    if database.stat().st_size or (copy / "gateway.db-wal").exists():
        contents = await asyncio.to_thread(read, copy / "gateway.db")
        findings = check(contents, ledger, killed_at - COMMIT_EVERY_S - slack_s, killed_at)
    else:
        findings = Findings()
    shutil.rmtree(copy)
    findings.faults[:0] = faults + ledger.refused
    ledger.refused.clear()
    totals.hits["archive pass"] += findings.in_pass
    return findings


async def main() -> int:
    """Run cycles and print what they gave; returns the exit code."""
    parser = argparse.ArgumentParser(description="Kill the daemon in a storm of writes, and look.")
    parser.add_argument("--cycles", type=int, default=200, help="kills in all (200)")
    parser.add_argument("--seed", type=int, help="of the moments; random if left out")
    parser.add_argument(
        "--slack", type=float, default=SLACK_S, help=f"seconds that a commit may take ({SLACK_S})"
    )
    parser.add_argument("--keep", action="store_true", help="keep the data directories")
    options = parser.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed  # noqa: S311 - no secret
    random.seed(seed)
    root = Path(tempfile.mkdtemp(prefix="blynk-gateway-crash-"))
    print(f"seed {seed}, in {root}", flush=True)
    totals = Totals()
    began = time.monotonic()
    try:
        await _cycles(root, options.cycles, totals, options.slack)
    finally:
        if not options.keep:
            shutil.rmtree(root)
    if not totals.archived:
        totals.faults.append("nothing was archived: nothing is proved of that")
    _summary(totals, options.cycles, time.monotonic() - began)
    return 1 if totals.faults else 0


async def _cycles(root: Path, cycles: int, totals: Totals, slack_s: float) -> None:
    daemon, ledger = Daemon(root / "1", DEVICES), Ledger(DEVICES)
    for number in range(1, cycles + 1):
        if number > 1 and number % FRESH_EVERY == 1:
            daemon, ledger = Daemon(root / str(number), DEVICES), Ledger(DEVICES)
        kind = random.choice(KINDS)  # noqa: S311 - no secret
        findings = await cycle(daemon, ledger, kind, totals, slack_s)
        totals.kinds[kind] += 1
        totals.accepted += findings.accepted
        totals.found += findings.found
        totals.archived += findings.archived
        if findings.accepted:
            totals.losses_s.append(findings.oldest_loss_s)
        totals.faults += [f"cycle {number}: {fault}" for fault in findings.faults]
        print(
            f"{number:4} {kind:8} accepted {findings.accepted:7,} new in the file"
            f" {findings.found:7,} oldest loss {findings.oldest_loss_s:5.3f} s"
            f" archived {findings.archived:9,}{' (in a pass)' if findings.in_pass else ''}",
            flush=True,
        )
        for fault in findings.faults:
            print(f"     FAULT {fault}", flush=True)


def _summary(totals: Totals, cycles: int, seconds: float) -> None:
    def told(counts: Counter[str]) -> str:
        return ", ".join(f"{count} {name}" for name, count in counts.items())

    losses_s = sorted(totals.losses_s) or [0.0]
    median_s, most_s = losses_s[len(losses_s) // 2], losses_s[len(losses_s) * 95 // 100]
    print(
        f"{cycles} kills in {seconds:.0f} s: {told(totals.kinds)}; of them in the middle of:"
        f" {told(totals.hits)}.\n"
        f"{totals.accepted:,} points accepted, {totals.found:,} found, unanswered ones too.\n"
        f"The oldest accepted point that a kill cost was {median_s:.3f} s old (median; 95 %"
        f" {most_s:.3f}, most {losses_s[-1]:.3f}), with `commit_every` at {COMMIT_EVERY_S:g} s.\n"
        f"{len(totals.faults)} faults"
    )
    for fault in totals.faults:
        print(f"  {fault}")


@contextlib.asynccontextmanager
async def _load(daemon: Daemon, ledger: Ledger, kind: str) -> AsyncIterator[None]:
    """Everything that goes on beside, until the body is done."""
    pause_s = random.choice(PAUSES_S)  # noqa: S311 - no secret
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(storm(daemon.port, ledger, pause_s), name="storm"),
            group.create_task(watch(daemon.control, ledger), name="watch"),
        ]
        if kind == "backup":
            tasks.append(group.create_task(back_up(daemon.control), name="backup"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _moment(daemon: Daemon, kind: str) -> None:
    """Return when it is time for the kill."""
    marks: dict[str, Callable[[], bool]] = {
        "snapshot": lambda: any(daemon.data_dir.glob("snapshots/*.part")),
        "backup": lambda: any(daemon.data_dir.glob(".backup-*")),
    }
    # There is one snapshot, a second after the start.
    if kind != "snapshot":
        await asyncio.sleep(random.uniform(*STORM_S))  # noqa: S311 - no secret
    if kind in marks:
        deadline = time.monotonic() + MARK_S
        while not marks[kind]() and time.monotonic() < deadline:  # noqa: ASYNC110 - another process writes files
            await asyncio.sleep(POLL_S / 5)
        await asyncio.sleep(random.uniform(0, 0.03))  # noqa: S311 - no secret


async def _differing_values(daemon: Daemon, ledger: Ledger) -> list[str]:
    """What of the current values is not the latest that was found in the file."""
    faults = []
    for slug in {slug for slug, _ in ledger.streams}:
        values = await current_values(daemon.control, slug)
        for (device, pin), stream in ledger.streams.items():
            if device == slug and pin not in (LATE, OLD):
                shown = values.get(pin, [])
                if set(shown) != ({str(stream.found)} if stream.found else set()):
                    faults.append(f"{slug}/{pin} is {shown} after the start, not {stream.found}")
    return faults


def _session(leader: int) -> list[int]:
    """Processes of a session that are not yet buried."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                found.append(int(path.parent.name))
    return found


def _accepts(address: Path | tuple[str, int]) -> bool:
    family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex(str(address) if isinstance(address, Path) else address) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
