"""Every timer of the automations, in one heap with one task.

Whoever sets a timer is called when its time has come, on the loop's thread. A test with a clock of
its own calls `advance` itself and needs neither task nor waiting.
"""

import asyncio
import heapq
import logging
from collections.abc import Callable
from itertools import count

from blynk_gateway.core.clock import Clock

log = logging.getLogger(__name__)


SWEEP_AT = 500
"""Cancelled timers that are left in the heap, and half of it, before they are swept out: a rule
that waits for ten minutes of quiet cancels one with each change."""


class Timer:
    """One timer; made by `Timers.after`."""

    __slots__ = ("_timers", "call")

    def __init__(self, timers: "Timers", call: Callable[[], object]) -> None:
        self._timers = timers
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Never call. May be repeated, and come too late."""
        if self.call is not None:
            self.call = None
            self._timers.note_cancelled()


class Timers:
    """All timers, by monotonic seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Timer]] = []
        self._count = count()
        self._wake = asyncio.Event()
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._heap)

    def after(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Call something once, in so many seconds from now."""
        timer = Timer(self, call)
        at = self._clock.monotonic() + seconds
        heapq.heappush(self._heap, (at, next(self._count), timer))
        if self._heap[0][2] is timer:
            self._wake.set()
        return timer

    def note_cancelled(self) -> None:
        """Count a timer that is never called."""
        self._cancelled += 1
        if self._cancelled > max(SWEEP_AT, len(self._heap) // 2):
            self._heap = [entry for entry in self._heap if entry[2].call is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def advance(self) -> float | None:
        """Call what is due, in order; returns the seconds until the next one, None for none."""
        while self._heap:
            at, _, timer = self._heap[0]
            if timer.call is not None:
                wait_s = at - self._clock.monotonic()
                if wait_s > 0:
                    return wait_s
            heapq.heappop(self._heap)
            call, timer.call = timer.call, None
            if call is None:
                self._cancelled -= 1
                continue
            try:
                call()
            except Exception:
                # One that fails must not keep all others from being called.
                log.exception("timer failed")
        return None

    async def run(self) -> None:
        """Call whatever becomes due, until cancelled."""
        while True:
            self._wake.clear()
            wait_s = self.advance()
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                continue
