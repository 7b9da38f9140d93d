"""Rollups: a stream's numbers by minute, hour and day, in UTC.

Buckets of one start can be merged in any order and any grouping: nothing depends on which points
came first, but the rounding of the total.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from math import fsum
from typing import Any, NamedTuple


class Level(Enum):
    """A rollup: its table, and the length of a bucket in milliseconds."""

    MINUTE = ("minute", 60_000)
    HOUR = ("hour", 3_600_000)
    DAY = ("day", 86_400_000)

    def __init__(self, table: str, ms: int) -> None:
        self.table = table
        self.ms = ms


class Bucket(NamedTuple):
    """The numbers of `[start_ms, start_ms + ms)`; `last` is the latest by time, then by seq."""

    start_ms: int
    count: int  # type: ignore[assignment]  # a tuple's method, which nobody calls
    total: float
    minimum: float
    maximum: float
    last: float
    last_ms: int
    last_seq: int


def fold(
    level: Level, times: Sequence[int], seqs: Sequence[int], numbers: Sequence[float]
) -> dict[int, Bucket]:
    """The buckets of points of one stream, by start.

    Args:
        times: UTC ms; ordered by time, then by seq.
        seqs, numbers: of the same points.
    """
    buckets: dict[int, Bucket] = {}
    ms = level.ms
    at, count = 0, len(times)
    while at < count:
        start_ms = times[at] // ms * ms
        end_ms = start_ms + ms
        # Mostly all the rest is of one hour or day.
        end = count if times[-1] < end_ms else bisect_left(times, end_ms, at)
        some = numbers[at:end]
        at, last = end, end - 1
        buckets[start_ms] = Bucket(
            start_ms,
            len(some),
            _total(some),
            min(some),
            max(some),
            some[-1],
            times[last],
            seqs[last],
        )
    return buckets


def coarser(level: Level, buckets: Iterable[Bucket]) -> dict[int, Bucket]:
    """The buckets of a longer level, made of those of a shorter one, by start."""
    merged: dict[int, Bucket] = {}
    for bucket in buckets:
        start_ms = bucket.start_ms // level.ms * level.ms
        one = bucket._replace(start_ms=start_ms)
        before = merged.get(start_ms)
        merged[start_ms] = one if before is None else merge(before, one)
    return merged


def merge(one: Bucket, two: Bucket) -> Bucket:
    """The bucket of the points of both, which have the same start and no point in common."""
    latest = max(one, two, key=lambda bucket: (bucket.last_ms, bucket.last_seq))
    return Bucket(
        one.start_ms,
        one.count + two.count,
        _total((one.total, two.total)),
        min(one.minimum, two.minimum),
        max(one.maximum, two.maximum),
        latest.last,
        latest.last_ms,
        latest.last_seq,
    )


_MERGE = """
ON CONFLICT (stream, start_ms) DO UPDATE SET
    count = count + excluded.count,
    total = max(-{limit}, min({limit}, total + excluded.total)),
    minimum = min(minimum, excluded.minimum),
    maximum = max(maximum, excluded.maximum),
    last = iif((excluded.last_ms, excluded.last_seq) > (last_ms, last_seq), excluded.last, last),
    last_seq = iif(excluded.last_ms > last_ms, excluded.last_seq,
        iif(excluded.last_ms = last_ms, max(last_seq, excluded.last_seq), last_seq)),
    last_ms = max(last_ms, excluded.last_ms)
"""

_LIMIT = 1.7976931348623157e308
"""A total beyond the largest float stays there: infinity is no number for those who ask."""

_ROWS_PER_STATEMENT = 100
"""Of nine values each; SQLite takes 32,766 in a statement, but its parser is quickest with few."""


def upserts(level: Level, buckets: Mapping[int, Iterable[Bucket]]) -> list[tuple[str, list[Any]]]:
    """The statements that merge buckets, by stream, into the level's table.

    They must not be repeated: counts would add up.
    """
    rows = [(stream, *bucket) for stream, some in buckets.items() for bucket in some]
    return [
        _upsert(level, rows[start : start + _ROWS_PER_STATEMENT])
        for start in range(0, len(rows), _ROWS_PER_STATEMENT)
    ]


def _upsert(level: Level, rows: Sequence[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(rows))
    merging = _MERGE.format(limit=repr(_LIMIT))
    sql = f"INSERT INTO {level.table} VALUES {marks} {merging}"  # noqa: S608 - our own table names
    return sql, [value for row in rows for value in row]


def _total(numbers: Iterable[float]) -> float:
    try:
        return fsum(numbers)
    except OverflowError:
        # Sums beyond the largest float; see `_LIMIT`.
        return max(-_LIMIT, min(_LIMIT, sum(numbers)))
