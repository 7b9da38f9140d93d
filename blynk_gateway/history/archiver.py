"""Moves points from segments into the archive: chunks by stream, and rollups.

1. Only what a start does not need is moved: segments up to the checkpoint that is on the disk.
2. A pass takes the points of many segments, orders them by stream, and moves stream after stream,
   some in each transaction, which also says how far it is: a point is in the archive or in the
   journal, never in both and never in neither, whenever the power goes.
3. Decoding and packing are done in a thread, while others use the connection; nothing is held but
   for one transaction.
4. A pass waits for many points or an hour: each writes some pages for each stream, however few
   points there are. In a storm it waits for its end, as long as the journal is not too long.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, TypeAlias

from blynk_gateway.core.clock import Clock
from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.database import Database, Statement
from blynk_gateway.history.packing import (
    SMALL_CHUNK,
    Gathered,
    OpenChunk,
    Points,
    statements_of,
)
from blynk_gateway.runtime.health import Health, HealthState

PASS_POINTS = 50_000
"""Points of a pass: some 10 MB while it lasts. At 20 a second it comes round in 40 minutes."""

STREAM_POINTS = 10_000
"""Points of one stream that end a pass: all of a stream go in one transaction."""

PASS_EVERY_S = 3600.0
"""After this time few points do, too."""

SLICE_POINTS = 4000
"""Points that are decoded, packed and written at once: some ten milliseconds each."""

STREAM_WEIGHT = 10
"""Rows of a stream in a slice, however few points it has, as points."""

FETCH_SEGMENTS = 10
"""Rows of one query: in a storm they are of 4000 points each, and a pass takes no more."""

CALM_S = 60.0
GUST_S = 0.25
BUSY_PER_S = 8000
"""Changes a second that make a storm. A pass waits until there was none for `CALM_S`: beside one,
devices would wait for the interpreter, some ten milliseconds (measured)."""

MAX_LAG = 20_000_000
"""Changes that a storm may be ahead: some 300 MB of journal."""

DELETE_POINTS = 20_000
DELETE_SEGMENTS = 1000
"""Segments that are deleted at once, whichever is fewer: SQLite frees page by page, 100 points in
each. Fewer would write the same pages several times."""

RETRY_S = 30.0
"""As long as the journal waits at most."""

_COMPONENT = "archive"

Access: TypeAlias = Callable[[], AbstractAsyncContextManager[Database]]
PolicyOf: TypeAlias = Callable[[str, str], HistoryPolicy]


class Progress(NamedTuple):
    """The row of the table `archive`."""

    archived_seq: int
    moving_seq: int
    moving_stream: int

    def archived(self, stream: int) -> int:
        """Points of the stream up to this seq are in the archive, later ones in the journal."""
        return self.moving_seq if stream <= self.moving_stream else self.archived_seq


async def read_progress(database: Database) -> Progress:
    """How far it is.

    Raises:
        HistoryError: it cannot be read.
    """
    ((*progress,),) = await database.fetch(
        "SELECT archived_seq, moving_seq, moving_stream FROM archive"
    )
    return Progress(*progress)


class Archiver:
    """Moves points when it is time.

    Args:
        access: the database for one user at a time; raises HistoryError when there is none.
        policy_of: what is kept of a pin, by device and pin.
    """

    def __init__(self, access: Access, clock: Clock, health: Health, policy_of: PolicyOf) -> None:
        self._health = health
        self._access = access
        self._clock = clock
        self._policy_of = policy_of
        self._pass_at = clock.monotonic() + PASS_EVERY_S
        self._seen_seq: int | None = None
        self._last_seq = 0
        self._wanted = asyncio.Event()
        self._passing = asyncio.Lock()

    def notice(self, checkpoint_seq: int, last_seq: int) -> None:
        """Say what is on the disk: everything up to a checkpoint; costs nothing if that is known.

        Args:
            last_seq: of the latest change.
        """
        self._last_seq = last_seq
        if checkpoint_seq != self._seen_seq or self._clock.monotonic() >= self._pass_at:
            self._seen_seq = checkpoint_seq
            self._wanted.set()

    async def run(self) -> None:
        """Move what there is to move, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._calm(CALM_S)
                while await self.archive():
                    if await self._is_busy(GUST_S):
                        await self._calm(CALM_S)
            except HistoryError as error:
                self._health.report(_COMPONENT, HealthState.DEGRADED, str(error))
                await asyncio.sleep(RETRY_S)
                self._wanted.set()
            else:
                self._health.report(_COMPONENT, HealthState.OK)

    async def _calm(self, seconds: float) -> None:
        """Return when there was no storm for so long, or the journal is too long to wait more."""
        async with self._access() as database:
            archived_seq = (await read_progress(database)).archived_seq
        while self._last_seq - archived_seq < MAX_LAG and await self._is_busy(seconds):
            pass

    async def _is_busy(self, seconds: float) -> bool:
        before = self._last_seq
        await asyncio.sleep(seconds)
        return self._last_seq - before > BUSY_PER_S * seconds

    async def archive(self, *, is_forced: bool = False) -> bool:
        """Make a pass if it is time; returns whether there may be more to do at once.

        Args:
            is_forced: move what there is, however few points.

        Raises:
            HistoryError: it failed; what is done is done, and the next call goes on there.
        """
        # Two at once would move the same points.
        async with self._passing:
            return await self._archive(is_forced)

    async def _archive(self, is_forced: bool) -> bool:
        async with self._access() as database:
            progress = await read_progress(database)
            waiting = await self._waiting(database, progress)
        is_late = self._clock.monotonic() >= self._pass_at
        if is_late:
            self._pass_at = self._clock.monotonic() + PASS_EVERY_S
        is_begun = progress.moving_seq > progress.archived_seq
        if is_begun or waiting >= PASS_POINTS or (waiting and (is_late or is_forced)):
            await self._pass(progress)
            return True
        await self._delete_segments(progress.archived_seq)
        return False

    async def _waiting(self, database: Database, progress: Progress) -> int:
        ((points,),) = await database.fetch(
            f"SELECT coalesce(sum(count), 0) FROM segment WHERE first_seq > ? AND {_SEALED}",  # noqa: S608 - our own text
            (progress.archived_seq,),
        )
        return int(points)

    async def _pass(self, progress: Progress) -> None:
        upto_seq, streams = await self._gather(progress)
        async with self._access() as database:
            rows = await database.fetch("SELECT id, device, pin FROM stream")
        policies = {stream: self._policy_of(device, pin) for stream, device, pin in rows}
        wanted = [
            stream
            for stream in sorted(streams)
            # A stream that is not there is of a device that was removed.
            if stream > progress.moving_stream
            and policies.get(stream, HistoryPolicy.OFF) is not HistoryPolicy.OFF
        ]
        for some in _slices(wanted, streams):
            await self._move(
                {stream: (policies[stream], streams.pop(stream)) for stream in some},
                Progress(progress.archived_seq, upto_seq, some[-1]),
            )
        async with self._access() as database:
            await database.write([_saying(Progress(upto_seq, upto_seq, 0))], is_synced=False)
        await self._delete_segments(upto_seq)

    async def _gather(self, progress: Progress) -> tuple[int, dict[int, Points]]:
        """The last seq and the points, by stream, of a pass; of one that was begun, the same."""
        gathered = Gathered()
        upto_seq = progress.archived_seq
        is_begun = progress.moving_seq > upto_seq
        while is_begun or not _is_full(gathered):
            async with self._access() as database:
                segments = await database.fetch(
                    "SELECT last_seq, count, body FROM segment WHERE first_seq > ?"  # noqa: S608 - our own text
                    f" AND {'last_seq <= ?' if is_begun else _SEALED}"
                    " ORDER BY first_seq LIMIT ?",
                    (upto_seq, *([progress.moving_seq] if is_begun else []), FETCH_SEGMENTS),
                )
            if not segments:
                break
            for some in _batches(segments):
                await asyncio.to_thread(gathered.add, [body for _, _, body in some])
                upto_seq = some[-1][0]
                if _is_full(gathered) and not is_begun:
                    break
        return upto_seq, await asyncio.to_thread(gathered.by_stream)

    async def _move(
        self, streams: dict[int, tuple[HistoryPolicy, Points]], progress: Progress
    ) -> None:
        opened = await self._open_chunks(
            [stream for stream, (policy, _) in streams.items() if policy is HistoryPolicy.RAW]
        )
        statements = await asyncio.to_thread(statements_of, streams, opened)
        async with self._access() as database:
            await database.write([*statements, _saying(progress)], is_synced=False)

    async def _open_chunks(self, streams: Sequence[int]) -> dict[int, OpenChunk]:
        if not streams:
            return {}
        async with self._access() as database:
            rows = await database.fetch(
                _OPEN_CHUNKS.format(", ".join(["(?)"] * len(streams))), (*streams, SMALL_CHUNK)
            )
        return {stream: OpenChunk(*row) for stream, *row in rows}

    async def _delete_segments(self, upto_seq: int) -> None:
        while True:
            async with self._access() as database:
                rows = await database.fetch(
                    "SELECT first_seq, count FROM segment WHERE first_seq <= ?"
                    " ORDER BY first_seq LIMIT ?",
                    (upto_seq, DELETE_SEGMENTS),
                )
                if not rows:
                    return
                last_seq, points = 0, 0
                for last_seq, count in rows:  # noqa: B007 - the last one is wanted
                    points += count
                    if points >= DELETE_POINTS:
                        break
                deletion = ("DELETE FROM segment WHERE first_seq <= ?", (last_seq,))
                await database.write([deletion], is_synced=False)


