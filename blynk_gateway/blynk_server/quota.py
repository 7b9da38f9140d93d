"""What one device may ask of us: messages per second, and notifications.

Limits belong to the device, not to a connection: connecting anew or twice gains nothing.
"""

import logging
from typing import TYPE_CHECKING

from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.core.device import MAX_DEVICES, DeviceRegistry
from blynk_gateway.core.quota import DailyAllowance, TokenBucket
from blynk_gateway.protocol.commands import Status
from blynk_gateway.protocol.events import PinsWritten, ServerEvent

if TYPE_CHECKING:
    from blynk_gateway.blynk_server.connection import DeviceConnection

MAX_WAIT_S = 4.0
"""Longest time a device over its quota is made to wait before messages are refused. Stock Python
clients ping after 10 s without input and hang up after 15 s: the answer must come in between."""

REFUSAL_NOTICE_S = 60.0
"""Between two answers "quota exceeded" on one connection. Source: the Java server."""


class DeviceLimits:
    """The meters of one device. `now` is monotonic seconds everywhere."""

    __slots__ = ("_bucket", "_notifications", "_over_since")

    def __init__(self, quota: QuotaOptions, now: float) -> None:
        self._over_since: float | None = None
        # Made at first use: most devices send none.
        self._notifications: dict[str, DailyAllowance] = {}
        self._bucket: TokenBucket | None = None
        self.set_quota(quota, now)

    def set_quota(self, quota: QuotaOptions, now: float) -> None:
        """Count messages by another quota from now on."""
        rate = quota.messages_per_second
        self._bucket = TokenBucket(rate, max(quota.burst, 1), now) if rate else None

    def charge(self, messages: int, now: float) -> float | None:
        """Count messages that came in.

        Returns:
            Seconds to read nothing, mostly 0; or None if the messages are to be refused, because
            the device was made to wait for as long as it can stand. Refused ones do not count.
        """
        if self._bucket is None:
            return 0.0
        debt_s = self._bucket.charge(messages, now)
        if debt_s == 0:
            self._over_since = None
            return 0.0
        if self._over_since is None:
            self._over_since = now
        if now - self._over_since + debt_s > MAX_WAIT_S:
            self._bucket.charge(-messages, now)
            return None
        return debt_s

    def may_notify(self, channel: str, now: float) -> bool:
        """Whether one more message on this channel is within the limits; True counts it."""
        allowance = self._notifications.get(channel)
        if allowance is None:
            allowance = DailyAllowance.of_notifications()
            self._notifications[channel] = allowance
        return allowance.take(channel, now)


class Limits:
    """The meters of all devices, by slug."""

    def __init__(self, registry: DeviceRegistry, quota: QuotaOptions) -> None:
        self._registry = registry
        self._quota = quota
        self._limits: dict[str, DeviceLimits] = {}

    def of(self, slug: str, now: float) -> DeviceLimits:
        """The meters of a device, the same for all its connections."""
        limits = self._limits.get(slug)
        if limits is None:
            if len(self._limits) >= MAX_DEVICES:
                self._forget_removed()
            limits = self._limits[slug] = DeviceLimits(self._quota, now)
        return limits

    def set_quota(self, quota: QuotaOptions, now: float) -> None:
        """Meter everyone by another quota from now on."""
        if quota == self._quota:
            return
        self._quota = quota
        for limits in self._limits.values():
            limits.set_quota(quota, now)

    def _forget_removed(self) -> None:
        self._limits = {
            slug: limits
            for slug, limits in self._limits.items()
            if self._registry.find(slug) is not None
        }


def refuse_event(connection: "DeviceConnection", slug: str, event: ServerEvent, now: float) -> None:
    """Drop what is over the quota, and say so once a minute.

    On each connection: a gateway below that was not told takes a ping's answer for a receipt.
    """
    context = connection.context
    count, message_id = 1, 0
    if isinstance(event, PinsWritten):
        count, message_id = len(event.writes), event.writes[0][2]
    else:
        message_id = getattr(event, "message_id", 0)
    context.health.count("quota_refused_messages", count)
    context.log_limited(
        logging.WARNING,
        "messages over the quota were dropped",
        slug,
        device=slug,
        peer=connection.peer,
        hint="let it send less, or raise server.quota",
    )
    if now >= connection.refusal_notice_at:
        connection.refusal_notice_at = now + REFUSAL_NOTICE_S
        connection.wire.respond(message_id, Status.QUOTA_LIMIT)
