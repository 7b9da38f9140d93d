"""Deletes what is old from one table of the archive, stream by stream, slice by slice."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from blynk_gateway.history.file.database import Database, Statement

NEVER_MS = -(1 << 62)
"""Before every time there is."""

SLICE_STREAMS = 100
"""Streams that are looked at between two commits; two statements of 0.1 ms each where something
goes."""


class Table(NamedTuple):
    """Where something is kept.

    Attributes:
        column: the time by which a row is old.
        rows: what a row counts as.
    """

    name: str
    column: str
    rows: int = 1


class _Stream(NamedTuple):
    """A stream that is in the table.

    Attributes:
        oldest_ms: of its rows.
        is_known: False if its device was removed: of it nothing is asked any more.
    """

    id: int
    oldest_ms: int
    is_known: bool


class Sweep:
    """Once through a table.

    Args:
        before_ms: rows from before it go.

    Attributes:
        oldest_ms: the least time that was seen of streams that are known, before anything of
            theirs went; None if there was none.
    """

    def __init__(self, table: Table, before_ms: int = NEVER_MS) -> None:
        self.table = table
        self.before_ms = before_ms
        self.oldest_ms: int | None = None
        self._after_stream = 0

    async def step(self, database: Database, rows: int) -> tuple[bool, int]:
        """Delete one slice; returns whether this was the last one, and about how many rows went.

        Args:
            rows: how many may go.

        Raises:
            HistoryError: it failed; nothing was deleted.
        """
        streams = await self._next_streams(database)
        deletions, is_cut, left = await self._deletions(database, streams, rows)
        if deletions:
            await database.write(deletions, is_synced=False)
        return len(streams) < SLICE_STREAMS and not is_cut, rows - left

    async def _deletions(
        self, database: Database, streams: Iterable[_Stream], left: int
    ) -> tuple[list[Statement], bool, int]:
        """Statements, whether there may be more of their last stream, and what is left of rows."""
        deletions: list[Statement] = []
        name, column, weight = self.table
        for stream in streams:
            if stream.is_known:
                seen = stream.oldest_ms if self.oldest_ms is None else self.oldest_ms
                self.oldest_ms = min(seen, stream.oldest_ms)
            before_ms = self.before_ms if stream.is_known else -NEVER_MS
            if stream.oldest_ms < before_ms:
                limit = max(1, left // weight)
                upto_ms, count = await self._oldest(database, stream.id, before_ms, limit)
                sql = f"DELETE FROM {name} WHERE stream = ? AND {column} <= ?"  # noqa: S608 - our own names
                deletions.append((sql, (stream.id, upto_ms)))
                left -= count * weight
                if count >= limit:
                    return deletions, True, left
            self._after_stream = stream.id
        return deletions, False, left

    async def _next_streams(self, database: Database) -> Sequence[_Stream]:
        name, column, _ = self.table
        # From one to the next by the index; a DISTINCT would read every row.
        rows = await database.fetch(
            f"WITH RECURSIVE walk (stream) AS ("  # noqa: S608 - our own names
            f" SELECT min(stream) FROM {name} WHERE stream > ? UNION ALL"
            f" SELECT (SELECT min(stream) FROM {name} WHERE stream > walk.stream)"
            f" FROM walk WHERE stream IS NOT NULL)"
            f" SELECT stream, (SELECT min({column}) FROM {name} WHERE stream = walk.stream),"
            f" EXISTS (SELECT 1 FROM stream AS known WHERE known.id = walk.stream)"
            f" FROM walk WHERE stream IS NOT NULL LIMIT {SLICE_STREAMS}",
            (self._after_stream,),
        )
        return [_Stream(stream, oldest_ms, bool(known)) for stream, oldest_ms, known in rows]

    async def _oldest(
        self, database: Database, stream: int, before_ms: int, limit: int
    ) -> tuple[int, int]:
        """Time of the latest of the oldest rows that go, and how many they are."""
        name, column, _ = self.table
        ((upto_ms, count),) = await database.fetch(
            f"SELECT max({column}), count(*) FROM (SELECT {column} FROM {name}"  # noqa: S608 - our own names
            f" WHERE stream = ? AND {column} < ? ORDER BY {column} LIMIT ?)",
            (stream, before_ms, limit),
        )
        return upto_ms, count
