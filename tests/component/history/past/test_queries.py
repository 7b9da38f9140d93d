import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import (
    Aggregate,
    DoubtfulPeriod,
    History,
    HistoryPoint,
    Question,
    Step,
)
from blynk_gateway.errors import InvalidValue
from blynk_gateway.history.file.reader import Reader
from blynk_gateway.history.past import queries as module
from blynk_gateway.history.past.queries import BATCH_POINTS, Queries
from blynk_gateway.history.segments.tail import Unsaved
from tests.helpers.archive import (
    FakeTail,
    Point,
    add_stream,
    create,
    put_archive,
    put_segment,
    say_archived,
    segment_of,
)

A = PinAddress("a", "V1")
WORDS = PinAddress("a", "V2")
NOBODY = PinAddress("a", "V9")
STREAMS = {A: 1, WORDS: 2}

COUNT = 20_000
LENGTH_MS = COUNT * 1000

SAVED = segment_of([Point(1, LENGTH_MS, 30_000, ("5",))])
FRESH = segment_of([Point(1, LENGTH_MS + 1000, 30_001, ("7",)), Point(2, 50, 30_002, ("hi",))])


def size_bytes(directory: Path) -> int:
    """Of the database and its log."""
    return sum(one.stat().st_size for one in directory.iterdir() if one.suffix != ".db-shm")


@pytest.fixture
async def queries(tmp_path: Path) -> AsyncIterator[Queries]:
    """A point a second in the archive, one in the journal, one in memory; and some words."""
    path = tmp_path / "gateway.db"
    connection = create(path)
    for address, stream in STREAMS.items():
        add_stream(connection, stream, address)
    put_archive(connection, [Point(1, at * 1000, at + 1, (str(at % 10),)) for at in range(COUNT)])
    put_archive(connection, [Point(2, at, 25_000 + at, ("on",)) for at in range(40)])
    say_archived(connection, 29_999)
    put_segment(connection, SAVED)
    reader = Reader(path)
    yield Queries(reader, FakeTail(STREAMS, [SAVED, FRESH]))
    await reader.close()
    connection.close()


async def test_archive_journal_and_memory_are_one(queries: Queries) -> None:
    history: History = queries
    answer = await history.ask(Question(A, LENGTH_MS - 1000, 2 * LENGTH_MS))
    assert answer.points == [
        HistoryPoint(LENGTH_MS - 1000, ("9",)),
        HistoryPoint(LENGTH_MS, ("5",)),
        HistoryPoint(LENGTH_MS + 1000, ("7",)),
    ]
    total = (await history.ask(Question(A, 0, 2 * LENGTH_MS, 86_400_000))).steps
    assert total == [Step(0, (4.5 * COUNT + 12) / (COUNT + 2))]


async def test_stream_nobody_knows_has_no_points(queries: Queries) -> None:
    answer = await queries.ask(Question(NOBODY, 0, LENGTH_MS, 60_000))
    assert (answer.points, answer.steps, answer.step_ms) == ([], [], 60_000)
    assert [one async for one in queries.export(NOBODY, 0, LENGTH_MS)] == []


async def test_empty_range_has_no_points(queries: Queries) -> None:
    assert (await queries.ask(Question(A, 1000, 1000))).points == []
    assert [one async for one in queries.export(A, 1000, 1000)] == []


async def test_limit_is_of_the_latest(queries: Queries) -> None:
    latest = await queries.ask(Question(A, 0, LENGTH_MS, limit=2))
    assert [at_ms for at_ms, _ in latest.points] == [LENGTH_MS - 2000, LENGTH_MS - 1000]
    steps = await queries.ask(Question(A, 0, LENGTH_MS, 60_000, limit=3))
    assert len(steps.steps) == 3
    thinned = await queries.ask(Question(A, 0, LENGTH_MS, width=30_000, limit=5))
    assert (len(thinned.points), thinned.is_thinned) == (5, False)


async def test_chart_is_thinned_points_or_steps(queries: Queries) -> None:
    near = await queries.ask(Question(A, 0, 100_000, width=50))
    assert (near.step_ms, len(near.points), near.is_thinned) == (0, 50, True)
    far = await queries.ask(Question(A, 0, LENGTH_MS, width=50))
    assert (far.step_ms, far.points) == (600_000, [])
    assert 0 < len(far.steps) <= 50


async def test_texts_are_counted_and_shown_and_nothing_else(queries: Queries) -> None:
    counted = Question(WORDS, 0, 1000, 60_000, aggregate=Aggregate.COUNT)
    assert (await queries.ask(counted)).steps == [Step(0, 41)]
    assert (await queries.ask(counted._replace(aggregate=Aggregate.AVG))).steps == []
    assert (await queries.ask(counted._replace(aggregate=Aggregate.LAST))).steps == []
    chart = await queries.ask(Question(WORDS, 0, 1000, width=5))
    assert len(chart.points) == 5


async def test_texts_among_numbers_count_nowhere(queries: Queries, tmp_path: Path) -> None:
    # Also where there is no number near: a long answer is asked for in parts.
    connection = sqlite3.connect(tmp_path / "gateway.db")
    put_archive(connection, [Point(1, 5 * LENGTH_MS, 29_000, ("nan",))])
    connection.commit()
    connection.close()
    late = Question(A, 5 * LENGTH_MS, 6 * LENGTH_MS, 60_000)
    for aggregate in Aggregate:
        assert (await queries.ask(late._replace(aggregate=aggregate))).steps == []
    assert (await queries.ask(late._replace(step_ms=0))).points == [
        HistoryPoint(5 * LENGTH_MS, ("nan",))
    ]


