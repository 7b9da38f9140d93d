"""Measures how long work holds the event loop, and gives the loop back in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from blynk_gateway.core.clock import Clock

HOLD_S = 0.002
"""The loop is given back after so long, so that devices do not wait."""

SHARE = 0.15
"""Of the loop's time that the ticks may use, and so much again the answers to what clients ask."""


class Meter:
    """Time that one piece of work used, its pauses left out.

    Attributes:
        used_s: so far.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self.used_s = 0.0

    async def breathe(self) -> None:
        """Let others run if they have waited for `HOLD_S`."""
        if self._clock.monotonic() - self._began >= HOLD_S:
            await self.pause()

    async def pause(self) -> None:
        """Let others run."""
        self.stop()
        await asyncio.sleep(0)
        self._began = self._clock.monotonic()

    def stop(self) -> None:
        """Count what was used."""
        now = self._clock.monotonic()
        self.used_s += now - self._began
        self._began = now


class Turns:
    """Short pieces of work for many, one after the other; all together use `SHARE` of the loop.

    Whoever waits comes in the order of asking, so one that asks for much delays itself first.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn; within it nothing is to be awaited."""
        async with self._lock:
            began = self._clock.monotonic()
            try:
                yield
            finally:
                used_s = self._clock.monotonic() - began
                await asyncio.sleep(used_s / SHARE - used_s)
