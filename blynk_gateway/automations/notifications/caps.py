"""How often people are told: per rule, and by all rules together."""

from collections import deque

HOUR_S = 3600.0

MAX_KEYS = 10_000
"""Rules whose last notification is remembered."""


class RuleLimits:
    """The least time between two notifications of one rule."""

    def __init__(self) -> None:
        self._last: dict[object, float] = {}

    def take(self, key: object, limit_ms: int, now: float) -> bool:
        """Whether one more is allowed; True counts it.

        Args:
            key: what the limit is for.
            now: monotonic seconds.
        """
        last = self._last.get(key)
        if last is not None and now < last + limit_ms / 1000:
            return False
        if len(self._last) >= MAX_KEYS:
            self._last.clear()
        self._last[key] = now
        return True


class HourlyCap:
    """At most so many in any hour.

    Attributes:
        cap: 0 for any number.
    """

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self._taken: deque[float] = deque()
        self._told_at: float | None = None

    def take(self, now: float) -> bool:
        """Whether one more is allowed at `now`, monotonic seconds; True counts it."""
        while self._taken and now >= self._taken[0] + HOUR_S:
            self._taken.popleft()
        if self.cap and len(self._taken) >= self.cap:
            return False
        if self.cap:
            self._taken.append(now)
        return True

    def may_tell(self, now: float) -> bool:
        """Whether people are to be told that more are held back: once an hour; True counts it."""
        if self._told_at is not None and now < self._told_at + HOUR_S:
            return False
        self._told_at = now
        return True
