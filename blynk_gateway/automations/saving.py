"""Brings to the database what must outlive the gateway: states of rules, runs, waits, the outbox.

1. Everything is kept in memory and written once a second, in one transaction, if there is anything.
   A crash or power cut within that second repeats what was done in it, or forgets it. A run that
   begins to wait is written at once: who forgets it never switches off what it switched on.
2. What waits to be done is urgent: it stands a power cut from then on. States and runs alone come
   to the disk with the next commit of the history, and cost none of their own.
3. A database that cannot be written holds nothing up: all is tried again. States, waits and the
   outbox are as many as there are; of runs the latest `MAX_RUNS_KEPT` are kept meanwhile.
4. A flood of runs is not written in full: of each rule only what is among its latest in memory, and
   in all `RUNS_AT_ONCE` a second, the latest first.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from blynk_gateway.automations.outbox import Payload
from blynk_gateway.core.automation_records import AutomationRecords, OutboxKey, RecordBatch
from blynk_gateway.core.automations import Run
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.quota import TokenBucket
from blynk_gateway.errors import HistoryError

log = logging.getLogger(__name__)

EVERY_S = 1.0

HURRIES = 10
"""Writes at once that may be saved up, one a second: a light that blinks all day wears no card."""

RUNS_AT_ONCE = 200
"""Some 30 KB a second on the card, and 2 ms of work, whatever the rules do."""

STATES_AT_ONCE = 200
"""Likewise: where more rules run at once, each is saved all the same, every few seconds."""

MAX_RUNS_KEPT = 1000
"""While the database cannot be written."""

_WAIT = "run"
"""The kind of entry in the outbox that is a run which waits; its key is the rule."""


class RunSource(Protocol):
    """Where runs come from: `runs.runner.Runner`."""

    changed_waits: set[str]
    hurry: Callable[[], None]

    def take_unsaved(self, limit: int) -> list[Run]:
        """New and changed runs, the latest; they count as saved then."""

    def saved_wait(self, slug: str) -> dict[str, Any] | None:
        """The run of a rule that waits, None if none does."""

    def runs(self, slug: str | None, limit: int) -> list[Run]:
        """The latest runs in memory, newest first."""

    def running(self) -> set[int]:
        """Numbers of all runs that are under way or will be."""


class StateSource(Protocol):
    """Where states come from: `rules.engine.Engine`."""

    dirty: set[str]

    def state_of(self, slug: str) -> dict[str, Any]:
        """The state of a rule."""


class Saved(NamedTuple):
    """What an earlier run of the gateway left.

    Attributes:
        states: by slug of the rule.
        waiting: for `Runner.resume`.
        next_run: for `Runner.number_from`.
    """

    states: Mapping[str, dict[str, Any]]
    waiting: list[dict[str, Any]]
    next_run: int


class Saving:
    """Meets `outbox.Outbox`."""

    def __init__(self, records: AutomationRecords, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._states: dict[str, str | None] = {}
        self._runs: dict[int, Run] = {}
        self._outbox: dict[OutboxKey, str | None] = {}
        # Also what is on its way there.
        self._on_disk: set[OutboxKey] = set()
        self._run_source: RunSource | None = None
        self._state_source: StateSource | None = None
        self._were_ended = False
        self._is_failing = False
        self._lock = asyncio.Lock()
        self._hurried = asyncio.Event()
        self._hurries = TokenBucket(1 / EVERY_S, HURRIES, clock.monotonic())

    async def restore(self) -> Saved:
        """Read what an earlier run of the gateway left.

        Raises:
            HistoryError: it cannot be read.
        """
        states = {slug: _decode(text) for slug, text in (await self._records.states()).items()}
        waiting = [document for _, document in await self.load(_WAIT)]
        return Saved(states, waiting, await self._records.last_run() + 1)

    def attach(self, runs: RunSource, states: StateSource) -> None:
        """Save these from now on; to be called after they took over what was left."""
        self._run_source = runs
        self._state_source = states
        runs.hurry = self._hurried.set

    async def load(self, kind: str) -> list[tuple[str, Payload]]:
        """What an earlier run of the gateway left to go out, by key.

        Raises:
            HistoryError: it cannot be read.
        """
        entries = await self._records.outbox(kind)
        self._on_disk.update(OutboxKey(kind, key) for key, _ in entries)
        return [(key, _decode(text)) for key, text in entries]

    def put(self, kind: str, key: str, payload: Payload) -> None:
        """Add an entry, or replace the one of this key; it is on disk within a second."""
        self._outbox[OutboxKey(kind, key)] = json.dumps(payload)

    def remove(self, kind: str, key: str) -> None:
        """Remove an entry, if there is one."""
        entry = OutboxKey(kind, key)
        if entry in self._on_disk:
            self._outbox[entry] = None
        else:
            # Most are done with before they were ever written.
            self._outbox.pop(entry, None)

    def forget(self, slug: str) -> None:
        """Forget the state of a rule that is gone."""
        self._states[slug] = None

    async def runs(self, slug: str | None, limit: int) -> list[Run]:
        """The latest runs of one rule or of all, newest first, those of before a restart too.

        Raises:
            HistoryError: they cannot be read.
        """
        stored = await self._records.runs(slug, limit)
        latest = self._run_source.runs(slug, limit) if self._run_source else []
        unsaved = [run for run in self._runs.values() if slug in (None, run.automation)]
        # What is in memory goes before: it knows what became of the run since.
        found = {run.id: run for run in [*stored, *unsaved, *latest]}
        return [found[number] for number in sorted(found, reverse=True)[:limit]]

    async def run(self) -> None:
        """Save once a second and when a run begins to wait, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._hurried.wait()
                    if not self._hurries.take(1, self._clock.monotonic()):
                        await asyncio.sleep(EVERY_S)
            self._hurried.clear()
            await self.save()

    async def save(self) -> None:
        """Write what is new. May fail: it is tried again at the next call."""
        async with self._lock:
            self._collect()
            try:
                await self._write()
            except HistoryError as error:
                self._runs = {number: self._runs[number] for number in _latest(self._runs)}
                # The health of the history says it as well, and goes on doing so.
                level = logging.DEBUG if self._is_failing else logging.WARNING
                self._is_failing = True
                log.log(level, "automations not saved", extra={"reason": error})
            else:
                self._is_failing = False

    async def close(self) -> None:
        """Save a last time."""
        await self.save()
        while not self._is_failing and self._state_source and self._state_source.dirty:
            await self.save()
        if self._is_failing:
            log.error("automations not saved at stop", extra={"runs": len(self._runs)})

    def _collect(self) -> None:
        if self._run_source is not None:
            runs = self._run_source
            for run in runs.take_unsaved(RUNS_AT_ONCE):
                self._runs[run.id] = run
            changed = list(runs.changed_waits)
            runs.changed_waits.clear()
            for slug in changed:
                waiting = runs.saved_wait(slug)
                if waiting is None:
                    self.remove(_WAIT, slug)
                else:
                    self.put(_WAIT, slug, waiting)
        if self._state_source is not None:
            states = self._state_source
            for slug in list(states.dirty)[:STATES_AT_ONCE]:
                states.dirty.discard(slug)
                self._states[slug] = json.dumps(states.state_of(slug))

    async def _write(self) -> None:
        if self._run_source is not None and not self._were_ended:
            running = self._run_source.running()
            await self._records.end_runs(but=running, at_ms=self._clock.now_ms())
            self._were_ended = True
        if not (self._states or self._runs or self._outbox):
            return
        states, self._states = self._states, {}
        runs, self._runs = self._runs, {}
        outbox, self._outbox = self._outbox, {}
        self._on_disk.update(outbox)
        latest = [runs[number] for number in _latest(runs)]
        is_urgent = any(payload is not None for payload in outbox.values())
        try:
            await self._records.write(RecordBatch(states, latest, outbox, is_urgent))
        except BaseException:
            # What came meanwhile is newer. After a cancellation it may have been written: it bears
            # to be written again.
            self._states = {**states, **self._states}
            self._runs = {**runs, **self._runs}
            self._outbox = {**outbox, **self._outbox}
            raise
        gone = {entry for entry, payload in outbox.items() if payload is None}
        # What was put again meanwhile comes with the next write.
        self._on_disk -= gone


def _latest(runs: Mapping[int, Run]) -> list[int]:
    return sorted(runs)[-MAX_RUNS_KEPT:]


def _decode(text: str) -> dict[str, Any]:
    decoded = json.loads(text)
    return decoded if isinstance(decoded, dict) else {}
