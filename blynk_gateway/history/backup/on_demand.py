"""Backups of a running gateway, and what one that a crash ended left.

What makes a backup (`backup.py`) is loaded when the first one is asked for.
"""

import asyncio
import shutil
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

from blynk_gateway.core.clock import Clock
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.backup.snapshots import in_thread

STAGING: Final = ".backup-"
"""How the names of directories begin in which a state of the data is held still."""


class BackupBusy(HistoryError):
    """A backup is being made already."""

    code = "history.backup_busy"
    hint = "Wait until it is done; each takes the room of the database once more."


class Backups:
    """Makes backups of a running gateway, one at a time. Meets `core.ports.Backups`.

    Args:
        flush: returns when everything that was published is in the database.
    """

    def __init__(self, data_dir: Path, clock: Clock, flush: Callable[[], Awaitable[None]]) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._flush = flush
        self._lock = asyncio.Lock()

    async def backup(self) -> AsyncGenerator[bytes, None]:
        """The bytes of a backup, in pieces; the first comes when the state is held still.

        It has to be closed (`aclose`) if it is not read to its end.

        Raises:
            BackupBusy: another one is under way.
            HistoryError: there is too little room, something cannot be read, or the latest changes
                cannot be committed.
        """
        if self._lock.locked():
            raise BackupBusy(f"{self._data_dir}: another backup is being made; expected none")
        async with self._lock:
            # Up to a whole `commit_every` of changes would not be in it.
            await self._flush()
            now_ms = self._clock.now_ms()
            directory, pieces = await in_thread(lambda stop: _stage(self._data_dir, now_ms, stop))
            try:
                while (piece := await asyncio.to_thread(_next, pieces)) is not None:
                    yield piece
            finally:
                await asyncio.shield(asyncio.to_thread(discard, directory))


def discard(directory: Path) -> None:
    """Remove what `stage` made."""
    shutil.rmtree(directory, ignore_errors=True)


def clear_leftovers(data_dir: Path) -> None:
    """Remove what backups left that a crash ended. Not while one is being made."""
    for directory in data_dir.glob(f"{STAGING}*"):
        discard(directory)


def _stage(data_dir: Path, now_ms: int, stop: threading.Event) -> tuple[Path, Iterator[bytes]]:
    # Rare, and half a megabyte that an idle daemon on a small Pi would keep.
    from blynk_gateway.history.backup.backup import stage  # noqa: PLC0415  see above
    from blynk_gateway.history.backup.file import pack  # noqa: PLC0415  see above

    staged = stage(data_dir, now_ms, stop=stop)
    return staged.directory, pack(staged.directory, staged.manifest)


def _next(pieces: Iterator[bytes]) -> bytes | None:
    try:
        return next(pieces, None)
    except OSError as error:
        raise HistoryError(
            f"{error.filename or 'the copy'}: {error.strerror}; expected to read it for the backup"
        ) from error
