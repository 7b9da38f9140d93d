"""Moments of quiet before something suspect is followed after all."""

import asyncio
import random
from collections.abc import Callable, Hashable
from typing import Protocol, TypeAlias

PAUSE_S = 1.0
"""On average. Two gateways that wait for each other must not end their waits at the same moment."""


class Timer(Protocol):
    """What `loop.call_later` returns."""

    def cancel(self) -> None:
        """Do not call."""


CallLater: TypeAlias = Callable[[float, Callable[[], None]], Timer]
"""Calls a function after so many seconds, on the loop's thread."""


class Pauses:
    """At most one wait for each key.

    Args:
        call_later: the loop's, unless given.
    """

    def __init__(self, call_later: CallLater | None = None) -> None:
        self._call_later = call_later
        self._timers: dict[Hashable, Timer] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def begin(self, key: Hashable, action: Callable[[], None], pause_s: float = PAUSE_S) -> None:
        """Do something after a pause of about this length; an earlier one of the key ends."""
        self.cancel(key)

        def act() -> None:
            self._timers.pop(key, None)
            action()

        wait_s = pause_s * random.uniform(0.5, 1.5)  # noqa: S311  nothing secret
        call_later = self._call_later or asyncio.get_running_loop().call_later
        self._timers[key] = call_later(wait_s, act)

    def cancel(self, key: Hashable) -> None:
        """End a pause without its action; there need not be one."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    def clear(self) -> None:
        """End all pauses without their actions."""
        for key in list(self._timers):
            self.cancel(key)
