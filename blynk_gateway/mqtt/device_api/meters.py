"""How much a device may send over the broker: as much as over TCP.

Over TCP a device that sends too much is made to wait. Here it cannot be, as the broker has taken
its messages already: what is too much is refused.
"""

from collections.abc import Callable

from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.core.quota import TokenBucket


class Meters:
    """The meters of all devices, by slug. `now` is monotonic seconds everywhere.

    Args:
        quota: what applies now; a reload may change it.
    """

    def __init__(self, quota: Callable[[], QuotaOptions]) -> None:
        self._find_quota = quota
        self._quota = quota()
        self._buckets: dict[str, TokenBucket] = {}

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

    def forget(self, slug: str) -> None:
        """Drop the meters of a device that was removed."""
        self._buckets.pop(slug, None)
