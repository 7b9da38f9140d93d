"""What happens to the gateway and to what it leans on: broker, disk, configuration, server above.

Each fault lasts for its time and takes itself back; then the gateway has to get well by itself.
"""

import asyncio
import contextlib
import copy
import math
import os
import random
import resource
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from bench.soak.ledger import Ledger, Window
from bench.soak.world import World

LASTS_S = (0.5, 4.0)
GAPS_S = (0.5, 3.0)
HEALED_S = 30.0
TRIED_AGAIN_S = 90.0
"""Broker and server above, if they were away, are tried again once a minute at the latest."""

PERIOD_S = 0.1
FULL_BYTES = 4096
"""No file of the gateway may grow beyond this: a disk that is full."""

KILL, STOP, FREEZE = "kill -9", "restart", "hang"
DISK, LOCK = "disk full", "database locked"
FAULTY, CHANGED = "faulty file", "changed file"
BROKER_KILL, BROKER_FREEZE = "broker killed", "broker hangs"
ABOVE_KILL, ABOVE_FREEZE = "above killed", "above hangs"

PEERS = (BROKER_KILL, BROKER_FREEZE, ABOVE_KILL, ABOVE_FREEZE)
ENDING = (KILL, STOP)
"""Faults after which the process is another one."""

Fault = Callable[[World, random.Random], Awaitable[None]]


async def _lasting(numbers: random.Random) -> None:
    await asyncio.sleep(numbers.uniform(*LASTS_S))


async def _kill(the: World, numbers: random.Random) -> None:
    await the.gateway.kill()
    await asyncio.sleep(numbers.choice((0.0, 0.5)))
    await the.gateway.start()


async def _restart(the: World, _: random.Random) -> None:
    if code := await the.gateway.stop():
        raise AssertionError(f"the gateway ended with {code}")
    await the.gateway.start()


async def _freeze(the: World, numbers: random.Random) -> None:
    os.kill(the.gateway.pid, signal.SIGSTOP)
    await asyncio.sleep(numbers.uniform(0.5, 2.0))
    os.kill(the.gateway.pid, signal.SIGCONT)


async def _fill_disk(the: World, numbers: random.Random) -> None:
    before = resource.prlimit(the.gateway.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(the.gateway.pid, resource.RLIMIT_FSIZE, (FULL_BYTES, before[1]))
    await _lasting(numbers)
    resource.prlimit(the.gateway.pid, resource.RLIMIT_FSIZE, before)


async def _lock(the: World, numbers: random.Random) -> None:
    """Another program is in the database, as a slow disk would be: commits have to wait."""
    database = sqlite3.connect(the.gateway.data_dir / "gateway.db", isolation_level=None)
    with contextlib.closing(database), contextlib.suppress(sqlite3.OperationalError):
        database.execute("BEGIN IMMEDIATE")
        await _lasting(numbers)
        database.execute("ROLLBACK")


async def _change(the: World, numbers: random.Random) -> None:
    """A reload that adds a device, changes a rogue, and takes both back."""
    changed = copy.deepcopy(the.config)
    changed["devices"]["newcomer"] = {"token": "f" * 32}
    changed["devices"]["rogue-0"]["name"] = f"Rogue {numbers.randrange(1000)}"
    the.gateway.write_config(changed)
    the.gateway.reload()
    await _lasting(numbers)
    the.gateway.write_config(the.config)
    the.gateway.reload()


async def _break_file(the: World, numbers: random.Random) -> None:
    broken = numbers.choice(
        ("devices: [", "mqtt: {hots: x}\nserver: 7\n", "\x00\xff", "- a\n- b\n")
    )
    the.gateway.config_path.write_text(broken)
    the.gateway.reload()
    await _lasting(numbers)
    the.gateway.write_config(the.config)
    the.gateway.reload()


async def _kill_broker(the: World, numbers: random.Random) -> None:
    await asyncio.to_thread(the.broker.kill)
    await _lasting(numbers)
    await asyncio.to_thread(the.broker.start)


async def _freeze_broker(the: World, numbers: random.Random) -> None:
    the.broker.freeze()
    await _lasting(numbers)
    the.broker.thaw()


async def _kill_above(the: World, numbers: random.Random) -> None:
    await the.above.kill()
    await _lasting(numbers)
    await the.above.start()


async def _freeze_above(the: World, numbers: random.Random) -> None:
    os.kill(the.above.pid, signal.SIGSTOP)
    await _lasting(numbers)
    os.kill(the.above.pid, signal.SIGCONT)


FAULTS: Mapping[str, Fault] = {
    KILL: _kill,
    STOP: _restart,
    FREEZE: _freeze,
    DISK: _fill_disk,
    LOCK: _lock,
    CHANGED: _change,
    FAULTY: _break_file,
    BROKER_KILL: _kill_broker,
    BROKER_FREEZE: _freeze_broker,
    ABOVE_KILL: _kill_above,
    ABOVE_FREEZE: _freeze_above,
}


def schedule(numbers: random.Random, kinds: Iterable[str]) -> Iterable[str]:
    """Faults without end, each kind about as often as any other."""
    names = list(kinds)
    while True:
        yield from numbers.sample(names, len(names))


async def let_happen(
    the: World,
    ledger: Ledger,
    numbers: random.Random,
    kinds: Iterable[str],
    until: float,
    tell: Callable[[str], None],
    owed: frozenset[str] = frozenset(),
) -> list[str]:
    """Have one fault after the other until a time, and see each of them healed.

    Args:
        owed: kinds that come in any case, if need be after that time.

    Returns:
        What was not well again in time, in words.
    """
    wrong = []
    for kind in schedule(numbers, kinds):
        if time.monotonic() >= until:
            if not owed:
                break
            if kind not in owed:
                continue
        owed = owed - {kind}
        began = time.monotonic()
        # It excuses things from its first moment on.
        ledger.windows.append(Window(kind, began, math.inf, math.inf))
        await FAULTS[kind](the, numbers)
        over = time.monotonic()
        ledger.windows[-1] = Window(kind, began, over, math.inf)
        patience_s = TRIED_AGAIN_S if kind in PEERS else HEALED_S
        healed_s = await healed(the, patience_s)
        ledger.windows[-1] = Window(kind, began, over, time.monotonic())
        if healed_s is None:
            health = await the.health()
            bad = {name: one for name, one in health["components"].items() if one["state"] != "ok"}
            wrong.append(f"not well {patience_s:g} s after {kind}: {bad}")
            healed_s = patience_s
        tell(f"{kind:16} {over - began:5.1f} s, well again after {healed_s:4.1f} s")
        await asyncio.sleep(numbers.uniform(*GAPS_S))
    return wrong


async def healed(the: World, within_s: float = TRIED_AGAIN_S) -> float | None:
    """Seconds until the gateway says that all is well; None if that takes too long."""
    began = time.monotonic()
    while time.monotonic() < began + within_s:
        # A component looks at itself once in a while: that it was not noticed yet is no recovery.
        await asyncio.sleep(PERIOD_S)
        if await the.is_well():
            return time.monotonic() - began
    return None
