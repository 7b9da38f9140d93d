"""When the inputs of one connection are to be asked for their values."""

import asyncio
from collections.abc import Callable

from blynk_gateway.core.clock import Clock


class Polls:
    """A steady schedule for some pins, on one timer; without pins there is none.

    A turn that comes too late is left out, and the later ones stay where they were.

    Args:
        ask: is given the pins whose turn it is.
    """

    __slots__ = ("_ask", "_clock", "_due", "_timer")

    def __init__(self, clock: Clock, ask: Callable[[list[str]], None]) -> None:
        self._clock = clock
        self._ask = ask
        self._due: dict[str, tuple[float, float]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def set(self, pin: str, every_ms: int | None) -> None:
        """Ask for a pin at this interval, first after one; None for never."""
        if every_ms is not None:
            every_s = every_ms / 1000
            self._due[pin] = (self._clock.monotonic() + every_s, every_s)
        elif self._due.pop(pin, None) is None:
            return
        self._arm()

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._due.clear()
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due:
            at = min(due for due, _ in self._due.values())
            delay_s = max(0.0, at - self._clock.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _tick(self) -> None:
        now = self._clock.monotonic()
        pins = [pin for pin, (due, _) in self._due.items() if due <= now]
        for pin in pins:
            due, every_s = self._due[pin]
            self._due[pin] = (due + every_s * (1 + (now - due) // every_s), every_s)
        if pins:
            self._ask(pins)
        self._arm()
