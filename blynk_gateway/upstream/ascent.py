"""The way up for what is so now: rows of the journal, as soon as they are on the disk.

1. What happened before the connection, or comes faster than the server takes it, is left to the
   backlog; of it only what still stands goes up here, first.
2. It goes up even where both ends have the same, or the server's value stands: a server with a
   value that is older than a point of the backlog would take that point for what is so now.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from math import inf

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.trail import TrailPoint
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HistoryError
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.logs import Repeats, safe
from blynk_gateway.upstream.lanes.circles import Circles
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

CLOSE_MS = 5000
"""How long a command may be on its way down: above it stands since then."""

MAX_NAMED = 3

RETRY_S = 5.0
"""After the disk failed."""

LOOK_S = 1.0
"""How often is looked what the journal has committed by itself."""


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
        self._repeats = Repeats(parts.clock)
        self._circles = Circles()

    @property
    def is_idle(self) -> bool:
        """Whether all that was noticed has gone up."""
        return not self._live and self._parts.noticed.seq <= self._read_upto

    async def commit(self) -> None:
        """Have what is noticed committed, until cancelled.

        Only when it is asked for: while a server stalls nobody can tell it, and the journal has
        time.
        """
        parts = self._parts
        while True:
            await self._ask_commit.wait()
            self._ask_commit.clear()
            if parts.noticed.seq <= self._committed:
                continue
            try:
                newest = await self._commit()
            except HistoryError as error:
                log.debug("nothing committed for above", extra={"reason": error})
                await asyncio.sleep(RETRY_S)
                newest = self._committed
            if newest > self._committed:
                self._committed = newest
                parts.wake.set()
            else:
                self._ask_commit.set()

    async def _commit(self) -> int:
        parts, noticed = self._parts, self._parts.noticed
        is_urgent = any(seq > self._committed for seq in noticed.urgent)
        if is_urgent or not parts.upstream.budget.is_limited:
            return await parts.trail.commit(noticed.seq)
        # It waits for a message anyway: to commit early would wear the card for nothing.
        self._ask_commit.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._ask_commit.wait()
        return await parts.trail.commit(0)

    @property
    def committed(self) -> int:
        """Changes up to this number are on the disk."""
        return self._committed

    def begin(self, committed: int) -> None:
        """Read from where the progress says; everything up to a number is on the disk."""
        self._read_upto = self._parts.standing.progress.live_seq
        self._committed = max(self._read_upto, committed)

    async def tell_first(self) -> None:
        """Have all that has to be above before the backlog go up; once both ends have settled."""
        parts, gaps = self._parts, self._parts.standing.progress.gaps()
        pins = parts.names.pins
        if not gaps or parts.upstream.backlog is None:
            return
        try:
            batch = await parts.trail.read(gaps[0][0], gaps[-1][1], pins.keys())
        except HistoryError:
            left = set(pins)
        else:
            news = (one for one in batch.points if one.seq not in parts.noticed.echoes)
            # Of many points one more for each pin is little.
            left = {one.address for one in news} if batch.is_last else set(pins)
        self._tell_anyway(address for address in pins if address in left)

    def _tell_anyway(self, addresses: Iterable[PinAddress]) -> None:
        for address in addresses:
            if address not in self._live.pins:
                # Whether the server has the same, or something close to it, or not.
                self._live.forget(address)
                self.tell(address)

    def stands_above(self, address: PinAddress, value: PinValue) -> None:
        """Note what the server has of a pin, by another way than ours."""
        self._live.tell(address, value)

    def is_telling(self, address: PinAddress) -> bool:
        """Whether a value of a pin is on its way up or will be, unknown to the server yet."""
        latest = self._parts.noticed.latest.get(address, 0)
        return latest > self._read_upto or address in self._live.pins

    def tell(self, address: PinAddress) -> None:
        """Have what stands in a pin go up, though it is no news; not what is not on the disk."""
        parts = self._parts
        parts.catch_up()
        state = parts.store.find(*address)
        if state is None or not state.value:
            return
        if parts.noticed.latest.get(address, 0) <= self._read_upto:
            seq = min(state.seq, self._read_upto)
            point = TrailPoint(seq, state.at_ms, address, state.value)
            is_urgent = state.seq in parts.noticed.urgent
            self._live.add(point, parts.clock.monotonic(), is_urgent=is_urgent)

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
            past = [point for point in batch.points if point.is_past]
            for point in batch.points:
                if not point.is_past and point.seq not in noticed.echoes:
                    self._add(point, now)
            self._read_upto = upto if batch.is_last else batch.upto
            is_flood = len(self._live) > self._limit(now)
            if is_flood or (past and parts.upstream.backlog is not None):
                self.leave_behind(upto)
                self._tell_anyway({one.address for one in past if self._is_close(one)})
                return
        self._count_merged()
        noticed.read(self._read_upto)

    def _add(self, point: TrailPoint, now: float) -> None:
        self._live.add(point, now, is_urgent=point.seq in self._parts.noticed.urgent)
        until = self._circles.came(point.address, point.value, now)
        if until is not None:
            self._live.hold(point.address, until)

    def _limit(self, now: float) -> float:
        """How many values may wait; with a budget as many as there are pins."""
        if self._parts.upstream.budget.is_limited:
            return inf
        rate = self._pace.rate(now)
        if rate is None:
            return MAX_WAITING
        return rate * LAG_S * (self._route.max_live if self._is_batched else 1)

    def _end_circles(self, now: float) -> None:
        """What comes back whenever it is told is not told again, and people are."""
        parts, component = self._parts, self._parts.circle
        for address in self._circles.over(now):
            self._live.drop(address)
            state = parts.store.find(*address)
            if state is not None and state.value != parts.standing.agreed.get(address):
                self.tell(address)
            names = ", ".join(map(str, self._circles.found(now)[:MAX_NAMED]))
            parts.health.report(
                component,
                HealthState.DEGRADED,
                f"what goes up of {names} comes back here, as if this server had a way up to this"
                " gateway in turn. The circle was ended, and begins again with the next value:"
                " take the pin out of one of the two entries in `upstream:`, then reload.",
            )
        if component in parts.health.components and not self._circles.found(now):
            del parts.health.components[component]

    def _is_close(self, past: TrailPoint) -> bool:
        """Whether a point is so little older than what stands that above it may not be so."""
        state = self._parts.store.find(*past.address)
        return state is not None and past.at_ms > state.at_ms - CLOSE_MS

    def leave_behind(self, seq: int) -> None:
        """Leave everything up to a change to the backlog, but for what stands in the pins."""
        parts = self._parts
        # Who waits longest goes first then, too.
        pins = dict.fromkeys([*self._live.pins, *parts.names.pins])
        telling = [address for address in pins if self.is_telling(address)]
        self._count_merged()
        self._live.clear()
        parts.standing.progress.begin_live(seq)
        parts.standing.waiting = None
        self._read_upto = max(self._read_upto, seq)
        for address in telling:
            self.tell(address)

    async def send(self, *, is_urgent_only: bool = False) -> float | None:
        """Tell what is due, as much as pace and budget allow.

        Args:
            is_urgent_only: leave the rest waiting.

        Returns:
            Seconds until there is more to do, infinite if nothing waits; None if something was
            done.

        Raises:
            PeerError: the connection has ended.
        """
        parts = self._parts
        now, now_ms = parts.clock.monotonic(), parts.clock.now_ms()
        self._end_circles(now)
        due_at = self._live.next_at(now)
        if due_at is None:
            return inf
        if due_at > now:
            return due_at - now
        room = self._pace.room(now)
        if not room:
            return self._pace.next_at(now) - now
        wait_s = inf
        for limit, is_urgent in self._attempts(room, is_urgent_only=is_urgent_only):
            points = self._live.take(limit, now)
            writes = [self._write(point) for point in points]
            cost = self._route.cost_of_live(writes)
            wait_s = parts.budget.wait_s(cost, now_ms, is_urgent=is_urgent)
            if not wait_s:
                await self._send(points, writes, cost)
                return None
            self._live.put_back(points)
        return wait_s

    def _attempts(self, room: int, *, is_urgent_only: bool) -> list[tuple[int, bool]]:
        """How many to send at once, and whether as urgent; the most first."""
        most = min(room, self._route.max_live, len(self._live))
        urgent = min(self._live.urgent, most)
        # Where a batch is one message the others go along for nothing.
        hurried = [(most if self._is_batched else urgent, True)] if urgent else []
        if is_urgent_only:
            return hurried
        if not self._parts.upstream.budget.is_limited:
            return [(most, False)]
        attempts = [(most, False), *hurried]
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
        for point in points:
            self._circles.told(point.address, point.value, parts.clock.monotonic())
        try:
            refusals = await self._route.send_live(writes)
        except TooFast as error:
            self._live.put_back(points, is_doubtful=True)
            self.too_fast(error)
            return
        self._refused(refusals, points)
        refused = {refusal.at for refusal in refusals}
        for at, point in enumerate(points):
            if at not in refused:
                standing.agree(point.address, point.value, parts.clock.monotonic())
        self._live.sent(points, parts.clock.monotonic())
        standing.sent += len(points) - len(refusals)
        self._count_merged()
        standing.progress.live_done(self._live.done_seq(self._read_upto))

    def too_fast(self, error: TooFast) -> None:
        """Slow down."""
        parts = self._parts
        parts.health.count("upstream_slowed_down")
        if self._repeats.allow(None) is not None:
            log.warning("server above slows us down", extra={"to": parts.key, "reason": error})
        self._pace.flooded(parts.clock.monotonic(), error.retry_after_s)

    def _refused(self, refusals: list[Refusal], points: list[TrailPoint]) -> None:
        parts = self._parts
        for refusal in refusals:
            parts.standing.given_up += 1
            address, reason = points[refusal.at].address, safe(refusal.reason, 200)
            if self._repeats.allow(address) is not None:
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
