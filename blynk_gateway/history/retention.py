"""Deletes what is older than it needs to be, a little at a time, so that no commit waits for it.

What is old is looked for in the archive alone: the journal's points come there within the hour, and
count in the rollups even if they are old by then.
"""

from collections.abc import Sequence
from typing import NamedTuple

from blynk_gateway.core.clock import Clock
from blynk_gateway.history.database import Database, Statement
from blynk_gateway.history.pending import MAX_EVENTS
from blynk_gateway.history.rollup import Level

PERIOD_S = 3600.0
"""Each round writes a few pages for each stream."""

SLICE_STREAMS = 100
"""Streams that are looked at between two commits; two statements of 0.1 ms each where something
goes."""

SLICE_ROWS = 2000
"""Most rows of rollups that one transaction deletes: some 5 ms, as 30 share a page."""

CHUNK_ROWS = 50
"""What a chunk counts as: it has up to twenty pages of its own."""


class Keep(NamedTuple):
    """Ages beyond which history goes, None for never."""

    raw_ms: int | None = None
    minute_ms: int | None = None
    hour_ms: int | None = None
    day_ms: int | None = None


class _Table(NamedTuple):
    """What is deleted from a table.

    Attributes:
        keep_ms: age of `column` beyond which a row goes; None for never.
        rows: what a row counts as.
    """

    name: str
    column: str
    keep_ms: int | None
    rows: int


class Retention:
    """Walks through the tables, stream by stream; begins anew every `PERIOD_S`."""

    def __init__(self, clock: Clock, keep: Keep) -> None:
        self.keep = keep
        self._clock = clock
        self._next_at = clock.monotonic()
        self._table = 0
        self._after_stream = 0

    async def step(self, database: Database) -> None:
        """Delete one slice, if it is time.

        Raises:
            HistoryError: it failed; nothing was deleted.
        """
        if self._clock.monotonic() < self._next_at:
            return
        if self._table == 0 and self._after_stream == 0:
            await self._delete_events(database)
        looked = 0
        for table in _tables(self.keep)[self._table :]:
            streams = await self._old_streams(database, table)
            looked += len(streams)
            deletions = await self._deletions(database, table, streams)
            if deletions:
                await database.write(deletions, is_synced=False)
            if deletions or looked >= SLICE_STREAMS:
                return
            self._after_stream = 0
            self._table += 1
        self._table = 0
        self._next_at = self._clock.monotonic() + PERIOD_S

    async def _deletions(
        self, database: Database, table: _Table, streams: Sequence[tuple[int, int | None]]
    ) -> list[Statement]:
        budget = SLICE_ROWS // table.rows
        deletions: list[Statement] = []
        for stream, before_ms in streams:
            found = await self._oldest(database, table, stream, before_ms, budget)
            if found is not None:
                upto_ms, count = found
                sql = f"DELETE FROM {table.name} WHERE stream = ? AND {table.column} <= ?"  # noqa: S608 - our own names
                deletions.append((sql, (stream, upto_ms)))
                budget -= count
                if budget <= 0:
                    # There may be more of this stream.
                    break
            self._after_stream = stream
        return deletions

    async def _old_streams(self, database: Database, table: _Table) -> list[tuple[int, int | None]]:
        """The next streams in the table, with the time before which rows go, None for all rows."""
        # From one to the next by the index; a DISTINCT would read every row.
        rows = await database.fetch(
            f"WITH RECURSIVE walk (stream) AS ("  # noqa: S608 - our own names
            f" SELECT min(stream) FROM {table.name} WHERE stream > ? UNION ALL"
            f" SELECT (SELECT min(stream) FROM {table.name} WHERE stream > walk.stream)"
            f" FROM walk WHERE stream IS NOT NULL)"
            f" SELECT stream, EXISTS (SELECT 1 FROM stream AS known WHERE known.id = walk.stream)"
            f" FROM walk WHERE stream IS NOT NULL LIMIT {SLICE_STREAMS}",
            (self._after_stream,),
        )
        before_ms = _NEVER_MS if table.keep_ms is None else self._clock.now_ms() - table.keep_ms
        # Of a device that was removed nothing is asked any more.
        return [(stream, before_ms if is_known else None) for stream, is_known in rows]

    async def _oldest(
        self, database: Database, table: _Table, stream: int, before_ms: int | None, limit: int
    ) -> tuple[int, int] | None:
        """Time of the latest of the oldest rows that go, and how many they are."""
        is_old = "" if before_ms is None else f"AND {table.column} < ?"
        ((upto_ms, count),) = await database.fetch(
            f"SELECT max({table.column}), count(*) FROM (SELECT {table.column} FROM {table.name}"  # noqa: S608 - our own names
            f" WHERE stream = ? {is_old} ORDER BY {table.column} LIMIT ?)",
            (stream, *([] if before_ms is None else [before_ms]), limit),
        )
        return (upto_ms, count) if count else None

    async def _delete_events(self, database: Database) -> None:
        deletion = (
            "DELETE FROM event WHERE seq <="
            " (SELECT seq FROM event ORDER BY seq DESC LIMIT 1 OFFSET ?)"
        )
        await database.write([(deletion, (MAX_EVENTS,))], is_synced=False)


_NEVER_MS = -(1 << 62)


def _tables(keep: Keep) -> list[_Table]:
    levels = ((Level.MINUTE, keep.minute_ms), (Level.HOUR, keep.hour_ms), (Level.DAY, keep.day_ms))
    return [
        _Table("chunk", "last_ms", keep.raw_ms, CHUNK_ROWS),
        *(
            # A bucket is as old as its end.
            _Table(level.table, "start_ms", None if ms is None else ms + level.ms, 1)
            for level, ms in levels
        ),
    ]
