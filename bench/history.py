"""Measures questions about the past: a file is filled, then asked, beside an event loop that ticks.

python -m bench.history [--points 10000000] [--streams 20] [--keep FILE]
"""

import argparse
import asyncio
import math
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import cycle
from pathlib import Path
from typing import Any

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import Aggregate, Question
from blynk_gateway.daemon import tune_interpreter
from blynk_gateway.history.file.reader import Reader
from blynk_gateway.history.past.queries import Queries
from blynk_gateway.history.segments.segment import Segment
from tests.helpers.archive import (
    FakeTail,
    Point,
    add_stream,
    create,
    put_archive,
    put_segment,
    say_archived,
    segment_of,
)

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
END_MS = 1_700_000_000_000
TIMES = 20
TICK_S = 0.001

PER_SECOND = 20
TAILS_S = (250, 1000)
"""Points that were not archived yet: what waits for a pass at most, and what a storm leaves."""


def fill(path: Path, points: int, streams: int) -> dict[PinAddress, int]:
    """Put a year of points into a new file; returns the numbers of the streams."""
    connection = create(path)
    connection.execute("PRAGMA synchronous = OFF")
    each = points // streams
    addresses = {PinAddress("bench", f"V{number}"): number for number in range(1, streams + 1)}
    draw = random.Random(1)  # noqa: S311 - the same data at each run
    for address, stream in addresses.items():
        connection.execute("BEGIN")
        add_stream(connection, stream, address)
        put_archive(connection, (_point(stream, at, each, draw) for at in range(each)))
        connection.execute("COMMIT")
        print(f"stream {stream} of {streams}", file=sys.stderr)
    say_archived(connection, points)
    connection.close()
    return addresses


def _point(stream: int, at: int, each: int, draw: random.Random) -> Point:
    at_ms = END_MS - YEAR_MS + YEAR_MS * at // each + draw.randrange(1000)
    value = 20 + 5 * math.sin(at / 200) + draw.gauss(0, 0.2)
    return Point(stream, at_ms, at + 1, (f"{value:.2f}",))


def fill_tail(path: Path, points: int, streams: int, seconds: int) -> list[Segment]:
    """Put points into the journal that are not archived yet; the last segment is in memory."""
    connection = sqlite3.connect(path, isolation_level=None)
    size = PER_SECOND
    segments = []
    connection.execute("BEGIN")
    connection.execute("DELETE FROM segment")
    for second in range(seconds):
        some = [
            Point(
                1 + at % streams,
                END_MS + second * 1000 + at,
                points + second * size + at + 1,
                (f"{20 + at / 10}",),
            )
            for at in range(size)
        ]
        segments.append(segment_of(some))
        if second < seconds - 1:
            put_segment(connection, segments[-1])
    connection.execute("COMMIT")
    connection.close()
    return segments[-1:]


class Lag:
    """The longest that the event loop was away."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def run(self) -> None:
        """Tick until cancelled."""
        before = time.perf_counter()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            self.worst_s = max(self.worst_s, now - before - TICK_S)
            before = now


async def measure(name: str, goal: str, ask: Callable[[], Awaitable[Any]]) -> None:
    """Print the first time, the median and the longest that the loop was held up."""
    lag = Lag()
    ticker = asyncio.create_task(lag.run(), name="lag")
    took = []
    for _ in range(TIMES):
        start = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - start) * 1000)
    ticker.cancel()
    await asyncio.gather(ticker, return_exceptions=True)
    print(
        f"| {name} | {took[0]:.1f} ms | {statistics.median(took):.1f} ms | {goal} |"
        f" {lag.worst_s * 1000:.1f} ms |"
    )


async def run(path: Path, addresses: dict[PinAddress, int], tail: list[Segment], what: str) -> None:
    """Print a table for one state of the file."""
    reader = Reader(path)
    queries = Queries(reader, FakeTail(addresses, tail))
    names = cycle(addresses)
    last = END_MS + max(TAILS_S) * 1000

    def ask(
        length_ms: int,
        step_ms: int = 0,
        aggregate: Aggregate = Aggregate.AVG,
        width: int | None = None,
        limit: int | None = None,
    ) -> Callable[[], Awaitable[Any]]:
        begin = last - length_ms
        question = Question(next(names), begin, last, step_ms, width, aggregate, limit)
        return lambda: queries.ask(question)

    print(f"\n{what}\n")
    print("| question | first | median | goal | loop held up |\n|---|---|---|---|---|")
    await measure("one day, 1000 pixels", "10 ms", ask(DAY_MS, width=1000))
    await measure("one day, by minute", "10 ms", ask(DAY_MS, step_ms=60_000))
    await measure("one day, raw", "10 ms", ask(DAY_MS))
    await measure("one year, 1000 pixels", "20 ms", ask(YEAR_MS, width=1000))
    await measure("one year, by hour", "20 ms", ask(YEAR_MS, step_ms=3_600_000))
    await measure("one year, by day", "20 ms", ask(YEAR_MS, step_ms=DAY_MS))
    await measure(
        "one year, last by day", "20 ms", ask(YEAR_MS, step_ms=DAY_MS, aggregate=Aggregate.LAST)
    )
    await measure("latest 100", "", ask(YEAR_MS, limit=100))
    await measure("one year, 90 s steps from raw", "", ask(YEAR_MS, step_ms=90_000))
    address = next(names)
    lag = Lag()
    ticker = asyncio.create_task(lag.run(), name="lag")
    start = time.perf_counter()
    rows = 0
    async for batch in queries.export(address, 0, last):
        rows += len(batch)
    speed = rows / (time.perf_counter() - start)
    ticker.cancel()
    await asyncio.gather(ticker, return_exceptions=True)
    print(
        f"| export of {rows:,} points | | {speed:,.0f} rows/s | 300,000 rows/s |"
        f" {lag.worst_s * 1000:.1f} ms |"
    )
    await measure("stats", "", queries.stats)
    await reader.close()


def main() -> None:
    """Fill, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000_000)
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="the file, kept; not filled if it is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        path = options.keep or Path(directory) / "gateway.db"
        if path.exists():
            addresses = {
                PinAddress("bench", f"V{number}"): number
                for number in range(1, options.streams + 1)
            }
        else:
            addresses = fill(path, options.points, options.streams)
        print(f"{path.stat().st_size / 1e6:,.0f} MB")
        tune_interpreter()
        fill_tail(path, options.points, options.streams, 0)
        asyncio.run(run(path, addresses, [], "Archive alone"))
        for seconds in TAILS_S:
            tail = fill_tail(path, options.points, options.streams, seconds)
            what = f"With {seconds * PER_SECOND:,} points not archived yet"
            asyncio.run(run(path, addresses, tail, what))


if __name__ == "__main__":
    main()
