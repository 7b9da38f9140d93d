"""Time, handed to everyone who needs it. Nothing else in the package asks the system for it."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the rest of the program knows of time."""

    def now_ms(self) -> int:
        """UTC in milliseconds since 1970, for what people and other programs see."""

    def monotonic(self) -> float:
        """Seconds that never jump, for deadlines and rates."""


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        """UTC in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds since some moment, never jumping."""
        return time.monotonic()
