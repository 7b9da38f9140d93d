"""One mapping for as long as it is configured: its connections, and the pauses between them."""

import asyncio
import logging
import random
from collections.abc import Callable
from math import inf

from blynk_gateway.config.upstream.options import MappingOptions
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.upstream import MappingState, MappingStatus
from blynk_gateway.errors import HistoryError, PeerError, PeerRefused
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.logs import safe
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.upstream.arrivals import Arrivals
from blynk_gateway.upstream.backlog import count, let_go
from blynk_gateway.upstream.lanes.pace import Pace
from blynk_gateway.upstream.parts import MappingParts
from blynk_gateway.upstream.route import Moved, Place, Route, RouteSetup, ServerDown
from blynk_gateway.upstream.session import Session

log = logging.getLogger(__name__)

RETRY_S = 2.0
MAX_RETRY_S = 300.0
STABLE_S = 30.0
"""A connection that lasted so long had nothing wrong from its beginning on."""

MAX_MOVES = 5
"""Times a server may send us elsewhere in a row before it counts as a fault."""

SURVEY_S = 300.0
"""How often is counted what waits for a server that is away."""


class ConnectionFailed(ServerDown):
    """Something was not foreseen; the connection is made anew."""

    code = "upstream.failed"
    hint = "Please report this with the traceback in the log: it is a fault of the gateway."


