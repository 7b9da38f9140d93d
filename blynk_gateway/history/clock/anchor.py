"""Times that were stamped before the clock was right, and how they are put right.

Pure: it is told what the clocks show and says which rows change; it reads no clock and no file.

1. An anchor says of all changes from a number on: in which boot they were stamped, and how far UTC
   was from the monotonic clock then. So every row has a quality without a byte of its own.
2. When the clock jumps, what this boot stamped before it was trusted moves by as much. What came
   with a time of its own, by import or from a device that knows better, is not ours and stays.
3. Numbers of changes never change: who goes by `seq` sees the same order before and after.
4. Rows of earlier boots that never saw a time server stay as they are: nobody knows how long the Pi
   was off between them.
5. Every statement bears to be repeated, and a correction that a crash broke off goes on where it
   was. One is finished before the next begins.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

from blynk_gateway.core.change import Origin, OriginKind, PinChange
from blynk_gateway.history.file.database import Statement
from blynk_gateway.history.segments.columns import VERSION
from blynk_gateway.history.segments.segment import Point, Segment, decode, encode

STEP_MS = 2000
"""A chart does not show less. Slewing moves both clocks alike, however long it goes on."""

SLACK_MS = 500
"""Between the clock's reading for a row and for an anchor; far less than a step, and less than what
is left of a step after the second that it takes to be seen."""

_FIRST_MS = struct.Struct("<q")
_FIRST_MS_AT = 17
"""Place of the lowest at_ms in the head of a segment: all other times count from it."""

_RESTORE = Origin(OriginKind.RESTORE)

_NO_BOOT = ""


class Quality(IntEnum):
    """What a row's time is worth."""

    UNTRUSTED = 0
    TRUSTED = 1
    CORRECTED = 2


class Anchor(NamedTuple):
    """A row of `clock_anchor`."""

    first_seq: int
    boot: str
    offset_ms: int
    began_ms: int
    quality: Quality


class Shift(NamedTuple):
    """A row of `clock_shift`: which rows move, by how much, and how far that is done.

    Attributes:
        checked_seq: rows up to here were stamped before the jump; of later ones their time tells.
        first_ms: earliest and
        last_ms: latest time that our clock can have given before the jump.
        recent_first_ms: the earliest for rows after `checked_seq`.
    """

    id: int
    from_seq: int
    checked_seq: int
    upto_seq: int
    first_ms: int
    last_ms: int
    recent_first_ms: int
    delta_ms: int
    done_seq: int

    def moves(self, seq: int, at_ms: int) -> bool:
        """Whether a row was stamped by our clock before the jump."""
        earliest = self.first_ms if seq <= self.checked_seq else self.recent_first_ms
        return self.from_seq <= seq <= self.upto_seq and earliest <= at_ms <= self.last_ms

    def corrected(self, seq: int, at_ms: int) -> int:
        """The right time of a row."""
        return at_ms + self.delta_ms if self.moves(seq, at_ms) else at_ms

    def corrected_sight(self, at_ms: int) -> int:
        """The right time of when a device was last heard of, which has no number.

        Of a device that was heard of since the jump it is out of the range, or, after a jump back,
        not ahead of the clock.
        """
        is_old = self.recent_first_ms <= at_ms <= self.last_ms
        return at_ms + self.delta_ms if is_old else at_ms


class Reading(NamedTuple):
    """What the clocks show.

    Attributes:
        wall_ms: UTC ms.
        monotonic_ms: of the same moment.
    """

    wall_ms: int
    monotonic_ms: int
    is_trusted: bool

    @property
    def offset_ms(self) -> int:
        """How far UTC is from the monotonic clock."""
        return self.wall_ms - self.monotonic_ms


class Period(NamedTuple):
    """From when to when, in UTC ms, the times of the history are worth what; None for no end."""

    from_ms: int
    to_ms: int | None
    quality: Quality


def doubtful_periods(anchors: Iterable[Anchor]) -> list[Period]:
    """When the times of the history are or were not to be relied on, in the order of changes."""
    periods: list[Period] = []
    for one in sorted(anchors):
        latest = periods[-1] if periods else None
        if latest is not None and latest.quality == one.quality:
            continue
        if latest is not None:
            # The next boot may have begun with an earlier time.
            periods[-1] = latest._replace(to_ms=max(latest.from_ms, one.began_ms))
        periods.append(Period(one.began_ms, None, Quality(one.quality)))
    return [one for one in periods if one.quality is not Quality.TRUSTED]


