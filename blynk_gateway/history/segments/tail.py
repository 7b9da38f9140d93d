"""The newest points: in segments that are not archived yet, or not even in the file.

A question first takes what is in memory and then a snapshot of the file. What was committed between
the two is in both; segments are committed in the order of their numbers, so that the highest number
in the file says which to leave out.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple, Protocol, TypeAlias

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.value import PinValue
from blynk_gateway.history.file.reader import Snapshot
from blynk_gateway.history.segments.columns import count_streams
from blynk_gateway.history.segments.segment import Segment, decode_stream

RawPoint: TypeAlias = tuple[int, int, PinValue]
"""UTC ms, number of the change, value."""

BY_TIME = itemgetter(0, 1)
_TIME = itemgetter(0)

BATCH_POINTS = 100_000
"""Of all streams, decoded at once for an export: some tens of milliseconds."""


class Unsaved(NamedTuple):
    """What memory knows of a stream and the file may not.

    Attributes:
        stream: its number, None if there is none of this name.
        segments: all that may not be committed, of any stream, in `seq` order.
    """

    stream: int | None
    segments: Sequence[Segment]


class Tail(Protocol):
    """The journal, as a reader needs it."""

    async def unsaved(self, address: PinAddress | None) -> Unsaved:
        """Everything published up to now that may not be in the file; it commits nothing.

        Raises:
            HistoryError: the journal is not open.
        """


class TailCount(NamedTuple):
    """How much there is that is not in the archive, by stream; the earliest time, None for none."""

    streams: dict[int, int]
    oldest_ms: int | None


def read_tail(
    snapshot: Snapshot, stream: int, unsaved: Sequence[Segment], from_ms: int, to_ms: int
) -> list[RawPoint]:
    """Points of a range that are not in the archive, ordered by time and seq."""
    after = _archive(snapshot).upto(stream)
    saved = snapshot.fetch(
        f"SELECT body FROM segment WHERE {_AFTER} AND last_ms >= ? AND first_ms < ?",  # noqa: S608 - our own condition
        (after, after, from_ms, to_ms),
    )
    fresh = (
        one.body
        for one in _uncommitted(snapshot, unsaved)
        if one.last_ms >= from_ms and one.first_ms < to_ms
    )
    points = [
        point
        for body in chain((body for (body,) in saved), fresh)
        for point in decode_stream(body, stream)
        if from_ms <= point[0] < to_ms and point[1] > after
    ]
    points.sort(key=BY_TIME)
    return points


class TailReader:
    """Reads the tail of a stream once for everything that one answer wants of it."""

    def __init__(self, stream: int, unsaved: Sequence[Segment]) -> None:
        self._stream = stream
        self._unsaved = unsaved
        self._from_ms = self._to_ms = 0
        self._points: list[RawPoint] = []

    def read(self, snapshot: Snapshot, from_ms: int, to_ms: int) -> list[RawPoint]:
        """As `read_tail`; always of the same snapshot."""
        if not (self._from_ms <= from_ms and to_ms <= self._to_ms):
            self._points = read_tail(snapshot, self._stream, self._unsaved, from_ms, to_ms)
            self._from_ms, self._to_ms = from_ms, to_ms
        start = bisect_left(self._points, from_ms, key=_TIME)
        return self._points[start : bisect_left(self._points, to_ms, lo=start, key=_TIME)]


def end_of_tail_batch(snapshot: Snapshot, stream: int, from_ms: int, to_ms: int) -> int:
    """Up to when to read at once of a range, so that no more than `BATCH_POINTS` are decoded."""
    after = _archive(snapshot).upto(stream)
    rows = snapshot.fetch(
        f"SELECT last_ms, count FROM segment WHERE {_AFTER} AND last_ms >= ? AND last_ms < ?"  # noqa: S608 - our own condition
        " ORDER BY last_ms",
        (after, after, from_ms, to_ms),
    )
    total = 0
    for last_ms, count in rows:
        total += count
        if total >= BATCH_POINTS:
            return int(last_ms) + 1
    return to_ms


def count_tail(snapshot: Snapshot, unsaved: Sequence[Segment]) -> TailCount:
    """What is not in the archive."""
    archive = _archive(snapshot)
    saved = snapshot.rows(
        f"SELECT last_seq, first_ms, body FROM segment WHERE {_AFTER}",  # noqa: S608 - our own condition
        (archive.archived_seq, archive.archived_seq),
    )
    fresh = ((one.last_seq, one.first_ms, one.body) for one in _uncommitted(snapshot, unsaved))
    counts: Counter[int] = Counter()
    oldest_ms: int | None = None
    for last_seq, first_ms, body in chain(saved, fresh):
        oldest_ms = first_ms if oldest_ms is None else min(first_ms, oldest_ms)
        for stream, count in count_streams(body).items():
            if last_seq > archive.upto(stream):
                counts[stream] += count
    return TailCount(counts, oldest_ms)


class _Archive(NamedTuple):
    """How far the archive has got; see the schema."""

    archived_seq: int
    moving_seq: int
    moving_stream: int

    def upto(self, stream: int) -> int:
        """The highest number of a stream that is in the archive."""
        return self.moving_seq if stream <= self.moving_stream else self.archived_seq


def _archive(snapshot: Snapshot) -> _Archive:
    ((*found,),) = snapshot.fetch("SELECT archived_seq, moving_seq, moving_stream FROM archive")
    return _Archive(*found)


def _uncommitted(snapshot: Snapshot, unsaved: Sequence[Segment]) -> Iterator[Segment]:
    """Those that are in memory only."""
    archive = _archive(snapshot)
    committed = max(archive.archived_seq, archive.moving_seq)
    for (last_seq,) in snapshot.fetch(
        "SELECT last_seq FROM segment ORDER BY first_seq DESC LIMIT 1"
    ):
        committed = max(committed, last_seq)
    return (one for one in unsaved if one.first_seq > committed)


# Ranges of seq never overlap: of those that begin before a number only one can reach beyond it.
_AFTER = (
    "first_seq >= coalesce((SELECT max(first_seq) FROM segment WHERE first_seq <= ?), 0)"
    " AND last_seq > ?"
)
