"""How a start gets at the database: the data directory is ours, and a damaged file is replaced."""

import asyncio
import logging
from pathlib import Path
from typing import NamedTuple

from blynk_gateway.core.clock import Clock
from blynk_gateway.errors import HistoryCorrupt, HistoryError
from blynk_gateway.history.backup.recovery import recover, recover_at_start
from blynk_gateway.history.clock.timekeeper import Timekeeper
from blynk_gateway.history.file.database import Database, open_database
from blynk_gateway.history.file.lock import DirectoryLock
from blynk_gateway.history.segments.recorder import Recorder
from blynk_gateway.history.segments.restore import Restored, restore

log = logging.getLogger(__name__)


class Opened(NamedTuple):
    """A database that can be used.

    Attributes:
        damage: what was wrong with the one before and what was lost; empty if nothing was.
    """

    database: Database
    restored: Restored
    recorder: Recorder
    damage: str


def own(directory: Path) -> DirectoryLock:
    """Make a directory, and have it for this process alone.

    Raises:
        HistoryInUse: another process has it.
        HistoryError: it cannot be made.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(
            f"{directory}: {error.strerror}; expected a directory to keep history in"
        ) from error
    return DirectoryLock(directory / "lock")


async def open_or_recover(path: Path, clock: Clock, timekeeper: Timekeeper) -> Opened:
    """Open a database and read it; of a damaged one the latest good snapshot, or a new one.

    Raises:
        SchemaTooNew: it was written by a later version.
        HistoryError: it cannot be used; nothing is left open.
    """
    recovery = await asyncio.to_thread(recover_at_start, path, clock.now_ms())
    damage = "" if recovery is None else f"{path} was damaged or empty"
    while True:
        try:
            opened = await _open_and_restore(path, timekeeper)
        except HistoryCorrupt as error:
            if recovery is not None and recovery.snapshot is None:
                raise
            recovery = await asyncio.to_thread(recover, path, clock.now_ms(), recovery)
            damage = damage or str(error)
            continue
        if recovery is not None:
            damage = f"{damage}; {recovery}"
            log.error("history damaged", extra={"reason": damage})
        return Opened(*opened, damage)


async def _open_and_restore(
    path: Path, timekeeper: Timekeeper
) -> tuple[Database, Restored, Recorder]:
    database = await open_database(path)
    try:
        restored, recorder = await restore(database)
        known_ms = max((at_ms for *_, at_ms in restored.values), default=0)
        if await timekeeper.resume(database, restored.next_seq, known_ms):
            restored, recorder = await restore(database)
    except BaseException:
        await database.close()
        raise
    return database, restored, recorder