class Timeline:
    """The anchors, in order, and what follows from each look at the clocks.

    Args:
        anchors: all that are kept.
        boot: identity of the machine's present boot.
        last_shift: highest `id` in `clock_shift`, 0 for none.
    """

    def __init__(self, anchors: Iterable[Anchor], boot: str, last_shift: int = 0) -> None:
        self.anchors = sorted(one._replace(quality=Quality(one.quality)) for one in anchors)
        self._boot = boot
        self._last_shift = last_shift

    def copy(self) -> "Timeline":
        """Another one, so that what cannot be written has not been."""
        return Timeline(self.anchors, self._boot, self._last_shift)

    def quality(self, seq: int) -> Quality:
        """What the time of a change is worth; untrusted from before there were anchors."""
        found = [one.quality for one in self.anchors if one.first_seq <= seq]
        return found[-1] if found else Quality.UNTRUSTED

    def was_trusted(self, reading: Reading) -> bool:
        """Whether this boot trusted the clock once, and nobody has set it since."""
        latest = self._latest
        return (
            latest is not None
            and latest.quality is not Quality.UNTRUSTED
            and abs(reading.offset_ms - latest.offset_ms) <= STEP_MS
        )

    def was_set(self, reading: Reading) -> bool:
        """Whether somebody set the clock in this boot, and it is not trusted since."""
        untrusted = self._untrusted
        return bool(untrusted) and (
            len(untrusted) > 1 or abs(reading.offset_ms - untrusted[-1].offset_ms) > STEP_MS
        )

    def first_untrusted_seq(self) -> int | None:
        """Changes of this boot from here on may move yet; None if there are none."""
        return next((one.first_seq for one in self._untrusted), None)

    def look(self, reading: Reading, *, next_seq: int, checked_seq: int) -> Shift | None:
        """Take note of what the clocks show: at a start, after a jump, and when trust begins.

        Args:
            next_seq: the number that the next change will have; all before are on disk.
            checked_seq: the latest number at a look before the jump, at most a second ago.

        Returns:
            What to correct, if anything is; `statements` has the anchors too.
        """
        latest = self._latest
        quality = Quality.TRUSTED if reading.is_trusted else Quality.UNTRUSTED
        fresh = Anchor(next_seq, self._boot, reading.offset_ms, reading.wall_ms, quality)
        if latest is None:
            self._add(fresh)
            return None
        delta_ms = reading.offset_ms - latest.offset_ms
        is_step = abs(delta_ms) > STEP_MS
        shift = self._shift(reading, delta_ms, next_seq, checked_seq) if is_step else None
        if reading.is_trusted:
            self._settle(Quality.CORRECTED)
        if is_step or quality is not self.quality(next_seq):
            self._add(fresh)
        return shift

    def give_up(self, upto_seq: int, monotonic_ms: int) -> None:
        """Let changes of this boot stay as they are, as those of earlier boots.

        Args:
            upto_seq: number of the last one.
            monotonic_ms: when it was.
        """
        given_up = [one for one in self._untrusted if one.first_seq <= upto_seq]
        if not given_up:
            return
        latest = given_up[-1]
        self.anchors = [
            one._replace(boot=_NO_BOOT) if one in given_up else one for one in self.anchors
        ]
        began_ms = latest.offset_ms + monotonic_ms
        self._add(latest._replace(first_seq=upto_seq + 1, began_ms=began_ms))

    def statements(self) -> Iterator[Statement]:
        """What brings the table of anchors up to date."""
        for anchor in self.anchors:
            yield "INSERT OR REPLACE INTO clock_anchor VALUES (?, ?, ?, ?, ?)", anchor

    @property
    def _latest(self) -> Anchor | None:
        own = [one for one in self.anchors if one.boot == self._boot]
        return own[-1] if own else None

    @property
    def _untrusted(self) -> list[Anchor]:
        return [
            one
            for one in self.anchors
            if one.boot == self._boot and one.quality is Quality.UNTRUSTED
        ]

    def _add(self, anchor: Anchor) -> None:
        self.anchors = [one for one in self.anchors if one.first_seq != anchor.first_seq]
        self.anchors.append(anchor)
        self.anchors.sort()

    def _shift(
        self, reading: Reading, delta_ms: int, next_seq: int, checked_seq: int
    ) -> Shift | None:
        untrusted = self._untrusted
        # A clock that was trusted gave right times; where it jumped to is what may be wrong.
        if not untrusted or untrusted[-1] is not self._latest:
            return None
        first_ms = min(one.began_ms for one in untrusted) - SLACK_MS
        last_ms = reading.wall_ms - delta_ms + SLACK_MS
        # After a jump back old times lie ahead of the clock, after one ahead behind `last_ms`.
        recent_first_ms = reading.wall_ms + SLACK_MS if delta_ms < 0 else first_ms
        self._last_shift += 1
        self.anchors = [
            one._replace(offset_ms=one.offset_ms + delta_ms, began_ms=one.began_ms + delta_ms)
            if one in untrusted
            else one
            for one in self.anchors
        ]
        from_seq = untrusted[0].first_seq
        return Shift(
            self._last_shift,
            from_seq,
            checked_seq,
            next_seq - 1,
            first_ms,
            last_ms,
            recent_first_ms,
            delta_ms,
            from_seq - 1,
        )

    def _settle(self, quality: Quality) -> None:
        untrusted = self._untrusted
        self.anchors = [
            one._replace(quality=quality) if one in untrusted else one for one in self.anchors
        ]


