"""Snapshots: whole copies of the database in `<data_dir>/snapshots`, made from time to time.

1. A snapshot has its name only once it is complete, checked and on disk.
2. Its name begins with a number that only rises: order does not hang on a clock that may be wrong.
"""

import asyncio
import logging
import re
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from blynk_gateway.core.clock import Clock
from blynk_gateway.errors import HistoryCorrupt, HistoryError
from blynk_gateway.history.backup.copying import (
    Facts,
    check_database,
    copy_database,
    sync,
)
from blynk_gateway.runtime.health import Health, HealthState

log = logging.getLogger(__name__)

DIRECTORY = "snapshots"
DATABASE = "gateway.db"

SETTLE_S = 300.0
"""None in the first minutes: a gateway that restarts again and again must not write the card full
of copies, and at a start there is enough to do."""

LOOK_EVERY_S = 60.0

RETRY_S = 3600.0
"""After one that failed: what is wrong, mostly a full disk, takes a person."""

ROOM_LEFT_BYTES = 50_000_000
"""What a snapshot must leave free for the journal itself."""

_COMPONENT = "snapshots"
_NAME = re.compile(r"(\d{6,})-(\d{8}T\d{6})Z\.db")
_STAMP = "%Y%m%dT%H%M%S"

T = TypeVar("T")


class Snapshot(NamedTuple):
    """One of the copies.

    Attributes:
        number: later ones have higher numbers.
        taken_ms: UTC ms as the clock showed it then.
    """

    path: Path
    number: int
    taken_ms: int


class GoodSnapshot(NamedTuple):
    """A copy that was looked through."""

    snapshot: Snapshot
    facts: Facts


class Snapshots:
    """Takes one every `every_ms` and keeps the latest few.

    Args:
        data_dir: has the database, and gets the directory.
        every_ms: None for never.
        keep: how many, at least 1.
    """

    def __init__(
        self, data_dir: Path, *, every_ms: int | None, keep: int, clock: Clock, health: Health
    ) -> None:
        self._data_dir = data_dir
        self._every_ms = every_ms
        self._keep = keep
        self._clock = clock
        self._health = health
        self._next_at: float | None = None

    def reconfigure(self, *, every_ms: int | None, keep: int) -> None:
        """Change the options; they hold from the next look on."""
        if every_ms != self._every_ms:
            self._next_at = None
        self._every_ms = every_ms
        self._keep = keep

    async def run(self) -> None:
        """Take snapshots until cancelled."""
        while True:
            await self.step()
            await asyncio.sleep(LOOK_EVERY_S)

    async def step(self) -> None:
        """Take one if it is time. What fails is told by health, and tried again later."""
        if self._every_ms is None:
            self._health.report(_COMPONENT, HealthState.OK)
            return
        try:
            if self._next_at is None:
                wait_s = await asyncio.to_thread(
                    _wait_s, self._data_dir, self._every_ms, self._clock.now_ms()
                )
                self._next_at = self._clock.monotonic() + max(wait_s, SETTLE_S)
            if self._clock.monotonic() < self._next_at:
                return
            await self.take()
        except HistoryCorrupt as error:
            self._next_at = self._clock.monotonic() + RETRY_S
            self._health.report(_COMPONENT, HealthState.FAILED, f"{error}; {self._way_back()}")
            return
        except HistoryError as error:
            self._next_at = self._clock.monotonic() + RETRY_S
            self._health.report(_COMPONENT, HealthState.DEGRADED, f"{error}; tried hourly")
            return
        self._next_at = self._clock.monotonic() + self._every_ms / 1000
        self._health.report(_COMPONENT, HealthState.OK)

    async def take(self) -> Snapshot:
        """Take one now, and remove those that are too many.

        Raises:
            HistoryError: it cannot be written, or there is too little room.
        """
        began = self._clock.monotonic()
        now_ms, keep = self._clock.now_ms(), self._keep
        taken = await in_thread(lambda stop: _take(self._data_dir, now_ms, keep, stop))
        seconds = round(self._clock.monotonic() - began, 1)
        log.info("snapshot taken", extra={"file": taken.path, "seconds": seconds})
        return taken

    def _way_back(self) -> str:
        try:
            latest = next(iter(list_snapshots(self._data_dir)), None)
        except HistoryError as error:
            return str(error)
        if latest is None:
            return "there is no snapshot to go back to; export what you need, and start anew"
        database = self._data_dir / DATABASE
        return (
            f"to go back to {latest.path.name}, stop the gateway, copy {database} elsewhere, empty"
            f" it with `truncate -s 0 {database}`, and start the gateway"
        )


