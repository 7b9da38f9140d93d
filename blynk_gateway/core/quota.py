"""Meters: of messages per second, and of what is rarer."""

EVENT_INTERVAL_S = 1.0
EVENTS_PER_DAY = 100
"""Events of one code, and of all of a device. Source: the cloud's limits, blynk-protocol §7.2."""

NOTIFICATION_INTERVAL_S = 5.0
NOTIFICATIONS_PER_DAY = 100
"""Of a device, per channel. Source: the Java server, which has the daily limit for mail only."""

_MAX_NAMES = 256
_DAY_S = 86_400


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


class DailyAllowance:
    """Allows `per_day` a day, and one of each name per interval.

    Args:
        interval_s: between two of one name, seconds.
    """

    __slots__ = ("_count", "_day", "_interval_s", "_last", "_per_day")

    def __init__(self, interval_s: float, per_day: int) -> None:
        self._interval_s = interval_s
        self._per_day = per_day
        self._last: dict[str, float] = {}
        self._day = 0
        self._count = 0

    @classmethod
    def of_events(cls) -> "DailyAllowance":
        """That of the events which a device logs; their names are the codes."""
        return cls(EVENT_INTERVAL_S, EVENTS_PER_DAY)

    @classmethod
    def of_resolutions(cls) -> "DailyAllowance":
        """That of the resolutions of events: what was logged a moment ago may be over already."""
        return cls(0.0, EVENTS_PER_DAY)

    @classmethod
    def of_notifications(cls) -> "DailyAllowance":
        """That of the notifications of a device by one channel."""
        return cls(NOTIFICATION_INTERVAL_S, NOTIFICATIONS_PER_DAY)

    def take(self, name: str, now: float) -> bool:
        """Whether one more is allowed at `now`, monotonic seconds; True counts it."""
        today = int(now) // _DAY_S
        if self._day != today:
            self._day, self._count = today, 0
        last = self._last.get(name)
        if self._count >= self._per_day or (last is not None and now < last + self._interval_s):
            return False
        if len(self._last) >= _MAX_NAMES:
            self._last.clear()
        self._last[name] = now
        self._count += 1
        return True
