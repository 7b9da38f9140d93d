"""Time that stands still until a test moves it, and clocks that are believed."""

from blynk_gateway.core.clock import Clock
from blynk_gateway.runtime.clock_quality import ClockQuality


class FakeClock:
    """Meets `core.clock.Clock`.

    Args:
        start_ms: UTC ms at first.
    """

    def __init__(self, start_ms: int = 1_700_000_000_000) -> None:
        self._start_ms = start_ms
        self._seconds = 0.0

    def now_ms(self) -> int:
        return self._start_ms + round(self._seconds * 1000)

    def monotonic(self) -> float:
        # Away from 0, like a machine that has run for a while.
        return 1000.0 + self._seconds

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._seconds += seconds

    def step(self, delta_ms: int) -> None:
        """Set the wall clock, as a time server does."""
        self._start_ms += delta_ms


def trusted(clock: Clock) -> ClockQuality:
    """The quality of a clock that is believed whatever it shows."""
    quality = ClockQuality(clock, is_synchronised=lambda: False)
    quality.is_trusted = True
    return quality
