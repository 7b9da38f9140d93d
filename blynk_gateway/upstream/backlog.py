"""The way up for what was so: what could not be told when it happened, with its own times.

A gap of the journal is read once, in order, and told as it is or, where that would take more than
the server takes in the time that is left, as averages of minutes, hours or days.
"""

import logging
from collections import deque
from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

from blynk_gateway.core.datastream import DatastreamType
from blynk_gateway.core.trail import TrailPoint
from blynk_gateway.runtime.logs import Repeats, safe
from blynk_gateway.upstream.lanes.pace import Pace
from blynk_gateway.upstream.lanes.thinning import Thinner, choose_step_ms, room_for
from blynk_gateway.upstream.parts import MappingParts
from blynk_gateway.upstream.route import Past, PastFull, Refusal, Route

if TYPE_CHECKING:
    from blynk_gateway.core.address import PinAddress

log = logging.getLogger(__name__)

UNSETTLED_S = 5.0
"""How often is looked whether the rest is on the disk, and its times are not to be corrected."""

MIN_PAUSE_S = 60.0
MAX_PAUSE_S = 86_400.0
"""After the server took no more points, whatever it says."""

SAMPLE = 50
"""Points by which is judged how many messages a point takes."""

_DAY_MS = 86_400_000


class Backlog:
    """Tells the gaps of one mapping on one connection.

    Attributes:
        is_held_up: whether the last `send` told nothing for want of pace or budget alone.
    """

    def __init__(self, parts: MappingParts, route: Route, pace: Pace) -> None:
        self._parts = parts
        self._route = route
        self._pace = pace
        self._end: int | None = None
        self._begin(0, 0)
        self._paused_until = 0.0
        self._repeats = Repeats(parts.clock)
        self.is_held_up = False

    def _begin(self, after: int, step_ms: int) -> None:
        """Read after a number; of what was read before nothing is told any more."""
        self._thinner = Thinner(step_ms, self._has_no_average)
        self._is_thinning = step_ms > 0
        self._taken = 0
        self._read: deque[TrailPoint] = deque()
        self._read_upto = self._upto = after
        self._is_last = False
        self._buffer: list[TrailPoint] = []

    async def send(self) -> float | None:
        """Tell some points.

        Returns:
            Seconds until there is more to do, infinite if there is no gap; None if something was
            done.

        Raises:
            PeerError: the connection has ended.
            TooFast: the server wants it slower.
            HistoryError: the journal cannot be read now.
        """
        self.is_held_up = False
        parts = self._parts
        gap = parts.standing.progress.backlog()
        now = parts.clock.monotonic()
        if gap is None:
            self._ended()
            return inf
        if now < self._paused_until:
            return self._paused_until - now
        if parts.upstream.backlog is None:
            parts.standing.progress.backlog_done(gap[1])
            return None
        if self._end != gap[1]:
            await self._plan(*gap)
            return None
        if not self._buffer:
            return await self._fill(gap[1])
        return await self._tell()

    def _ended(self) -> None:
        """There is no gap any more."""
        # What came from above was counted too, and is not told.
        self._parts.standing.waiting, self._parts.standing.oldest_ms = 0, None
        if self._end is not None:
            self._end = None
            log.info("backlog is told", extra={"to": self._parts.key})

    async def _plan(self, after: int, upto: int) -> None:
        """Begin a gap: let go of what is too old, and choose how exact the rest can be."""
        parts, options = self._parts, self._parts.upstream.backlog
        assert options is not None, "without a backlog there is no plan"
        after = await let_go(parts, after, upto)
        counted = await count(parts)
        now_ms, step_ms = parts.clock.now_ms(), 0
        if counted is not None and counted.oldest_ms is not None and counted.newest_ms is not None:
            room = room_for(
                options.points_per_day,
                parts.standing.imported(now_ms),
                counted.oldest_ms,
                options.keep_ms,
                now_ms,
                self._share(now_ms),
            )
            span_ms = counted.newest_ms - counted.oldest_ms
            step_ms = choose_step_ms(counted.points, span_ms, len(parts.names.pins), room)
            if step_ms:
                extra = {"to": parts.key, "points": counted.points, "step_s": step_ms // 1000}
                log.warning("backlog goes up in coarser steps", extra=extra)
            else:
                log.info("backlog goes up", extra={"to": parts.key, "points": counted.points})
        self._begin(after, step_ms)
        # Only a gap that was looked at may be read: the next call begins there.
        self._end = upto if parts.standing.progress.backlog() is not None else None

    def _has_no_average(self, address: "PinAddress") -> bool:
        datastream = self._parts.store.find_datastream(*address)
        if datastream is None:
            return False
        whole = (DatastreamType.ENUM, DatastreamType.BOOL)
        return not datastream.is_numeric or datastream.type in whole

    def _share(self, now_ms: int) -> int | None:
        """Points a day for which there are messages."""
        messages = self._parts.budget.backlog_share(now_ms)
        if messages is None:
            return None
        pin = next(iter(self._parts.names)).remote
        cost = self._route.cost_of_past([Past(at_ms, pin, ("0",)) for at_ms in range(SAMPLE)])
        return messages * SAMPLE // max(1, cost)

    async def _fill(self, end: int) -> float | None:
        """Read on; what the gap ends with is told too."""
        before = self._upto
        if not self._read:
            if self._is_last:
                self._parts.standing.progress.backlog_done(end)
                return None
            pins = self._parts.names.pins.keys()
            batch = await self._parts.trail.read(before, end, pins, is_settled=True)
            echoes = self._parts.noticed.echoes
            news = [point for point in batch.points if point.seq not in echoes]
            self._read.extend(self._recent(news))
            self._read_upto, self._is_last = batch.upto, batch.upto >= end
        self._thin()
        self._move()
        return UNSETTLED_S if self._upto == before and not self._is_last else None

    def _thin(self) -> None:
        """Take no more of what was read than goes at once: it is told again after a break."""
        while self._read and len(self._buffer) < self._route.max_past:
            point = self._read.popleft()
            self._upto = point.seq
            self._taken += 1
            self._buffer += self._thinner.add(point)
        if not self._read:
            self._upto = self._read_upto
            if self._is_last:
                self._buffer += self._thinner.flush()

    def _recent(self, points: Sequence[TrailPoint]) -> list[TrailPoint]:
        """Those that are not too old."""
        parts, options = self._parts, self._parts.upstream.backlog
        assert options is not None, "without a backlog nothing is read for it"
        since_ms = parts.clock.now_ms() - options.keep_ms
        recent = [point for point in points if point.at_ms >= since_ms]
        if len(recent) == len(points) or not parts.clock_quality.is_trusted:
            return list(points)
        give_up(parts, len(points) - len(recent))
        return recent

    async def _tell(self) -> float | None:
        parts = self._parts
        now, now_ms = parts.clock.monotonic(), parts.clock.now_ms()
        # They may have waited for days.
        self._buffer = self._recent(self._buffer)
        if not self._buffer:
            self._move()
            return None
        left = self._left_today(now_ms)
        if left <= 0:
            return (_DAY_MS - now_ms % _DAY_MS) / 1000
        room = self._pace.room(now)
        if not room:
            self.is_held_up = True
            return self._pace.next_at(now) - now
        most = min(self._route.max_past, left)
        if self._cost_each(self._buffer[:2]) >= 1:
            # Each counts by itself: no need to look at more of them, ten times a second.
            most = min(most, room)
        points = self._choose(most)
        pasts = [self._past(point) for point in points]
        size = len(points)
        while size > 1 and min(size, self._route.cost_of_past(pasts[:size])) > room:
            size //= 2
        wait_s = 0.0
        while size:
            wait_s = parts.budget.wait_s(self._route.cost_of_past(pasts[:size]), now_ms)
            if not wait_s:
                await self._send(points[:size], pasts[:size])
                return None
            size //= 2
        self.is_held_up = True
        return wait_s

    def _choose(self, most: int) -> list[TrailPoint]:
        """What goes next: the first ones, or those of the first pin if that saves messages."""
        first = self._buffer[:most]
        if not self._parts.upstream.budget.is_limited:
            return first
        address = first[0].address
        of_pin = [point for point in self._buffer if point.address == address][:most]
        return min(first, of_pin, key=self._cost_each)

    def _cost_each(self, points: Sequence[TrailPoint]) -> float:
        pasts = [self._past(point) for point in points[:SAMPLE]]
        return self._route.cost_of_past(pasts) / len(pasts)

    async def _send(self, points: Sequence[TrailPoint], pasts: Sequence[Past]) -> None:
        parts, standing = self._parts, self._parts.standing
        cost = self._route.cost_of_past(pasts)
        parts.budget.spend(cost, parts.clock.now_ms())
        self._pace.spend(min(len(pasts), cost), parts.clock.monotonic())
        try:
            refusals = await self._route.send_past(pasts)
        except PastFull as error:
            pause_s = min(max(error.retry_after_s, MIN_PAUSE_S), MAX_PAUSE_S)
            self._paused_until = parts.clock.monotonic() + pause_s
            return
        self._refused(refusals, points)
        standing.count_imported(len(points), parts.clock.now_ms())
        standing.sent += len(points) - len(refusals)
        told = {point.seq for point in points}
        self._buffer = [point for point in self._buffer if point.seq not in told]
        self._move()

    def _move(self) -> None:
        """The place moves up to what is not told yet, and not past what is only half averaged."""
        standing, seq = self._parts.standing, self._upto
        if self._buffer:
            if self._is_thinning:
                return
            seq = self._buffer[0].seq - 1
            standing.oldest_ms = self._buffer[0].at_ms
        safe_seq = self._thinner.safe_seq()
        standing.progress.backlog_done(seq if safe_seq is None else min(safe_seq, seq))
        if standing.waiting is not None:
            standing.waiting = max(0, standing.waiting - self._taken + len(self._buffer))
        self._taken = len(self._buffer)

    def _left_today(self, now_ms: int) -> int:
        options = self._parts.upstream.backlog
        assert options is not None, "without a backlog nothing is told of it"
        if not options.points_per_day:
            return self._route.max_past
        return options.points_per_day - self._parts.standing.imported(now_ms)

    def _past(self, point: TrailPoint) -> Past:
        return Past(point.at_ms, self._parts.names.pins[point.address].remote, point.value)

    def _refused(self, refusals: Sequence[Refusal], points: Sequence[TrailPoint]) -> None:
        for refusal in refusals:
            address = points[refusal.at].address
            reason = safe(refusal.reason, 200)
            log.debug("point refused above", extra={"pin": address, "reason": reason})
        self._parts.standing.given_up += len(refusals)
        if refusals and self._repeats.allow(None) is not None:
            reason = safe(refusals[0].reason, 200)
            extra = {"to": self._parts.key, "points": len(refusals), "reason": reason}
            log.warning("points refused above", extra=extra)


class Counted:
    """Points of all gaps together; as `core.trail.TrailCount`."""

    __slots__ = ("newest_ms", "oldest_ms", "points")

    def __init__(self) -> None:
        self.points = 0
        self.oldest_ms: int | None = None
        self.newest_ms: int | None = None


async def count(parts: MappingParts) -> Counted | None:
    """Count what waits, and keep it for people; None if there is no gap.

    Raises:
        HistoryError: the journal cannot be read now.
    """
    standing, counted = parts.standing, Counted()
    gaps = standing.progress.gaps()
    for after, upto in gaps:
        found = await parts.trail.count(after, upto, parts.names.pins.keys())
        counted.points += found.points
        if found.oldest_ms is not None and found.newest_ms is not None:
            counted.oldest_ms = min(found.oldest_ms, counted.oldest_ms or found.oldest_ms)
            counted.newest_ms = max(found.newest_ms, counted.newest_ms or found.newest_ms)
    standing.waiting, standing.oldest_ms = counted.points, counted.oldest_ms
    return counted if gaps else None


async def let_go(parts: MappingParts, after: int, upto: int) -> int:
    """Give up what is too old at the begin of a gap, and say so.

    Returns:
        Where the gap begins now.

    Raises:
        HistoryError: the journal cannot be read now.
    """
    options = parts.upstream.backlog
    keep_ms = 0 if options is None else options.keep_ms
    first = min(upto, await parts.trail.first_after(after, parts.clock.now_ms() - keep_ms))
    if first > after:
        lost = await parts.trail.count(after, first, parts.names.pins.keys())
        parts.standing.progress.backlog_done(first)
        give_up(parts, lost.points)
    return max(first, after)


def give_up(parts: MappingParts, points: int) -> None:
    """Count so many points that are too old, and say so."""
    if points:
        parts.standing.given_up += points
        parts.health.count("upstream_points_given_up", points)
        extra = {"to": parts.key, "points": points}
        log.error("points given up, as they are too old", extra=extra)
