"""One connection of one mapping, from its settling to its end.

1. First both ends agree on what stands in each pin; `authority` says whose value that is.
2. Then, whenever there is something to do: events and properties, what is so now, and of what was
   so as much as pace and budget leave.
3. Nothing counts as told before the server has acknowledged it.
"""

import asyncio
import logging

from blynk_gateway.config.upstream.options import MappedPin, Via
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.datastream import Authority
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HistoryError
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.upstream.arrivals import Arrivals
from blynk_gateway.upstream.ascent import Ascent
from blynk_gateway.upstream.backlog import Backlog
from blynk_gateway.upstream.lanes.pace import Pace
from blynk_gateway.upstream.news import News
from blynk_gateway.upstream.parts import MappingParts
from blynk_gateway.upstream.route import Route, TooFast
from blynk_gateway.upstream.settling import Winner, is_same, settle, settle_poll

log = logging.getLogger(__name__)

LIVE_IN_A_ROW = 4
"""Batches of live values after which the backlog has its turn, so that it ends some day."""

RETRY_S = 5.0
"""After the journal could not be read."""

MAX_CLOCK_OFFSET_MS = 5000
"""Less may be the way to the server and back."""


class Session:
    """What is done on one route.

    Args:
        route: opened; what comes down on it goes to `arrivals`.
    """

    def __init__(self, parts: MappingParts, route: Route, pace: Pace, arrivals: Arrivals) -> None:
        self._parts = parts
        self._route = route
        self._arrivals = arrivals
        self._ascent = Ascent(parts, route, pace)
        self._backlog = Backlog(parts, route, pace)
        self._news = News(parts, route, arrivals)
        self._in_a_row = 0
        poll_ms = parts.upstream.poll_ms if parts.upstream.via is Via.HTTPS else None
        self._poll_s = None if poll_ms is None else poll_ms / 1000
        self._poll_at = 0.0

    async def run(self) -> None:
        """Serve the route until it ends.

        Raises:
            PeerError: it has ended.
        """
        committing = spawn(self._ascent.commit(), name=f"upstream commits {self._parts.key}")
        try:
            await self._begin()
            while True:
                self._parts.wake.clear()
                wait_s = await self._step()
                if wait_s is not None:
                    await self._pause(wait_s)
        finally:
            await cancel(committing)

    def tell(self, address: PinAddress) -> None:
        """Have what stands in a pin go up, as the server has something else."""
        self._ascent.tell(address)
        self._parts.wake.set()

    async def _pause(self, wait_s: float) -> None:
        # A long sleep is cut: what a period or a day allows is told by a clock that may be set.
        try:
            async with asyncio.timeout(min(wait_s, 60.0)):
                await self._parts.wake.wait()
        except TimeoutError:
            pass

    async def _begin(self) -> None:
        parts = self._parts
        parts.catch_up()
        progress = parts.standing.progress
        newest = await parts.trail.commit(parts.noticed.seq)
        seen = parts.catch_up()
        if parts.noticed.seq > progress.live_seq:
            progress.begin_live(max(newest, progress.live_seq))
        else:
            progress.live_done(max(seen, progress.live_seq))
        self._ascent.begin(newest)
        await self._settle()
        await self._check_clock()
        await self._news.begin()
        self._poll_at = parts.clock.monotonic() + (self._poll_s or 0.0)

    async def _step(self) -> float | None:
        """Do what is due; seconds until there is more to do, None to come again at once."""
        parts = self._parts
        parts.standing.remember(parts.clock.monotonic())
        try:
            await self._ascent.read()
            news_s = await self._news.send(self._ascent.committed)
            if news_s is None:
                return None
            if self._in_a_row < LIVE_IN_A_ROW:
                live_s = await self._ascent.send()
                if live_s is None:
                    self._in_a_row += 1
                    return None
            else:
                live_s = 0.0
            self._in_a_row = 0
            backlog_s = await self._backlog.send()
        except TooFast as error:
            self._ascent.too_fast(error)
            return None
        except HistoryError as error:
            log.debug("journal not read for above", extra={"reason": str(error)})
            return RETRY_S
        if backlog_s is None or live_s == 0.0:
            return None
        return min(news_s, live_s, backlog_s, await self._poll(parts.clock.monotonic()))

    async def _settle(self) -> None:
        """Have both ends agree on what stands."""
        parts, standing = self._parts, self._parts.standing
        if not self._may_ask():
            return
        above = await self._route.ask([mapped.remote for mapped in parts.names])
        parts.catch_up()
        for mapped in parts.names:
            value = above.get(mapped.remote, ())
            agreed = standing.agreed.get(mapped.local)
            winner = settle(self._authority(mapped), self._here(mapped), value, agreed)
            if winner is Winner.ABOVE:
                self._ascent.overrule(mapped.local)
            self._follow(mapped, winner, value)

    def _may_ask(self) -> bool:
        """Take a message of the budget for a question; not beyond its end."""
        budget, now_ms = self._parts.budget, self._parts.clock.now_ms()
        if budget.wait_s(1, now_ms, is_urgent=True):
            return False
        budget.spend(1, now_ms)
        return True

    async def _poll(self, now: float) -> float:
        """Ask what stands above, where nobody tells; seconds until the next time."""
        if self._poll_s is None:
            return float("inf")
        if now < self._poll_at:
            return self._poll_at - now
        parts, standing = self._parts, self._parts.standing
        wait_s = parts.budget.wait_s(1, parts.clock.now_ms())
        if wait_s:
            return wait_s
        self._poll_at = now + self._poll_s
        parts.budget.spend(1, parts.clock.now_ms())
        above = await self._route.ask([mapped.remote for mapped in parts.names])
        parts.catch_up()
        for mapped in parts.names:
            local, value = mapped.local, above.get(mapped.remote, ())
            here, agreed = self._here(mapped), standing.agreed.get(local)
            is_told = parts.noticed.latest.get(local, 0) <= standing.told.get(local, 0)
            authority = self._authority(mapped)
            self._follow(
                mapped, settle_poll(authority, here, value, agreed, is_told=is_told), value
            )
        return self._poll_s

    def _follow(self, mapped: MappedPin, winner: Winner, above: PinValue) -> None:
        parts, standing, local = self._parts, self._parts.standing, mapped.local
        here = self._here(mapped)
        if above:
            self._ascent.stands_above(local, above)
        match winner:
            case Winner.ABOVE:
                self._arrivals.take(mapped, above)
            case Winner.HERE:
                self._ascent.tell(local)
                parts.wake.set()
            case Winner.NOBODY if here and is_same(here, above):
                # What is not told yet is no news there any more, but it is a point of its own.
                standing.agreed[local] = here
                standing.told[local] = parts.noticed.latest.get(local, 0)
            case _:
                pass

    def _here(self, mapped: MappedPin) -> PinValue:
        state = self._parts.store.find(*mapped.local)
        return () if state is None else state.value

    def _authority(self, mapped: MappedPin) -> Authority:
        datastream = self._parts.store.find_datastream(*mapped.local)
        return Authority.GATEWAY if datastream is None else datastream.authority

    async def _check_clock(self) -> None:
        """See how far the server's clock is from ours."""
        parts = self._parts
        if not self._may_ask():
            return
        asked_ms = parts.clock.now_ms()
        above_ms = await self._route.ask_time()
        if above_ms is None:
            return
        # It answered somewhere between the question and the answer.
        offset_ms = above_ms - (asked_ms + parts.clock.now_ms()) // 2
        parts.standing.clock_offset_ms = offset_ms
        if abs(offset_ms) > MAX_CLOCK_OFFSET_MS:
            direction = "ahead of" if offset_ms > 0 else "behind"
            parts.health.report(
                parts.component,
                HealthState.DEGRADED,
                f"its clock is {abs(offset_ms) // 1000} s {direction} ours. Look which of them is"
                " wrong: `timedatectl` tells whether ours is synchronized.",
            )