class Worker:
    """Keeps one mapping connected."""

    def __init__(self, parts: MappingParts, make_route: Callable[[RouteSetup], Route]) -> None:
        self._parts = parts
        self._make_route = make_route
        self._pace = Pace(parts.upstream.rate, parts.clock.monotonic())
        self._status = MappingStatus.WAITING
        self._detail = ""
        self._place = ""
        self._survey_at = 0.0
        self._connected_at = inf
        self._arrivals = Arrivals(parts)
        self._task: asyncio.Task[None] | None = None

    @property
    def parts(self) -> MappingParts:
        """What it works with."""
        return self._parts

    @property
    def options(self) -> MappingOptions:
        """The mapping."""
        return self._parts.mapping

    @property
    def is_stopped(self) -> bool:
        """Whether the server refused us for good."""
        return self._status is MappingStatus.STOPPED

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._status = MappingStatus.WAITING
        self._task = spawn(self._run(), name=f"upstream {self._parts.key}")

    async def stop(self) -> None:
        """End. May be repeated, and followed by another `start`."""
        if self._task is not None:
            await cancel(self._task)
            self._task = None

    def state(self) -> MappingState:
        """How it is."""
        standing = self._parts.standing
        return MappingState(
            device=self._parts.mapping.slug,
            status=self._status,
            detail=self._detail,
            place=self._place,
            backlog_points=standing.waiting,
            oldest_ms=standing.oldest_ms,
            sent=standing.sent,
            merged=standing.merged,
            given_up=standing.given_up,
            clock_offset_ms=standing.clock_offset_ms,
        )

    def advance(self, seen: int) -> None:
        """Nothing of ours happened up to a change: it is done with.

        Called now and then, so that a quiet mapping does not have the journal kept for it.
        """
        parts, progress = self._parts, self._parts.standing.progress
        if parts.noticed.seq <= progress.live_seq and progress.backlog() is None:
            progress.live_done(max(seen, progress.live_seq))

    async def _run(self) -> None:
        failures = moves = 0
        while True:
            self._connected_at = inf
            error = await self._connection()
            if isinstance(error, PeerRefused):
                self._complain(error)
                await self._wait_for_change()
            if self._parts.clock.monotonic() - self._connected_at > STABLE_S:
                failures = moves = 0
            if isinstance(error, Moved) and moves < MAX_MOVES:
                moves += 1
                continue
            failures += 1
            self._complain(error)
            await self._survey()
            # Full jitter: a server that comes back meets all of its devices at once.
            most_s = min(RETRY_S * 2.0 ** min(failures - 1, 10), MAX_RETRY_S)
            await asyncio.sleep(random.uniform(0, most_s))  # noqa: S311  nothing secret

    async def _wait_for_change(self) -> None:
        """Until the configuration changes, which ends this worker, only let go of what is old."""
        while True:
            await self._survey()
            await asyncio.sleep(SURVEY_S)

    async def _connection(self) -> PeerError:
        """Make a connection and serve it; why it ended, or did not come about."""
        try:
            route = self._make_route(self._setup())
            try:
                await route.open()
                return await self._serve(route)
            finally:
                await route.close()
        except PeerError as error:
            return error
        except Exception as error:
            log.exception("connection failed")
            return ConnectionFailed(f"{self._parts.key}: it failed with {type(error).__name__}")

    async def _serve(self, route: Route) -> PeerError:
        """Serve a connection until it ends by itself; why it did."""
        parts = self._parts
        self._connected(route)
        session = Session(parts, route, self._pace, self._arrivals)
        serving = spawn(session.run(), name=f"upstream session {parts.key}")
        ending = spawn(route.ended(), name=f"upstream watch {parts.key}")
        try:
            await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
            # Not when we end it ourselves: then nothing was wrong with the server.
            parts.standing.fall_back(parts.catch_up(), parts.clock.monotonic())
            return (ending if ending.done() else serving).result()
        finally:
            await cancel(serving)
            await cancel(ending)
            self._disconnected()

    def _setup(self) -> RouteSetup:
        parts = self._parts
        return RouteSetup(
            upstream=parts.upstream,
            mapping=parts.mapping,
            below=self._arrivals,
            clock=parts.clock,
            remembered=parts.standing.place,
            remember=self._remember,
            datastream_of=self._datastream_of,
            spent_more=self._spent_more,
        )

    def _remember(self, place: Place | None) -> None:
        self._parts.standing.place = place

    def _spent_more(self, messages: int) -> None:
        self._parts.budget.spend(messages, self._parts.clock.now_ms())

    def _datastream_of(self, remote: str) -> Datastream | None:
        mapped = self._parts.names.above(remote)
        return None if mapped is None else self._parts.store.find_datastream(*mapped.local)

    def _connected(self, route: Route) -> None:
        parts = self._parts
        self._status, self._detail, self._place = MappingStatus.CONNECTED, "", route.place
        self._connected_at = parts.clock.monotonic()
        # What was counted while there was no connection is not all.
        parts.standing.waiting = None
        parts.health.report(parts.component, HealthState.OK)
        log.info("server above connected", extra={"to": parts.key, "place": route.place})

    def _disconnected(self) -> None:
        parts = self._parts
        self._arrivals.ascent = None
        self._arrivals.app_changed(False)
        parts.standing.waiting = None
        self._survey_at = 0.0

    def _complain(self, error: PeerError) -> None:
        parts = self._parts
        is_final = isinstance(error, PeerRefused)
        self._status = MappingStatus.STOPPED if is_final else MappingStatus.WAITING
        self._detail = f"{error}. {error.hint}"
        state = HealthState.FAILED if is_final else HealthState.DEGRADED
        parts.health.report(parts.component, state, safe(self._detail, 500))

    async def _survey(self) -> None:
        """Let go of what is too old, and count what waits."""
        parts, progress = self._parts, self._parts.standing.progress
        if parts.clock.monotonic() < self._survey_at:
            return
        self._survey_at = parts.clock.monotonic() + SURVEY_S / 2
        try:
            newest = await parts.trail.commit(0)
            if parts.noticed.seq > progress.live_seq or progress.backlog() is not None:
                progress.begin_live(max(newest, progress.live_seq))
            while (gap := progress.backlog()) is not None and parts.upstream.backlog is None:
                progress.backlog_done(gap[1])
            if gap is not None:
                await let_go(parts, *gap)
            await count(parts)
        except HistoryError as error:
            log.debug("backlog not counted", extra={"reason": error})
