"""Whether each device is there, retained: `online` or `offline`.

1. A device without `stale_after` is there while it is connected.
2. One with `stale_after` is there until it was silent for so long, connected or not: boards that
   sleep, and those that speak HTTP only, have no connection most of the time.
3. The gateway's own device is always there; when the gateway itself is not, `bridge/state` says so.
"""

import asyncio

from blynk_gateway.broker.message import Subscription
from blynk_gateway.core.change import Change, DefinitionChange, StatusChange
from blynk_gateway.core.device import Device
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.payload import OFFLINE, ONLINE
from blynk_gateway.mqtt.states.pace import Pace
from blynk_gateway.runtime.tasks import spawn

LOOK_EVERY_S = 1.0
"""At devices that are silent: a message that ends this is published by nobody."""

LOOK_AGAIN_S = 60.0
"""At the latest, as the wall clock may be set meanwhile."""


class Availability:
    """Feature: publishes `blynk/<device>/availability`."""

    def __init__(self, parts: MqttParts) -> None:
        self._own = parts.own
        self._topics = parts.topics
        self._registry = parts.registry
        self._clock = parts.clock
        self._told: dict[str, bool] = {}
        self._wake = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    def subscriptions(self) -> tuple[Subscription, ...]:
        """None."""
        return ()

    async def connected(self, outlet: Outlet) -> None:
        """Publish all, and watch for silence."""
        self._told.clear()
        pace = Pace(outlet)
        for device in list(self._registry):
            if self._registry.find(device.slug) is device:
                self._tell(device, outlet)
                await pace.step()
        if self._worker is None:
            self._worker = spawn(self._watch(outlet), name="mqtt availability")

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Follow a device that comes, goes, or is another one now."""
        if type(change) not in (StatusChange, DefinitionChange):
            return
        device = self._registry.find(change.device)
        if device is not None:
            self._tell(device, outlet)
        elif type(change) is DefinitionChange:
            self._told.pop(change.device, None)
            outlet.publish(self._topics.device(change.device, "availability"), "", retain=True)
        self._wake.set()

    def disconnected(self) -> None:
        """End the watch."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    def _tell(self, device: Device, outlet: Outlet) -> None:
        is_there = self._is_there(device)
        if self._told.get(device.slug) is not is_there:
            self._told[device.slug] = is_there
            topic = self._topics.device(device.slug, "availability")
            outlet.publish(topic, ONLINE if is_there else OFFLINE, retain=True)

    def _is_there(self, device: Device) -> bool:
        if device.slug == self._own:
            return True
        if device.definition.stale_after_ms is None:
            return device.is_online
        return not device.is_stale(self._clock.now_ms())

    async def _watch(self, outlet: Outlet) -> None:
        while True:
            self._wake.clear()
            wait_s = LOOK_AGAIN_S
            for device in list(self._registry):
                if device.definition.stale_after_ms is not None:
                    self._tell(device, outlet)
                    wait_s = min(wait_s, self._silent_in_s(device))
            await outlet.room()
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _silent_in_s(self, device: Device) -> float:
        """When to look at the device again."""
        limit_ms = device.definition.stale_after_ms or 0
        left_ms = device.last_seen_ms + limit_ms - self._clock.now_ms()
        # It counts as silent a moment after the limit only.
        return (left_ms + 1) / 1000 if left_ms >= 0 else LOOK_EVERY_S
