"""Devices that are heard of through the broker."""

from blynk_gateway.core.change import Origin
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.device import Device, DeviceRegistry


class Presence:
    """Counts devices as connected from their first message until the broker's connection ends.

    Args:
        origin: who brings their coming and going.
    """

    def __init__(self, registry: DeviceRegistry, clock: Clock, origin: Origin) -> None:
        self._registry = registry
        self._clock = clock
        self._origin = origin
        self._present: dict[str, Device] = {}

    def heard(self, slug: str) -> None:
        """Note a message of a device; not for retained ones, which tell of the past."""
        device = self._registry.find(slug)
        if device is None:
            return
        if self._present.get(slug) is device:
            self._registry.seen(device, self._clock.now_ms())
        else:
            # Another one of this name has taken the place of one that was removed.
            self._present[slug] = device
            self._registry.connected(device, self._origin)

    def left(self, slug: str) -> None:
        """Take it back; the device need not be present."""
        device = self._present.pop(slug, None)
        if device is not None:
            self._registry.disconnected(device, self._origin)

    def disconnected(self) -> None:
        """Take back all of them. May be repeated."""
        for slug in list(self._present):
            self.left(slug)
