"""Measures the gateway beside the yardstick and prints a table. `make bench` runs it."""

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from bench import servers
from bench.load import PROGRAMS, LoadGenerator, Writes, build, login_ms
from bench.servers import Server
from blynk_gateway import __version__

CONNECTIONS = (1, 10, 100)
DEVICES = max(CONNECTIONS)
IDLE_DEVICES = 1_000
LOGINS = 50
LOAD_PER_SECOND = 20_000
GOAL = 300_000
"""Writes a CPU second; also how many are sent for each second a run is to take."""
IDLE_AFTER_S = 2.0

Start = Callable[[], AbstractContextManager[Server]]


class Table:
    """Rows of text, printed as Markdown."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str, str]] = []

    def add(self, name: str, gateway: str, yardstick: str = "", goal: str = "") -> None:
        """Add a row and say on standard error that it is there, as the next one takes a while."""
        self._rows.append((name, gateway, yardstick, goal))
        print(f"  {name}: {gateway}", file=sys.stderr, flush=True)

    def __str__(self) -> str:
        rows = [("measure", "gateway", "yardstick", "goal"), *self._rows]
        first, *rest = (max(map(len, column)) for column in zip(*rows, strict=True))
        lines = [
            f"| {name:<{first}} | "
            + " | ".join(f"{cell:>{width}}" for cell, width in zip(cells, rest, strict=True))
            + " |"
            for name, *cells in rows
        ]
        rule = f"| {'-' * first} | " + " | ".join("-" * (width - 1) + ":" for width in rest) + " |"
        return "\n".join([lines[0], rule, *lines[1:]])


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="medians of so many runs (5)")
    parser.add_argument("--seconds", type=float, default=3, help="length of each run (3)")
    parser.add_argument(
        "--sustain", type=float, default=60, help="length of the run that watches memory (60)"
    )
    options = parser.parse_args()
    # Beside the programs and not in the system's directory, which may be memory instead of a disk.
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="data-", dir=PROGRAMS))
    try:
        table = measure(directory, options.rounds, options.seconds, options.sustain)
    finally:
        shutil.rmtree(directory)
    print(
        f"Blynk Gateway {__version__}, Python {platform.python_version()}, {platform.machine()},"
        f" {os.cpu_count()} CPUs; medians of {options.rounds} runs of {options.seconds:g} s.\n"
    )
    print(table)


def measure(directory: Path, rounds: int, seconds: float, sustain_s: float) -> Table:
    """Everything, in the order of the table."""
    table = Table()
    measure_start(table, directory / "start", rounds)
    generator, yardstick = build("loadgen"), build("yardstick")
    if generator is None or yardstick is None:
        print(
            "No C compiler (cc), so speed under load and the yardstick are left out."
            " Install one: sudo apt install gcc libc6-dev",
            file=sys.stderr,
        )
        return table
    load = LoadGenerator(generator, servers.tokens(IDLE_DEVICES))

    def start_gateway() -> AbstractContextManager[Server]:
        return servers.gateway(directory / "load", DEVICES)

    def start_yardstick() -> AbstractContextManager[Server]:
        return servers.yardstick(yardstick)

    measure_writes(table, load, (start_gateway, start_yardstick), rounds, seconds)
    require_persisted(directory / "load/data")
    measure_pings(table, load, (start_gateway, start_yardstick), rounds, seconds)
    measure_idle(table, load, directory / "idle", start_yardstick, rounds)
    measure_sustained(table, load, start_gateway, sustain_s)
    return table


def measure_start(table: Table, directory: Path, rounds: int) -> None:
    """Start times, memory of an idle daemon, and logins."""
    with servers.gateway(directory, 1) as server:
        first_s = server.start_s
    starts, memory, logins = [], [], []
    for _ in range(rounds):
        with servers.gateway(directory, 1) as server:
            starts.append(server.start_s)
            time.sleep(IDLE_AFTER_S)
            memory.append(server.rss_kib() / 1024)
            logins += [login_ms(server, servers.tokens(1)[0]) for _ in range(LOGINS)]
    table.add("start to accepting", f"{statistics.median(starts):.2f} s", goal="≤ 0.7 s")
    table.add("first start, makes certificates", f"{first_s:.2f} s")
    table.add("memory, idle", f"{statistics.median(memory):.1f} MiB", goal="≤ 45 MiB")
    table.add("login to answer, p50", f"{statistics.median(logins):.2f} ms", goal="≤ 5 ms")


def measure_writes(
    table: Table, load: LoadGenerator, starts: tuple[Start, Start], rounds: int, seconds: float
) -> None:
    """Throughput of pipelined writes, the two servers taking turns."""
    for connections in CONNECTIONS:
        results: tuple[list[Writes], list[Writes]] = ([], [])
        for _ in range(rounds):
            # The yardstick gets ten times as many, or it would be done within a tick of the clock.
            for start, runs, factor in zip(starts, results, (1, 10), strict=True):
                with start() as server:
                    count = factor * round(seconds * GOAL)
                    runs.append(load.write(server, connections, count))
        ours, theirs = (
            (
                statistics.median(one.per_second for one in runs),
                statistics.median(one.per_cpu_second for one in runs),
                statistics.median(one.peak_kib for one in runs) / 1024,
            )
            for runs in results
        )
        case = f"{connections} connection{'s' * (connections > 1)}"
        table.add(f"`vw` a second, {case}", f"{ours[0]:,.0f}", f"{theirs[0]:,.0f}")
        table.add(
            f"`vw` a CPU second, {case}", f"{ours[1]:,.0f}", f"{theirs[1]:,.0f}", f"≥ {GOAL:,}"
        )
        table.add(f"memory at peak, {case}", f"{ours[2]:.1f} MiB", f"{theirs[2]:.1f} MiB")


def require_persisted(data_dir: Path) -> None:
    """Refuse to print a table of writes that were not written."""
    size = sum(path.stat().st_size for path in data_dir.rglob("*") if path.is_file())
    if size < sum(CONNECTIONS) * 1024:
        sys.exit(f"bench: {data_dir} holds {size} bytes: the writes were not stored")


def measure_pings(
    table: Table, load: LoadGenerator, starts: tuple[Start, Start], rounds: int, seconds: float
) -> None:
    """Ping latency with nothing else to do and beside other devices' writes."""
    for name, rate in (("idle", 0), (f"beside {LOAD_PER_SECOND:,} `vw` a second", LOAD_PER_SECOND)):
        cells: list[str] = []
        for start in starts:
            with start() as server:
                samples = [load.ping(server, seconds, rate) for _ in range(rounds)]
            p50, p99 = (statistics.median(column) for column in zip(*samples, strict=True))
            cells.append(f"{p50:.3f} / {p99:.3f} ms")
        table.add(f"ping p50 / p99, {name}", cells[0], cells[1])


