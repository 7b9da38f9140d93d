"""Whole copies of the database, made beside its one writer, and what there is to know of a copy.

Everything here blocks and belongs into a thread. Nothing here opens the live file but through
SQLite: closing it otherwise would drop the locks of every connection of this process.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from blynk_gateway.errors import HistoryCorrupt, HistoryError, SchemaTooNew
from blynk_gateway.history.file.migration import STEPS

SYNC_EVERY_BYTES = 256 * 1024
"""Written pages go to the card this much at a time, 25 ms of a slow one: a gigabyte at once at the
end would hold up a commit's own sync for minutes."""

LOOK_EVERY_STEPS = 1000
"""Steps of SQLite's machine between looks at progress and the wish to stop: about a millisecond."""

SKIPPED_SEQS = 100_000_000_000
"""An older state of the database comes back: numbers of changes that were used since must not be
used again, or who reads by number takes new changes for known ones. Five days at the highest rate;
JSON's exact integers last for ninety thousand times that."""

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_LAST_MS = (
    ("segment", "SELECT max(last_ms) FROM segment"),
    ("chunk", "SELECT max(last_ms) FROM chunk"),
    ("value", "SELECT max(at_ms) FROM value"),
)


class Stopped(HistoryError):
    """A copy was given up because the gateway stops."""

    code = "history.stopped"
    hint = "Try again when the gateway runs."


class Facts(NamedTuple):
    """What a database says of itself.

    Attributes:
        schema: its version.
        instance_id: random, for the life of the database.
        last_ms: UTC ms of the latest change in it, None if there is none.
    """

    schema: int
    instance_id: str
    last_ms: int | None


def copy_database(
    source: Path,
    target: Path,
    *,
    stop: threading.Event | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write one consistent state of a database into a new file; it is checked and on disk then.

    Writers go on meanwhile. It has mode 0600, no write-ahead log, and no free pages.

    Args:
        target: must not exist.
        stop: once set, the copy is given up.
        progress: called with the bytes written so far.

    Raises:
        Stopped: `stop` was set; nothing is left of the target. Likewise with the others.
        HistoryCorrupt: the source is damaged.
        HistoryError: it cannot be read, or the target not be written.
    """
    with _explained(target, stop, source):
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            _copy(source, target, stop, progress)
            check_database(target, stop=stop)
        except BaseException:
            target.unlink(missing_ok=True)
            # What SQLite would roll the copy back with.
            target.with_name(f"{target.name}-journal").unlink(missing_ok=True)
            raise
    with suppress(HistoryError):
        _checkpoint(source)


def check_database(path: Path, *, stop: threading.Event | None = None) -> Facts:
    """Look through a copy, and tell what it is. Not for a file that is in use.

    Raises:
        Stopped: `stop` was set.
        HistoryCorrupt: it is damaged.
        SchemaTooNew: it was written by a later version.
        HistoryError: it cannot be read.
    """
    with _explained(path, stop), closing(_connect(path, "ro", stop)) as connection:
        ((found,), *_) = connection.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            raise HistoryCorrupt(f"{path} is damaged: {found}")
        return _facts(connection, path)


def skip_numbers(path: Path) -> None:
    """Let changes after the return of this older state have numbers that were never used.

    Raises:
        HistoryError: it cannot be written.
    """
    with _explained(path), closing(_connect(path, "rw")) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(
            "UPDATE setting SET value = value + ? WHERE name = 'reserved_seq'", (SKIPPED_SEQS,)
        )


def sync(path: Path) -> None:
    """Have a file, or the entries of a directory, on disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(
    source: Path,
    target: Path,
    stop: threading.Event | None,
    progress: Callable[[int], None] | None,
) -> None:
    descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with closing(_connect(source, "rw")) as connection:
            synced = 0

            def look() -> bool:
                nonlocal synced
                size = os.fstat(descriptor).st_size
                if size - synced >= SYNC_EVERY_BYTES:
                    os.fdatasync(descriptor)
                    synced = size
                    if progress is not None:
                        progress(size)
                return stop is not None and stop.is_set()

            connection.set_progress_handler(look, LOOK_EVERY_STEPS)
            # SQLite takes an empty file for a new one.
            connection.execute("VACUUM INTO ?", (str(target),))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync(target.parent)


def _checkpoint(source: Path) -> None:
    """Bring into the file what the write-ahead log gathered while the copy held on to its state.

    Otherwise the next commit would have to, and whoever waits for it.
    """
    with _explained(source), closing(_connect(source, "rw")) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _facts(connection: sqlite3.Connection, path: Path) -> Facts:
    ((schema,),) = connection.execute("PRAGMA user_version")
    if schema > len(STEPS):
        raise SchemaTooNew(f"{path} has schema version {schema}; expected at most {len(STEPS)}")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if "setting" not in tables:
        raise HistoryCorrupt(f"{path} is not a database of the gateway")
    settings = dict(connection.execute("SELECT name, value FROM setting"))
    instance_id, reserved = settings.get("instance_id"), settings.get("reserved_seq")
    if not isinstance(instance_id, str) or not isinstance(reserved, int):
        raise HistoryCorrupt(f"{path} is damaged: settings are missing")
    times = [connection.execute(sql).fetchone()[0] for table, sql in _LAST_MS if table in tables]
    return Facts(schema, instance_id, max((one for one in times if one is not None), default=None))


def _connect(path: Path, mode: str, stop: threading.Event | None = None) -> sqlite3.Connection:
    # Without a cache of statements, as none is run twice; a lock is waited for as by the writer.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=1.0
    )
    if stop is not None:
        connection.set_progress_handler(stop.is_set, LOOK_EVERY_STEPS)
    return connection


@contextmanager
def _explained(
    path: Path, stop: threading.Event | None = None, source: Path | None = None
) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HistoryError(
            f"{path}: {error.strerror}; check free space and permissions of its directory"
        ) from error
    except sqlite3.Error as error:
        if stop is not None and stop.is_set():
            raise Stopped(f"{path}: given up, as the gateway stops") from error
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_INTERRUPT:
            # Ctrl-C in the middle of a progress handler, out of which SQLite lets no exception.
            raise KeyboardInterrupt from error
        if code in _DAMAGED:
            raise HistoryCorrupt(f"{source or path} is damaged: {error}") from error
        raise HistoryError(
            f"{path}: {error}; check free space and permissions of its directory"
        ) from error
