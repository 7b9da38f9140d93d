from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blynk_gateway.history.file.database import Database, open_database
from blynk_gateway.history.retention import sweep
from blynk_gateway.history.retention.sweep import Sweep, Table

TABLE = Table("chunk", "last_ms", 10)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(tmp_path / "gateway.db")
    yield opened
    await opened.close()


async def put(database: Database, stream: int, *times: int, is_known: bool = True) -> None:
    if is_known:
        await database.write([("INSERT INTO stream VALUES (?, 'd', ?)", (stream, f"V{stream}"))])
    sql = "INSERT INTO chunk (stream, first_ms, last_ms, count, body) VALUES (?, 0, ?, 1, x'00')"
    await database.write([(sql, (stream, at_ms)) for at_ms in times])


async def left(database: Database) -> list[tuple[int, int]]:
    rows = await database.fetch("SELECT stream, last_ms FROM chunk ORDER BY stream, last_ms")
    return [(stream, at_ms) for stream, at_ms in rows]


async def finish(database: Database, one: Sweep, rows: int = 1000) -> list[int]:
    """How many rows each slice counted."""
    counts = []
    for _ in range(100):
        is_last, count = await one.step(database, rows)
        counts.append(count)
        if is_last:
            return counts
    raise AssertionError("it does not end")


async def test_what_is_older_goes_and_the_rest_stays(database: Database) -> None:
    await put(database, 1, 5, 10, 15)
    await put(database, 2, 9)
    await put(database, 7, 11)
    assert await finish(database, Sweep(TABLE, before_ms=10)) == [20]
    assert await left(database) == [(1, 10), (1, 15), (7, 11)]


async def test_of_an_unknown_stream_everything_goes_and_its_times_do_not_count(
    database: Database,
) -> None:
    await put(database, 1, 50)
    await put(database, 2, 3, 10**15, is_known=False)
    one = Sweep(TABLE)
    await finish(database, one)
    assert await left(database) == [(1, 50)]
    assert one.oldest_ms == 50


async def test_it_tells_the_oldest_time_and_deletes_nothing_without_an_age(
    database: Database,
) -> None:
    await put(database, 1, 70, 50)
    await put(database, 2, -30, 60)
    one = Sweep(TABLE)
    assert await finish(database, one) == [0]
    assert one.oldest_ms == -30
    assert len(await left(database)) == 4


async def test_empty_table_has_no_oldest(database: Database) -> None:
    one = Sweep(TABLE, 10)
    assert await finish(database, one) == [0]
    assert one.oldest_ms is None


@pytest.mark.parametrize("streams_at_once", [1, 2, 3, 100])
async def test_slices_are_small_and_together_everything(
    database: Database, monkeypatch: pytest.MonkeyPatch, streams_at_once: int
) -> None:
    monkeypatch.setattr(sweep, "SLICE_STREAMS", streams_at_once)
    for stream in range(1, 6):
        await put(database, stream, *range(stream), 100)
    counts = await finish(database, Sweep(TABLE, before_ms=50), rows=29)
    # Two rows of weight ten fit into 29.
    assert max(counts) <= 20
    assert sum(counts) == 150
    assert await left(database) == [(stream, 100) for stream in range(1, 6)]


async def test_slice_too_small_for_a_row_deletes_one(database: Database) -> None:
    await put(database, 1, 1, 2, 3)
    assert await finish(database, Sweep(TABLE, before_ms=50), rows=1) == [10, 10, 10, 0]


async def test_rows_of_one_time_go_together(database: Database) -> None:
    await put(database, 1, 4, 4, 4, 9)
    one = Sweep(TABLE, before_ms=5)
    await finish(database, one, rows=10)
    assert await left(database) == [(1, 9)]
