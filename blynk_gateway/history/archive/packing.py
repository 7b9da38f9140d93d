"""From points in segments to rows of the archive.

It is run by a process of its own (`packer.py` beside it), so it knows no event loop, no database
and no log, and imports little.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from blynk_gateway.core.value import SEPARATOR
from blynk_gateway.errors import HistoryCorrupt
from blynk_gateway.history.archive.chunk import Numbers, decode, pack
from blynk_gateway.history.archive.rollup import Bucket, Level, coarser, fold, upserts
from blynk_gateway.history.segments.columns import decode_columns

CHUNK_POINTS = 4000
SMALL_CHUNK = 500
"""Points: a chunk has at most the one; while it has less than the other it is written anew with
more points."""

CHUNK_SPAN_MS = 86_400_000
"""What has a gap of so much is not in one chunk, and a small chunk does not grow beyond it: a chunk
goes when its latest point is old."""

_ROWS_PER_STATEMENT = 100

_CHUNK_COLUMNS = "id, stream, first_ms, last_ms, count, body"


class Points(NamedTuple):
    """Columns of the points of one stream, ordered by time and seq."""

    times: Sequence[int]
    seqs: Sequence[int]
    texts: Sequence[str]


class OpenChunk(NamedTuple):
    """The latest chunk of a stream, small enough to grow."""

    id: int
    body: bytes
    first_ms: int
    last_ms: int


class Wanted(NamedTuple):
    """What is to be made of the points of a stream.

    Attributes:
        is_raw: chunks and rollups; else rollups only.
        opened: the stream's chunk that grows, if there is one.
    """

    stream: int
    is_raw: bool
    opened: OpenChunk | None


class Packing:
    """Points of any streams on their way to the archive.

    Attributes:
        damage: what was lost and why, for the log; taken away by whoever writes it there.
    """

    def __init__(self) -> None:
        self.damage: list[tuple[str, str]] = []
        self._streams: list[int] = []
        self._times: list[int] = []
        self._seqs: list[int] = []
        self._texts: list[str] = []
        self._points: dict[int, Points] = {}

    def add(self, bodies: Iterable[bytes]) -> None:
        """Add segments; a damaged one is left out."""
        for body in bodies:
            try:
                streams, times, seqs, texts = decode_columns(body)
            except HistoryCorrupt as error:
                self.damage.append(("points lost to the archive", str(error)))
                continue
            self._streams += streams
            self._times += times
            self._seqs += seqs
            self._texts += texts

    def streams(self) -> list[tuple[int, int]]:
        """The streams of all points added since the last call, and how many each has.

        What was there before is forgotten.
        """
        streams, times, seqs, texts = self._streams, self._times, self._seqs, self._texts
        self._streams, self._times, self._seqs, self._texts = [], [], [], []
        self._points = {}
        order = sorted(range(len(streams)), key=streams.__getitem__)
        for stream, some in groupby(order, key=streams.__getitem__):
            # By seq so far: late points are the exception, and sorting what is sorted costs little.
            chosen = sorted(some, key=times.__getitem__)
            self._points[stream] = Points(
                [times[at] for at in chosen],
                [seqs[at] for at in chosen],
                [texts[at] for at in chosen],
            )
        return [(stream, len(points.times)) for stream, points in self._points.items()]

    def statements(self, wanted: Iterable[Wanted]) -> list[tuple[str, list[Any]]]:
        """What writes the points of streams to chunks and rollups; to be run once only.

        Args:
            wanted: some of the streams that the last call of `streams` told, each only once.
        """
        chunks: list[tuple[int | None, int, int, int, int, bytes]] = []
        buckets: dict[Level, dict[int, Iterable[Bucket]]] = {level: {} for level in Level}
        for stream, is_raw, opened in wanted:
            points = self._points.pop(stream)
            numbers = Numbers.scan(points.texts)
            for level, some in _rollups(points, numbers).items():
                buckets[level][stream] = some
            if is_raw:
                chunks += self._chunks(stream, points, numbers, opened)
        statements: list[tuple[str, list[Any]]] = []
        for start in range(0, len(chunks), _ROWS_PER_STATEMENT):
            rows = chunks[start : start + _ROWS_PER_STATEMENT]
            marks = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(rows))
            sql = f"INSERT OR REPLACE INTO chunk ({_CHUNK_COLUMNS}) VALUES {marks}"  # noqa: S608 - our own names
            statements.append((sql, [value for row in rows for value in row]))
        for level, by_stream in buckets.items():
            statements += upserts(level, by_stream)
        return statements

    def _chunks(
        self, stream: int, points: Points, numbers: Numbers, grown: OpenChunk | None
    ) -> Iterable[tuple[int | None, int, int, int, int, bytes]]:
        chunk_id = None
        if grown is not None:
            first_ms = min(grown.first_ms, points.times[0])
            if max(grown.last_ms, points.times[-1]) - first_ms < CHUNK_SPAN_MS:
                merged = self._merged(grown, points)
                if merged is not None:
                    chunk_id, points, numbers = grown.id, merged, Numbers.scan(merged.texts)
        times, seqs = points.times, points.seqs
        for start, end in _cuts(times):
            body = pack(times[start:end], seqs[start:end], numbers.part(start, end))
            yield chunk_id, stream, times[start], times[end - 1], end - start, body
            chunk_id = None

    def _merged(self, grown: OpenChunk, points: Points) -> Points | None:
        """The points of a chunk and others in order; None if the chunk is damaged."""
        try:
            chunk = decode(grown.body)
        except HistoryCorrupt as error:
            self.damage.append(("damaged chunk left as it is", str(error)))
            return None
        times = [*chunk.times, *points.times]
        seqs = [*chunk.seqs, *points.seqs]
        texts = [*map(SEPARATOR.join, chunk.values), *points.texts]
        order = sorted(range(len(times)), key=lambda at: (times[at], seqs[at]))
        return Points(
            [times[at] for at in order], [seqs[at] for at in order], [texts[at] for at in order]
        )


def _rollups(points: Points, numbers: Numbers) -> dict[Level, Iterable[Bucket]]:
    floats, kept = numbers.floats()
    times, seqs = points.times, points.seqs
    if kept is not None:
        times, seqs = [times[at] for at in kept], [seqs[at] for at in kept]
    column = floats.tolist()
    minutes = fold(Level.MINUTE, times, seqs, column).values()
    hours = coarser(Level.HOUR, minutes).values()
    days = coarser(Level.DAY, hours).values()
    return {Level.MINUTE: minutes, Level.HOUR: hours, Level.DAY: days}


def _cuts(times: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Where chunks begin and end: at long gaps, and in equal parts of what is too much for one."""
    count = len(times)
    gaps = []
    if times[-1] - times[0] >= CHUNK_SPAN_MS:
        gaps = [at for at in range(1, count) if times[at] - times[at - 1] >= CHUNK_SPAN_MS]
    start = 0
    for end in [*gaps, count]:
        parts = -(-(end - start) // CHUNK_POINTS)
        edges = [start + (end - start) * part // parts for part in range(parts + 1)]
        yield from pairwise(edges)
        start = end
