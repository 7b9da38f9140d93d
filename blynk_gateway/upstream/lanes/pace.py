"""How many values a second a server takes, as it is configured and as the server says."""

import sys

RATE_IN_DOUBT = 10
"""Values a second where none are configured but the server had too many. Source: the vendor's
limit, blynk-protocol §8."""

FIRST_STOP_S = 1.0
MAX_STOP_S = 60.0
"""Without a word from the server about how long; doubled from flood to flood."""

MAX_RETRY_AFTER_S = 3600.0
"""What a server may ask for."""

MIN_SHARE = 1 / 16
"""Of the rate, however often the server has too much."""

RECOVERY_S = 100.0
"""From nothing to the whole rate: a tenth each ten seconds."""

_ROUNDING = 1e-6


class Pace:
    """Meters values.

    Args:
        rate: values a second, 0 for no limit.
        now: monotonic seconds, as everywhere here.
    """

    def __init__(self, rate: int, now: float) -> None:
        self._is_limited = rate > 0
        self._rate = rate or RATE_IN_DOUBT
        self._share = 1.0
        self._stop_s = FIRST_STOP_S
        self._saved = float(self._rate)
        self._at = now

    def room(self, now: float) -> int:
        """How many may go now: at most one second's worth, `sys.maxsize` without a limit."""
        self._refill(now)
        if now < self._at:
            return 0
        if self._is_free:
            return sys.maxsize
        return max(0, int(self._saved + _ROUNDING))

    def rate(self, now: float) -> float | None:
        """Values a second as it is now, None without a limit."""
        self._refill(now)
        return None if self._is_free else self._rate * self._share

    def next_at(self, now: float) -> float:
        """When one may go."""
        # By the same rounding as `room`: what lacks a millionth is there.
        if self.room(now) > 0:
            return now
        return max(now, self._at) + max(0.0, 1.0 - self._saved) / (self._rate * self._share)

    def spend(self, count: int, now: float) -> None:
        """Note that so many went; more than there was room for makes the next ones wait longer."""
        self._refill(now)
        if not self._is_free:
            self._saved -= count

    def flooded(self, now: float, retry_after_s: float = 0.0) -> None:
        """The server had too much: stop for a while, and go on at half the rate.

        Args:
            retry_after_s: how long the server wants to be left alone; it is not believed blindly.
        """
        self._refill(now)
        asked_s = min(retry_after_s, MAX_RETRY_AFTER_S) if retry_after_s > 0 else 0.0
        if now < self._at:
            # Of the same flood: nothing was sent since.
            self._at = max(self._at, now + asked_s)
            return
        self._at = now + max(asked_s, self._stop_s)
        self._stop_s = min(2 * self._stop_s, MAX_STOP_S)
        self._share = max(self._share / 2, MIN_SHARE)
        self._saved = 0.0

    @property
    def _is_free(self) -> bool:
        return not self._is_limited and self._share >= 1.0

    def _refill(self, now: float) -> None:
        """Go on to `now`; `_at` lies ahead of it during a stop."""
        if now <= self._at:
            return
        since_s = now - self._at
        share = min(1.0, self._share + since_s / RECOVERY_S)
        if share >= 1.0:
            self._stop_s = FIRST_STOP_S
        gained = since_s * self._rate * self._share
        self._saved = min(self._saved + gained, max(1.0, self._rate * share))
        self._share, self._at = share, now
