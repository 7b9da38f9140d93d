"""Gathers what a broker has retained."""

import asyncio
import logging

from blynk_gateway.broker.message import Message
from blynk_gateway.core.clock import Clock

log = logging.getLogger(__name__)

QUIET_S = 0.5
"""No retained message for so long: that was all. No broker says which one is the last."""

COLLECT_S = 10.0

COLLECT_BYTES = 16 * 1024 * 1024
"""Kept; what comes after that is left out."""

_PERIOD_S = 0.1


class Lull:
    """The quiet after the retained messages of a new subscription."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_at = clock.monotonic()

    def note(self) -> None:
        """One more has come."""
        self._last_at = self._clock.monotonic()

    async def wait(self) -> None:
        """Return when none has come for `QUIET_S`, at the latest after `COLLECT_S`."""
        begun = self._last_at = self._clock.monotonic()
        while (now := self._clock.monotonic()) < begun + COLLECT_S:
            if now - self._last_at >= QUIET_S:
                break
            await asyncio.sleep(_PERIOD_S)


class Retained:
    """What came, by topic."""

    def __init__(self, clock: Clock) -> None:
        self._lull = Lull(clock)
        self._found: dict[str, bytes] = {}
        self._size = 0

    def take(self, messages: list[Message]) -> None:
        """Keep the retained ones; live ones are no concern here."""
        for message in messages:
            if not message.is_retained or not message.payload:
                continue
            self._lull.note()
            self._size += len(message.topic) + len(message.payload)
            if self._size <= COLLECT_BYTES:
                self._found[message.topic] = message.payload

    async def wait(self) -> dict[str, bytes]:
        """Return what came when nothing has come for a while."""
        await self._lull.wait()
        if self._size > COLLECT_BYTES:
            log.warning("too much retained", extra={"size_bytes": self._size})
        return self._found
