"""Measures how long commits take while a million rows of history go.

python -m bench.retention [--rows 1000000] [--paces 20 20000] [--directory DIR]
"""

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from blynk_gateway.core.clock import SystemClock
from blynk_gateway.history.retention.retention import Keep
from tests.component.history.system import System
from tests.helpers.archive import Point, put_archive

STREAMS = 20
SECOND_MS = 1000
MINUTE_MS = 60_000
DAY_MS = 86_400_000
COMMIT_EVERY_S = 0.01
"""The least that the configuration allows: a slice follows each commit, so rows go fastest."""

LOOK_EVERY_S = 0.25

QUIET_S = 4.0
"""How long commits are timed with nothing to delete."""


def main() -> None:
    """Print a line for each kind of row and each pace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--paces", type=int, nargs="+", default=[20, 20_000])
    parser.add_argument("--directory", type=Path, help="on the disk that is to be measured")
    options = parser.parse_args()
    print(f"{options.rows:,} rows; a commit each {COMMIT_EVERY_S * 1000:.0f} ms")
    print("| rows | points/s | commits alone: median, longest | beside deletion | took | log |")
    print("|---|---|---|---|---|---|")
    for kind in ("minutes", "raw points"):
        for pace in options.paces:
            with tempfile.TemporaryDirectory(dir=options.directory) as directory:
                asyncio.run(_measure(Path(directory), kind, options.rows, pace))


async def _measure(directory: Path, kind: str, rows: int, pace: int) -> None:
    clock = SystemClock()
    async with System(directory, clock=clock) as system:
        system.add("bench")
        for number in range(STREAMS):
            system.write("bench", f"V{number}", "1")
        await system.journal.archive()
        path = system.path
        await asyncio.to_thread(_fill, path, kind, rows, clock.now_ms() - 2 * DAY_MS)
        alone = await _commits(system, pace, until_s=QUIET_S)
        keep = Keep(raw_ms=DAY_MS) if kind == "raw points" else Keep(minute_ms=DAY_MS)
    # A start: retention looks at once.
    async with System(directory, clock=clock, keep=keep) as system:
        system.add("bench")
        started = time.perf_counter()
        beside = await _commits(system, pace, until_gone="chunk" if keep.raw_ms else "minute")
        took = time.perf_counter() - started
        log_bytes = path.with_name("gateway.db-wal").stat().st_size
    print(
        f"| {kind} | {pace:,} | {_told(alone)} | {_told(beside)} | {took:.1f} s"
        f" | {log_bytes / 1e6:.1f} MB |",
        flush=True,
    )


async def _commits(
    system: System, pace: int, *, until_s: float = 0.0, until_gone: str = ""
) -> list[float]:
    """Seconds that each commit took, and whatever is done before the next one can begin."""
    took = []
    begun = due = time.perf_counter()
    number = 0
    looked_at = begun
    while True:
        while number < (due - begun) * pace:
            number += 1
            system.write("bench", f"V{number % STREAMS}", f"{number % 97 / 4}")
        before = time.perf_counter()
        await system.journal.flush()
        now = time.perf_counter()
        took.append(now - before)
        if until_s and now - begun >= until_s:
            return took
        if until_gone and now - looked_at > LOOK_EVERY_S:
            looked_at = now
            if await asyncio.to_thread(_is_gone, system.path, until_gone):
                return took
        due = max(due + COMMIT_EVERY_S, now)
        await asyncio.sleep(due - now)


def _fill(path: Path, kind: str, rows: int, end_ms: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN")
    each = rows // STREAMS
    for stream in range(1, STREAMS + 1):
        if kind == "minutes":
            first_ms = end_ms // MINUTE_MS * MINUTE_MS - each * MINUTE_MS
            connection.executemany(
                "INSERT OR REPLACE INTO minute VALUES (?, ?, 60, 1234.5, 20.25, 20.75, 20.5, ?, ?)",
                (
                    (stream, at_ms, at_ms + MINUTE_MS - 1, at_ms // MINUTE_MS)
                    for at_ms in range(first_ms, first_ms + each * MINUTE_MS, MINUTE_MS)
                ),
            )
        else:
            put_archive(connection, _points(stream, each, end_ms))
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _points(stream: int, count: int, end_ms: int) -> Iterator[Point]:
    for at in range(count):
        yield Point(stream, end_ms - (count - at) * SECOND_MS, at + 1, (f"{at % 89 / 4}",))


def _is_gone(path: Path, table: str) -> bool:
    time_of = "last_ms" if table == "chunk" else "start_ms"
    connection = sqlite3.connect(path)
    old = connection.execute(
        f"SELECT 1 FROM {table} WHERE stream BETWEEN 1 AND ? AND {time_of} < ? LIMIT 1",  # noqa: S608 - our own names
        (STREAMS, SystemClock().now_ms() - DAY_MS - MINUTE_MS),
    ).fetchall()
    connection.close()
    return not old


def _told(took: list[float]) -> str:
    return f"{statistics.median(took) * 1000:.1f}, {max(took) * 1000:.1f} ms"


if __name__ == "__main__":
    main()
