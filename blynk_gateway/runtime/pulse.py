"""Whether the gateway works at its core: a token goes round, again and again.

It goes the way of a change: over the bus into the journal's mailbox, to the task that packs, to the
one that commits, to the thread that writes, and back. A loop that hangs sends none; whatever else
hangs on the way keeps it.

1. A disk that is full, or fails, is no hang: the thread says so at once, and the token comes back.
2. Nor is a disk that does not answer: no restart would help, as a thread in the kernel cannot be
   killed. Devices and pins go on meanwhile, and what they bring waits in memory.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.clock import Clock
from blynk_gateway.runtime.health import Health, HealthState

BEAT_S: Final = 5.0
"""From the return of a token to the next one."""

LATE_S: Final = 10.0
"""A token that is away for longer is worth telling. Commits to a good card take a few hundredths of
a second, to a worn one up to some seconds."""

COMPONENT: Final = "journal"


class Pulse:
    """Sends one token after another, from the start of `run`.

    Args:
        is_waiting_for_disk: whether the journal's threads are in the kernel.

    Attributes:
        beat_s: how long to wait between two tokens, and between two looks for one that is late.
    """

    def __init__(
        self, bus: PinBus, clock: Clock, health: Health, is_waiting_for_disk: Callable[[], bool]
    ) -> None:
        self.beat_s = BEAT_S
        self._bus = bus
        self._clock = clock
        self._health = health
        self._is_waiting_for_disk = is_waiting_for_disk
        self._back_at: float | None = None
        self._alive_calls: list[Callable[[], None]] = []
        self._beat_calls: list[Callable[[], None]] = []

    def on_alive(self, call: Callable[[], None]) -> None:
        """Have it called whenever it is known that nothing hangs."""
        self._alive_calls.append(call)

    def on_beat(self, call: Callable[[], None]) -> None:
        """Have it called every `beat_s`, also while a token is away."""
        self._beat_calls.append(call)

    @property
    def age_s(self) -> float | None:
        """Seconds since a token came back, None before the first one."""
        return None if self._back_at is None else self._clock.monotonic() - self._back_at

    async def run(self) -> None:
        """Send tokens, until cancelled."""
        while True:
            await self._go_round()
            self._back_at = self._clock.monotonic()
            self._health.report(COMPONENT, HealthState.OK)
            _call(self._alive_calls)
            _call(self._beat_calls)
            await asyncio.sleep(self.beat_s)

    async def _go_round(self) -> None:
        back = asyncio.Event()
        sent_at = self._clock.monotonic()
        self._bus.publish_token(back.set)
        while True:
            try:
                async with asyncio.timeout(self.beat_s):
                    await back.wait()
            except TimeoutError:
                self._late(self._clock.monotonic() - sent_at)
                _call(self._beat_calls)
            else:
                return

    def _late(self, away_s: float) -> None:
        is_waiting = self._is_waiting_for_disk()
        if is_waiting:
            _call(self._alive_calls)
        if away_s < LATE_S:
            return
        if is_waiting:
            state = HealthState.DEGRADED
            detail = (
                "the disk does not answer; expected a write to take a second at most: look for"
                " disk errors with `dmesg`, and replace a card that is worn out"
            )
        else:
            state = HealthState.FAILED
            detail = "the journal does not answer, and the service manager restarts the gateway"
        self._health.report(COMPONENT, state, detail)


def _call(calls: list[Callable[[], None]]) -> None:
    for call in calls:
        call()
