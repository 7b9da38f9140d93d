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
from blynk_gateway.runtime.logs import safe
from blynk_gateway.upstream.lanes.pace import Pace
from blynk_gateway.upstream.lanes.thinning import Thinner, choose_step_ms, room_for
from blynk_gateway.upstream.parts import MappingParts
from blynk_gateway.upstream.route import Past, PastFull, Refusal, Route

if TYPE_CHECKING:
    from blynk_gateway.core.address import PinAddress

log = logging.getLogger(__name__)

UNSETTLED_S = 5.0
"""How often is looked whether the rest is on the disk, and its times are not to be corrected."""

SAMPLE = 50
"""Points by which is judged how many messages a point takes."""

_DAY_MS = 86_400_000


class Backlog:
    """Tells the gaps of one mapping on one connection."""

    def __init__(self, parts: MappingParts, route: Route, pace: Pace) -> None:
        self._parts = parts
        self._route = route
        self._pace = pace
        self._buffer: deque[TrailPoint] = deque()
        self._end: int | None = None
        self._upto = 0
        self._is_last = False
        self._thinner: Thinner | None = None
        self._paused_until = 0.0

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
        progress = self._parts.standing.progress
        gap = progress.backlog()
        now = self._parts.clock.monotonic()
        if gap is None:
            # What came from above was counted too, and is not told.
            self._parts.standing.waiting, self._parts.standing.oldest_ms = 0, None
            return inf
        if now < self._paused_until:
            return self._paused_until - now
        if self._parts.upstream.backlog is None:
            progress.backlog_done(gap[1])
            self._parts.standing.waiting = 0
            return None
        if self._end != gap[1]:
            await self._plan(*gap)
            return None
        if not self._buffer:
            return await self._fill(gap[1])
        return await self._tell()

    async def _plan(self, after: int, upto: int) -> None:
        """Begin a gap: let go of what is too old, and choose how exact the rest can be."""
        parts, options = self._parts, self._parts.upstream.backlog
        assert options is not None, "without a backlog there is no plan"
        after = await let_go(parts, after, upto)
        self._buffer.clear()
        self._upto, self._is_last, self._thinner = after, False, None
        counted = await count(parts)
        now_ms = parts.clock.now_ms()
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
                self._thinner = Thinner(step_ms, self._has_no_average)
                extra = {"to": parts.key, "points": counted.points, "step_s": step_ms // 1000}
                log.warning("backlog goes up in coarser steps", extra=extra)
            else:
                log.info("backlog goes up", extra={"to": parts.key, "points": counted.points})
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
        parts, progress = self._parts, self._parts.standing.progress
        if self._is_last:
            progress.backlog_done(end)
            self._end = None
            if progress.backlog() is None:
                parts.standing.waiting, parts.standing.oldest_ms = 0, None
                log.info("backlog is told", extra={"to": parts.key})
            return None
        before = self._upto
        batch = await parts.trail.read(before, end, parts.names.pins.keys(), is_settled=True)
        recent = self._recent(batch.points)
        self._upto, self._is_last = batch.upto, batch.upto >= end
        if self._thinner is None:
            self._buffer.extend(recent)
        else:
            for point in recent:
                self._buffer.extend(self._thinner.add(point))
            if self._is_last:
                self._buffer.extend(self._thinner.flush())
        if not self._buffer:
            self._move()
        return UNSETTLED_S if self._upto == before and not self._is_last else None

    def _recent(self, points: Sequence[TrailPoint]) -> list[TrailPoint]:
        """Those that are news above, and not too old."""
        options = self._parts.upstream.backlog
        assert options is not None, "without a backlog nothing is read for it"
        since_ms = self._parts.clock.now_ms() - options.keep_ms
        news = [point for point in points if point.seq not in self._parts.noticed.echoes]
        recent = [point for point in news if point.at_ms >= since_ms]
        self._count_given_up(len(news) - len(recent))
        return recent

    async def _tell(self) -> float | None:
        parts = self._parts
        now, now_ms = parts.clock.monotonic(), parts.clock.now_ms()
        room = self._pace.room(now)
        if not room:
            return self._pace.next_at(now) - now
        left = self._left_today(now_ms)
        if left <= 0:
            return (_DAY_MS - now_ms % _DAY_MS) / 1000
        size = min(len(self._buffer), self._route.max_past, left)
        points = [self._buffer[at] for at in range(size)]
        pasts = [self._past(point) for point in points]
        while size > 1 and min(size, self._route.cost_of_past(pasts[:size])) > room:
            size //= 2
        wait_s = 0.0
        while size:
            wait_s = parts.budget.wait_s(self._route.cost_of_past(pasts[:size]), now_ms)
            if not wait_s:
                break
            size //= 2
        if not size:
            return wait_s
        await self._send(points[:size], pasts[:size])
        return None

    async def _send(self, points: Sequence[TrailPoint], pasts: Sequence[Past]) -> None:
        parts, standing = self._parts, self._parts.standing
        cost = self._route.cost_of_past(pasts)
        parts.budget.spend(cost, parts.clock.now_ms())
        self._pace.spend(min(len(pasts), cost), parts.clock.monotonic())
        try:
            refusals = await self._route.send_past(pasts)
        except PastFull as error:
            self._paused_until = parts.clock.monotonic() + error.retry_after_s
            return
        self._refused(refusals, points)
        standing.count_imported(len(points), parts.clock.now_ms())
        standing.sent += len(points) - len(refusals)
        for _ in points:
            self._buffer.popleft()
        if self._thinner is None and self._buffer:
            standing.progress.backlog_done(points[-1].seq)
            standing.oldest_ms = self._buffer[0].at_ms
        elif not self._buffer:
            self._move()
        if standing.waiting is not None:
            standing.waiting = max(0, standing.waiting - len(points))

    def _move(self) -> None:
        """All that was read is told: the place moves, but not past what is only half averaged."""
        safe_seq = None if self._thinner is None else self._thinner.safe_seq()
        progress = self._parts.standing.progress
        seq = self._upto if safe_seq is None else min(safe_seq, self._upto)
        if seq > progress.done:
            progress.backlog_done(seq)

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
        if refusals:
            self._count_given_up(len(refusals))
            reason = safe(refusals[0].reason, 200)
            extra = {"to": self._parts.key, "points": len(refusals), "reason": reason}
            log.warning("points refused above", extra=extra)

    def _count_given_up(self, points: int) -> None:
        self._parts.standing.given_up += points


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
        if lost.points:
            parts.standing.given_up += lost.points
            parts.health.count("upstream_points_given_up", lost.points)
            log.error(
                "points given up, as they are too old",
                extra={"to": parts.key, "points": lost.points},
            )
    return max(first, after)
