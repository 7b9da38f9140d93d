"""Deletes what is older than it needs to be, a little at a time, so that no commit waits for it.

1. What is old is looked for in the archive alone: the journal's points come there within the hour,
   and count in the rollups even if they are old by then.
2. Ages count only while the time is certain. The budget of bytes needs no time: it goes by what is
   oldest, single values first, then minutes.
3. What fails is told and tried again later: the commit that was made before it has not failed.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from blynk_gateway.core.clock import Clock
from blynk_gateway.errors import HistoryCorrupt, HistoryError
from blynk_gateway.history.archive.rollup import Level
from blynk_gateway.history.file.database import Database
from blynk_gateway.history.retention.budget import Budget
from blynk_gateway.history.retention.sweep import Sweep, Table
from blynk_gateway.history.segments.pending import MAX_EVENTS
from blynk_gateway.runtime.health import Health, HealthState

PERIOD_S = 3600.0
"""Each round writes a few pages for each stream."""

SLICE_S = 0.004
"""How long the deletion of a slice should take. From a slow card pages come slowly, and it becomes
smaller."""

MIN_ROWS = 100
MAX_ROWS = 2000
"""Of rollups that go in one transaction; 15 share a page. With fewer, what holds the pages together
would be written for little; more would be hundreds of kilobytes for the next commit to sync."""

CHUNK_ROWS = 50
"""What a chunk counts as: it has up to fifty pages of its own."""

SPAN = 50
"""To keep to the budget, this part of the time that values are there for goes at once."""

MIN_SPAN_MS = 60_000

RETRY_S = 30.0
"""After a failure; as long as the journal waits at most."""

_COMPONENT = "retention"

_CHUNK = Table("chunk", "last_ms", CHUNK_ROWS)
_MINUTE = Table(Level.MINUTE.table, "start_ms")


class Keep(NamedTuple):
    """Ages beyond which history goes, None for never, and bytes that it may take, None for any."""

    raw_ms: int | None = None
    minute_ms: int | None = None
    hour_ms: int | None = None
    day_ms: int | None = None
    max_bytes: int | None = None


class Retention:
    """Sweeps through the tables; begins anew every `PERIOD_S`, or as the budget demands.

    Args:
        health: told as component `retention` what failed.
        may_age: whether the clock can be trusted to say what is old.
    """

    def __init__(
        self, clock: Clock, keep: Keep, health: Health, may_age: Callable[[], bool]
    ) -> None:
        self.keep = keep
        self._clock = clock
        self._may_age = may_age
        self._health = health
        self._budget = Budget(clock, health)
        self._next_at = clock.monotonic()
        self._sweeps: deque[Sweep] = deque()
        self._looking: Sweep | None = None
        self._rows = MAX_ROWS // 4
        self._retry_at = clock.monotonic()
        self._damaged_until = clock.monotonic()

    async def step(self, database: Database) -> None:
        """Delete one slice, if it is time, and the disk has time."""
        if database.is_merging or self._clock.monotonic() < self._retry_at:
            return
        try:
            await self._step(database)
        except HistoryError as error:
            self._retry_at = self._clock.monotonic() + RETRY_S
            self._health.report(_COMPONENT, HealthState.DEGRADED, str(error))
            if isinstance(error, HistoryCorrupt) and self._sweeps:
                # Of this table nothing can go before the next round; the others may be whole.
                self._sweeps.popleft()
                self._damaged_until = self._clock.monotonic() + 2 * PERIOD_S
        else:
            if self._clock.monotonic() >= self._damaged_until:
                self._health.report(_COMPONENT, HealthState.OK)

    async def _step(self, database: Database) -> None:
        if not self._sweeps:
            await self._begin(database)
        if not self._sweeps:
            return
        begun = time.perf_counter()
        sweep = self._sweeps[0]
        is_last, count = await sweep.step(database, self._rows)
        if count:
            self._adapt(time.perf_counter() - begun)
        if is_last:
            self._sweeps.popleft()
            if sweep is self._looking:
                self._make_room(sweep)

    async def _begin(self, database: Database) -> None:
        if self._clock.monotonic() >= self._next_at:
            await self._delete_events(database)
            self._next_at = self._clock.monotonic() + PERIOD_S
            self._sweeps.extend(self._aged())
        elif await self._budget.is_exceeded(database, self.keep.max_bytes):
            self._look_for_oldest(_CHUNK)

    def _aged(self) -> list[Sweep]:
        keep = self.keep
        # A bucket is as old as its end.
        tables = [(_CHUNK, keep.raw_ms, 0)] + [
            (Table(level.table, "start_ms"), keep_ms, level.ms)
            for level, keep_ms in (
                (Level.MINUTE, keep.minute_ms),
                (Level.HOUR, keep.hour_ms),
                (Level.DAY, keep.day_ms),
            )
        ]
        is_certain = self._may_age()
        now_ms = self._clock.now_ms()
        return [
            Sweep(table, now_ms - keep_ms - length_ms)
            if is_certain and keep_ms is not None
            else Sweep(table)
            for table, keep_ms, length_ms in tables
        ]

    def _look_for_oldest(self, table: Table) -> None:
        self._looking = Sweep(table)
        self._sweeps.append(self._looking)

    def _make_room(self, sweep: Sweep) -> None:
        if sweep.oldest_ms is not None:
            span_ms = max((self._clock.now_ms() - sweep.oldest_ms) // SPAN, MIN_SPAN_MS)
            self._sweeps.append(Sweep(sweep.table, sweep.oldest_ms + span_ms))
        elif sweep.table == _CHUNK:
            self._look_for_oldest(_MINUTE)
        else:
            self._budget.rest()

    def _adapt(self, took_s: float) -> None:
        factor = min(max(SLICE_S / max(took_s, SLICE_S / 10), 0.5), 2.0)
        self._rows = min(max(round(self._rows * factor), MIN_ROWS), MAX_ROWS)

    async def _delete_events(self, database: Database) -> None:
        deletion = (
            "DELETE FROM event WHERE seq <="
            " (SELECT seq FROM event ORDER BY seq DESC LIMIT 1 OFFSET ?)"
        )
        await database.write([(deletion, (MAX_EVENTS,))], is_synced=False)
