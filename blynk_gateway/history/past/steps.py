"""Aggregates over steps: from the coarsest rollup that divides the step, and the tail on top.

A step is whole, also the first and the last of a range. Only numbers count.
"""

import math
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from blynk_gateway.core.history import Aggregate, Step
from blynk_gateway.core.periods import MAX_TIME_MS
from blynk_gateway.history.archive.rollup import Level
from blynk_gateway.history.file.reader import Snapshot
from blynk_gateway.history.past.points import (
    NumberColumns,
    Range,
    read_numbers,
    read_times,
    tail_numbers,
)

LEVELS = tuple(Level)
"""From fine to coarse; each divides the next."""

Cells: TypeAlias = tuple[Any, ...]


class _Fold(NamedTuple):
    """How one aggregate is put together, from rollups and from points.

    Attributes:
        row: its cells in one row of a rollup.
        group: its cells over rows, under the same names.
        shown: first of all its value, made of these cells.
        of: its cells over points, in order, that are all in one step.
    """

    row: str
    group: str
    shown: str
    of: Callable[[Sequence[int], Sequence[int], Sequence[float]], Cells]
    merge: Callable[[Cells, Cells], Cells]
    value: Callable[[Cells], float]


def _add(one: Cells, other: Cells) -> Cells:
    return one[0] + other[0], one[1] + other[1]


_SUMS = _Fold(
    row="count, total",
    group="sum(count) AS count, sum(total) AS total",
    shown="total / count",
    of=lambda _times, _seqs, values: (len(values), sum(values)),
    merge=_add,
    value=lambda cells: cells[1] / cells[0],
)

_FOLDS = {
    Aggregate.AVG: _SUMS,
    Aggregate.SUM: _SUMS._replace(shown="total", value=lambda cells: cells[1]),
    Aggregate.COUNT: _SUMS._replace(shown="count", value=lambda cells: cells[0]),
    Aggregate.MIN: _Fold(
        row="minimum",
        group="min(minimum) AS minimum",
        shown="minimum",
        of=lambda _times, _seqs, values: (min(values),),
        merge=min,
        value=lambda cells: cells[0],
    ),
    Aggregate.MAX: _Fold(
        row="maximum",
        group="max(maximum) AS maximum",
        shown="maximum",
        of=lambda _times, _seqs, values: (max(values),),
        merge=max,
        value=lambda cells: cells[0],
    ),
    Aggregate.LAST: _Fold(
        row="last_ms, last_seq, last",
        # Of the row with the latest time, says SQLite of the columns beside a lone max().
        group="max(last_ms) AS last_ms, last_seq, last",
        # Both: SQLite may leave out what nobody asks for, and `last` with it would be any row's.
        shown="last, last_ms",
        of=lambda times, seqs, values: (times[-1], seqs[-1], values[-1]),
        merge=max,
        value=lambda cells: cells[2],
    ),
}


def level_for(step_ms: int) -> Level | None:
    """The coarsest level that divides a step; None where only points will do."""
    return next((one for one in reversed(LEVELS) if step_ms % one.ms == 0), None)


def whole_steps(where: Range, step_ms: int) -> Range:
    """The range, made as long as the steps that it touches."""
    return where._replace(
        from_ms=where.from_ms // step_ms * step_ms, to_ms=-(-where.to_ms // step_ms) * step_ms
    )


def read_steps(snapshot: Snapshot, where: Range, step_ms: int, aggregate: Aggregate) -> list[Step]:
    """The steps that a range touches, oldest first, as far as there are numbers in them."""
    where = whole_steps(where, step_ms)
    fold = _FOLDS[aggregate]
    level = level_for(step_ms)
    if level is None:
        found = _fold_numbers(read_numbers(snapshot, where), step_ms, fold)
    else:
        rows = _level_rows(snapshot, where, level, step_ms, fold, fold.shown)
        found = {row[0]: row[1] for row in rows}
        fresh = list(_folded(tail_numbers(snapshot, where), step_ms, fold))
        if fresh:
            # Of these few steps more than the value is needed, to put both together.
            part = where._replace(from_ms=fresh[0][0], to_ms=fresh[-1][0] + step_ms)
            rows = _level_rows(snapshot, part, level, step_ms, fold, fold.row)
            known = {row[0]: row[1:] for row in rows}
            for at_ms, cells in fresh:
                before = known.get(at_ms)
                found[at_ms] = fold.value(cells if before is None else fold.merge(before, cells))
    # Nearly in order, which makes it quick.
    ordered = sorted(found)
    values = [found[at_ms] for at_ms in ordered]
    if not all(map(math.isfinite, values)):
        values = [_bounded(value) for value in values]
    return list(map(Step._make, zip(ordered, values, strict=True)))


