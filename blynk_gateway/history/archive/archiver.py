"""Moves points from segments into the archive: chunks by stream, and rollups.

1. Only what a start does not need is moved: segments up to the checkpoint that is on the disk.
2. A pass takes the points of many segments, orders them by stream, and moves stream after stream,
   some in each transaction, which also says how far it is: a point is in the archive or in the
   journal, never in both and never in neither, whenever the power goes.
3. Decoding and packing are done by a process of its own, while others use the connection and the
   interpreter; nothing is held but for one transaction.
4. A pass waits for many points or an hour: each writes some pages for each stream, however few
   points there are.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from blynk_gateway.core.clock import Clock
from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.archive.packer_process import NICE, PackerProcess
from blynk_gateway.history.archive.packing import SMALL_CHUNK, OpenChunk, Wanted
from blynk_gateway.history.archive.progress import Progress, Waiting, look
from blynk_gateway.history.file.database import Database, Statement
from blynk_gateway.history.retry import Retry
from blynk_gateway.runtime.health import Health, HealthState

PASS_POINTS = 50_000
"""Most points of a pass: the packer takes some 10 MB for them."""

MIN_PASS_POINTS = 5000
POINTS_PER_STREAM = 250
"""So many points for each stream that has some are worth a pass, within the two bounds above. It
writes some pages for each stream; at 20 points a second this makes 165 bytes a point, where passes
of 50,000 make 162 (measured), and readers find all but some minutes in the archive."""

PASS_EVERY_S = 3600.0
"""After this time few points do, too."""

SLICE_POINTS = 50_000
STREAM_WEIGHT = 100
"""Points that are written at once; each stream counts as so many more, as it costs some pages and
rows however few points it has."""

FETCH_SEGMENTS = 100
"""Most rows of one query: in a storm some hold 4000 points, 60 KB."""

LINGER_S = 5.0
"""How long the packer waits for the next pass: in a storm it is due in a second."""

MAX_LAG = 20_000_000
"""Changes that the archive may be behind, some 300 MB of journal. Beyond it the packer is not nice
to others any more: on a single core a storm would not let it come to anything."""

DELETE_POINTS = 20_000
DELETE_SEGMENTS = 1000
"""Segments that are deleted at once, whichever is fewer: SQLite frees page by page, 100 points in
each. Fewer would write the same pages several times. What a pass moved goes with it."""

_COMPONENT = "archive"

Access: TypeAlias = Callable[[], AbstractAsyncContextManager[Database]]
PolicyOf: TypeAlias = Callable[[str, str], HistoryPolicy]
SeqOf: TypeAlias = Callable[[], int | None]


def no_bound() -> None:
    """A bound that is none."""


class Archiver:
    """Moves points when it is time.

    Args:
        access: the database for one user at a time; raises HistoryError when there is none.
        policy_of: what is kept of a pin, by device and pin.
        settled_seq: changes after it stay in the journal, as their times may still be corrected;
            None for no bound.
        held_seq: segments with changes after it are not deleted, though they are archived, as
            another reader has still to come; None for no bound.
    """

    def __init__(
        self,
        access: Access,
        clock: Clock,
        health: Health,
        policy_of: PolicyOf,
        *,
        settled_seq: SeqOf = no_bound,
        held_seq: SeqOf = no_bound,
    ) -> None:
        self._health = health
        self._access = access
        self._clock = clock
        self._policy_of = policy_of
        self._settled_seq = settled_seq
        self._held_seq = held_seq
        self._deleted_seq = 0
        self._archived_seq = 0
        self._pass_at = clock.monotonic() + PASS_EVERY_S
        self._seen_seq: int | None = None
        self._last_seq = 0
        self._wanted = asyncio.Event()
        self._passing = asyncio.Lock()
        self._packer: PackerProcess | None = None
        self._nice = NICE

    def notice(self, checkpoint_seq: int, last_seq: int) -> None:
        """Say what is on the disk: everything up to a checkpoint; costs nothing if that is known.

        Args:
            last_seq: of the latest change.
        """
        self._last_seq = last_seq
        seen = _least(checkpoint_seq, self._settled_seq())
        is_new = seen != self._seen_seq or self._is_released()
        if is_new or self._clock.monotonic() >= self._pass_at:
            self._seen_seq = seen
            self._wanted.set()

    def _is_released(self) -> bool:
        """Whether segments that were held may go: all, or enough to be worth a transaction."""
        may_go = _least(self._archived_seq, self._held_seq())
        return may_go > self._deleted_seq and (
            may_go == self._archived_seq or may_go - self._deleted_seq >= DELETE_POINTS
        )

    async def run(self) -> None:
        """Move what there is to move, until cancelled."""
        retry = Retry()
        try:
            while True:
                await self._wait()
                try:
                    while await self.archive():
                        pass
                except HistoryError as error:
                    self._health.report(_COMPONENT, HealthState.DEGRADED, str(error))
                    await asyncio.sleep(retry.failed(self._clock.monotonic()))
                    self._wanted.set()
                else:
                    retry.succeeded()
                    self._health.report(_COMPONENT, HealthState.OK)
        finally:
            await self._end_packer()

    async def _wait(self) -> None:
        if self._packer is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await self._wanted.wait()
            if not self._wanted.is_set():
                async with self._passing:
                    await self._end_packer()
        await self._wanted.wait()
        self._wanted.clear()

    async def archive(self, *, is_forced: bool = False) -> bool:
        """Make a pass if it is time; returns whether there may be more to do at once.

        Args:
            is_forced: move what there is, however few points.

        Raises:
            HistoryError: it failed; what is done is done, and the next call goes on there.
        """
        # Two at once would move the same points.
        async with self._passing:
            try:
                is_more = await self._archive(is_forced)
            except BaseException:
                # It has points of a pass that nobody goes on with.
                await self._end_packer()
                raise
            if is_forced and not is_more:
                await self._end_packer()
            return is_more

    async def _end_packer(self) -> None:
        if self._packer is not None:
            packer, self._packer = self._packer, None
            await packer.end()

    async def _archive(self, is_forced: bool) -> bool:
        async with self._access() as database:
            progress, sealed_seq, waiting = await look(database, self._settled_seq())
        is_late = self._clock.monotonic() >= self._pass_at
        if is_late:
            self._pass_at = self._clock.monotonic() + PASS_EVERY_S
        is_begun = progress.moving_seq > progress.archived_seq
        if is_begun or is_due(waiting) or (waiting.points and (is_late or is_forced)):
            packer = await self._get_packer(progress)
            fetched = 1 + PASS_POINTS * waiting.segments // max(waiting.points, 1)
            await self._pass(packer, progress, sealed_seq, min(fetched, FETCH_SEGMENTS))
            return True
        await self._delete_segments(progress.archived_seq)
        return False

    async def _get_packer(self, progress: Progress) -> PackerProcess:
        nice = 0 if self._last_seq - progress.archived_seq > MAX_LAG else NICE
        if nice != self._nice:
            await self._end_packer()
        if self._packer is None:
            self._packer, self._nice = await PackerProcess.start(nice), nice
        return self._packer

    async def _pass(
        self, packer: PackerProcess, progress: Progress, sealed_seq: int, fetched: int
    ) -> None:
        upto_seq = await self._gather(packer, progress, sealed_seq, fetched)
        streams = await packer.streams()
        slices = _slices(one for one in streams if one[0] > progress.moving_stream) or [[]]
        for some in slices[:-1]:
            statements = await self._pack(packer, some)
            await self._write(statements, Progress(progress.archived_seq, upto_seq, some[-1]))
        # In one transaction with the last of it: each writes pages of its own.
        deletions = self._deletions(progress.archived_seq, upto_seq)
        statements = await self._pack(packer, slices[-1])
        await self._write([*statements, *deletions], Progress(upto_seq, upto_seq, 0))
        if deletions and self._deleted_seq >= progress.archived_seq:
            self._deleted_seq = upto_seq
        self._archived_seq = upto_seq

    async def _pack(self, packer: PackerProcess, streams: Sequence[int]) -> list[Statement]:
        if not streams:
            return []
        async with self._access() as database:
            rows = await database.fetch(
                _STREAMS.format(", ".join(["(?)"] * len(streams))), (*streams, SMALL_CHUNK)
            )
        wanted = []
        # A stream that is not there is of a device that was removed.
        for stream, device, pin, *chunk in rows:
            policy = self._policy_of(device, pin)
            if policy is not HistoryPolicy.OFF:
                opened = None if chunk[0] is None else OpenChunk(*chunk)
                wanted.append(Wanted(stream, policy is HistoryPolicy.RAW, opened))
        return await packer.statements(wanted)

    async def _gather(
        self, packer: PackerProcess, progress: Progress, sealed_seq: int, fetched: int
    ) -> int:
        """Hand over what a pass takes, the same of one that was begun; returns the last seq."""
        upto_seq = progress.archived_seq
        is_begun = progress.moving_seq > upto_seq
        bound_seq = progress.moving_seq if is_begun else sealed_seq
        points = 0
        while is_begun or points < PASS_POINTS:
            async with self._access() as database:
                segments = await database.fetch(
                    "SELECT last_seq, count, body FROM segment"
                    " WHERE first_seq > ? AND last_seq <= ? ORDER BY first_seq LIMIT ?",
                    (upto_seq, bound_seq, fetched),
                )
            if not segments:
                break
            bodies = []
            for upto_seq, count, body in segments:  # noqa: B007 - the last one is wanted
                bodies.append(body)
                points += count
                if points >= PASS_POINTS and not is_begun:
                    break
            await packer.add(bodies)
        return upto_seq

    async def _write(self, statements: Sequence[Statement], progress: Progress) -> None:
        saying = "UPDATE archive SET archived_seq = ?, moving_seq = ?, moving_stream = ?"
        async with self._access() as database:
            await database.write([*statements, (saying, progress)], is_synced=False)

    def _deletions(self, archived_seq: int, upto_seq: int) -> list[Statement]:
        """What deletes the segments of a pass, unless some of them are held."""
        if _least(upto_seq, self._held_seq()) < upto_seq:
            return []
        sql = "DELETE FROM segment WHERE first_seq > ? AND first_seq <= ?"
        return [(sql, (archived_seq, upto_seq))]

    async def _delete_segments(self, archived_seq: int) -> None:
        self._archived_seq = archived_seq
        if not self._is_released():
            return
        upto_seq = _least(archived_seq, self._held_seq())
        while True:
            async with self._access() as database:
                rows = await database.fetch(
                    "SELECT first_seq, count FROM segment WHERE first_seq <= ? AND last_seq <= ?"
                    " ORDER BY first_seq LIMIT ?",
                    (upto_seq, upto_seq, DELETE_SEGMENTS),
                )
                if not rows:
                    self._deleted_seq = upto_seq
                    return
                last_seq, points = 0, 0
                for last_seq, count in rows:  # noqa: B007 - the last one is wanted
                    points += count
                    if points >= DELETE_POINTS:
                        break
                deletion = ("DELETE FROM segment WHERE first_seq <= ?", (last_seq,))
                await database.write([deletion], is_synced=False)


_STREAMS = """
WITH wanted (id) AS (VALUES {})
SELECT stream.id, device, pin, chunk.id, body, first_ms, last_ms
FROM wanted JOIN stream USING (id) LEFT JOIN chunk ON chunk.id = (
    SELECT id FROM chunk WHERE stream = wanted.id ORDER BY last_ms DESC LIMIT 1
) AND count < ? ORDER BY stream.id
"""


def keep_raw(_device: str, _pin: str) -> HistoryPolicy:
    """The policy where there is none."""
    return HistoryPolicy.RAW


def is_due(waiting: Waiting) -> bool:
    """Whether points are worth a pass."""
    return waiting.points >= min(
        max(MIN_PASS_POINTS, waiting.streams * POINTS_PER_STREAM), PASS_POINTS
    )


def _least(seq: int, bound: int | None) -> int:
    return seq if bound is None else min(seq, bound)


def _slices(streams: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Streams whose points are written at once.

    Args:
        streams: with how many points each has.
    """
    slices: list[list[int]] = []
    some: list[int] = []
    weight = 0
    for stream, points in streams:
        some.append(stream)
        weight += points + STREAM_WEIGHT
        if weight >= SLICE_POINTS:
            slices.append(some)
            some, weight = [], 0
    return [*slices, some] if some else slices
