"""Keeps the journal's times right: looks at the clock, and corrects what was stamped before it was.

1. What is stamped by a clock that is not trusted waits in the journal: its time may move yet.
2. When the clock jumps before it is trusted, all that this boot stamped until then moves by as
   much: first, in one transaction, everything but the segments, then these, some at a time, so that
   commits go on between. What a crash breaks off, the next start finishes.
3. The time of a device or an import, and rows of earlier boots, stay (`history.clock.anchor`).
4. Nothing waits for ever: what has waited for a day is given up, and stays as it is.
"""

import logging
import secrets
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from blynk_gateway.core.clock import Clock
from blynk_gateway.errors import HistoryCorrupt, HistoryError
from blynk_gateway.history.clock.anchor import (
    Anchor,
    Reading,
    Shift,
    Timeline,
    begin,
    correct,
    segments_query,
)
from blynk_gateway.history.file.database import Database
from blynk_gateway.history.segments.recorder import Recorder
from blynk_gateway.history.segments.segment import Segment
from blynk_gateway.runtime.clock_quality import ClockQuality
from blynk_gateway.runtime.health import Health, HealthState

log = logging.getLogger(__name__)

SEGMENTS_AT_ONCE = 50
"""Corrected in one transaction: 3 MB at most, and nearly all by their heads alone."""

WAIT_MS = 24 * 3600 * 1000
WAIT_CHANGES = 2_000_000
"""How long and how many changes wait for the clock to become trusted: some 30 MB. A Pi that never
sees a time server must not keep its whole history in the journal."""

_MARK_EVERY_MS = WAIT_MS // 4
_MARK_EVERY_CHANGES = WAIT_CHANGES // 4

LEAP_MS = 24 * 3600 * 1000
"""A jump ahead by more than this, since anything was recorded, is taken for a mistake until it has
lasted as long: a clock that shows 2050 must not make all history too old to be kept."""

RETRY_MS = 5000

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

COMPONENT = "clock"

_NOT_TRUSTED = (
    "not synchronised, the time may be wrong; expected a time server or a real-time clock: connect"
    " the network and run `sudo timedatectl set-ntp true`, or set the time by hand. Until then"
    " devices are not told the time; times in the history are corrected afterwards"
)

_LEAPT = "leapt_ms"


class Stamped(Protocol):
    """The journal, as it is seen from here."""

    @property
    def newest_seq(self) -> int:
        """Number of the latest change that was published."""

    def flushed(self) -> AbstractAsyncContextManager[tuple[Database, Recorder]]:
        """The database for one user at a time, with everything in it that was published so far.

        Raises:
            HistoryError: it is not open, or cannot be written now.
        """

    def exclusive(self) -> AbstractAsyncContextManager[Database]:
        """The database for one user at a time.

        Raises:
            HistoryError: it is not open.
        """


class _Seen(NamedTuple):
    """A look at the clock that had something new; see `Timeline.look`."""

    reading: Reading
    next_seq: int
    checked_seq: int


class _Mark(NamedTuple):
    """The latest number at some moment."""

    seq: int
    monotonic_ms: int


