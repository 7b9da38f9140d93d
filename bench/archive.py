"""Measures keeping points: how many a second go into the archive, how much is written for each.

python -m bench.archive [--seconds 20] [--rate 220000] [--streams 10] [--hours 2] [--directory DIR]
"""

import argparse
import asyncio
import random
import resource
import sqlite3
import tempfile
import time
from pathlib import Path

from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.daemon import tune_interpreter
from blynk_gateway.history.retention.retention import Keep
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.component.history.system import System
from tests.helpers.clock import FakeClock

ORIGIN = Origin(OriginKind.DEVICE, "1")
BURST = 200
"""Writes between two turns of the loop: what a busy connection brings at once."""

TURN_S = 0.001
"""Where the writer has nothing to do."""

COMMIT_S = 1.0
"""The default `commit_every`."""

HOUSE_STREAMS = 20
HOUSE_PER_S = 20
"""Points a second of a quiet house, all in one commit."""


def cpu_s(who: int) -> float:
    """Seconds of this process, or of those that it started and that have ended."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


class Walk:
    """Values of sensors: each goes on from where it was, with two decimals."""

    def __init__(self, streams: int) -> None:
        self._draw = random.Random(1)  # noqa: S311 - the same values at each run
        self._values = [20.0 + stream for stream in range(streams)]

    def next(self, stream: int) -> str:
        """The stream's next value."""
        self._values[stream] += self._draw.gauss(0, 0.05)
        return f"{self._values[stream]:.2f}"


async def measure_speed(directory: Path, seconds: float, streams: int, rate: int) -> None:
    """Write, and wait until the last point is in the archive.

    Args:
        rate: points a second; 0 for as many as the gate lets through.
    """
    walk = Walk(streams)
    # Made before, as making them is no work of the gateway.
    values = [(f"V{at % streams}", (walk.next(at % streams),)) for at in range(20_000)]
    async with System(directory, clock=SystemClock()) as system:
        system.journal.reconfigure(commit_every_ms=int(COMMIT_S * 1000), keep=Keep())
        system.add("a")
        task = spawn(system.journal.run(), name="journal")
        start, parent, child = time.perf_counter(), cpu_s(resource.RUSAGE_SELF), _children_s()
        written = 0
        longest_s = 0.0
        while (now := time.perf_counter()) < start + seconds:
            await system.gate.wait()
            is_late = not rate or written < (now - start) * rate
            for _ in range(BURST if is_late else 0):
                pin, value = values[written % len(values)]
                system.store.write("a", pin, value, ORIGIN, Intent.REPORT)
                written += 1
            turn = time.perf_counter()
            await asyncio.sleep(0 if is_late else TURN_S)
            longest_s = max(longest_s, time.perf_counter() - turn)
        writing_s = now - start
        waiting = written - _archived(system.path)
        await system.journal.archive()
        took_s = time.perf_counter() - start
        await cancel(task)
        parent, child = cpu_s(resource.RUSAGE_SELF) - parent, _children_s() - child
    what = f"{rate:,} a second" if rate else "as many as it takes"
    print(f"| {what}, into raw and rollups | {written:,} points, {streams} streams |")
    print("|---|---|")
    print(f"| written, a second | {written / writing_s:,.0f} |")
    print(f"| all archived, a second | {written / took_s:,.0f} (goal 200,000) |")
    print(f"| not archived when the last was written | {waiting:,} |")
    print(f"| CPU of the gateway, this writer in it | {parent / written * 1e6:.2f} µs a point |")
    print(f"| CPU of the packer | {child / written * 1e6:.2f} µs a point |")
    print(f"| longest turn of the loop | {longest_s * 1000:.0f} ms |\n", flush=True)


def _archived(path: Path) -> int:
    connection = sqlite3.connect(path)
    ((points,),) = connection.execute("SELECT coalesce(sum(count), 0) FROM chunk")
    connection.close()
    return int(points)


def _children_s() -> float:
    return cpu_s(resource.RUSAGE_CHILDREN)


def _written_bytes() -> tuple[int, int]:
    """What this process wrote, and what it made dirty in the page cache, in pages of 4 KiB."""
    lines = Path("/proc/self/io").read_text().splitlines()
    found = dict(line.split(": ") for line in lines)
    return int(found["wchar"]), int(found["write_bytes"])


async def measure_wear(directory: Path, hours: float) -> None:
    """Write as a quiet house does, a commit for each second, as fast as the disk allows."""
    walk = Walk(HOUSE_STREAMS)
    clock = FakeClock()
    async with System(directory, clock=clock) as system:
        system.journal.reconfigure(commit_every_ms=10**9, keep=Keep())
        system.add("a")
        task = spawn(system.journal.run(), name="journal")
        written, dirtied = _written_bytes()
        points = 0
        for _ in range(int(hours * 3600)):
            for _ in range(HOUSE_PER_S):
                stream = points % HOUSE_STREAMS
                system.write("a", f"V{stream}", walk.next(stream), at_ms=clock.now_ms())
                points += 1
            clock.advance(1)
            await system.journal.flush()
        await cancel(task)
    written_after, dirtied_after = _written_bytes()
    size = (directory / "gateway.db").stat().st_size
    print(f"| {HOUSE_PER_S} points and a synced commit a second, {hours:g} h | bytes a point |")
    print("|---|---|")
    print(f"| written, everything | {(written_after - written) / points:.0f} (goal 200) |")
    print(
        f"| dirtied pages of 4 KiB | {(dirtied_after - dirtied) / points:.0f}"
        f" (one a commit would be {4096 / HOUSE_PER_S:.0f}) |"
    )
    print(f"| size of the file | {size / points:.1f} |")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=int, default=220_000, help="points a second")
    parser.add_argument("--streams", type=int, default=10)
    parser.add_argument("--hours", type=float, default=2.0, help="of the quiet house")
    parser.add_argument("--directory", type=Path, help="on the disk to be measured")
    options = parser.parse_args()
    tune_interpreter()
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        for part in ("paced", "fast", "wear"):
            (Path(name) / part).mkdir()
        seconds, streams = options.seconds, options.streams
        asyncio.run(measure_speed(Path(name) / "paced", seconds, streams, options.rate))
        asyncio.run(measure_speed(Path(name) / "fast", seconds, streams, 0))
        asyncio.run(measure_wear(Path(name) / "wear", options.hours))


if __name__ == "__main__":
    main()
