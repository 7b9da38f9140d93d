"""Chooses what to show in a chart so many pixels wide: the points themselves, or which steps."""

from collections.abc import Iterator
from itertools import chain, count
from typing import NamedTuple

from blynk_gateway.core.history import Aggregate, HistoryPoint
from blynk_gateway.core.value import numbers
from blynk_gateway.history.archive.rollup import Level
from blynk_gateway.history.file.reader import Snapshot
from blynk_gateway.history.past.downsample import thin
from blynk_gateway.history.past.points import Extent, Range, read_extent
from blynk_gateway.history.past.steps import (
    LEVELS,
    first_of_level,
    last_of_level,
    level_for,
    whole_steps,
)

RAW_PER_PIXEL = 4
"""Of more points than this for each pixel the rollups are shown: reading them is quicker."""

STEPS_MS = (
    *(minutes * Level.MINUTE.ms for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * Level.HOUR.ms for hours in (1, 2, 3, 6, 12)),
    *(days * Level.DAY.ms for days in (1, 2, 7, 14, 30, 90, 180, 365)),
)
"""Lengths that people read easily."""

_COUNTED = frozenset({Aggregate.SUM, Aggregate.COUNT})
"""What says nothing of a single point."""


class _Reach(NamedTuple):
    """From when to when there is something.

    Attributes:
        first_ms: not before the range, but for the step that it begins in.
        whole_ms: the first that begins in the range.
        last_ms: end of the last.
    """

    first_ms: int
    whole_ms: int | None
    last_ms: int


def choose_step(
    snapshot: Snapshot, where: Range, width: int, aggregate: Aggregate
) -> tuple[int, Range]:
    """Length of the steps that suit a width, 0 for the points; and the range to read.

    The range is the part in which there is something: a chart of all times is of that.
    """
    # What the steps will be made of is read now, and once.
    whole_steps(where, Level.DAY.ms).tail(snapshot)
    tail = where.tail(snapshot)
    raw = read_extent(snapshot, where)
    reaches = {level: _reach(snapshot, where, level) for level in LEVELS}
    is_few = raw.points + len(tail) <= RAW_PER_PIXEL * width
    if aggregate not in _COUNTED and is_few and _reaches_back(None, raw, reaches):
        return 0, where
    limits = [(tail[0][0], tail[-1][0] + 1)] if tail else []
    if raw.first_ms is not None and raw.last_ms is not None:
        limits.append((raw.first_ms, raw.last_ms + 1))
    for step_ms in _lengths():
        level = level_for(step_ms)
        if level is None or not _reaches_back(level, raw, reaches):
            continue
        begin, end = _ends(where, reaches[level], limits)
        if -(-end // step_ms) - begin // step_ms <= width:
            return step_ms, where._replace(from_ms=begin, to_ms=end)
    raise AssertionError("lengths go on for ever")


def thin_points(
    points: list[HistoryPoint], width: int, *, is_text: bool = False
) -> list[HistoryPoint]:
    """At most `width`: numbers by largest triangles; texts only if there is nothing else.

    Args:
        is_text: what looks like a number is none.
    """
    if len(points) <= width:
        return points
    found = [None] * len(points) if is_text else numbers([value for _, value in points])
    values = [value for value in found if value is not None]
    if len(values) < len(points):
        if values:
            points = [
                point for point, value in zip(points, found, strict=True) if value is not None
            ]
        else:
            values = [0.0] * len(points)
    return [points[at] for at in thin([at_ms for at_ms, _ in points], values, width)]


def _lengths() -> Iterator[int]:
    return chain(STEPS_MS, count(2 * STEPS_MS[-1], STEPS_MS[-1]))


def _reach(snapshot: Snapshot, where: Range, level: Level) -> _Reach | None:
    length_ms = level.ms
    begin = where.from_ms // length_ms * length_ms
    first = whole = first_of_level(snapshot, where, level, begin)
    last = last_of_level(snapshot, where, level, begin)
    if first is None or last is None:
        return None
    if first < where.from_ms:
        whole = first_of_level(snapshot, where, level, begin + length_ms)
    return _Reach(first, whole, last + length_ms)


def _reaches_back(level: Level | None, raw: Extent, reaches: dict[Level, _Reach | None]) -> bool:
    """Whether nothing coarser tells of an earlier time: what is fine is kept for shorter."""
    if level is None:
        first = raw.first_ms
    else:
        found = reaches[level]
        first = found.first_ms if found else None
    coarser = LEVELS if level is None else LEVELS[LEVELS.index(level) + 1 :]
    for other in coarser:
        reach = reaches[other]
        whole = reach.whole_ms if reach else None
        if whole is None:
            continue
        if first is None or first // other.ms * other.ms > whole:
            return False
    return True


def _ends(where: Range, reach: _Reach | None, limits: list[tuple[int, int]]) -> tuple[int, int]:
    """Begin and end of the part of the range in which there is something."""
    found = [*limits, *([(reach.first_ms, reach.last_ms)] if reach else [])]
    if not found:
        return where.from_ms, where.from_ms
    begin = min(begin for begin, _ in found)
    end = max(end for _, end in found)
    return max(begin, where.from_ms), min(end, where.to_ms)
