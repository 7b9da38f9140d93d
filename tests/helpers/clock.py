"""Time that stands still until a test moves it."""


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
