"""When to try again what keeps failing."""

RETRY_S = 1.0
MAX_RETRY_S = 30.0


class Retry:
    """Twice as long from one failure to the next, up to a bound.

    Attributes:
        is_failing: whether the latest try failed.
    """

    def __init__(self) -> None:
        self.is_failing = False
        self._wait_s = 0.0
        self._at = 0.0

    def is_due(self, now: float) -> bool:
        """Whether enough time has passed; `now` in monotonic seconds."""
        return now >= self._at

    def failed(self, now: float) -> float:
        """Note that it failed at `now`, monotonic seconds; returns how long to wait."""
        self.is_failing = True
        self._wait_s = min(max(RETRY_S, 2 * self._wait_s), MAX_RETRY_S)
        self._at = now + self._wait_s
        return self._wait_s

    def succeeded(self) -> None:
        """Note that it worked."""
        self.is_failing = False
        self._wait_s = self._at = 0.0