def begin(shift: Shift, anchors: Iterable[Statement]) -> Iterator[Statement]:
    """One transaction that begins a correction: every table but the segments, which follow.

    Args:
        anchors: of `Timeline.statements`.
    """
    once = "AND NOT EXISTS (SELECT 1 FROM clock_shift WHERE id = ?)"
    numbered = (
        "seq BETWEEN ? AND ? AND at_ms <= ? AND at_ms >= CASE WHEN seq <= ? THEN ? ELSE ? END"
    )
    where = (
        shift.from_seq,
        shift.upto_seq,
        shift.last_ms,
        shift.checked_seq,
        shift.first_ms,
        shift.recent_first_ms,
        shift.id,
    )
    for table in ("value", "event"):
        sql = f"UPDATE {table} SET at_ms = at_ms + ? WHERE {numbered} {once}"  # noqa: S608 - our own names
        yield sql, (shift.delta_ms, *where)
    # As `Shift.corrected_sight`.
    seen = "last_seen_ms BETWEEN ? AND ?"
    yield (
        f"UPDATE state SET last_seen_ms = last_seen_ms + ? WHERE {seen} {once}",  # noqa: S608 - our own names
        (shift.delta_ms, shift.recent_first_ms, shift.last_ms, shift.id),
    )
    yield from anchors
    yield "DELETE FROM clock_shift WHERE id < ?", (shift.id,)
    yield "INSERT OR IGNORE INTO clock_shift VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", shift


def segments_query(shift: Shift, limit: int) -> Statement:
    """The next few segments that a correction has to look at."""
    sql = (
        "SELECT first_seq, last_seq, count, first_ms, last_ms, body FROM segment"
        " WHERE last_seq > ? AND first_seq <= ? ORDER BY first_seq LIMIT ?"
    )
    return sql, (shift.done_seq, shift.upto_seq, limit)


def correct(shift: Shift, segments: Sequence[Segment]) -> tuple[Shift, list[Statement]]:
    """One transaction for some segments, and the correction as it stands after it.

    Args:
        segments: of `segments_query`; none when all are done.

    Raises:
        HistoryCorrupt: a segment is damaged.
    """
    done_seq = segments[-1].last_seq if segments else shift.upto_seq
    statements: list[Statement] = []
    for segment in segments:
        moved = move(shift, segment)
        if moved is not segment:
            statements.append(
                (
                    "UPDATE segment SET first_ms = ?, last_ms = ?, body = ? WHERE first_seq = ?",
                    (moved.first_ms, moved.last_ms, moved.body, moved.first_seq),
                )
            )
    after = shift._replace(done_seq=min(done_seq, shift.upto_seq))
    progress = "UPDATE clock_shift SET done_seq = ? WHERE id = ?"
    statements.append((progress, (after.done_seq, shift.id)))
    return after, statements


def move(shift: Shift, segment: Segment) -> Segment:
    """A segment with its times corrected; the same one if none moves.

    Raises:
        HistoryCorrupt: it is damaged.
    """
    if (
        shift.from_seq <= segment.first_seq
        and segment.last_seq <= min(shift.checked_seq, shift.upto_seq)
        and shift.first_ms <= segment.first_ms
        and segment.last_ms <= shift.last_ms
        and segment.body[0] == VERSION
    ):
        # Almost all: only the time that the others count from moves.
        body = bytearray(segment.body)
        _FIRST_MS.pack_into(body, _FIRST_MS_AT, segment.first_ms + shift.delta_ms)
        return segment._replace(
            first_ms=segment.first_ms + shift.delta_ms,
            last_ms=segment.last_ms + shift.delta_ms,
            body=bytes(body),
        )
    points = decode(segment.body)
    if not any(shift.moves(point.seq, point.at_ms) for point in points):
        return segment
    changes = [_change(shift, point) for point in points]
    return encode(changes, [point.stream for point in points])


def _change(shift: Shift, point: Point) -> PinChange:
    return PinChange(
        point.seq,
        "",
        "",
        point.value,
        previous=(),
        origin=_RESTORE,
        intent=point.intent,
        at_ms=shift.corrected(point.seq, point.at_ms),
        cause=None,
        depth=0,
    )
