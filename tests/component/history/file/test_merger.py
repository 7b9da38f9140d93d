import errno
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.file.database import Database, Statement, open_database
from blynk_gateway.history.file.merger import LONG_LOG_BYTES, MERGE_BYTES
from tests.component.history.system import files_of, until
from tests.helpers.full_disk import limited

BIG_BYTES = 200_000
TAKE_BYTES = 2 * BIG_BYTES
"""What a transaction below takes in the log, at most."""


def big(number: int) -> list[Statement]:
    body = number.to_bytes(4, "big") * (BIG_BYTES // 4)
    return [("INSERT OR REPLACE INTO value VALUES (?, ?, 0, 0)", (number, body))]


def log_bytes(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


def saved(path: Path) -> list[int]:
    """What is in the file itself, whatever the log has."""
    alone = path.with_name("alone.db")
    alone.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(alone)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_schema").fetchall():
            return []
        return [number for (number,) in connection.execute("SELECT stream FROM value")]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(tmp_path / "gateway.db")
    yield opened
    await opened.close()


async def write_many(database: Database, count: int) -> int:
    """Length of the log's file at its longest."""
    longest = 0
    for number in range(count):
        await database.write(big(number), is_synced=False)
        longest = max(longest, log_bytes(database.path))
    return longest


async def test_log_goes_into_the_file_beside_the_writer(database: Database) -> None:
    await database.write(big(1))
    assert saved(database.path) == []
    await write_many(database, 1 + MERGE_BYTES // BIG_BYTES)
    await until(lambda: not database.is_merging)
    assert 1 in saved(database.path)


async def test_log_begins_anew_once_it_is_merged(database: Database) -> None:
    longest = 0
    for number in range(40):
        await database.write(big(number), is_synced=False)
        await until(lambda: not database.is_merging)
        longest = max(longest, log_bytes(database.path))
    assert longest < 2 * MERGE_BYTES


async def test_log_is_bounded_in_a_storm(database: Database) -> None:
    assert await write_many(database, 300) < LONG_LOG_BYTES + TAKE_BYTES
    assert len(saved(database.path)) > 100


async def test_who_reads_an_old_state_stops_no_writer_and_the_log_becomes_short_again(
    database: Database,
) -> None:
    await database.write(big(1))
    with closing(sqlite3.connect(database.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert len(reader.execute("SELECT 1 FROM value").fetchall()) == 1
        assert await write_many(database, 200) > 200 * BIG_BYTES
        assert len(reader.execute("SELECT 1 FROM value").fetchall()) == 1
        reader.execute("ROLLBACK")
    await write_many(database, 200)
    await until(lambda: not database.is_merging)
    await database.write(big(0))
    assert log_bytes(database.path) <= LONG_LOG_BYTES


async def test_log_of_a_file_that_cannot_grow_goes_on_and_what_fails_is_told_once(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(20):
        await database.write(big(number))
        await until(lambda: not database.is_merging)
    size_bytes = database.path.stat().st_size
    assert size_bytes > log_bytes(database.path) + 10 * BIG_BYTES
    with limited(size_bytes), caplog.at_level(logging.WARNING):
        await write_more(database)
    assert caplog.messages == ["log not merged"]
    await write_many(database, 20)
    await until(lambda: not database.is_merging)
    assert 19 in saved(database.path)
    assert caplog.messages == ["log not merged"]


async def write_more(database: Database) -> None:
    """What the log has room for, and the file has not."""
    for number in range(100, 109):
        await database.write(big(number))
        await until(lambda: not database.is_merging)


async def test_writer_that_cannot_have_the_log_merged_changes_nothing_and_recovers(
    database: Database,
) -> None:
    count = 0
    with closing(sqlite3.connect(database.path, isolation_level=None)) as reader:
        # It keeps the log from being merged, until it is longer than the file may become.
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM value").fetchall()
        while log_bytes(database.path) < LONG_LOG_BYTES:
            await database.write(big(count), is_synced=False)
            count += 1
        await until(lambda: not database.is_merging)
        reader.execute("ROLLBACK")
    with limited(MERGE_BYTES):
        for _ in range(2):
            with pytest.raises(HistoryError, match="free space"):
                await database.write(big(count))
    assert len(await database.fetch("SELECT 1 FROM value")) == count
    await database.write(big(count))
    assert len(await database.fetch("SELECT 1 FROM value")) == count + 1


async def test_file_is_whole_without_a_log_after_closing(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "gateway.db")
    await write_many(database, 1 + 2 * MERGE_BYTES // BIG_BYTES)
    await database.close()
    assert list(files_of(tmp_path)) == [database.path]
    assert len(saved(database.path)) == 1 + 2 * MERGE_BYTES // BIG_BYTES


async def test_log_that_cannot_be_read_is_no_failure_of_what_was_committed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    merger = database._merger
    is_after_commit = False
    look = merger._look

    def look_until_the_disk_fails() -> object:
        if is_after_commit:
            raise OSError(errno.EIO, "Input/output error")
        return look()

    commit = database._connection.commit

    async def commit_and_fail() -> None:
        nonlocal is_after_commit
        await commit()
        is_after_commit = True

    monkeypatch.setattr(merger, "_look", look_until_the_disk_fails)
    monkeypatch.setattr(database._connection, "commit", commit_and_fail)
    await database.write(big(1))
    assert await database.fetch("SELECT stream FROM value") == [(1,)]
    with pytest.raises(HistoryError, match="Input/output error"):
        await database.write(big(2))
