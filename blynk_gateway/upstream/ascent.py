"""The way up for what is so now: rows of the journal, as soon as they are on the disk.

What happened before the connection, or comes faster than the server takes it, is left to the
backlog; of it only what still stands goes up here, first.
"""

import asyncio
import logging

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.trail import TrailPoint
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HistoryError
from blynk_gateway.runtime.logs import safe
from blynk_gateway.upstream.lanes.live import Live
from blynk_gateway.upstream.lanes.pace import Pace
from blynk_gateway.upstream.parts import MappingParts
from blynk_gateway.upstream.route import Refusal, Route, TooFast, Write

log = logging.getLogger(__name__)

LAG_S = 5
"""Seconds behind at which values go up as points of the past, with their own times, and only the
latest of each pin as what is so now."""

MAX_WAITING = 2000
"""The same for a server without a rate, in values."""

RETRY_S = 5.0
"""After the disk failed."""


class Ascent:
    """Reads and tells live values on one connection."""

    def __init__(self, parts: MappingParts, route: Route, pace: Pace) -> None:
        self._parts = parts
        self._route = route
        self._pace = pace
        self._live = Live(parts.names.pins, is_merging=parts.upstream.budget.is_limited)
        self._committed = self._read_upto = 0
        self._merged = 0
        self._ask_commit = asyncio.Event()
        rate = parts.upstream.rate
        self._limit = max(rate * LAG_S, 2 * route.max_live) if rate else MAX_WAITING

    @property
    def is_idle(self) -> bool:
        """Whether all that was noticed has gone up."""
        return not self._live and self._parts.noticed.seq <= self._read_upto

    async def commit(self) -> None:
        """Have what is noticed committed, until cancelled."""
        parts = self._parts
        while True:
            if parts.noticed.seq <= self._committed:
                self._ask_commit.clear()
                await self._ask_commit.wait()
                continue
            try:
                self._committed = await parts.trail.commit(parts.noticed.seq)
            except HistoryError as error:
                log.debug("nothing committed for above", extra={"reason": str(error)})
                await asyncio.sleep(RETRY_S)
            else:
                parts.wake.set()

    @property
    def committed(self) -> int:
        """Changes up to this number are on the disk."""
        return self._committed

    def begin(self, committed: int) -> None:
        """Read from where the progress says; everything up to a number is on the disk."""
        self._read_upto = self._parts.standing.progress.live_seq
        self._committed = max(self._read_upto, committed)

    def stands_above(self, address: PinAddress, value: PinValue) -> None:
        """Note what the server has of a pin, by another way than ours."""
        self._live.tell(address, value)

    def overrule(self, address: PinAddress) -> None:
        """What was written before the connection does not stand any more, as far as it was read."""
        latest = self._parts.noticed.latest.get(address, 0)
        if latest <= self._read_upto:
            self._parts.standing.told[address] = latest

    def tell(self, address: PinAddress) -> None:
        """Have what stands in a pin go up, though it is no news; not what is not on the disk."""
        parts = self._parts
        state = parts.store.find(*address)
        if state is None or not state.value:
            return
        if parts.noticed.latest.get(address, 0) <= self._read_upto:
            seq = min(state.seq, self._read_upto)
            point = TrailPoint(seq, state.at_ms, address, state.value)
            self._live.add(point, parts.clock.monotonic())

    async def read(self) -> None:
        """Read what is on the disk by now.

        Raises:
            HistoryError: it cannot be read now.
        """
        parts = self._parts
        parts.catch_up()
        if parts.noticed.seq > self._committed:
            self._ask_commit.set()
        if parts.noticed.seq > self._read_upto and self._committed > self._read_upto:
            if self._read_upto < parts.noticed.past_seq <= self._committed:
                self.leave_behind(self._committed)
            else:
                await self._read_on()
        if self.is_idle:
            self._advance()

    async def _read_on(self) -> None:
        parts, noticed = self._parts, self._parts.noticed
        # More may be committed meanwhile, which is for the next time.
        upto = self._committed
        while self._read_upto < upto:
            batch = await parts.trail.read(self._read_upto, upto, parts.names.pins.keys())
            now = parts.clock.monotonic()
            for point in batch.points:
                if point.seq not in noticed.echoes:
                    self._live.add(point, now, is_urgent=point.seq in noticed.urgent)
            self._read_upto = upto if batch.is_last else batch.upto
            if not parts.upstream.budget.is_limited and len(self._live) > self._limit:
                self.leave_behind(upto)
                return
        self._count_merged()
        noticed.read(self._read_upto)

    def leave_behind(self, seq: int) -> None:
        """Leave everything up to a change to the backlog, but for what stands in the pins."""
        parts = self._parts
        self._count_merged()
        self._live.clear()
        parts.standing.progress.begin_live(seq)
        parts.standing.waiting = None
        self._read_upto = max(self._read_upto, seq)
        for address in parts.names.pins:
            if parts.noticed.latest.get(address, 0) > parts.standing.told.get(address, 0):
                self.tell(address)

    async def send(self) -> float | None:
        """Tell what is due, as much as pace and budget allow.

        Returns:
            Seconds until there is more to do, infinite if nothing waits; None if something was
            done.

        Raises:
            PeerError: the connection has ended.
        """
        parts = self._parts
        now, now_ms = parts.clock.monotonic(), parts.clock.now_ms()
        due_at = self._live.next_at(now)
        if due_at is None:
            return float("inf")
        if due_at > now:
            return due_at - now
        room = self._pace.room(now)
        if not room:
            return self._pace.next_at(now) - now
        wait_s = 0.0
        for limit, is_urgent in self._attempts(room):
            points = self._live.take(limit, now)
            writes = [self._write(point) for point in points]
            cost = self._route.cost_of_live(writes)
            wait_s = parts.budget.wait_s(cost, now_ms, is_urgent=is_urgent)
            if not wait_s:
                await self._send(points, writes, cost)
                return None
            self._live.put_back(points)
        return wait_s

    def _attempts(self, room: int) -> list[tuple[int, bool]]:
        """How many to send at once, and whether as urgent; the most first."""
        most = min(room, self._route.max_live, len(self._live))
        if not self._parts.upstream.budget.is_limited:
            return [(most, False)]
        urgent = min(self._live.urgent, most)
        attempts = [(most, False)]
        if urgent:
            # Where a batch is one message the others go along for nothing.
            attempts += [(most, True)] if self._is_batched else [(urgent, True)]
        if not self._is_batched and most > 1:
            attempts.append((1, False))
        return attempts

    @property
    def _is_batched(self) -> bool:
        pins = [mapped.remote for mapped in self._parts.names][:2]
        return self._route.cost_of_live([Write(pin, ("0",)) for pin in pins]) < len(pins)

    def _write(self, point: TrailPoint) -> Write:
        return Write(self._parts.names.pins[point.address].remote, point.value)

    async def _send(self, points: list[TrailPoint], writes: list[Write], cost: int) -> None:
        parts, standing = self._parts, self._parts.standing
        parts.budget.spend(cost, parts.clock.now_ms())
        self._pace.spend(min(len(writes), cost), parts.clock.monotonic())
        try:
            refusals = await self._route.send_live(writes)
        except TooFast as error:
            self._live.put_back(points, is_doubtful=True)
            self.too_fast(error)
            return
        self._refused(refusals, points)
        for point in points:
            standing.told[point.address] = max(standing.told.get(point.address, 0), point.seq)
            standing.agreed[point.address] = point.value
        self._live.sent(points, parts.clock.monotonic())
        standing.sent += len(points) - len(refusals)
        self._count_merged()
        standing.progress.live_done(self._live.done_seq(self._read_upto))

    def too_fast(self, error: TooFast) -> None:
        """Slow down."""
        parts = self._parts
        parts.health.count("upstream_slowed_down")
        log.warning("server above slows us down", extra={"to": parts.key, "reason": str(error)})
        self._pace.flooded(parts.clock.monotonic(), error.retry_after_s)

    def _refused(self, refusals: list[Refusal], points: list[TrailPoint]) -> None:
        parts = self._parts
        for refusal in refusals:
            parts.standing.given_up += 1
            address, reason = points[refusal.at].address, safe(refusal.reason, 200)
            log.warning("value refused above", extra={"pin": address, "reason": reason})

    def _advance(self) -> None:
        """Nothing waits: everything that was noticed so far is done with."""
        parts = self._parts
        seen = parts.catch_up()
        if parts.noticed.seq <= self._read_upto:
            self._read_upto = max(self._read_upto, seen)
            self._committed = max(self._committed, seen)
            parts.standing.progress.live_done(self._read_upto)
            parts.noticed.read(self._read_upto)

    def _count_merged(self) -> None:
        self._parts.standing.merged += self._live.merged - self._merged
        self._merged = self._live.merged
