"""Follows the journal by a cursor, for a copy elsewhere; meets `core.feed.Feed`.

1. The journal's segments are the feed: read once more, from the disk, by a connection and a thread
   of its own. Whoever writes or asks never waits for it.
2. Segments behind the cursor are held: the archive has them already and lets them lie. What is held
   is bounded by age and number; beyond that the cursor moves on by itself, and what it leaves out
   is counted.
3. The cursor is kept without a synced commit: a crash costs that the same comes twice.
4. What is too old is told by when the reader was here last, and only then by the points' own times:
   those of an import are old when they come.
"""

import contextlib
import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import NamedTuple, Protocol

from blynk_gateway.core.clock import Clock
from blynk_gateway.core.feed import Backlog, FeedBatch
from blynk_gateway.errors import HistoryCorrupt, HistoryError
from blynk_gateway.history.clock.timekeeper import Timekeeper
from blynk_gateway.history.file.database import Database
from blynk_gateway.history.file.reader import Reader, Snapshot
from blynk_gateway.history.segments.columns import decode_columns
from blynk_gateway.history.segments.holds import Holds
from blynk_gateway.runtime.health import Health

log = logging.getLogger(__name__)

BATCH_POINTS = 5000
"""Points that end a batch: some 5 ms of decoding, and a request of some 300 kB."""

BATCH_BYTES = 1_000_000
"""Of segments that end one: a point may be a text of 4 kB."""

BATCH_SEGMENTS = 1000
"""Rows that end one: those of a quiet house hold a few points each."""

MAX_BACKLOG_POINTS = 100_000_000
"""Points that wait at most: 1.5 GB of journal, two months at 20 a second."""

SAVE_EVERY_S = 30.0
"""How often the cursor is kept at most: one page of the log each time."""

_COUNT_SEGMENTS = 1000
_COUNTS_AT_ONCE = 10
"""Heads of segments read in one piece of work, and pieces in one survey."""

_READER = "mirror"

_NO_BOUND = (1 << 63) - 1

_LATEST = (
    "SELECT max(archived_seq, coalesce((SELECT max(last_seq) FROM (SELECT last_seq FROM segment"
    " ORDER BY first_seq DESC LIMIT 1)), 0)) FROM archive"
)


class Keeper(Protocol):
    """The journal, as the feed needs it.

    Attributes:
        holds: what is kept though it is archived.
    """

    holds: Holds

    @property
    def settled_seq(self) -> int | None:
        """Changes after this number may still get another time; None if none will."""

    @property
    def timekeeper(self) -> Timekeeper:
        """Knows whether the clock can be trusted with what is too old."""

    def exclusive(self) -> AbstractAsyncContextManager[Database]:
        """The database for one user at a time; raises HistoryError when there is none."""


class _Head(NamedTuple):
    last_seq: int
    points: int
    last_ms: int


