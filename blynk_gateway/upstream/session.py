"""One connection of one mapping, from its settling to its end.

1. First both ends agree on what stands in each pin; `authority` says whose value that is.
2. Then, whenever there is something to do: events and properties, what is so now, and of what was
   so as much as pace and budget leave.
3. Nothing counts as told before the server has acknowledged it.
"""

import asyncio
import logging
from math import inf

from blynk_gateway.config.upstream.options import MappedPin, Via
from blynk_gateway.core.datastream import Authority
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HistoryError, PeerError
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.upstream.arrivals import Arrivals
from blynk_gateway.upstream.ascent import Ascent
from blynk_gateway.upstream.backlog import Backlog
from blynk_gateway.upstream.clock_check import ClockCheck
from blynk_gateway.upstream.lanes.pace import Pace
from blynk_gateway.upstream.news import News
from blynk_gateway.upstream.parts import MappingParts
from blynk_gateway.upstream.route import Route, TooFast
from blynk_gateway.upstream.settling import Winner, is_same, settle, settle_poll

log = logging.getLogger(__name__)

LIVE_IN_A_ROW = 4
"""Batches of live values after which the backlog has its turn, so that it ends some day: where it
waits for pace or budget, live values wait too, but for urgent ones."""

RETRY_S = 5.0
"""After the journal could not be read."""

ASK_AGAIN_S = 60.0
"""While the budget is spent."""


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
        self._clocks = ClockCheck(parts, route)
        self._in_a_row = 0
        # Of questions and values neither has two turns while the other waits.
        self._has_asked = False
        poll_ms = parts.upstream.poll_ms if parts.upstream.via is Via.HTTPS else None
        self._poll_s = None if poll_ms is None else poll_ms / 1000
        self._poll_at = 0.0

    async def run(self) -> PeerError:
        """Serve the route until it ends; returns why it did."""
        committing = spawn(self._ascent.commit(), name=f"upstream commits {self._parts.key}")
        try:
            await self._begin()
            while True:
                self._parts.wake.clear()
                wait_s = await self._step()
                if wait_s is not None:
                    await self._pause(wait_s)
        except PeerError as error:
            return error
        finally:
            self._parts.budget.leave()
            await cancel(committing)

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
        try:
            newest = await parts.trail.commit(parts.noticed.seq)
        except HistoryError as error:
            # The disk may fail for long: both ends can agree, and what comes down is obeyed.
            log.debug("nothing committed for above", extra={"reason": error})
            newest = await parts.trail.commit(0)
        seen = parts.catch_up()
        if parts.noticed.seq > progress.live_seq:
            progress.begin_live(max(newest, progress.live_seq))
        else:
            progress.live_done(max(seen, progress.live_seq))
        self._ascent.begin(newest)
        self._arrivals.ascent = self._ascent
        while not parts.budget.take_question(parts.clock.now_ms()):
            # Nothing may go up at all.
            parts.wake.clear()
            await self._pause(ASK_AGAIN_S)
        await self._settle()
        await self._news.begin()
        self._poll_at = parts.clock.monotonic() + (self._poll_s or 0.0)

    async def _step(self) -> float | None:
        """Do what is due; seconds until there is more to do, None to come again at once."""
        parts = self._parts
        parts.standing.remember(parts.clock.monotonic())
        try:
            now_ms = parts.clock.now_ms()
            if self._clocks.is_due and parts.budget.take_question(now_ms):
                await self._clocks.check()
            await self._ascent.read()
            news_s = await self._news.send(self._ascent.committed)
            if news_s is None:
                return None
            values_s = await self._tell_values()
        except TooFast as error:
            self._ascent.too_fast(error)
            return None
        except HistoryError as error:
            log.debug("journal not read for above", extra={"reason": error})
            self._in_a_row = 0
            return RETRY_S
        return None if values_s is None else min(news_s, values_s)

    async def _tell_values(self) -> float | None:
        """What is so now and what was so, and questions, each in its turn; as `_step`."""
        now = self._parts.clock.monotonic()
        if not self._has_asked:
            poll_s = await self._poll(now)
            if poll_s < inf and now >= self._poll_at:
                live_s = await self._send_live(is_urgent_only=True)
                return None if live_s is None else min(live_s, poll_s)
        is_owed = self._in_a_row >= LIVE_IN_A_ROW
        live_s = await self._send_live(is_urgent_only=is_owed)
        if live_s is None:
            return None
        backlog_s = await self._backlog.send()
        if not self._backlog.is_held_up:
            self._in_a_row = 0
        if backlog_s is None or (is_owed and not self._backlog.is_held_up):
            return None
        if live_s == backlog_s == inf:
            # Others who share the budget need not wait for a turn of ours.
            self._parts.budget.leave()
        return min(live_s, backlog_s, await self._poll(now))

    async def _send_live(self, *, is_urgent_only: bool) -> float | None:
        wait_s = await self._ascent.send(is_urgent_only=is_urgent_only)
        if wait_s is None:
            self._in_a_row += 1
            self._has_asked = False
        return wait_s

    async def _settle(self) -> None:
        """Have both ends agree on what stands."""
        parts, standing = self._parts, self._parts.standing
        above = await self._route.ask([mapped.remote for mapped in parts.names])
        parts.catch_up()
        for mapped in parts.names:
            value = above.get(mapped.remote, ())
            agreed = standing.agreed.get(mapped.local)
            doubtful = standing.doubtful.get(mapped.local, ())
            winner = settle(self._authority(mapped), self._here(mapped), value, agreed, doubtful)
            self._follow(mapped, winner, value)
        await self._ascent.tell_first()
        standing.doubtful = {}

    async def _poll(self, now: float) -> float:
        """Ask what stands above, where nobody tells; seconds until the next time."""
        if self._poll_s is None:
            return inf
        if now < self._poll_at:
            return self._poll_at - now
        parts, standing = self._parts, self._parts.standing
        wait_s = parts.budget.wait_s(1, parts.clock.now_ms())
        if wait_s:
            return wait_s
        self._poll_at = now + self._poll_s
        self._has_asked = True
        parts.budget.spend(1, parts.clock.now_ms())
        above = await self._route.ask([mapped.remote for mapped in parts.names])
        parts.catch_up()
        for mapped in parts.names:
            local, value = mapped.local, above.get(mapped.remote, ())
            here, agreed = self._here(mapped), standing.agreed.get(local)
            is_told = not self._ascent.is_telling(local)
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
                standing.agree(local, here, parts.clock.monotonic())
            case _:
                pass

    def _here(self, mapped: MappedPin) -> PinValue:
        state = self._parts.store.find(*mapped.local)
        return () if state is None else state.value

    def _authority(self, mapped: MappedPin) -> Authority:
        datastream = self._parts.store.find_datastream(*mapped.local)
        return Authority.GATEWAY if datastream is None else datastream.authority
