import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from blynk_gateway.errors import HistoryCorrupt, HistoryError
from blynk_gateway.history.file import reader as module
from blynk_gateway.history.file.reader import Reader, Snapshot
from tests.component.history.system import until
from tests.helpers.archive import create
from tests.helpers.patience import PATIENCE_S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    connection = create(path)
    connection.execute("CREATE TABLE number (value INTEGER)")
    connection.execute("INSERT INTO number VALUES (1)")
    yield connection
    connection.close()


@pytest.fixture
async def reader(path: Path) -> AsyncIterator[Reader]:
    reader = Reader(path)
    yield reader
    await reader.close()


def replace(path: Path) -> sqlite3.Connection:
    """Another database of this name, empty."""
    path.rename(path.with_name("aside"))
    return create(path)


def numbers(snapshot: Snapshot) -> list[int]:
    return [value for (value,) in snapshot.fetch("SELECT value FROM number ORDER BY value")]


async def test_sees_what_is_committed_and_nothing_else(
    reader: Reader, writer: sqlite3.Connection
) -> None:
    assert await reader.run(numbers) == [1]
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO number VALUES (2)")
    assert await reader.run(numbers) == [1]
    writer.execute("COMMIT")
    assert await reader.run(numbers) == [1, 2]


async def test_work_sees_one_state_while_others_are_committed(
    reader: Reader, writer: sqlite3.Connection
) -> None:
    def work(snapshot: Snapshot) -> tuple[list[int], list[int]]:
        before = numbers(snapshot)
        writer.execute("INSERT INTO number VALUES (3)")
        return before, numbers(snapshot)

    assert await reader.run(work) == ([1], [1])
    assert await reader.run(numbers) == [1, 3]


async def test_cannot_write(reader: Reader, writer: sqlite3.Connection) -> None:
    with pytest.raises(HistoryError, match="readonly"):
        await reader.run(lambda snapshot: snapshot.fetch("INSERT INTO number VALUES (9)"))
    assert await reader.run(numbers) == [1]


async def test_file_that_was_replaced_is_read_anew(
    reader: Reader, writer: sqlite3.Connection, path: Path
) -> None:
    assert await reader.run(numbers) == [1]
    writer.close()
    replaced = replace(path)
    replaced.execute("CREATE TABLE number (value INTEGER)")
    replaced.execute("INSERT INTO number VALUES (7)")
    assert await reader.run(numbers) == [7]
    replaced.close()


async def test_missing_file_is_explained_and_found_again(reader: Reader, path: Path) -> None:
    with pytest.raises(HistoryError, match=r"gateway.db: No such file"):
        await reader.run(numbers)
    connection = create(path)
    assert await reader.run(lambda snapshot: snapshot.fetch("SELECT 1")) == [(1,)]
    connection.close()


@pytest.fixture
def damaged(path: Path) -> None:
    path.write_bytes(b"no database" * 100)


@pytest.mark.usefixtures("damaged")
async def test_damaged_file_is_told_apart(reader: Reader) -> None:
    with pytest.raises(HistoryCorrupt):
        await reader.run(lambda snapshot: snapshot.fetch("SELECT * FROM number"))


async def test_fault_of_the_work_leaves_the_reader_usable(
    reader: Reader, writer: sqlite3.Connection
) -> None:
    with pytest.raises(ZeroDivisionError):
        await reader.run(lambda _: 1 // 0)
    with pytest.raises(HistoryError, match="no such table"):
        await reader.run(lambda snapshot: snapshot.fetch("SELECT * FROM absent"))
    assert await reader.run(numbers) == [1]


async def test_long_work_does_not_hold_up_short_work(
    reader: Reader, writer: sqlite3.Connection
) -> None:
    go_on = threading.Event()
    long = asyncio.ensure_future(reader.run(lambda _: go_on.wait(PATIENCE_S)))
    assert await reader.run(numbers) == [1]
    go_on.set()
    assert await long


ENDLESS = "WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n) SELECT {} FROM n"


@pytest.mark.parametrize("is_by_row", [True, False])
async def test_answer_that_nobody_waits_for_is_given_up(
    reader: Reader, writer: sqlite3.Connection, *, is_by_row: bool
) -> None:
    began = threading.Event()

    def work(snapshot: Snapshot) -> None:
        began.set()
        if is_by_row:
            for _ in snapshot.rows(ENDLESS.format("i")):
                pass
        snapshot.fetch(ENDLESS.format("count(*)"))

    waiting = asyncio.ensure_future(reader.run(work))
    await until(began.is_set)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: not reader._jobs)
    assert await reader.run(numbers) == [1]


async def test_close_ends_what_is_running(reader: Reader, writer: sqlite3.Connection) -> None:
    running = asyncio.ensure_future(
        reader.run(lambda snapshot: snapshot.fetch(ENDLESS.format("count(*)")))
    )
    await until(lambda: bool(reader._jobs))
    await reader.close()
    with pytest.raises(HistoryError):
        await running
    with pytest.raises(HistoryError, match="closed"):
        await reader.run(numbers)
    await reader.close()


async def test_log_goes_into_the_file_when_reader_and_then_writer_close(
    reader: Reader, writer: sqlite3.Connection, path: Path
) -> None:
    await asyncio.gather(*(reader.run(numbers) for _ in range(8)))
    await reader.close()
    writer.close()
    assert sorted(one.name for one in path.parent.iterdir()) == ["gateway.db"]


async def test_at_most_two_connections_are_open(reader: Reader, writer: sqlite3.Connection) -> None:
    await asyncio.gather(*(reader.run(numbers) for _ in range(50)))
    assert 1 <= len(reader._idle) <= module.THREADS