_SEALED = "last_seq <= (SELECT value FROM setting WHERE name = 'checkpoint_seq')"

_OPEN_CHUNKS = """
WITH wanted (stream) AS (VALUES {})
SELECT chunk.stream, chunk.id, body, first_ms, last_ms FROM wanted JOIN chunk ON chunk.id = (
    SELECT id FROM chunk WHERE stream = wanted.stream ORDER BY last_ms DESC LIMIT 1
) WHERE count < ?
"""


def keep_raw(_device: str, _pin: str) -> HistoryPolicy:
    """The policy where there is none."""
    return HistoryPolicy.RAW


def _is_full(gathered: Gathered) -> bool:
    return gathered.points >= PASS_POINTS or gathered.points_of_one >= STREAM_POINTS


def _batches(segments: Sequence[tuple[int, int, bytes]]) -> Iterable[list[tuple[int, int, bytes]]]:
    batch: list[tuple[int, int, bytes]] = []
    points = 0
    for segment in segments:
        batch.append(segment)
        points += segment[1]
        if points >= SLICE_POINTS:
            yield batch
            batch, points = [], 0
    if batch:
        yield batch


def _slices(wanted: Sequence[int], streams: dict[int, Points]) -> Iterable[list[int]]:
    some: list[int] = []
    weight = 0
    for stream in wanted:
        some.append(stream)
        weight += len(streams[stream].times) + STREAM_WEIGHT
        if weight >= SLICE_POINTS:
            yield some
            some, weight = [], 0
    if some:
        yield some


def _saying(progress: Progress) -> Statement:
    sql = "UPDATE archive SET archived_seq = ?, moving_seq = ?, moving_stream = ?"
    return sql, progress
