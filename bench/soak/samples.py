"""What is measured of the gateway each second."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import NamedTuple

from bench.soak.ledger import Ledger
from bench.soak.world import World

EVERY_S = 1.0


class Sample(NamedTuple):
    """One moment.

    Attributes:
        at: by the monotonic clock.
        pid: tells one start from the other.
        rss_mib: resident memory of the daemon alone.
        children: processes that it has started, as the one that packs its archive.
        messages: that were sent to it so far.
    """

    at: float
    pid: int
    rss_mib: float
    fds: int
    threads: int
    children: int
    messages: int


def look(pid: int, messages: int) -> Sample:
    """Measure a process.

    Raises:
        OSError: there is none.
    """
    process = Path(f"/proc/{pid}")
    status = dict(
        line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line
    )
    children = (process / f"task/{pid}/children").read_text().split()
    return Sample(
        time.monotonic(),
        pid,
        int(status["VmRSS"].split()[0]) / 1024,
        len(list((process / "fd").iterdir())),
        int(status["Threads"]),
        len(children),
        messages,
    )


async def watch(the: World, ledger: Ledger, samples: list[Sample]) -> None:
    """Measure each second, until cancelled."""
    while True:
        # Between a kill and the next start there is nothing to measure.
        with contextlib.suppress(OSError, AssertionError, KeyError):
            samples.append(look(the.gateway.pid, ledger.messages))
        await asyncio.sleep(EVERY_S)
