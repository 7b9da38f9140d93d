"""The keeper of everything that was published: its mailbox, its one writer, its life.

1. Nothing taken from the mailbox is forgotten before a transaction with it has succeeded.
2. While commits fail, the mailbox is emptied all the same, so that the gate stays open and devices
   go on; what waits is bounded, and beyond the bound the oldest points are lost, and counted.
3. While commits are slow, nothing is lost: the mailbox fills and closes the gate.
4. One user of the connection at a time: whoever holds the lock.
5. Changes are packed as soon as there are some, also while a commit is under way: packed they take
   a thirtieth of the memory. What is packed and not committed is bounded; then the mailbox fills.
6. What a start does not need any more is moved to the archive, beside everything else.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventChange
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.gate import Gate
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.archive.archiver import Archiver, PolicyOf, keep_raw
from blynk_gateway.history.clock.timekeeper import Timekeeper
from blynk_gateway.history.file.database import Database
from blynk_gateway.history.intake import SLICE_CHANGES, Intake
from blynk_gateway.history.opening import open_or_recover, own
from blynk_gateway.history.retention.retention import Keep, Retention
from blynk_gateway.history.retry import Retry
from blynk_gateway.history.segments.commits import Commits
from blynk_gateway.history.segments.events import read_events
from blynk_gateway.history.segments.holds import Holds
from blynk_gateway.history.segments.recorder import Recorder
from blynk_gateway.history.segments.restore import Restored
from blynk_gateway.history.segments.tail import Unsaved
from blynk_gateway.runtime.clock_quality import CHECK_EVERY_S, ClockQuality
from blynk_gateway.runtime.health import Health, HealthState
from blynk_gateway.runtime.tasks import cancel

if TYPE_CHECKING:
    from blynk_gateway.core.mailbox import Token
    from blynk_gateway.history.file.lock import DirectoryLock

log = logging.getLogger(__name__)

MAX_POINTS_WAITING = 500_000
"""Points kept in memory while commits fail: some 7 MB packed."""

COMMIT_POINTS = 200_000
"""Points that are committed at once, however little time has passed: some 3 MB packed."""

CHECKPOINT_S = 300.0
CHECKPOINT_CHANGES = 200_000
"""What a start after a crash has to replay at most."""

_COMPONENT = "history"


class Journal:
    """Meets `core.ports.Journal`, `segments.tail.Tail` and `clock.timekeeper.Stamped`.

    Without `run`, what is in the mailbox is written by `flush` and `close`.

    Args:
        path: the database; its directory is made if it is missing, and owned while open.
        commit_every_ms: how long a change may wait for its commit.
        keep: ages beyond which history goes.
        policy_of: what is kept of a pin's history, by device and pin.

    Attributes:
        mailbox: to be subscribed to everything.
        timekeeper: knows what the times are worth, and corrects them.
        commits: what is on the disk.
        holds: what is kept for those who have still to read it.
        damage: what was lost with a damaged file at the start; empty if nothing was.
    """

    def __init__(
        self,
        path: Path,
        *,
        commit_every_ms: int,
        keep: Keep,
        clock: Clock,
        clock_quality: ClockQuality,
        gate: Gate,
        health: Health,
        policy_of: PolicyOf = keep_raw,
    ) -> None:
        self._intake = Intake(gate)
        self.mailbox = self._intake.mailbox
        self.commits = Commits()
        self.holds = Holds()
        self._path = path
        self._commit_every_s = commit_every_ms / 1000
        self.timekeeper = Timekeeper(clock, clock_quality, health)
        self._retention = Retention(clock, keep, health, self.timekeeper.may_age)
        self._archiver = Archiver(
            self.exclusive,
            clock,
            health,
            policy_of,
            settled_seq=self.timekeeper.settled_seq,
            held_seq=lambda: self.holds.seq,
        )
        self._clock = clock
        self._health = health
        self._lock = asyncio.Lock()
        self._recorded_at_checkpoint = 0
        self._checkpoint_at = 0.0
        self._retry = Retry()
        self._tokens: list[Token] = []
        self._is_full = False
        self._woken = asyncio.Event()
        self._was_saved = asyncio.Event()
        self._users: list[asyncio.Task[None]] = []
        self.damage = ""
        self._lost = 0
        self._opened: tuple[DirectoryLock, Database, Recorder] | None = None

    async def open(self) -> Restored:
        """Take the data directory, open the database and read what an earlier run left.

        Of a damaged file the latest good snapshot is taken, or a new one is begun.

        Raises:
            HistoryInUse: another process has the directory.
            SchemaTooNew: the database was written by a later version.
            HistoryError: it cannot be used; nothing is left open.
        """
        owned = own(self._path.parent)
        try:
            opened = await open_or_recover(self._path, self._clock, self.timekeeper)
        except BaseException:
            owned.release()
            raise
        self.damage = opened.damage
        database, recorder = opened.database, opened.recorder
        self._opened = owned, database, recorder
        self._intake.newest_seq = recorder.last_seq
        self.commits.note(recorder.last_seq)
        # What was replayed need not be replayed again.
        self._checkpoint_at = self._clock.monotonic()
        async with self._lock:
            await self._try_to_save(database, recorder)
        return opened.restored

    def reconfigure(self, *, commit_every_ms: int, keep: Keep) -> None:
        """Change the options; they hold from the next commit on."""
        self._commit_every_s = commit_every_ms / 1000
        self._retention.keep = keep

    async def run(self) -> None:
        """Commit what comes, until cancelled or closed."""
        async with asyncio.TaskGroup() as group:
            self._users = [
                group.create_task(self._archiver.run(), name="journal archiver"),
                group.create_task(self._watch_clock(), name="journal clock"),
            ]
            packer = group.create_task(self._pack(), name="journal packer")
            writer = group.create_task(self._commit(), name="journal writer")
            writer.add_done_callback(lambda _: packer.cancel())

    async def flush(self) -> None:
        """Return when everything published so far is committed.

        Raises:
            HistoryError: it cannot be committed now; it is kept, and tried again later.
        """
        async with self.flushed():
            pass

    @property
    def settled_seq(self) -> int | None:
        """The times of changes up to here never change any more; None if that goes for all."""
        return self.timekeeper.settled_seq()

    @property
    def backlog(self) -> int:
        """How many changes are not on disk yet, those of devices left out once they are packed."""
        return len(self.mailbox) + (self._opened[2].pending.points if self._opened else 0)

    @property
    def is_waiting_for_disk(self) -> bool:
        """Whether the kernel has not answered a thread that writes."""
        return self._opened is not None and self._opened[1].is_waiting_for_disk

    @property
    def newest_seq(self) -> int:
        """Number of the latest change that was published."""
        self._intake.collect()
        return self._intake.newest_seq

    @contextlib.asynccontextmanager
    async def exclusive(self) -> AsyncIterator[Database]:
        """The one connection that writes, for one user at a time.

        Raises:
            HistoryError: the journal is not open.
        """
        async with self._lock:
            database, _ = self._database()
            yield database

    @contextlib.asynccontextmanager
    async def flushed(self) -> AsyncIterator[tuple[Database, Recorder]]:
        """As `exclusive`, with everything committed that was published so far.

        Raises:
            HistoryError: it cannot be committed now, or the journal is not open.
        """
        async with self._lock:
            await self._flush(*self._database())
            yield self._database()

    async def archive(self) -> None:
        """Move everything that was published so far to the archive now.

        Raises:
            HistoryError: it cannot be written now; what is not moved stays in the journal.
        """
        async with self._lock:
            self._checkpoint_at = self._clock.monotonic()
            await self._flush(*self._database())
        while await self._archiver.archive(is_forced=True):
            pass

    async def close(self) -> None:
        """Commit everything with a checkpoint, and close. May be called twice, and unopened."""
        # First, or they would ask a closed database. What they are at goes on at the next start.
        for user in self._users:
            await cancel(user)
        async with self._lock:
            if self._opened is None:
                return
            (owned, database, recorder), self._opened = self._opened, None
            self._checkpoint_at = self._clock.monotonic()
            try:
                with contextlib.suppress(HistoryError):
                    await self._flush(database, recorder)
                if recorder.pending:
                    lost = recorder.pending.points + self._lost
                    log.error("history not saved at stop", extra={"points": lost})
            finally:
                await database.close()
                owned.release()

    async def events(self, device: str | None, limit: int, before: int = 0) -> list[EventChange]:
        """The latest entries of the event timeline, newest first; see `core.ports.Journal`.

        Raises:
            HistoryError: they cannot be read.
        """
        async with self._lock:
            database, recorder = self._database()
            with contextlib.suppress(HistoryError):
                await self._flush(database, recorder)
            return await read_events(database, device, limit, before)

    async def unsaved(self, address: PinAddress | None) -> Unsaved:
        """What a reader of the file has to add; meets `history.segments.tail.Tail`.

        Raises:
            HistoryError: the journal is not open.
        """
        _, recorder = self._database()
        await self._intake.record(recorder)
        stream = address and recorder.find_stream(address.device, str(address.pin))
        return Unsaved(stream, recorder.unsaved_segments())

    async def _pack(self) -> None:
        while True:
            await self._intake.wait()
            if self._opened is None:
                return
            _, _, recorder = self._opened
            await self._intake.record(recorder)
            self._tokens += self.mailbox.take_tokens()
            self._is_full = recorder.pending.points >= COMMIT_POINTS
            if self._tokens:
                self._woken.set()
            if self._is_full:
                self._was_saved.clear()
                self._woken.set()
                await self._was_saved.wait()

    async def _watch_clock(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            await self.timekeeper.check(self)

    async def _commit(self) -> None:
        began_at, took_s = self._clock.monotonic(), 0.0
        while True:
            # A change waits for the rest of a window and for a commit: together for one window.
            due_at = began_at + max(self._commit_every_s - took_s, self._commit_every_s / 2)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(due_at - self._clock.monotonic(), 0.0)):
                    await self._answer_until_full()
            self._is_full = False
            began_at = self._clock.monotonic()
            async with self._lock:
                if self._opened is None:
                    return
                _, database, recorder = self._opened
                await self._intake.record(recorder)
                if self._retry.is_due(self._clock.monotonic()):
                    await self._try_to_save(database, recorder)
                if self._retry.is_failing:
                    self._drop_oldest(recorder)
            took_s = self._clock.monotonic() - began_at
            self._was_saved.set()
            await self._answer()

    async def _answer_until_full(self) -> None:
        while not self._is_full:
            await self._woken.wait()
            self._woken.clear()
            await self._answer()

    async def _answer(self) -> None:
        """Send tokens on: over the thread that writes, which need not be able to write now."""
        if self._tokens:
            async with self._lock:
                if self._opened is None:
                    return
                await self._opened[1].answer()
            answered, self._tokens = self._tokens, []
            for token in answered:
                token()

    def _database(self) -> tuple[Database, Recorder]:
        if self._opened is None:
            raise HistoryError(f"{self._path} is not open; expected a running gateway")
        _, database, recorder = self._opened
        return database, recorder

    async def _flush(self, database: Database, recorder: Recorder) -> None:
        await self._intake.record(recorder)
        await self._save(database, recorder)

    async def _try_to_save(self, database: Database, recorder: Recorder) -> None:
        with contextlib.suppress(HistoryError):
            await self._save(database, recorder)

    async def _save(self, database: Database, recorder: Recorder) -> None:
        try:
            if recorder.unsaved and self._is_checkpoint_due:
                await self._checkpoint(recorder)
            seq = recorder.last_seq
            if recorder.pending:
                with recorder.handing_over() as batch:
                    await database.write(batch.statements())
            self.commits.note(seq)
            await self._retention.step(database)
            self._archiver.notice(recorder.checkpoint_seq, recorder.last_seq)
        except HistoryError as error:
            self._retry.failed(self._clock.monotonic())
            self._health.report(_COMPONENT, HealthState.FAILED, str(error))
            raise
        self._retry.succeeded()
        if self._lost:
            log.error("history points lost", extra={"points": self._lost})
            self._lost = 0
        state = HealthState.DEGRADED if self.damage else HealthState.OK
        self._health.report(_COMPONENT, state, self.damage)

    @property
    def _is_checkpoint_due(self) -> bool:
        return (
            self._intake.recorded - self._recorded_at_checkpoint >= CHECKPOINT_CHANGES
            or self._clock.monotonic() >= self._checkpoint_at
        )

    async def _checkpoint(self, recorder: Recorder) -> None:
        async with self._intake.packing:
            streams = list(recorder.unsaved)
            for start in range(0, len(streams), SLICE_CHANGES):
                recorder.save_values(streams[start : start + SLICE_CHANGES])
                await asyncio.sleep(0)
            recorder.finish_checkpoint()
        self._recorded_at_checkpoint = self._intake.recorded
        self._checkpoint_at = self._clock.monotonic() + CHECKPOINT_S

    def _drop_oldest(self, recorder: Recorder) -> None:
        lost = recorder.pending.drop_oldest(MAX_POINTS_WAITING)
        if lost:
            # What cannot be replayed any more has to come back from the table of values.
            self._checkpoint_at = self._clock.monotonic()
            self._health.count("history_points_lost", lost)
            if not self._lost:
                log.error("oldest history points go", extra={"kept": MAX_POINTS_WAITING})
            self._lost += lost