def count_points(snapshot: Snapshot, where: Range, step_ms: int) -> list[Step]:
    """How many points there are in each step that a range touches, texts included."""
    counts: Counter[int] = Counter()
    for times in read_times(snapshot, whole_steps(where, step_ms)):
        counts.update(at_ms // step_ms * step_ms for at_ms in times)
    return [Step(at_ms, count) for at_ms, count in sorted(counts.items())]


def has_numbers(snapshot: Snapshot, where: Range) -> bool:
    """Whether the stream of a range has a number at any time, as far as is still known."""
    always = where._replace(from_ms=0, to_ms=MAX_TIME_MS)
    is_archived = first_of_level(snapshot, always, Level.DAY, 0) is not None
    return is_archived or bool(tail_numbers(snapshot, always).times)


def first_of_level(snapshot: Snapshot, where: Range, level: Level, since_ms: int) -> int | None:
    """Begin of the first row of a level from a time on, up to the end of a range."""
    return _end_of_level(snapshot, where, level, since_ms, "")


def last_of_level(snapshot: Snapshot, where: Range, level: Level, since_ms: int) -> int | None:
    """Begin of the last row of a level from a time on, up to the end of a range."""
    return _end_of_level(snapshot, where, level, since_ms, "DESC")


def _end_of_level(
    snapshot: Snapshot, where: Range, level: Level, since_ms: int, direction: str
) -> int | None:
    rows = snapshot.fetch(
        f"SELECT start_ms FROM {level.table}"  # noqa: S608 - our own table names
        " WHERE stream = ? AND start_ms >= ? AND start_ms < ?"
        f" ORDER BY start_ms {direction} LIMIT 1",
        (where.stream, since_ms, where.to_ms),
    )
    return rows[0][0] if rows else None


def _level_rows(
    snapshot: Snapshot, where: Range, level: Level, step_ms: int, fold: _Fold, columns: str
) -> list[Any]:
    """Begin of each step of a whole range, and columns made of its cells."""
    source = f"{level.table} WHERE stream = ? AND start_ms >= ? AND start_ms < ?"
    if step_ms != level.ms:
        source = (
            f"(SELECT start_ms - start_ms % {step_ms} AS start_ms, {fold.group}"  # noqa: S608 - our own names and a number
            f" FROM {source} GROUP BY 1)"
        )
    return snapshot.fetch(f"SELECT start_ms, {columns} FROM {source} ORDER BY 1", where.bounds)  # noqa: S608 - likewise


def _fold_numbers(pieces: Iterable[NumberColumns], step_ms: int, fold: _Fold) -> dict[int, float]:
    found: dict[int, Cells] = {}
    for piece in pieces:
        for at_ms, cells in _folded(piece, step_ms, fold):
            before = found.get(at_ms)
            found[at_ms] = cells if before is None else fold.merge(before, cells)
    return {at_ms: fold.value(cells) for at_ms, cells in found.items()}


def _bounded(value: float) -> float:
    """A sum beyond the largest float stays there, as in the rollups: infinity is no number."""
    return max(-sys.float_info.max, min(sys.float_info.max, value))


def _folded(piece: NumberColumns, step_ms: int, fold: _Fold) -> Iterator[tuple[int, Cells]]:
    times, seqs, values = piece
    start = 0
    while start < len(times):
        at_ms = times[start] // step_ms * step_ms
        end = bisect_left(times, at_ms + step_ms, lo=start)
        yield at_ms, fold.of(times[start:end], seqs[start:end], values[start:end])
        start = end
