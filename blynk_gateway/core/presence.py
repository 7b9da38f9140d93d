"""Notices devices that fall silent for longer than their `stale_after`.

What a device does, `DeviceRegistry` notes at once: it connects, is heard again, goes. Silence is
what nobody tells, so it is looked for here. All by the monotonic clock: whoever sets the wall clock
makes nobody stale.
"""

import asyncio

from blynk_gateway.core.clock import Clock
from blynk_gateway.core.device import DeviceRegistry

LOOK_EVERY_S = 60.0
"""At the latest; a device whose silence may end sooner than known wakes the watch."""

PAUSE_S = 0.25
"""Between two looks: with thousands of devices each takes a millisecond."""

_LATER_S = 0.001
"""A device counts as silent a moment after its limit only."""


class Presence:
    """Publishes what `stale_after` makes of silence; `run` has to run."""

    def __init__(self, registry: DeviceRegistry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._wake = asyncio.Event()
        registry.on_awake(self._wake.set)

    def look(self) -> float:
        """Publish who is silent for too long now; returns the seconds until the next may be."""
        wait_s = LOOK_EVERY_S
        for device in self._registry:
            self._registry.check_silence(device)
            if not device.is_stale:
                wait_s = min(wait_s, device.silent_at - self._clock.monotonic() + _LATER_S)
        return wait_s

    async def run(self) -> None:
        """Look whenever it is time, until cancelled."""
        while True:
            self._wake.clear()
            wait_s = self.look()
            await asyncio.sleep(PAUSE_S)
            try:
                async with asyncio.timeout(max(0.0, wait_s - PAUSE_S)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def end(self) -> None:
        """Put those offline that are online without a connection: the gateway stops."""
        for device in self._registry:
            self._registry.check_silence(device, is_ending=True)