async def test_chart_of_texts_is_of_all_though_some_look_like_numbers(queries: Queries) -> None:
    chart = Question(A, 0, LENGTH_MS, width=50, is_text=True)
    shown = await queries.ask(chart)
    assert (shown.step_ms, len(shown.points), shown.is_thinned) == (0, 50, True)
    counted = await queries.ask(chart._replace(aggregate=Aggregate.COUNT))
    # The last step is whole.
    assert sum(step.value for step in counted.steps) == COUNT + 2


async def test_answer_too_large_is_refused_with_advice(
    queries: Queries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_POINTS", COUNT - 1)
    with pytest.raises(InvalidValue, match=r"about 20000 points; expected at most 19999.* export"):
        await queries.ask(Question(A, 0, LENGTH_MS))


async def test_absurd_questions_are_refused(queries: Queries) -> None:
    with pytest.raises(InvalidValue, match="ends at 1 ms, before it begins"):
        await queries.ask(Question(A, 2, 1))
    with pytest.raises(InvalidValue, match="export of a/V1"):
        await anext(aiter(queries.export(A, 2, 1)))


async def test_export_comes_in_batches_and_goes_on_while_others_write(
    queries: Queries, tmp_path: Path
) -> None:
    writer = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    sizes = []
    times = []
    async for batch in queries.export(A, 0, 2 * LENGTH_MS):
        sizes.append(len(batch))
        times += [at_ms for at_ms, _ in batch]
        # What was read goes, as by the retention.
        writer.execute("DELETE FROM chunk WHERE last_ms < ?", (times[-1],))
    writer.close()
    assert max(sizes) <= BATCH_POINTS
    assert times == [*range(0, LENGTH_MS, 1000), LENGTH_MS, LENGTH_MS + 1000]


async def test_reader_who_pauses_holds_nothing_of_the_file(
    queries: Queries, tmp_path: Path
) -> None:
    """The log could not be merged otherwise, and would grow as long as somebody reads slowly."""
    writer = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    export = queries.export(A, 0, 2 * LENGTH_MS)
    await anext(export)
    writer.execute("DELETE FROM chunk WHERE stream = 2")
    (is_busy, *_), *_ = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert is_busy == 0
    assert (tmp_path / "gateway.db-wal").stat().st_size == 0
    await export.aclose()
    writer.close()


async def test_points_archived_during_an_export_come_once(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    connection = create(path)
    points = [Point(1, at * 10, at + 1, (str(at),)) for at in range(3 * BATCH_POINTS)]
    segments = [segment_of(points[start : start + 100]) for start in range(0, len(points), 100)]
    put_archive(connection, points[:BATCH_POINTS])
    say_archived(connection, BATCH_POINTS)
    for one in segments:
        put_segment(connection, one)
    reader = Reader(path)
    found: list[HistoryPoint] = []
    async for batch in Queries(reader, FakeTail(STREAMS)).export(A, 0, 10**9):
        if not found:
            connection.execute("BEGIN IMMEDIATE")
            put_archive(connection, points[BATCH_POINTS:])
            say_archived(connection, len(points))
            connection.execute("DELETE FROM segment")
            connection.execute("COMMIT")
        found += batch
    await reader.close()
    connection.close()
    assert found == [HistoryPoint(one.at_ms, one.value) for one in points]


async def test_stats_count_everything(queries: Queries, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as connection, connection:
        connection.execute("DELETE FROM clock_anchor")
        connection.execute("INSERT INTO clock_anchor VALUES (1, 'boot', 0, 1000, 0)")
        connection.execute("INSERT INTO clock_anchor VALUES (9, 'boot', 0, 2000, 1)")
    stats = await queries.stats()
    assert stats.points == COUNT + 2 + 41
    assert stats.oldest_ms == 0
    assert stats.levels == {"minute": 0, "hour": 0, "day": 0}
    assert stats.streams == [(A, COUNT + 2), (WORDS, 41)]
    assert stats.file_bytes == size_bytes(tmp_path)
    assert stats.doubtful == [DoubtfulPeriod(1000, 2000, "untrusted")]


async def test_loop_goes_on_during_long_answers(queries: Queries) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticker = asyncio.create_task(tick(), name="ticker")
    await queries.ask(Question(A, 0, LENGTH_MS))
    ticker.cancel()
    # Were it answered on the loop, there would be a handful.
    assert ticks > 20


async def test_memory_is_asked_before_the_file(tmp_path: Path) -> None:
    """What is committed in between is then in both, and in neither the other way round."""
    path = tmp_path / "gateway.db"
    connection = create(path)

    class CommittingTail(FakeTail):
        async def unsaved(self, address: PinAddress | None) -> Unsaved:
            found = await super().unsaved(address)
            put_segment(connection, SAVED)
            return found

    reader = Reader(path)
    answer = await Queries(reader, CommittingTail(STREAMS, [SAVED])).ask(Question(A, 0, 10**9))
    await reader.close()
    connection.close()
    assert answer.points == [HistoryPoint(LENGTH_MS, ("5",))]
