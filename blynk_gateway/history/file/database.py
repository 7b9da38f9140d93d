"""The SQLite file: opening, checking, transactions, and what its errors mean.

In WAL mode a crash or power cut never damages the file. Freed pages are left for reuse: a file that
deletes as much as it adds stays as it is, while a vacuum would only write every page once more.
"""

import asyncio
import logging
import os
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import aiosqlite

from blynk_gateway.errors import HistoryCorrupt, HistoryError
from blynk_gateway.history.file.merger import LONG_LOG_BYTES, Merger
from blynk_gateway.history.file.migration import migrate, scripts
from blynk_gateway.runtime.threads import is_uninterruptible

BUSY_TIMEOUT_S = 1.0
"""How long a statement waits for another program's lock; the commit is tried again later anyway."""

PAGE_BYTES = 1024
"""A commit once a second dirties one or two pages: small ones wear the card less. At twenty points
a second everything together writes 150 bytes for a point; with pages of 2048, 194, and with 512 or
4096 more still. Questions take as long with any (measured)."""

CHECK_WHOLE_BYTES = 64 * 1024 * 1024
"""Files up to here are checked in whole at start, within a second or two from an SD card; of larger
ones segments, chunks and minutes are left out, where damage hits single ones."""

# It would log every statement with its values, and tokens are among them.
logging.getLogger("aiosqlite").setLevel(logging.INFO)

Statement: TypeAlias = tuple[str, Sequence[Any]]

KEPT_DAMAGED = 3
"""Damaged files that stay beside the database, for people who want more out of them."""

SIDE_FILES = ("-wal", "-shm")
"""What SQLite puts beside a database, by the end of its name."""

# A sync of the log at each commit: without it a power cut costs all since the last checkpoint. With
# NORMAL, too, the log is synced before any page of it goes into the file: order is never lost.
_SYNCED = "PRAGMA synchronous = FULL"
_NOT_SYNCED = "PRAGMA synchronous = NORMAL"

_BULKY = ("segment", "chunk", "minute")

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_RETURN = (
    "restart the gateway: it returns to the latest good snapshot. If this comes again, return to it"
    " by hand, see the guide: Backup, Snapshots"
)

_ADVICE = {
    sqlite3.SQLITE_FULL: "free space on the disk of {path}",
    sqlite3.SQLITE_BUSY: "end the program that locks the database; `fuser -v {path}` names it",
    sqlite3.SQLITE_IOERR: "free space on the disk of {path}, and look for disk errors with `dmesg`",
    sqlite3.SQLITE_READONLY: "let the gateway's user write {path}",
    sqlite3.SQLITE_CANTOPEN: "let the gateway's user write {path} and its directory",
    sqlite3.SQLITE_CORRUPT: _RETURN,
    sqlite3.SQLITE_NOTADB: _RETURN,
}


