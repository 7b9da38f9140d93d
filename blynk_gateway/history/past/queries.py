"""Answers questions about the past.

1. It commits nothing and never waits for the writer: what is not in the file is read from memory.
2. An answer is of one moment: memory first, then one snapshot of the file.
3. An export is of one moment for each batch; a point that comes late, before where it has got to,
   is not in it, and one whose time is corrected meanwhile may be in it twice or not at all.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import (
    Aggregate,
    Answer,
    DoubtfulPeriod,
    HistoryPoint,
    HistoryStats,
    Question,
)
from blynk_gateway.errors import InvalidValue
from blynk_gateway.history.archive.rollup import Level
from blynk_gateway.history.clock.anchor import Anchor, doubtful_periods
from blynk_gateway.history.file.reader import Reader, Snapshot
from blynk_gateway.history.past.chart import choose_step, thin_points
from blynk_gateway.history.past.points import (
    Range,
    end_of_batch,
    range_of,
    read_extent,
    read_latest,
    read_points,
)
from blynk_gateway.history.past.question import MAX_POINTS, check, check_range
from blynk_gateway.history.past.steps import LEVELS, count_points, has_numbers, read_steps
from blynk_gateway.history.segments.tail import Tail, Unsaved, count_tail

BATCH_POINTS = 4000
"""Of an export: some milliseconds of work, half a megabyte."""


class Queries:
    """Meets `core.history.History`.

    Args:
        tail: the journal.
    """

    def __init__(self, reader: Reader, tail: Tail) -> None:
        self._reader = reader
        self._tail = tail

    async def ask(self, question: Question) -> Answer:
        """The answer; a stream nobody knows has no points.

        Steps are whole, also where the range begins or ends within one, and only numbers count in
        them; of texts, and of a stream that never had a number, `COUNT` counts the points.

        Raises:
            InvalidValue: the question is absurd, or its answer too large.
            HistoryError: it cannot be read now.
        """
        check(question)
        unsaved = await self._tail.unsaved(question.address)
        if unsaved.stream is None:
            return Answer(question.address, question.step_ms, [], [])
        where = range_of(unsaved, unsaved.stream, question.from_ms, question.to_ms)
        return await self._reader.run(partial(_answer, question=question, where=where))

    async def export(
        self, address: PinAddress, from_ms: int, to_ms: int
    ) -> AsyncGenerator[list[HistoryPoint], None]:
        """All points of a range in batches, oldest first, however many there are; to be closed.

        Raises:
            InvalidValue: the range is reversed or absurd.
            HistoryError: it cannot be read now.
        """
        check_range(f"export of {address}", from_ms, to_ms)
        while from_ms < to_ms:
            unsaved = await self._tail.unsaved(address)
            if unsaved.stream is None:
                return
            where = range_of(unsaved, unsaved.stream, from_ms, to_ms)
            points, from_ms = await self._reader.run(partial(_batch, where=where))
            for start in range(0, len(points), BATCH_POINTS):
                yield points[start : start + BATCH_POINTS]

    async def stats(self) -> HistoryStats:
        """How much there is; it reads the index of chunks and what is not archived.

        Raises:
            HistoryError: it cannot be read now.
        """
        unsaved = await self._tail.unsaved(None)
        return await self._reader.run(partial(_stats, unsaved=unsaved, size_of=self._file_bytes))

    def _file_bytes(self) -> int:
        path = self._reader.path
        files = (path, path.with_name(f"{path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())


def _answer(snapshot: Snapshot, question: Question, where: Range) -> Answer:
    step_ms, width, aggregate = question.step_ms, question.width, question.aggregate
    is_text = question.is_text
    if width is not None and (aggregate is Aggregate.COUNT or not is_text):
        step_ms, where = choose_step(snapshot, where, width, aggregate)
    if step_ms == 0:
        return _raw(snapshot, question, where)
    steps = [] if is_text else read_steps(snapshot, where, step_ms, aggregate)
    if not steps:
        if aggregate is Aggregate.COUNT:
            # Not decided by the range: parts of a long one, asked for singly, must agree.
            if is_text or not has_numbers(snapshot, where):
                steps = count_points(snapshot, where, step_ms)
        elif width is not None:
            return _raw(snapshot, question, where)
    latest = steps if question.limit is None else steps[-question.limit :]
    return Answer(question.address, step_ms, [], latest)


def _raw(snapshot: Snapshot, question: Question, where: Range) -> Answer:
    if question.limit is not None:
        points = read_latest(snapshot, where, question.limit)
    else:
        found = read_extent(snapshot, where).points
        if found > MAX_POINTS:
            raise InvalidValue(
                f"history of {question.address}: about {found} points; expected at most"
                f" {MAX_POINTS} in one answer: export them, or ask for steps or the latest"
            )
        points = read_points(snapshot, where)
    if question.width is None:
        return Answer(question.address, 0, points, [])
    shown = thin_points(points, question.width, is_text=question.is_text)
    return Answer(question.address, 0, shown, [], is_thinned=len(shown) < len(points))


def _begin(snapshot: Snapshot, level: Level, streams: Sequence[int]) -> int | None:
    sql = f"SELECT min(start_ms) FROM {level.table} WHERE stream = ?"  # noqa: S608 - our own table names
    found = [snapshot.fetch(sql, (stream,))[0][0] for stream in streams]
    return min((start_ms for start_ms in found if start_ms is not None), default=None)


def _batch(snapshot: Snapshot, where: Range) -> tuple[list[HistoryPoint], int]:
    """Points up to some time, and that time."""
    end = end_of_batch(snapshot, where, BATCH_POINTS)
    return read_points(snapshot, where._replace(to_ms=end)), end


def _stats(snapshot: Snapshot, unsaved: Unsaved, size_of: Callable[[], int]) -> HistoryStats:
    tail = count_tail(snapshot, unsaved.segments)
    oldest = [tail.oldest_ms] if tail.oldest_ms is not None else []
    counts = Counter(tail.streams)
    for stream, count, first_ms in snapshot.fetch(
        "SELECT stream, sum(count), min(first_ms) FROM chunk GROUP BY stream"
    ):
        counts[stream] += count
        oldest.append(first_ms)
    addresses = {
        stream: PinAddress(device, pin)
        for stream, device, pin in snapshot.fetch("SELECT id, device, pin FROM stream")
    }
    levels = {level.table: _begin(snapshot, level, list(addresses)) for level in LEVELS}
    streams = [(addresses[one], count) for one, count in counts.most_common() if one in addresses]
    return HistoryStats(
        points=sum(count for _, count in streams),
        oldest_ms=min(oldest, default=None),
        file_bytes=size_of(),
        levels=levels,
        streams=streams,
        doubtful=[
            DoubtfulPeriod(one.from_ms, one.to_ms, one.quality.name.lower())
            for one in doubtful_periods(
                Anchor(*row) for row in snapshot.fetch("SELECT * FROM clock_anchor")
            )
        ],
    )