class JournalFeed:
    """Meets `core.feed.Feed`.

    Args:
        reader: of the journal's file, for this feed alone; closed with it.
    """

    def __init__(self, journal: Keeper, reader: Reader, clock: Clock, health: Health) -> None:
        self._journal = journal
        self._reader = reader
        self._clock = clock
        self._health = health
        self._target = ""
        self._instance_id = ""
        self._keep_ms = 0
        self._seq = self._saved_seq = 0
        self._read_ms = 0
        self._save_at = 0.0
        self._counted_seq = 0
        self._points = 0
        # Never emptied: a number of a stream never means another one.
        self._names: dict[int, tuple[str, str] | None] = {}

    def hold(self) -> None:
        """Have everything kept until `begin` knows better."""
        self._journal.holds.hold(_READER, 0)

    def release(self) -> None:
        """Have nothing kept."""
        self._journal.holds.hold(_READER, None)

    async def begin(self, target: str, keep_ms: int) -> str:
        """Read the cursor, or set the first one behind everything that there is.

        Raises:
            HistoryError: it cannot be read or written now.
        """
        if target != self._target:
            await self._look_up(target)
        self._keep_ms = keep_ms
        self._journal.holds.hold(_READER, self._seq)
        return self._instance_id

    async def read(self) -> FeedBatch | None:
        """Decode what comes next.

        Raises:
            HistoryError: it cannot be read now.
        """
        settled = self._journal.settled_seq
        upto = _NO_BOUND if settled is None else settled
        batch = await self._reader.run(
            partial(_read, after=self._seq, upto=upto, known=self._names)
        )
        if batch is None:
            self._read_ms = self._clock.now_ms()
        return batch

    async def acknowledge(self, batch: FeedBatch) -> None:
        """Move the cursor."""
        self._move(batch.last_seq, len(batch.seqs))
        self._read_ms = self._clock.now_ms()
        if self._clock.monotonic() >= self._save_at:
            await self._save()

    async def survey(self) -> Backlog:
        """Count what came since the last time, and let the oldest go where it is too much.

        Raises:
            HistoryError: it cannot be read now.
        """
        if not self._target:
            # It is not known yet how far the reader is.
            return Backlog(0, None)
        for _ in range(_COUNTS_AT_ONCE):
            heads = await self._reader.run(partial(_heads, after=self._counted_seq))
            if heads:
                self._counted_seq = heads[-1].last_seq
                self._points += sum(head.points for head in heads)
            if len(heads) < _COUNT_SEGMENTS:
                break
        oldest_ms = await self._reader.run(partial(_oldest_ms, after=self._seq))
        if await self._let_go():
            oldest_ms = await self._reader.run(partial(_oldest_ms, after=self._seq))
        return Backlog(self._points, oldest_ms)

    async def close(self) -> None:
        """Keep the cursor, and close the connection."""
        await self._save()
        await self._reader.close()

    async def _let_go(self) -> int:
        now_ms = self._clock.now_ms()
        is_late = now_ms - self._read_ms > self._keep_ms and self._journal.timekeeper.may_age()
        since_ms = now_ms - self._keep_ms if is_late else -_NO_BOUND
        points = 0
        while True:
            heads = await self._reader.run(partial(_heads, after=self._seq))
            gone = 0
            for head in heads:
                if head.last_ms >= since_ms and self._points <= MAX_BACKLOG_POINTS:
                    break
                self._move(head.last_seq, head.points)
                points += head.points
                gone += 1
            if gone < _COUNT_SEGMENTS:
                break
        if points:
            self._health.count("mirror_points_dropped", points)
            log.error("oldest points not mirrored", extra={"points": points})
            await self._save()
        return points

    async def _look_up(self, target: str) -> None:
        async with self._journal.exclusive() as database:
            rows = await database.fetch("SELECT target, seq, at_ms FROM mirror")
            if self._target:
                # It may be half a minute ahead of what is kept.
                rows = [(self._target, self._seq, self._read_ms)]
            if not rows:
                ((latest,),) = await database.fetch(_LATEST)
                rows = [("", latest, self._clock.now_ms())]
            ((before, self._seq, self._read_ms),) = rows
            if before != target:
                row = _saying(target, self._seq, self._read_ms)
                await database.write([("DELETE FROM mirror", ()), row], is_synced=False)
            if before not in ("", target):
                log.info("mirror goes on at another place", extra={"seq": self._seq})
            ((self._instance_id,),) = await database.fetch(
                "SELECT value FROM setting WHERE name = 'instance_id'"
            )
        if not self._target:
            self._counted_seq, self._points = self._seq, 0
        self._saved_seq = self._seq
        self._target = target

    def _move(self, seq: int, points: int) -> None:
        self._seq = seq
        self._journal.holds.hold(_READER, seq)
        if seq < self._counted_seq:
            self._points = max(0, self._points - points)
        else:
            # Everything that was counted is behind the cursor.
            self._counted_seq, self._points = seq, 0

    async def _save(self) -> None:
        if self._seq == self._saved_seq:
            return
        self._save_at = self._clock.monotonic() + SAVE_EVERY_S
        row = _saying(self._target, self._seq, self._read_ms)
        # Without it the same comes twice after a start, and the journal's own health tells why.
        with contextlib.suppress(HistoryError):
            async with self._journal.exclusive() as database:
                await database.write([row], is_synced=False)
            _, (_, self._saved_seq, _) = row


def _saying(target: str, seq: int, at_ms: int) -> tuple[str, tuple[str, int, int]]:
    return "INSERT OR REPLACE INTO mirror VALUES (?, ?, ?)", (target, seq, at_ms)


def _read(
    snapshot: Snapshot, after: int, upto: int, known: dict[int, tuple[str, str] | None]
) -> FeedBatch | None:
    batch: FeedBatch | None = None
    streams: list[int] = []
    times: list[int] = []
    seqs: list[int] = []
    texts: list[str] = []
    size = 0
    for last_seq, body in snapshot.rows(
        "SELECT last_seq, body FROM segment WHERE first_seq > ? AND last_seq <= ?"
        " ORDER BY first_seq LIMIT ?",
        (after, upto, BATCH_SEGMENTS),
    ):
        try:
            some = decode_columns(body)
        except HistoryCorrupt as error:
            # It would be so for ever, and hold up everything behind it.
            log.error("points lost to the mirror", extra={"reason": error})  # noqa: TRY400 - the file is at fault, not a line of code
        else:
            streams.extend(some[0])
            times.extend(some[1])
            seqs.extend(some[2])
            texts.extend(some[3])
        batch = FeedBatch(streams, times, seqs, texts, {}, last_seq)
        size += len(body)
        if len(seqs) >= BATCH_POINTS or size >= BATCH_BYTES:
            break
    return batch and batch._replace(names=_names(snapshot, set(streams), known))


def _names(
    snapshot: Snapshot, streams: set[int], known: dict[int, tuple[str, str] | None]
) -> Mapping[int, tuple[str, str]]:
    if not streams <= known.keys():
        known.update(dict.fromkeys(streams - known.keys()))
        rows = snapshot.fetch("SELECT id, device, pin FROM stream")
        known.update({stream: (device, pin) for stream, device, pin in rows})
    return {stream: name for stream in streams if (name := known[stream]) is not None}


def _heads(snapshot: Snapshot, after: int) -> list[_Head]:
    return [
        _Head(*row)
        for row in snapshot.fetch(
            "SELECT last_seq, count, last_ms FROM segment WHERE first_seq > ?"
            " ORDER BY first_seq LIMIT ?",
            (after, _COUNT_SEGMENTS),
        )
    ]


def _oldest_ms(snapshot: Snapshot, after: int) -> int | None:
    for (first_ms,) in snapshot.fetch(
        "SELECT first_ms FROM segment WHERE first_seq > ? ORDER BY first_seq LIMIT 1", (after,)
    ):
        return int(first_ms)
    return None
