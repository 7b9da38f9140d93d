"""Publishing many messages without keeping the loop from others."""

import asyncio

from blynk_gateway.mqtt.feature import Outlet

AT_ONCE = 50
"""Messages between two looks at others: a millisecond."""


class Pace:
    """To be awaited once for each message that is published."""

    __slots__ = ("_count", "_outlet")

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._count = 0

    async def step(self) -> None:
        """Wait when it is the others' turn, or the broker's."""
        self._count += 1
        if self._count % AT_ONCE == 0:
            await self._outlet.room()
            await asyncio.sleep(0)
