"""Breaks the way between two gateways again and again, and looks whether anything is missing above.

python -m bench.upstream_faults [--faults 100] [--seed 1] [--pause 0.05] [--tls] [--keep]

Devices and people write below and people write above all the time, while connections are cut,
stalled, delayed, lost on one side, filled with nonsense or repeated, and either gateway is killed
or started anew. In the end every point that the gateway below has must be above, with its time, and
every pin must be alike. The exit code is 1 if anything was not as promised.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from bench.upstream_check import Comparison, compare
from bench.upstream_world import PLAIN, Traffic, World, world
from tests.helpers.fault_proxy import BOTH, Way
from tests.helpers.processes import GatewayProcess

LASTS_S = (0.05, 1.2)
"""How long a fault lasts that has to be taken back."""

QUIET_S = (0.0, 0.8)
"""Between two faults: often shorter than it takes to connect again."""

DEAD_S = 40.0
"""A dead connection is noticed after heartbeat and three timeouts, 28 s, and made anew after a
pause."""

LATE_MS = 5_000
"""A value that was on its way when a fault began is told live no later than this."""

SETTLED_EVERY = 10
"""So often both have to come to an end in between: writers pause until they agree."""

NONSENSE = b"\xff" * 70_000
"""Longer than any message, so that it cannot be the end of one."""

LOGIN_BYTES = 37
"""A login is let be where bytes are repeated: with another byte it is one of another device, and
refused for good."""

SLOW_BYTES_PER_S = 500.0

Fault = Callable[[World], Awaitable[None]]


async def _lasting() -> None:
    await asyncio.sleep(random.uniform(*LASTS_S))  # noqa: S311 - no secret


def _some_ways() -> tuple[Way, ...]:
    return random.choice(((Way.UP,), (Way.DOWN,), BOTH))  # noqa: S311 - no secret


async def _reset(the: World) -> None:
    the.proxy.cut()


async def _finish(the: World) -> None:
    the.proxy.cut(is_polite=True)


async def _stall(the: World) -> None:
    the.proxy.stall(*_some_ways())
    await _lasting()


async def _stall_and_cut(the: World) -> None:
    await _stall(the)
    the.proxy.cut()


async def _delay(the: World) -> None:
    the.proxy.delay(random.uniform(0.01, 0.3), *_some_ways())  # noqa: S311 - no secret
    await _lasting()


async def _trickle(the: World) -> None:
    the.proxy.trickle(SLOW_BYTES_PER_S, *_some_ways())
    await _lasting()


async def _lose(the: World) -> None:
    the.proxy.lose(*_some_ways())
    await _lasting()


async def _refuse(the: World) -> None:
    the.proxy.refuse()
    the.proxy.cut()
    await _lasting()


async def _be_silent(the: World) -> None:
    the.proxy.be_silent()
    the.proxy.cut()
    await _lasting()
    the.proxy.cut()


async def _garble(the: World) -> None:
    the.proxy.insert(random.choice(BOTH), NONSENSE)  # noqa: S311 - no secret
    await _lasting()


async def _duplicate(the: World) -> None:
    """Repeat bytes, and cut what outlived it.

    One in 25 times a server is in step again with the next frames, and answers for what it missed.
    TCP has no such holes: what counts is that a break tells all of it again.
    """
    the.proxy.duplicate(random.choice(BOTH), beyond=LOGIN_BYTES)  # noqa: S311 - no secret
    await _lasting()
    the.proxy.cut()


async def _duplicate_frames(the: World) -> None:
    the.proxy.duplicate_frames(random.choice(BOTH))  # noqa: S311 - no secret
    await _lasting()


async def _truncate(the: World) -> None:
    the.proxy.truncate(random.choice(BOTH))  # noqa: S311 - no secret
    await _lasting()


async def _cut_soon(the: World) -> None:
    """Cut the next connections at some byte of their first ones."""
    for _ in range(random.randint(1, 3)):  # noqa: S311 - no secret
        position = random.randrange(1500)  # noqa: S311 - no secret
        the.proxy.after_bytes(position, random.choice(BOTH), the.proxy.cut)  # noqa: S311 - no secret
    the.proxy.cut()
    await _lasting()


async def _restart(gateway: GatewayProcess, *, is_kill: bool) -> None:
    if is_kill:
        await gateway.kill()
    elif code := await gateway.stop():
        raise AssertionError(f"a gateway ended with {code}\n{gateway.log[-3000:]}")
    await asyncio.sleep(random.choice((0.0, 0.5)))  # noqa: S311 - no secret
    await gateway.start()


async def _kill_below(the: World) -> None:
    await _restart(the.below, is_kill=True)


async def _kill_above(the: World) -> None:
    await _restart(the.above, is_kill=True)


async def _restart_below(the: World) -> None:
    await _restart(the.below, is_kill=False)


async def _restart_above(the: World) -> None:
    await _restart(the.above, is_kill=False)


FAULTS: Mapping[str, Fault] = {
    "reset": _reset,
    "end": _finish,
    "stall": _stall,
    "stall and reset": _stall_and_cut,
    "delay": _delay,
    "trickle": _trickle,
    "half-open": _lose,
    "refuse": _refuse,
    "accept and be silent": _be_silent,
    "nonsense": _garble,
    "repeat bytes": _duplicate,
    "repeat messages": _duplicate_frames,
    "truncate": _truncate,
    "cut at a byte": _cut_soon,
    "kill below": _kill_below,
    "kill above": _kill_above,
    "restart below": _restart_below,
    "restart above": _restart_above,
}


async def trial(
    the: World, faults: list[str], pause_s: float, tell: Callable[[str], None] = print
) -> None:
    """Let faults happen while everybody writes, and return when both gateways agree.

    Args:
        faults: names, in order.
        pause_s: how long a writer waits between two messages, on average.
        tell: is told of each.

    Raises:
        AssertionError: they do not agree in the end.
    """
    await the.settled()
    portions = (faults[at : at + SETTLED_EVERY] for at in range(0, len(faults), SETTLED_EVERY))
    for portion in portions:
        async with Traffic(the, pause_s):
            for name in portion:
                began = time.monotonic()
                await FAULTS[name](the)
                await the.proxy.heal()
                await asyncio.sleep(random.uniform(*QUIET_S))  # noqa: S311 - no secret
                tell(f"{name:22} {time.monotonic() - began:6.2f} s")
        the.proxy.forget_hooks()
        began = time.monotonic()
        await the.settled()
        tell(f"{'(agreed)':22} {time.monotonic() - began:6.2f} s")


async def unnoticed(the: World, pause_s: float, tell: Callable[[str], None] = print) -> None:
    """Let the connection die without a word, on either side, until somebody has to notice.

    Args:
        the: programs in no hurry.
        pause_s, tell: as of `trial`.
    """
    await the.settled()
    for ways in ((Way.UP,), (Way.DOWN,), BOTH):
        async with Traffic(the, pause_s):
            before = the.proxy.accepted
            began = time.monotonic()
            the.proxy.lose(*ways)
            while the.proxy.accepted == before:
                if time.monotonic() - began > DEAD_S:
                    raise AssertionError(f"{ways} died {DEAD_S} s ago, and nobody noticed")
                await asyncio.sleep(0.1)
            tell(f"died {'and '.join(ways):17} {time.monotonic() - began:6.2f} s until noticed")
            await the.proxy.heal()
        await the.settled()


def sample(count: int, numbers: random.Random) -> list[str]:
    """So many faults, each kind about as often as any other."""
    found: list[str] = []
    while len(found) < count:
        found += numbers.sample(list(FAULTS), len(FAULTS))
    return found[:count]


async def judged(the: World, most_late_ms: int) -> Comparison:
    """Stop both gateways, and hold their files against each other; then both run again."""
    for gateway in (the.below, the.above):
        if code := await gateway.stop():
            raise AssertionError(f"a gateway ended with {code}\n{gateway.log[-3000:]}")
    files = (the.below.data_dir / "gateway.db", the.above.data_dir / "gateway.db")
    found = await asyncio.to_thread(compare, *files, the.slugs, most_late_ms)
    for gateway in (the.above, the.below):
        if "Traceback" in gateway.log:
            found.faults.append(f"a traceback in {gateway.log_path}")
        await gateway.start()
    return found


async def main() -> int:
    """Run a trial and print what it gave; returns the exit code."""
    parser = argparse.ArgumentParser(description="Break the way between two gateways, and look.")
    parser.add_argument("--faults", type=int, default=100, help="how many (100)")
    parser.add_argument("--seed", type=int, help="of their order and moments; random if left out")
    parser.add_argument(
        "--pause", type=float, default=0.05, help="seconds between a writer's messages (0.05)"
    )
    parser.add_argument("--tls", action="store_true", help="the same by TLS")
    parser.add_argument("--only", choices=FAULTS, help="just this kind")
    parser.add_argument("--keep", action="store_true", help="keep the data directories")
    options = parser.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed  # noqa: S311 - no secret
    random.seed(seed)
    root = Path(tempfile.mkdtemp(prefix="blynk-gateway-upstream-"))
    print(f"seed {seed}, in {root}", flush=True)
    names = sample(options.faults, random.Random(seed))  # noqa: S311 - no secret
    if options.only:
        names = [options.only] * options.faults
    began = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {line}", flush=True)

    found = Comparison(["the trial did not come to its end"])
    try:
        async with world(root / "hurried", is_secure=options.tls) as the:
            await trial(the, names, options.pause, tell)
            found = await judged(the, LATE_MS)
        if not options.only:
            async with world(root / "plain", program=PLAIN, is_secure=options.tls) as the:
                await unnoticed(the, options.pause, tell)
                found.faults += (await judged(the, LATE_MS)).faults
    except AssertionError as error:
        found.faults = [str(error)]
    print(", ".join(f"{count} {name}" for name, count in sorted(Counter(names).items())))
    print(found.told())
    for fault in found.faults:
        print(f"  {fault}")
    if not options.keep and not found.faults:
        shutil.rmtree(root)
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
