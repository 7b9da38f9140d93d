"""Rows on their way to the database: kept until a transaction with them has succeeded.

Every statement may be repeated without harm, because nobody knows how far an interrupted commit
came. Of two rows with one key the later replaces the earlier already here.
"""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, TypeAlias

from blynk_gateway.history.file.database import Statement
from blynk_gateway.history.segments.segment import Segment

MAX_EVENTS = 10_000
"""Events kept, here and in the database."""

ROWS_PER_STATEMENT = 100
"""SQLite's thread gives up the interpreter lock once for each statement, and may wait milliseconds
to get it back: many rows in one statement keep it fast while the loop is busy. A hundred segments
are 5 MB at most, which SQLite copies."""

_KEY_COLUMNS = {
    "setting": 1,
    "device": 1,
    "state": 1,
    "property": 3,
    "metadata": 2,
    "pin_mode": 2,
    "event": 1,
    "stream": 1,
    "value": 1,
    "segment": 1,
}

Row: TypeAlias = tuple[Any, ...]


class _Group:
    """Deletions, then rows by table and key."""

    __slots__ = ("deletions", "tables")

    def __init__(self, deletions: Sequence[Statement] = ()) -> None:
        self.deletions = deletions
        self.tables: dict[str, dict[Hashable, Row]] = {}


class Pending:
    """What the next transaction writes.

    Attributes:
        points: changes of pins among it.
    """

    def __init__(self) -> None:
        self._groups = [_Group()]
        self.points = 0

    def put(self, table: str, row: Row) -> None:
        """Insert a row, or replace the one with its key."""
        rows = self._groups[-1].tables.setdefault(table, {})
        rows[row[: _KEY_COLUMNS[table]]] = row
        if table == "event" and len(rows) > MAX_EVENTS:
            del rows[next(iter(rows))]

    def put_segment(self, segment: Segment) -> None:
        """Insert a segment."""
        self.put("segment", segment)
        self.points += segment.points

    def delete(self, *deletions: Statement) -> None:
        """Run statements after all rows put so far and before all that follow."""
        self._groups.append(_Group(deletions))

    def statements(self) -> Iterator[Statement]:
        """Everything, in order."""
        for group in self._groups:
            yield from group.deletions
            for table, keyed in group.tables.items():
                rows = list(keyed.values())
                for start in range(0, len(rows), ROWS_PER_STATEMENT):
                    yield _insertion(table, rows[start : start + ROWS_PER_STATEMENT])

    def segments(self) -> Iterator[Segment]:
        """All segments, in order."""
        for group in self._groups:
            for row in group.tables.get("segment", {}).values():
                yield Segment._make(row)

    def drop_oldest(self, limit: int) -> int:
        """Drop oldest segments until at most `limit` points are left; returns the points lost."""
        before = self.points
        for group in self._groups:
            segments = group.tables.get("segment", {})
            while segments and self.points > limit:
                _, _, count, *_ = segments.pop(next(iter(segments)))
                self.points -= count
        return before - self.points

    def append(self, later: "Pending") -> None:
        """Have everything of `later` behind what is here."""
        self._groups += later._groups  # noqa: SLF001  of the same kind
        self.points += later.points

    def __bool__(self) -> bool:
        return len(self._groups) > 1 or any(self._groups[0].tables.values())


def _insertion(table: str, rows: Sequence[Row]) -> Statement:
    marks = f"({', '.join('?' * len(rows[0]))})"
    sql = f"INSERT OR REPLACE INTO {table} VALUES {', '.join([marks] * len(rows))}"  # noqa: S608 - our own table names
    return sql, [value for row in rows for value in row]
