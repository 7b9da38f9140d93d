"""Breaks the way between two gateways at each step of what is said there.

python -m bench.upstream_steps [--every 1] [--kill-every 8]

A round: the gateway below takes values while nothing is above it, then it connects, settles, tells
what stands, the backlog, and values that are written meanwhile. One round shows where frames begin.
Then, for the beginning, the header, the middle and the last byte of each frame, up and down, a
round is broken just there: the connection is cut, or one of the gateways is killed. The exit code
is 1 if anything is missing above in the end.
"""

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench.upstream_faults import judged
from bench.upstream_world import BELOW_TOKENS, PERIOD_S, SENSORS, Device, World, world
from blynk_gateway.protocol.frames import HEADER_BYTES
from blynk_gateway.runtime.tasks import spawn
from tests.helpers.fault_proxy import BOTH, Way, frames_of

SLUG = "plant"
ROWS_AWAY, ROWS_THERE = 4, 2
"""Values of each pin before there is a connection, and while it comes about."""

STRUCK_S = 3.0
"""A round is over before; a step that it did not come to is left out."""

LATE_MS = 10_000


class Step(NamedTuple):
    """A place in what is said on a new connection."""

    way: Way
    position: int


async def _cut(the: World) -> None:
    the.proxy.cut()


async def _kill_below(the: World) -> None:
    await the.below.kill()


async def _kill_above(the: World) -> None:
    await the.above.kill()


STRIKES: Mapping[str, Callable[[World], Coroutine[Any, Any, None]]] = {
    "cut": _cut,
    "kill below": _kill_below,
    "kill above": _kill_above,
}


async def find_steps(the: World) -> list[Step]:
    """The steps of a round, in the order of their positions, up first."""
    record: list[tuple[Way, bytes]] = []

    def begin() -> None:
        the.proxy.record = record

    await _round(the, begin)
    await the.settled()
    the.proxy.record = None
    found = []
    for way in BOTH:
        position = 0
        for frame in frames_of(b"".join(data for its_way, data in record if its_way is way)):
            middle = HEADER_BYTES + (len(frame) - HEADER_BYTES) // 2
            inner = {0, HEADER_BYTES // 2, min(middle, len(frame) - 1), len(frame) - 1}
            found += [Step(way, position + one) for one in sorted(inner)]
            position += len(frame)
    return found


async def strike(the: World, name: str, step: Step) -> bool:
    """Break a round at a step, and return when both gateways agree again.

    Returns:
        Whether the round came to the step.

    Raises:
        AssertionError: they do not agree.
    """
    strikes: list[asyncio.Task[None]] = []

    async def act() -> None:
        # It may end the connection that it is called for.
        strikes.append(spawn(STRIKES[name](the), name="strike"))
        await asyncio.shield(strikes[0])

    await _round(the, lambda: the.proxy.after_bytes(step.position, step.way, act))
    began = time.monotonic()
    while not (strikes or await the.is_settled() or time.monotonic() - began > STRUCK_S):  # noqa: ASYNC110 - other processes get there
        await asyncio.sleep(PERIOD_S)
    the.proxy.forget_hooks()
    await asyncio.gather(*strikes)
    for gateway in (the.below, the.above):
        if not gateway.is_running:
            await gateway.start()
    await the.settled()
    return bool(strikes)


async def _round(the: World, prepare: Callable[[], None]) -> None:
    """Bring about a connection with something to tell; `prepare` is called while there is none."""
    the.proxy.refuse()
    the.proxy.cut()
    async with _writer(the) as write:
        for _ in range(ROWS_AWAY):
            await write()
        prepare()
        await the.proxy.accept()
        for _ in range(ROWS_THERE):
            await write()


@contextlib.asynccontextmanager
async def _writer(the: World) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    async def write() -> None:
        for pin in SENSORS:
            device.write(pin, f"d{next(the.numbers)}")
        await device.fence()

    # It may be gone while it is written to.
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        async with Device(the.below.port, BELOW_TOKENS[SLUG]) as device:
            yield write


async def main() -> int:
    """Strike at all steps and print what that gave; returns the exit code."""
    parser = argparse.ArgumentParser(description="Break what two gateways say at each step.")
    parser.add_argument("--every", type=int, default=1, help="cut at each n-th step (1)")
    parser.add_argument("--kill-every", type=int, default=8, help="kill at each n-th step (8)")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="blynk-gateway-steps-"))
    print(f"in {root}", flush=True)
    async with world(root, (SLUG,)) as the:
        await the.settled()
        steps = await find_steps(the)
        print(f"{len(steps)} steps", flush=True)
        for name in STRIKES:
            every = options.every if name == "cut" else options.kill_every
            began, reached, tried = time.monotonic(), 0, steps[::every]
            for step in tried:
                reached += await strike(the, name, step)
            seconds = time.monotonic() - began
            print(f"{name:10} at {reached} of {len(tried)} steps in {seconds:.0f} s", flush=True)
        found = await judged(the, LATE_MS)
    print(found.told())
    for fault in found.faults:
        print(f"  {fault}")
    if not found.faults:
        shutil.rmtree(root)
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