class Timekeeper:
    """One per journal.

    Args:
        boot: identity of the machine's present boot; None to ask the kernel.
    """

    def __init__(
        self, clock: Clock, quality: ClockQuality, health: Health, boot: str | None = None
    ) -> None:
        self._clock = clock
        self._quality = quality
        self._health = health
        self._boot = boot or _boot_id()
        self._timeline = Timeline((), self._boot)
        self._shift: Shift | None = None
        self._seen: _Seen | None = None
        self._checked_seq = 0
        self._marks: deque[_Mark] = deque()
        self._known_ms = 0
        self._ages_from_ms = 0
        self._retry_at_ms = 0
        self._callbacks: list[Callable[[Shift], None]] = []

    def on_corrected(self, callback: Callable[[Shift], None]) -> None:
        """Have it called when times are corrected, to correct what is kept elsewhere."""
        self._callbacks.append(callback)

    def settled_seq(self) -> int | None:
        """The times of changes up to here never change any more; None if that goes for all."""
        first = [self._timeline.first_untrusted_seq()]
        if self._shift is not None:
            first.append(self._shift.from_seq)
        if self._seen is not None:
            first.append(self._seen.next_seq)
        return min((seq - 1 for seq in first if seq is not None), default=None)

    def may_age(self) -> bool:
        """Whether the clock is good enough to say what is too old to be kept."""
        return self._quality.is_trusted and self._monotonic_ms() >= self._ages_from_ms

    async def resume(self, database: Database, next_seq: int, known_ms: int) -> bool:
        """Begin at a start: finish what was broken off, and correct what this boot stamped wrong.

        Args:
            next_seq: the number that the next change will have.
            known_ms: the latest time of anything in the database, 0 for none.

        Returns:
            Whether times were changed that were read before.

        Raises:
            HistoryCorrupt: a segment is damaged.
            HistoryError: it cannot be read now. What cannot be written now is later, by `check`.
        """
        # What is known of another file, which turned out to be damaged.
        self._shift = self._seen = None
        for row in await database.fetch("SELECT * FROM clock_shift WHERE done_seq < upto_seq"):
            self._shift = Shift(*row)
        anchors = await database.fetch("SELECT * FROM clock_anchor")
        ((last_shift,),) = await database.fetch("SELECT coalesce(max(id), 0) FROM clock_shift")
        self._timeline = Timeline((Anchor(*row) for row in anchors), self._boot, last_shift)
        reading = self._reading()
        self._quality.resume(
            was_trusted=self._timeline.was_trusted(reading),
            was_set=self._timeline.was_set(reading),
        )
        self._seen = _Seen(self._reading(), next_seq, next_seq - 1)
        self._checked_seq = next_seq - 1
        await self._resume_aging(database, known_ms)
        self._report()
        is_broken_off = self._shift is not None
        try:
            await self._correct_alone(database)
            shift = await self._begin(database, self._seen)
            await self._correct_alone(database)
        except HistoryCorrupt:
            raise
        except HistoryError as error:
            log.warning("clock not noted", extra={"reason": error})
            return False
        return is_broken_off or shift is not None

    async def check(self, journal: Stamped) -> None:
        """Look at the clock, and do what follows from it; what fails is tried again later."""
        newest_seq = journal.newest_seq
        if self._quality.check():
            checked_seq = self._checked_seq if self._seen is None else self._seen.checked_seq
            self._seen = _Seen(self._reading(), newest_seq + 1, checked_seq)
        self._checked_seq = newest_seq
        if self._monotonic_ms() < self._retry_at_ms:
            return
        try:
            await self._correct(journal)
            await self._give_up(journal, newest_seq)
            await self._note_leap(journal)
        except HistoryError as error:
            self._retry_at_ms = self._monotonic_ms() + RETRY_MS
            detail = f"times in the history are not corrected yet: {error}"
            self._health.report(COMPONENT, HealthState.DEGRADED, detail)
        else:
            self._report()

    async def _correct(self, journal: Stamped) -> None:
        # What failed before, first: one correction is finished before the next begins.
        await self._correct_segments(journal)
        seen = self._seen
        if seen is None:
            return
        async with journal.flushed() as (database, recorder):
            shift = await self._begin(database, seen)
            if shift is not None:
                recorder.correct_times(shift.corrected)
                for corrected in self._callbacks:
                    corrected(shift)
        await self._correct_segments(journal)

    async def _correct_segments(self, journal: Stamped) -> None:
        while self._shift is not None:
            async with journal.exclusive() as database:
                self._shift = await _advance(database, self._shift)

    async def _correct_alone(self, database: Database) -> None:
        while self._shift is not None:
            self._shift = await _advance(database, self._shift)

    async def _begin(self, database: Database, seen: _Seen) -> Shift | None:
        """Write down what follows from a look; returns the correction that it begins, if any."""
        timeline = self._timeline.copy()
        shift = timeline.look(seen.reading, next_seq=seen.next_seq, checked_seq=seen.checked_seq)
        if shift is not None:
            await database.write(begin(shift, timeline.statements()))
            log.warning("history times corrected", extra={"seconds": shift.delta_ms / 1000})
            self._shift = shift if shift.done_seq < shift.upto_seq else None
        elif timeline.anchors != self._timeline.anchors:
            await database.write(timeline.statements())
        self._timeline = timeline
        self._seen = None
        return shift

    async def _give_up(self, journal: Stamped, newest_seq: int) -> None:
        now_ms = self._monotonic_ms()
        if self._timeline.first_untrusted_seq() is None:
            self._marks.clear()
            return
        latest = self._marks[-1] if self._marks else None
        if (
            latest is None
            or now_ms - latest.monotonic_ms >= _MARK_EVERY_MS
            or newest_seq - latest.seq >= _MARK_EVERY_CHANGES
        ):
            self._marks.append(_Mark(newest_seq, now_ms))
        oldest = self._marks[0]
        if now_ms - oldest.monotonic_ms >= WAIT_MS or newest_seq - oldest.seq >= WAIT_CHANGES:
            timeline = self._timeline.copy()
            timeline.give_up(oldest.seq, oldest.monotonic_ms)
            async with journal.exclusive() as database:
                await database.write(timeline.statements())
            self._timeline = timeline
            self._marks.popleft()
            log.warning("history times stay as they are", extra={"upto_seq": oldest.seq})

    async def _resume_aging(self, database: Database, known_ms: int) -> None:
        self._known_ms = known_ms
        rows = await database.fetch("SELECT value FROM setting WHERE name = ?", (_LEAPT,))
        for (leapt_ms,) in rows:
            left_ms = leapt_ms + LEAP_MS - self._clock.now_ms()
            if 0 < left_ms <= LEAP_MS:
                self._ages_from_ms = self._monotonic_ms() + left_ms

    async def _note_leap(self, journal: Stamped) -> None:
        if not self._quality.is_trusted:
            return
        now_ms = self._clock.now_ms()
        if self._known_ms and now_ms - self._known_ms > LEAP_MS:
            self._ages_from_ms = self._monotonic_ms() + LEAP_MS
            async with journal.exclusive() as database:
                row = (_LEAPT, now_ms)
                await database.write([("INSERT OR REPLACE INTO setting VALUES (?, ?)", row)])
            log.warning("nothing is deleted by age for a day", extra={"reason": "clock leapt"})
        self._known_ms = now_ms

    def _report(self) -> None:
        if self._quality.is_trusted:
            self._health.report(COMPONENT, HealthState.OK)
        else:
            self._health.report(COMPONENT, HealthState.DEGRADED, _NOT_TRUSTED)

    def _reading(self) -> Reading:
        now_ms = self._clock.now_ms()
        return Reading(now_ms, self._monotonic_ms(), self._quality.is_trusted)

    def _monotonic_ms(self) -> int:
        return round(self._clock.monotonic() * 1000)


async def _advance(database: Database, shift: Shift) -> Shift | None:
    """Correct some segments; returns what is left to do, None for nothing."""
    rows = await database.fetch(*segments_query(shift, SEGMENTS_AT_ONCE))
    after, statements = correct(shift, [Segment(*row) for row in rows])
    # Lost in a power cut, it is done again.
    await database.write(statements, is_synced=False)
    return after if after.done_seq < after.upto_seq else None


def _boot_id() -> str:
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return secrets.token_hex(16)
