"""One soak from its beginning to its verdicts."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.soak import verdicts
from bench.soak.agreement import differences, numbers_in
from bench.soak.devices import SoakDevice, leave
from bench.soak.faults import ENDING, FAULTS, healed, let_happen
from bench.soak.ledger import Ledger
from bench.soak.people import Dashboard, set_values
from bench.soak.rogues import misbehave
from bench.soak.samples import Sample, look, watch
from bench.soak.verdicts import Verdict
from bench.soak.world import World, world
from blynk_gateway.runtime.tasks import cancel, spawn

WARM_UP = 0.1
RESTARTS_UNTIL = 0.4
"""Shares of the time: then all devices are there, then the process is the last one."""

SETTLING = 0.25
"""Share of the last process's time before memory is held against itself."""

ROGUES_AT_ONCE = 3
PAUSE_S = 2.0
"""Between two messages of a device: 500 of them send some 700 messages a second."""

IDLE_S = 3.0
CLOSED_S = 20.0

Tell = Callable[[str], None]


@dataclass
class Outcome:
    """Everything that a soak gave.

    Attributes:
        began: by the monotonic clock.
        judged_from, judged_to: between these memory and descriptors have to be flat.
    """

    began: float
    ledger: Ledger = field(default_factory=Ledger)
    samples: list[Sample] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    judged_from: float = 0.0
    judged_to: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return bool(self.verdicts) and all(one.is_kept for one in self.verdicts)


async def soak(directory: Path, devices: int, seconds: float, seed: int, tell: Tell) -> Outcome:
    """Run a soak.

    Args:
        seconds: of load and faults; start and end come on top.
        tell: is told of each fault.
    """
    outcome = Outcome(time.monotonic())
    async with world(directory, devices) as the:
        await healed(the)
        await asyncio.sleep(IDLE_S)
        idle = look(the.gateway.pid, 0)
        pause_s = PAUSE_S * max(1.0, devices / 500)
        everybody = [
            SoakDevice(number, the.door, outcome.ledger, pause_s) for number in range(devices)
        ]
        dashboard = Dashboard(the, outcome.ledger, [one.slug for one in everybody])
        tasks = [spawn(one.run(), name=one.slug) for one in everybody]
        others = [
            spawn(watch(the, outcome.ledger, outcome.samples), name="samples"),
            spawn(dashboard.watch(), name="dashboard"),
        ]
        try:
            wrong = await _load(the, outcome, everybody, seconds, random.Random(seed), tell)  # noqa: S311 - no secret
            await leave(everybody, tasks)
            differing = await differences(the, outcome.ledger, dashboard)
        finally:
            for task in (*tasks, *others):
                await cancel(task)
        await _judge(the, outcome, wrong, differing, idle)
    return outcome


async def _load(
    the: World,
    outcome: Outcome,
    everybody: Sequence[SoakDevice],
    seconds: float,
    numbers: random.Random,
    tell: Tell,
) -> list[str]:
    """Let everything happen at once; returns what was not well again."""
    ledger = outcome.ledger
    began = time.monotonic()
    await asyncio.sleep(WARM_UP * seconds)
    # Each has numbers of its own, so that the order of one does not hang on the speed of another.
    parts = [random.Random(numbers.getrandbits(64)) for _ in range(2 + ROGUES_AT_ONCE)]  # noqa: S311
    tasks = [spawn(set_values(the, ledger, everybody, parts[0]), name="people")]
    tasks += [
        spawn(misbehave(the, ledger, part), name=f"rogue {number}")
        for number, part in enumerate(parts[2:])
    ]
    try:
        until = began + RESTARTS_UNTIL * seconds
        wrong = await let_happen(the, ledger, parts[1], FAULTS, until, tell, frozenset(ENDING))
        # The last process has its whole share, however long the restarts took.
        rest_s = (1 - RESTARTS_UNTIL) * seconds
        restarted = time.monotonic()
        outcome.judged_from = restarted + SETTLING * rest_s
        gentle = [kind for kind in FAULTS if kind not in ENDING]
        wrong += await let_happen(the, ledger, parts[1], gentle, restarted + rest_s, tell)
        outcome.judged_to = time.monotonic()
    finally:
        for task in tasks:
            await cancel(task)
    if await healed(the) is None:
        wrong.append("it is not well at the end")
    # What was set last is on its way.
    await asyncio.sleep(IDLE_S)
    return wrong


async def _judge(
    the: World, outcome: Outcome, wrong: list[str], differing: list[str], idle: Sample
) -> None:
    ledger = outcome.ledger
    after = await _fds_at_rest(the, idle.fds + verdicts.FDS_LEFT)
    code = await the.gateway.stop()
    if code:
        wrong.append(f"the gateway ended with {code}")
    integrity, found = await asyncio.to_thread(numbers_in, the.gateway.data_dir / "gateway.db")
    steady = [one for one in outcome.samples if outcome.judged_from <= one.at <= outcome.judged_to]
    if integrity != "ok":
        wrong.append(f"integrity: {integrity}")

    outcome.verdicts = [
        verdicts.history_is_whole(ledger.counts, found, ledger.windows),
        verdicts.judged(
            "All have the same values at the end",
            differing,
            "store, MQTT, dashboard, server above, link, rule",
        ),
        verdicts.nobody_dropped(ledger.drops, ledger.windows),
        verdicts.judged("No good write was refused", ledger.refused, "none"),
        verdicts.answered_in_time(ledger.pings, ledger.windows),
        verdicts.commands_arrived(ledger.commands, ledger.windows),
        verdicts.judged(
            "It gets well by itself", wrong, f"after each of {len(ledger.windows)} faults"
        ),
        verdicts.log_is_clean(the.gateway.lines, ledger.windows),
        verdicts.memory_is_flat(steady),
        verdicts.files_are_flat(steady),
        verdicts.files_are_closed(idle.fds, after),
    ]


async def _fds_at_rest(the: World, most: int) -> int:
    """Open descriptors as soon as they are so few, or after a while."""
    deadline = time.monotonic() + CLOSED_S
    while (found := look(the.gateway.pid, 0).fds) > most and time.monotonic() < deadline:  # noqa: ASYNC110 - another process closes them
        await asyncio.sleep(0.5)
    return found
