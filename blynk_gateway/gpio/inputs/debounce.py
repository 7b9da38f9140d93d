"""Which levels of a line count, and how often changes are told.

Nothing here has a timer while nothing happens. Edges are judged by their own times, so that a loop
that was busy sees what it would have seen in time.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.core.clock import Clock
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.lines.edges import Edge, Edges, watch

T = TypeVar("T")


class SettledLine:
    """An input line, and those changes of it that last.

    Args:
        line: BCM number.
        debounce_ms: the library's.
        stable_ms: as of `Stable`.
        handler: called with each change that counts: the edge by which the level began.

    Raises:
        HardwareError, or one of `host.errors`: the line cannot be used; nothing is claimed.

    Attributes:
        level: at first the one the line has now, then the one that counts; 1 is high.
    """

    def __init__(
        self,
        host: Host,
        line: int,
        *,
        pull: Pull,
        debounce_ms: int,
        stable_ms: int,
        handler: Callable[[Edge], None],
    ) -> None:
        self._handler = handler
        self._line = watch(
            host.board,
            line,
            pull=pull,
            debounce_ms=debounce_ms,
            handler=self._changed,
            clock=host.clock,
        )
        expected = host.errors
        try:
            self.level = self._line.level
        except expected:
            self._line.close()
            raise
        self._stable = Stable(stable_ms, self.level, host.clock, self._settled)

    def close(self) -> None:
        """Give the line up. May be called twice."""
        self._line.close()
        self._stable.close()

    def _changed(self, edges: Edges) -> None:
        if edges.lost:
            # The level that began did not last.
            self._stable.close()
        for edge in edges.edges:
            self._stable.take(edge)

    def _settled(self, edge: Edge) -> None:
        self.level = edge.level
        self._handler(edge)


class Stable:
    """Lets a level through once it lasted.

    Args:
        stable_ms: so long; 0 lets every change through at once.
        level: the one that counts at first.
        clock: the one that timed the edges.
        settled: called with the edge by which a level began.
    """

    def __init__(
        self, stable_ms: int, level: int, clock: Clock, settled: Callable[[Edge], None]
    ) -> None:
        self._stable_s = stable_ms / 1000
        self._level = level
        self._clock = clock
        self._settled = settled
        self._began: Edge | None = None
        self._timer: asyncio.TimerHandle | None = None

    def take(self, edge: Edge) -> None:
        """The line changed; an edge that brings no change is left out."""
        began = self._began
        if began is not None and edge.at_s - began.at_s >= self._stable_s:
            self._settle(began)
        if edge.level == self._level:
            self.close()
        elif self._stable_s == 0.0:
            self._settle(edge)
        elif self._began is None:
            self._began = edge
            wait_s = edge.at_s + self._stable_s - self._clock.monotonic()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, wait_s), self._settle, edge)

    def close(self) -> None:
        """Forget a level that has not lasted. May be called twice."""
        self._began = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _settle(self, edge: Edge) -> None:
        self.close()
        self._level = edge.level
        self._settled(edge)


class Pace(Generic[T]):
    """Hands on what it gets at most every `every_ms`; the last one always.

    Args:
        every_ms: 0 for everything at once.
        send: is handed what is told.
    """

    def __init__(self, every_ms: int, clock: Clock, send: Callable[[T], None]) -> None:
        self._every_s = every_ms / 1000
        self._clock = clock
        self._send = send
        self._next_s = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: list[T] = []

    def offer(self, item: T) -> None:
        """Tell this now, or when it is time, unless another one comes before."""
        wait_s = self._next_s - self._clock.monotonic()
        if self._timer is None and wait_s <= 0.0:
            self._tell(item)
            return
        self._waiting = [item]
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self.flush)

    def flush(self) -> None:
        """Tell now what waits, if anything does."""
        waiting = self._waiting
        self.close()
        for item in waiting:
            self._tell(item)

    def close(self) -> None:
        """Forget what waits. May be called twice."""
        self._waiting = []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, item: T) -> None:
        self._next_s = self._clock.monotonic() + self._every_s
        self._send(item)