def list_snapshots(data_dir: Path) -> list[Snapshot]:
    """All of them, the latest first.

    Raises:
        HistoryError: their directory cannot be read.
    """
    found = []
    directory = data_dir / DIRECTORY
    try:
        for path in directory.iterdir() if directory.is_dir() else ():
            snapshot = parse_snapshot(path, path.name)
            if snapshot is not None and path.is_file() and not path.is_symlink():
                found.append(snapshot)
    except OSError as error:
        raise HistoryError(
            f"{directory}: {error.strerror}; expected a directory of the gateway's user"
        ) from error
    return sorted(found, key=lambda one: one.number, reverse=True)


def find_good_snapshot(data_dir: Path, before: int | None = None) -> GoodSnapshot | None:
    """The latest snapshot that is whole and that this version understands. Blocks.

    Args:
        before: only those with a lower number, None for all.

    Raises:
        HistoryError: their directory cannot be read.
    """
    for snapshot in list_snapshots(data_dir):
        if before is not None and snapshot.number >= before:
            continue
        try:
            return GoodSnapshot(snapshot, check_database(snapshot.path))
        except HistoryError as error:
            log.warning("snapshot not usable", extra={"reason": error})
    return None


def parse_snapshot(path: Path, name: str) -> Snapshot | None:
    """What the name of a snapshot says, None if it is no such name."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        at = datetime.strptime(match[2], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Snapshot(path, int(match[1]), round(at.timestamp() * 1000))


async def in_thread(work: Callable[[threading.Event], T]) -> T:
    """Run blocking work in a thread; a cancellation sets its event and waits for it to end."""
    stop = threading.Event()
    future = asyncio.get_running_loop().run_in_executor(None, work, stop)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([future])
        # Taken out, or it would be told as one that nobody cared for.
        future.exception()
        raise


def _wait_s(data_dir: Path, every_ms: int, now_ms: int) -> float:
    """Seconds until the next one is due, by when the latest was taken."""
    snapshots = list_snapshots(data_dir)
    if not snapshots:
        return 0.0
    age_ms = now_ms - snapshots[0].taken_ms
    # One that seems to be of the future says only that the clock was wrong, then or now.
    return max(every_ms - age_ms, 0) / 1000 if age_ms >= 0 else 0.0


def _take(data_dir: Path, now_ms: int, keep: int, stop: threading.Event) -> Snapshot:
    source, directory = data_dir / DATABASE, data_dir / DIRECTORY
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        for draft in directory.glob("*.part*"):
            draft.unlink(missing_ok=True)
        _make_room(source, directory, keep)
    except OSError as error:
        raise HistoryError(f"{directory}: {error.strerror}; expected to write there") from error
    latest = list_snapshots(data_dir)
    number = latest[0].number + 1 if latest else 1
    stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime(_STAMP)
    path = directory / f"{number:06}-{stamp}Z.db"
    draft = path.with_name(f"{path.name}.part")
    copy_database(source, draft, stop=stop)
    try:
        draft.rename(path)
        sync(directory)
        _prune(data_dir, keep)
    except OSError as error:
        raise HistoryError(f"{directory}: {error.strerror}; expected to write there") from error
    return Snapshot(path, number, now_ms // 1000 * 1000)


def _make_room(source: Path, directory: Path, keep: int) -> None:
    """Remove the oldest that are to go anyway where room is short, never the last one.

    Raises:
        HistoryError: there is still too little.
    """
    needed = source.stat().st_size + ROOM_LEFT_BYTES
    for old in list_snapshots(directory.parent)[max(keep - 1, 1) :]:
        if shutil.disk_usage(directory).free >= needed:
            break
        old.path.unlink()
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise HistoryError(
            f"{directory}: {free // 1_000_000} MB are free; expected {needed // 1_000_000} for a"
            " snapshot: free space, or set `history.snapshots.every: never`"
        )


def _prune(data_dir: Path, keep: int) -> None:
    for old in list_snapshots(data_dir)[keep:]:
        old.path.unlink()
