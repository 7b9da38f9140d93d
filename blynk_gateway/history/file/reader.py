"""Reads the database beside its writer: in threads, each with a read-only connection of its own.

A piece of work sees one state of the file from its first statement to its last, whatever is
committed meanwhile. It should be short all the same: the write-ahead log cannot shrink before.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.file.database import BUSY_TIMEOUT_S, explained

T = TypeVar("T")

THREADS = 2
"""A long question must not hold up a short one; more would only wait for the interpreter."""

YIELD_AFTER_S = 0.001
YIELD_S = 0.000_05
"""After so long a nap, so that the event loop need not ask for the interpreter."""

CHECK_INSTRUCTIONS = 100_000
"""Of SQLite's machine between two looks at whether the answer is still wanted: some ms."""

Identity = tuple[int, int]


class Snapshot:
    """One state of the file, for one piece of work in one thread."""

    def __init__(self) -> None:
        self._is_cancelled = False
        self._connection: sqlite3.Connection

    def begin(self, connection: sqlite3.Connection) -> None:
        """From here on the state does not change."""
        self._connection = connection
        connection.set_progress_handler(lambda: self._is_cancelled, CHECK_INSTRUCTIONS)
        connection.execute("BEGIN")

    def cancel(self) -> None:
        """Have the work end soon with an error; from any thread."""
        self._is_cancelled = True

    def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Rows of a query one by one, where there are many, or each takes long to decode."""
        began = time.perf_counter()
        for row in self._connection.execute(sql, values):
            if self._is_cancelled:
                raise HistoryError("nobody waits for this answer; ask again")
            yield row
            if time.perf_counter() - began >= YIELD_AFTER_S:
                time.sleep(YIELD_S)
                began = time.perf_counter()


class Reader:
    """Opens connections as they are needed, and anew when the file was replaced.

    Args:
        path: the database; somebody else makes it and brings its schema up to date.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="history reader")
        self._idle: list[tuple[Identity, sqlite3.Connection]] = []
        self._jobs: dict[Future[Any], Snapshot] = {}
        self._is_closed = False

    async def run(self, work: Callable[[Snapshot], T]) -> T:
        """What `work` returns, which runs in a thread.

        Raises:
            HistoryCorrupt: the file is damaged.
            HistoryError: it cannot be read now, or the reader was closed.
        """
        if self._is_closed:
            raise HistoryError(f"{self.path} is closed; expected a running gateway: start it")
        snapshot = Snapshot()
        job = self._pool.submit(self._work, snapshot, work)
        self._jobs[job] = snapshot
        job.add_done_callback(self._forget)
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            snapshot.cancel()
            raise

    async def close(self) -> None:
        """End what is running and close everything; before the writer closes. May be repeated."""
        self._is_closed = True
        jobs = dict(self._jobs)
        for snapshot in jobs.values():
            snapshot.cancel()
        await asyncio.gather(*map(asyncio.wrap_future, jobs), return_exceptions=True)
        while self._idle:
            self._idle.pop()[1].close()
        self._pool.shutdown()

    def _forget(self, job: Future[Any]) -> None:
        self._jobs.pop(job, None)

    def _work(self, snapshot: Snapshot, work: Callable[[Snapshot], T]) -> T:
        with explained(self.path):
            identity, connection = self._take()
            try:
                snapshot.begin(connection)
                return work(snapshot)
            finally:
                # Ends the snapshot; it cannot fail, even after an error of the statement.
                connection.rollback()
                self._idle.append((identity, connection))

    def _take(self) -> tuple[Identity, sqlite3.Connection]:
        status = os.stat(self.path)  # noqa: PTH116  two numbers, at each question
        identity = status.st_dev, status.st_ino
        while self._idle:
            found, connection = self._idle.pop()
            if found == identity:
                return identity, connection
            connection.close()
        return identity, _open(self.path)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,  # it wanders between the two threads, never in both at once
    )
