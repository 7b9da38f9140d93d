"""How far the server's clock is from ours; it is asked again when ours was set."""

from math import inf

from blynk_gateway.runtime.health import HealthState
from blynk_gateway.upstream.parts import MappingParts
from blynk_gateway.upstream.route import Route

MAX_OFFSET_MS = 5000
"""Less may be the way to the server and back."""

AGAIN_S = 600.0
"""While they differ: what is wrong may be put right without a break."""

MAX_STEP_MS = 1000
"""A clock that runs 50 ppm too fast or too slow is that far off after five hours."""


class ClockCheck:
    """Compares them on one connection, and says so in health."""

    def __init__(self, parts: MappingParts, route: Route) -> None:
        self._parts = parts
        self._route = route
        self._next_at = -inf
        self._began_ms = 0.0
        self._is_wrong = False

    @property
    def is_due(self) -> bool:
        """Whether the server should be asked now."""
        is_set = abs(self._began() - self._began_ms) > MAX_STEP_MS
        return is_set or self._parts.clock.monotonic() >= self._next_at

    async def check(self) -> None:
        """Ask the server.

        Raises:
            PeerError: as `Route.ask_time`.
        """
        parts, clock = self._parts, self._parts.clock
        self._began_ms, self._next_at = self._began(), inf
        asked_ms = clock.now_ms()
        above_ms = await self._route.ask_time()
        if above_ms is None:
            return
        # It answered somewhere between the question and the answer.
        offset_ms = above_ms - (asked_ms + clock.now_ms()) // 2
        parts.standing.clock_offset_ms = offset_ms
        was_wrong, self._is_wrong = self._is_wrong, abs(offset_ms) > MAX_OFFSET_MS
        if self._is_wrong:
            self._next_at = clock.monotonic() + AGAIN_S
            direction = "ahead of" if offset_ms > 0 else "behind"
            parts.health.report(
                parts.component,
                HealthState.DEGRADED,
                f"its clock is {abs(offset_ms) // 1000} s {direction} ours. Look which of them is"
                " wrong: `timedatectl` tells whether ours is synchronized.",
            )
        elif was_wrong:
            parts.health.report(parts.component, HealthState.OK)

    def _began(self) -> float:
        """UTC ms of the monotonic clock's zero, by what the other clock shows now."""
        clock = self._parts.clock
        return clock.now_ms() - clock.monotonic() * 1000
