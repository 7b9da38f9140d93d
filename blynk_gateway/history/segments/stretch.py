"""What there is of some pins in a stretch of the journal, some milliseconds of work at a time.

Of segments without a wanted point one column is looked at.
"""

import logging
from collections.abc import Iterator, Set

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.trail import TrailBatch, TrailCount, TrailPoint
from blynk_gateway.core.value import decode_value
from blynk_gateway.errors import HistoryCorrupt
from blynk_gateway.history.file.reader import Snapshot
from blynk_gateway.history.segments.columns import PAST, Picked, pick

log = logging.getLogger(__name__)

BATCH_POINTS = 5000
BATCH_SEGMENTS = 1000
BATCH_BYTES = 1_000_000
"""What ends a batch: wanted points, segments looked at, bytes of segments; each some ms of work."""

_SEGMENTS = """
SELECT {} FROM segment
WHERE first_seq >= coalesce(
    (SELECT first_seq FROM segment WHERE first_seq <= ?1 ORDER BY first_seq DESC LIMIT 1), 0
) AND last_seq > ?1 AND first_seq <= ?2 ORDER BY first_seq LIMIT ?3
"""


def read_points(snapshot: Snapshot, after: int, upto: int, pins: Set[PinAddress]) -> TrailBatch:
    """The next changes of some pins with numbers after one up to another, which is on the disk."""
    names = _streams(snapshot, pins)
    points: list[TrailPoint] = []
    looked = after
    for seq, body, picked in _look(snapshot, after, upto, names.keys()):
        looked = seq
        if picked is None:
            continue
        columns, places, ends = picked
        room = BATCH_POINTS - len(points)
        points += [
            TrailPoint(
                columns.first_seq + columns.seqs[at],
                columns.first_ms + columns.times[at],
                names[columns.streams[at]],
                decode_value(body[ends[at] : ends[at + 1]]),
                body[columns.end + at] == PAST,
            )
            for at in places[:room]
        ]
        if len(places) >= room:
            looked = points[-1].seq
            break
    return TrailBatch(points, looked, is_last=looked >= upto)


def count_points(
    snapshot: Snapshot, after: int, upto: int, pins: Set[PinAddress]
) -> tuple[TrailCount, int]:
    """How much `read_points` would return in one piece of work, and how far that went."""
    total = TrailCount(0, None, None)
    looked = after
    for seq, _, picked in _look(snapshot, after, upto, _streams(snapshot, pins).keys()):
        looked = seq
        if picked is not None:
            columns, places, _ = picked
            times = [columns.first_ms + columns.times[at] for at in places]
            total = add(total, TrailCount(len(times), min(times), max(times)))
    return total, looked


def skip_old(snapshot: Snapshot, after: int, upto: int, at_ms: int) -> tuple[int, bool]:
    """Up to which number all happened before a time, and whether there may be more of that."""
    heads = snapshot.fetch(_SEGMENTS.format("last_seq, last_ms"), (after, upto, BATCH_SEGMENTS))
    for last_seq, last_ms in heads:
        if last_ms >= at_ms or last_seq > upto:
            return after, False
        after = last_seq
    return after, len(heads) == BATCH_SEGMENTS


def _streams(snapshot: Snapshot, pins: Set[PinAddress]) -> dict[int, PinAddress]:
    """Pins by the numbers of their streams; asked each time, as a device may be added anew."""
    found = {}
    for device in {pin.device for pin in pins}:
        rows = snapshot.fetch("SELECT id, pin FROM stream WHERE device = ?", (device,))
        for stream, pin in rows:
            address = PinAddress(device, pin)
            if address in pins:
                found[stream] = address
    return found


def _look(
    snapshot: Snapshot, after: int, upto: int, streams: Set[int]
) -> Iterator[tuple[int, bytes, Picked | None]]:
    """Segments of a piece of work: up to which number each goes, its bytes, and what is wanted.

    Once all are through, the last number comes alone.
    """
    rows = size = 0
    if streams:
        for last_seq, body in snapshot.rows(
            _SEGMENTS.format("last_seq, body"), (after, upto, BATCH_SEGMENTS)
        ):
            try:
                picked = pick(body, streams, after, upto)
            except HistoryCorrupt as error:
                # It would be so for ever, and hold up everything behind it.
                log.error("points lost to servers above", extra={"reason": error})  # noqa: TRY400 - the file is at fault, not a line of code
                picked = None
            yield min(last_seq, upto), body, picked
            rows += 1
            size += len(body)
            if rows == BATCH_SEGMENTS or size >= BATCH_BYTES:
                return
    yield upto, b"", None


def add(one: TrailCount, other: TrailCount) -> TrailCount:
    """Both together."""
    return TrailCount(
        one.points + other.points,
        min((ms for ms in (one.oldest_ms, other.oldest_ms) if ms is not None), default=None),
        max((ms for ms in (one.newest_ms, other.newest_ms) if ms is not None), default=None),
    )
