"""Brings the write-ahead log into the file, in a thread of its own, beside the writer.

SQLite would do it within a commit, which would wait for a sync of the whole file. The log begins
anew by itself once all of it is in the file and a transaction begins; in a storm there is always
some more, so that the writer has to wait for it now and then (`is_long`).
"""

import asyncio
import logging
import os
import sqlite3
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)

MERGE_BYTES = 1024 * 1024
"""Of the log, that are brought into the file at once. A quarter of it would write a tenth more, as
some pages change often (measured at twenty points a second); more would take a slow card, and what
a commit has to sync meanwhile, longer."""

LONG_LOG_BYTES = 16 * 1024 * 1024
"""From here on the writer waits until the log is merged, and its file does not stay larger. It
comes to that in a storm only, or while somebody reads an old state for long."""

_HEADER = 32
_FRAME_HEADER = 24
_SALT = 8


class _Log(NamedTuple):
    """What is in the log.

    Attributes:
        salt: another one each time that it begins anew.
        frames: pages that were written to it since, of whole transactions or not.
    """

    salt: bytes
    frames: int


class Merger:
    """Of one file, as long as its writer has it open.

    Args:
        path: the database, in WAL mode.

    Attributes:
        thread: the kernel's number of its thread.

    Raises:
        OSError: its log cannot be opened.
        sqlite3.Error: it cannot be opened itself.
    """

    def __init__(self, path: Path) -> None:
        # Open all the time: nothing may fail after a transaction. No lock is on this file.
        self._log = os.open(path.with_name(f"{path.name}-wal"), os.O_RDONLY | os.O_CLOEXEC)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="history merger")
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA synchronous = NORMAL")
            ((page_bytes,),) = self._connection.execute("PRAGMA page_size")
            self.thread = self._pool.submit(threading.get_native_id).result()
        except BaseException:
            os.close(self._log)
            raise
        self._frame_bytes = page_bytes + _FRAME_HEADER
        self._merge_frames = MERGE_BYTES // self._frame_bytes
        self._long_frames = LONG_LOG_BYTES // self._frame_bytes
        self._limit = self._long_frames
        self._merged = _Log(b"", 0)
        self._job: Future[None] | None = None
        self._is_failing = False

    def notice(self) -> None:
        """Merge beside everything else if there is enough; to be called after a transaction."""
        # A failing disk is told of by what comes next: the transaction has not failed.
        with suppress(OSError):
            if not self.is_busy:
                found = self._look()
                if found.frames - self._merged_of(found) >= self._merge_frames:
                    self._job = self._pool.submit(self._merge)

    @property
    def is_busy(self) -> bool:
        """Whether it merges beside everything else."""
        return self._job is not None and not self._job.done()

    @property
    def is_long(self) -> bool:
        """Whether the log is so long that the writer should wait for `merge`."""
        found = self._look()
        return found.frames >= self._limit and found.frames > self._merged_of(found)

    async def merge(self) -> None:
        """Return when everything that was committed is in the file, as far as readers let it.

        Raises:
            sqlite3.Error: it cannot be written.
        """
        await asyncio.wrap_future(self._pool.submit(self._merge_now))
        found = self._look()
        # Whoever reads an old state for long must not make each transaction wait for nothing.
        is_whole = self._merged_of(found) >= found.frames
        self._limit = self._long_frames if is_whole else 2 * found.frames

    def close(self) -> None:
        """Wait for what is under way, a second or two at most, and close."""
        self._pool.shutdown()
        self._connection.close()
        os.close(self._log)

    def _merge(self) -> None:
        try:
            self._merge_now()
        except (sqlite3.Error, OSError) as error:
            if not self._is_failing:
                log.warning("log not merged", extra={"reason": error})
            self._is_failing = True
        else:
            self._is_failing = False

    def _merge_now(self) -> None:
        salt = self._look().salt
        ((_, _, merged),) = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._merged = _Log(salt, merged)

    def _merged_of(self, found: _Log) -> int:
        return self._merged.frames if self._merged.salt == found.salt else 0

    def _look(self) -> _Log:
        """SQLite tells the length of the log only to C; its format is fixed, and no lock is on it.

        Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
        """
        salt = os.pread(self._log, _SALT, 16)
        # Frames of the time before may follow those that count.
        low, high = 0, max(0, os.fstat(self._log).st_size - _HEADER) // self._frame_bytes
        while low < high:
            middle = (low + high) // 2
            if os.pread(self._log, _SALT, _HEADER + middle * self._frame_bytes + 8) == salt:
                low = middle + 1
            else:
                high = middle
        return _Log(salt, low)
