"""Raw points of a stream, from the archive and the tail together, ordered by time and seq."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from blynk_gateway.core.history import HistoryPoint
from blynk_gateway.core.value import PinValue, numbers
from blynk_gateway.history.archive.chunk import decode
from blynk_gateway.history.file.reader import Snapshot
from blynk_gateway.history.segments.tail import (
    BY_TIME,
    RawPoint,
    TailReader,
    Unsaved,
    end_of_tail_batch,
)

_BODIES = "SELECT body FROM chunk WHERE stream = ? AND last_ms >= ? AND first_ms < ?"
_BODIES_IN_ORDER = f"{_BODIES} ORDER BY last_ms, id"
_LATEST_BODIES = (
    "SELECT last_ms, body FROM chunk WHERE stream = ? AND last_ms >= ? AND first_ms < ?"
    " ORDER BY last_ms DESC"
)
_EXTENTS = (
    "SELECT first_ms, last_ms, count FROM chunk WHERE stream = ? AND last_ms >= ? AND first_ms < ?"
)


class Range(NamedTuple):
    """Where to look: `[from_ms, to_ms)` of a stream; of one snapshot, as its tail is read once."""

    stream: int
    newest: TailReader
    from_ms: int
    to_ms: int

    @property
    def bounds(self) -> tuple[int, int, int]:
        """What the statements on chunks are asked with."""
        return self.stream, self.from_ms, self.to_ms

    def tail(self, snapshot: Snapshot) -> list[RawPoint]:
        """Its points that are not archived."""
        return self.newest.read(snapshot, self.from_ms, self.to_ms)


def range_of(unsaved: Unsaved, stream: int, from_ms: int, to_ms: int) -> Range:
    """The range of a stream that memory knows this of."""
    return Range(stream, TailReader(stream, unsaved.segments), from_ms, to_ms)


class Extent(NamedTuple):
    """How much is archived of a range.

    Attributes:
        points: about how many.
        first_ms: the earliest, not before the range; None if there is none.
        last_ms: the latest, also after the range.
    """

    points: int
    first_ms: int | None
    last_ms: int | None


class NumberColumns(NamedTuple):
    """Points that are numbers, ordered by time and seq."""

    times: Sequence[int]
    seqs: Sequence[int]
    values: Sequence[float]


def read_points(snapshot: Snapshot, where: Range) -> list[HistoryPoint]:
    """All points of a range."""
    times: list[int] = []
    seqs: list[int] = []
    values: list[PinValue] = []
    is_sorted = True
    for (body,) in snapshot.rows(_BODIES_IN_ORDER, where.bounds):
        chunk = decode(body)
        start, end = _part(chunk.times, where)
        if start == end:
            continue
        key = chunk.times[start], chunk.seqs[start]
        is_sorted = is_sorted and (not times or (times[-1], seqs[-1]) <= key)
        times += chunk.times[start:end]
        seqs += chunk.seqs[start:end]
        values += chunk.numbers.part(start, end).values()
    tail = where.tail(snapshot)
    if tail:
        is_sorted = is_sorted and (not times or (times[-1], seqs[-1]) <= tail[0][:2])
        times += [at_ms for at_ms, _, _ in tail]
        seqs += [seq for _, seq, _ in tail]
        values += [value for _, _, value in tail]
    if is_sorted:
        return list(map(HistoryPoint._make, zip(times, values, strict=True)))
    mixed = sorted(zip(times, seqs, values, strict=True), key=BY_TIME)
    return [HistoryPoint(at_ms, value) for at_ms, _, value in mixed]


def read_latest(snapshot: Snapshot, where: Range, limit: int) -> list[HistoryPoint]:
    """The latest so many points of a range, oldest first; reads little more than those."""
    points = where.tail(snapshot)[-limit:]
    for last_ms, body in snapshot.rows(_LATEST_BODIES, where.bounds):
        if len(points) >= limit:
            points.sort(key=BY_TIME)
            del points[:-limit]
            if last_ms < points[0][0]:
                break
        chunk = decode(body)
        start, end = _part(chunk.times, where)
        start = max(start, end - limit)
        values = chunk.numbers.part(start, end).values()
        points += zip(chunk.times[start:end], chunk.seqs[start:end], values, strict=True)
    points.sort(key=BY_TIME)
    return [HistoryPoint(at_ms, value) for at_ms, _, value in points[-limit:]]


def read_numbers(snapshot: Snapshot, where: Range) -> Iterator[NumberColumns]:
    """The numbers among the points of a range, in pieces that may overlap in time."""
    for (body,) in snapshot.rows(_BODIES_IN_ORDER, where.bounds):
        chunk = decode(body)
        start, end = _part(chunk.times, where)
        floats, kept = chunk.numbers.part(start, end).floats()
        times, seqs = chunk.times[start:end], chunk.seqs[start:end]
        if kept is not None:
            times, seqs = [times[at] for at in kept], [seqs[at] for at in kept]
        yield NumberColumns(times, seqs, floats)
    yield tail_numbers(snapshot, where)


def read_times(snapshot: Snapshot, where: Range) -> Iterator[Sequence[int]]:
    """Times of all points of a range, in pieces that may overlap."""
    for (body,) in snapshot.rows(_BODIES, where.bounds):
        times = decode(body).times
        start, end = _part(times, where)
        yield times[start:end]
    yield [at_ms for at_ms, _, _ in where.tail(snapshot)]


def tail_numbers(snapshot: Snapshot, where: Range) -> NumberColumns:
    """The numbers among the points of the tail."""
    tail = where.tail(snapshot)
    found = zip(tail, numbers([value for _, _, value in tail]), strict=True)
    kept = [(at_ms, seq, value) for (at_ms, seq, _), value in found if value is not None]
    times, seqs, values = zip(*kept, strict=True) if kept else ((), (), ())
    return NumberColumns(times, seqs, values)


def read_extent(snapshot: Snapshot, where: Range) -> Extent:
    """How much is archived; counts those of chunks that reach out of the range in part."""
    chunks = snapshot.fetch(_EXTENTS, where.bounds)
    if not chunks:
        return Extent(0, None, None)
    total = 0.0
    for first_ms, last_ms, count in chunks:
        inside = min(last_ms + 1, where.to_ms) - max(first_ms, where.from_ms)
        total += count * inside / (last_ms + 1 - first_ms)
    first_ms = max(where.from_ms, min(first_ms for first_ms, _, _ in chunks))
    return Extent(round(total), first_ms, max(last_ms for _, last_ms, _ in chunks))


def end_of_batch(snapshot: Snapshot, where: Range, size: int) -> int:
    """Up to when to read for about `size` archived points: whole chunks, so none is read twice."""
    sql = (
        "SELECT last_ms, count FROM chunk WHERE stream = ? AND last_ms >= ? AND last_ms < ?"
        " ORDER BY last_ms LIMIT ?"
    )
    end = end_of_tail_batch(snapshot, where.stream, where.from_ms, where.to_ms)
    total = 0
    # Each has a point at least.
    for last_ms, count in snapshot.fetch(sql, (where.stream, where.from_ms, end, size)):
        total += count
        if total >= size:
            return int(last_ms) + 1
    return end


def _part(times: Sequence[int], where: Range) -> tuple[int, int]:
    return bisect_left(times, where.from_ms), bisect_left(times, where.to_ms)