class Database:
    """One connection to the file; used by one task at a time. Made by `open_database`."""

    def __init__(
        self, connection: aiosqlite.Connection, path: Path, merger: Merger, thread: int
    ) -> None:
        self._connection = connection
        self._path = path
        self._merger = merger
        self._threads = (thread, merger.thread)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def is_merging(self) -> bool:
        """Whether the disk is busy with the write-ahead log; what can wait should."""
        return self._merger.is_busy

    @property
    def is_waiting_for_disk(self) -> bool:
        """Whether a thread of this file is in the kernel, and cannot even be killed."""
        return any(map(is_uninterruptible, self._threads))

    async def answer(self) -> None:
        """Return when the thread that writes has answered; it needs nothing of the file for it."""
        with suppress(sqlite3.Error):
            await self._connection.execute_fetchall("SELECT 1")

    async def write(self, statements: Iterable[Statement], *, is_synced: bool = True) -> None:
        """Run statements in one transaction.

        Args:
            is_synced: False for what may be lost in a power cut: it comes to the disk with the
                next transaction that is synced, or else as if it had never been.

        Raises:
            HistoryError: it failed, and nothing is changed. After a cancellation it may have
                succeeded: statements must bear to be repeated.
        """
        with explained(self._path):
            # Before the transaction: what fails here has changed nothing.
            if self._merger.is_long:
                await self._merger.merge()
            try:
                await self._connection.execute(_SYNCED if is_synced else _NOT_SYNCED)
                await self._connection.execute("BEGIN IMMEDIATE")
                for sql, values in statements:
                    await self._connection.execute(sql, values)
                await self._connection.commit()
            except BaseException:
                await self._connection.rollback()
                raise
        self._merger.notice()

    async def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query.

        Raises:
            HistoryCorrupt: the file is damaged.
            HistoryError: it cannot be read now.
        """
        with explained(self._path):
            return list(await self._connection.execute_fetchall(sql, values))

    async def close(self) -> None:
        """Close the connection; the write-ahead log goes into the file."""
        try:
            await asyncio.to_thread(self._merger.close)
        finally:
            # The last one to close: it brings the rest of the log into the file.
            await self._connection.close()


async def open_database(path: Path) -> Database:
    """Open the file, made if it is missing, with the current schema.

    Raises:
        HistoryCorrupt: it is damaged.
        SchemaTooNew: it was written by a later version.
        HistoryError: it cannot be used.
    """
    with explained(path):
        _create(path)
        # A cached statement would keep what was bound to it: megabytes of segments.
        connection = await aiosqlite.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, cached_statements=0
        )
        try:
            await _check(connection, path)
            await migrate(connection, path, scripts())
            # SQLite calls it in the thread of the connection.
            await connection.create_function("thread", 0, threading.get_native_id)
            ((thread,),) = await connection.execute_fetchall("SELECT thread()")
            merger = await asyncio.to_thread(Merger, path)
        except BaseException:
            await connection.close()
            raise
    return Database(connection, path, merger, thread)


def move_aside(path: Path, now_ms: int) -> Path:
    """Rename a damaged file, and what belongs to it, to `*.damaged-<now_ms>`; returns the name.

    Of all that were moved so the oldest stay, which hold most, and this one: a card that damages a
    file at every start is not to be filled by them.

    Raises:
        HistoryError: the directory does not let us.
    """
    aside = path.with_name(f"{path.name}.damaged-{now_ms}")
    with explained(path):
        path.rename(aside)
        for suffix in SIDE_FILES:
            side = path.with_name(path.name + suffix)
            if side.exists():
                side.rename(aside.with_name(aside.name + suffix))
        for former in _moved_aside(path)[KEPT_DAMAGED - 1 :]:
            if former != aside:
                _remove(former)
    return aside


def _moved_aside(path: Path) -> list[Path]:
    """Damaged files of before, oldest first."""
    dated = re.compile(re.escape(path.name) + r"\.damaged-(\d+)")
    found = ((dated.fullmatch(one.name), one) for one in path.parent.iterdir())
    return [one for _, one in sorted((int(match[1]), one) for match, one in found if match)]


def _remove(path: Path) -> None:
    for suffix in ("", *SIDE_FILES):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _create(path: Path) -> None:
    # SQLite would make it readable by all; it holds tokens. Its side files get the same mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _size_bytes(path: Path) -> int:
    return path.stat().st_size


async def _check(connection: aiosqlite.Connection, path: Path) -> None:
    await connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    await connection.execute_fetchall("PRAGMA journal_mode = WAL")
    await connection.execute(_SYNCED)
    await connection.execute("PRAGMA wal_autocheckpoint = 0")
    # Debian's SQLite would write zeros over each freed page, once to the log and once to the file;
    # this way only over what goes from pages that are written in any case.
    await connection.execute("PRAGMA secure_delete = FAST")
    await connection.execute(f"PRAGMA journal_size_limit = {LONG_LOG_BYTES}")
    checks = ["PRAGMA quick_check(1)"]
    if _size_bytes(path) > CHECK_WHOLE_BYTES:
        tables = await connection.execute_fetchall(
            "SELECT name FROM sqlite_schema WHERE type = 'table'"
        )
        checks = [f'PRAGMA quick_check("{name}")' for (name,) in tables if name not in _BULKY]
    for check in checks:
        ((found,), *_) = await connection.execute_fetchall(check)
        if found != "ok":
            raise HistoryCorrupt(f"{path} is damaged: {found}")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the system into ours."""
    try:
        yield
    except OSError as error:
        raise HistoryError(f"{path}: {error.strerror}; {_advice(path, 0)}") from error
    except sqlite3.Error as error:
        # The lowest byte is the error; the others say where in SQLite it happened.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        message = f"{path}: {error}; {_advice(path, code)}"
        raise (HistoryCorrupt if code in _DAMAGED else HistoryError)(message) from error


def _advice(path: Path, code: int) -> str:
    return _ADVICE.get(code, "check the disk and permissions of {path}").format(path=path)
