"""Token bucket: the meter of messages per second."""


class TokenBucket:
    """Allows `rate` per second on average and `burst` at once.

    Args:
        rate: tokens that come back per second.
        burst: most tokens that can be saved up.
        now: monotonic seconds.
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, count: int, now: float) -> bool:
        """Take `count` tokens if they are there; otherwise take none."""
        self._refill(now)
        if self._tokens < count:
            return False
        self._tokens -= count
        return True

    def charge(self, count: int, now: float) -> float:
        """Take `count` tokens even into debt; returns the seconds until the debt is paid, ≥ 0."""
        self._refill(now)
        self._tokens -= count
        return -self._tokens / self._rate if self._tokens < 0 else 0.0

    def _refill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
