"""Apps of a server above that look at our devices: these are told as if they were there."""

import logging
from typing import TYPE_CHECKING

from blynk_gateway.core.device import MAX_DEVICES, Device
from blynk_gateway.core.quota import TokenBucket

if TYPE_CHECKING:
    from blynk_gateway.blynk_server.connection import DeviceConnection
    from blynk_gateway.blynk_server.context import Context

TOLD_PER_S = 1.0
TOLD_BURST = 20
"""Arrivals of apps that one device is told of. A server that says more is broken, and some clients
take one frame per 60 ms."""


class Apps:
    """The devices that an app looks at."""

    __slots__ = ("_active", "_buckets")

    def __init__(self) -> None:
        self._active: set[Device] = set()
        self._buckets: dict[Device, TokenBucket] = {}

    def change(self, context: "Context", slug: str, *, is_active: bool) -> None:
        """Note that another app looks at a device or none does any more, and tell the device."""
        device = context.registry.find(slug)
        if device is None:
            return
        if not is_active:
            if device in self._active:
                self._active.remove(device)
                _tell(context, device, "adis")
        elif self._may_tell(context, device):
            self._active.add(device)
            _tell(context, device, "acon")

    def greet(self, connection: "DeviceConnection") -> None:
        """Tell a connection that was just set up, if an app looks at its device."""
        if connection.device in self._active:
            connection.wire.send_internal("acon")

    def _may_tell(self, context: "Context", device: Device) -> bool:
        now = context.clock.monotonic()
        bucket = self._buckets.get(device)
        if bucket is None:
            if len(self._buckets) >= MAX_DEVICES:
                self._forget_removed(context)
            bucket = self._buckets[device] = TokenBucket(TOLD_PER_S, TOLD_BURST, now)
        if bucket.take(1, now):
            return True
        slug = device.slug
        message = "too many apps came; the device is not told"
        context.log_limited(logging.WARNING, message, slug, device=slug)
        return False

    def _forget_removed(self, context: "Context") -> None:
        gone = {one for one in self._buckets if context.registry.find(one.slug) is not one}
        self._active -= gone
        for device in gone:
            del self._buckets[device]


def _tell(context: "Context", device: Device, kind: str) -> None:
    for connection in list(context.by_device.get(device.slug, ())):
        # Nothing is queued for one whose client is not known yet; it is greeted when it is.
        if connection.device is device and connection.wire.send_internal(kind):
            connection.send_queued()