def measure_idle(
    table: Table, load: LoadGenerator, directory: Path, start_yardstick: Start, rounds: int
) -> None:
    """Memory of devices that are only connected."""

    def start_gateway() -> AbstractContextManager[Server]:
        return servers.gateway(directory, IDLE_DEVICES)

    cells = []
    for start in (start_gateway, start_yardstick):
        sizes = []
        for _ in range(rounds):
            with start() as server:
                sizes.append(load.idle(server, IDLE_DEVICES))
        cells.append(f"{statistics.median(sizes):.2f} KiB")
    table.add(f"memory of an idle device, of {IDLE_DEVICES:,}", cells[0], cells[1], goal="≤ 20 KiB")


def measure_sustained(
    table: Table, load: LoadGenerator, start_gateway: Start, seconds: float
) -> None:
    """Memory in the middle and at the end of a long run at full speed."""
    with start_gateway() as server:
        halfway: list[int] = []
        timer = threading.Timer(seconds / 2, lambda: halfway.append(server.rss_kib()))
        timer.start()
        writes = load.write(server, 10, round(seconds * GOAL))
        timer.join()
        at_end = server.rss_kib()
    table.add(
        f"`vw` a CPU second, sustained {seconds:g} s",
        f"{writes.per_cpu_second:,.0f}",
        goal=f"≥ {GOAL:,}",
    )
    table.add(
        "memory halfway → at its end",
        f"{halfway[0] / 1024:.1f} → {at_end / 1024:.1f} MiB",
        goal="no growth",
    )


if __name__ == "__main__":
    main()
