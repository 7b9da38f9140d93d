"""How much a device may send over the broker: as much as over TCP.

Over TCP a device that sends too much is made to wait. Here it cannot be, as the broker has taken
its messages already: what is too much is refused.
"""

from collections.abc import Callable

from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.core.quota import DailyAllowance, TokenBucket


class Meters:
    """The meters of all devices, by slug. `now` is monotonic seconds everywhere.

    Args:
        quota: what applies now; a reload may change it.
    """

    def __init__(self, quota: Callable[[], QuotaOptions]) -> None:
        self._find_quota = quota
        self._quota = quota()
        self._buckets: dict[str, TokenBucket] = {}
        self._events: dict[str, DailyAllowance] = {}

    def may_send(self, slug: str, now: float) -> bool:
        """Whether one more message is within the quota; True counts it."""
        quota = self._find_quota()
        if quota is not self._quota:
            self._quota = quota
            self._buckets.clear()
        if not quota.messages_per_second:
            return True
        bucket = self._buckets.get(slug)
        if bucket is None:
            bucket = TokenBucket(quota.messages_per_second, max(quota.burst, 1), now)
            self._buckets[slug] = bucket
        return bucket.take(1, now)

    def may_log(self, slug: str, code: str, now: float) -> bool:
        """Whether one more event of this code is within the limits; True counts it."""
        allowance = self._events.get(slug)
        if allowance is None:
            allowance = self._events[slug] = DailyAllowance.of_events()
        return allowance.take(code, now)

    def forget(self, slug: str) -> None:
        """Drop the meters of a device that was removed."""
        self._buckets.pop(slug, None)
        self._events.pop(slug, None)
