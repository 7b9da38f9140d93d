"""Whether each device is there, retained: `online` or `offline`.

1. A device without `stale_after` is there while it is connected.
2. One with `stale_after` is there until it was silent for so long, connected or not: boards that
   sleep, and those that speak HTTP only, have no connection most of the time.
3. The gateway's own device is always there; when the gateway itself is not, `bridge/state` says so.
"""

from blynk_gateway.broker.message import Subscription
from blynk_gateway.core.change import Change, DefinitionChange, StatusChange
from blynk_gateway.core.device import Device
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.payload import OFFLINE, ONLINE
from blynk_gateway.mqtt.states.pace import Pace


class Availability:
    """Feature: publishes `blynk/<device>/availability`."""

    def __init__(self, parts: MqttParts) -> None:
        self._own = parts.own
        self._topics = parts.topics
        self._registry = parts.registry
        self._told: dict[str, bool] = {}

    def subscriptions(self) -> tuple[Subscription, ...]:
        """None."""
        return ()

    async def connected(self, outlet: Outlet) -> None:
        """Publish all."""
        self._told.clear()
        pace = Pace(outlet)
        for device in list(self._registry):
            if self._registry.find(device.slug) is device:
                self._tell(device, outlet)
                await pace.step()

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Follow a device that comes, goes, falls silent, or is another one now."""
        if type(change) not in (StatusChange, DefinitionChange):
            return
        device = self._registry.find(change.device)
        if device is not None:
            self._tell(device, outlet)
        elif type(change) is DefinitionChange:
            self._told.pop(change.device, None)
            outlet.publish(self._topics.device(change.device, "availability"), "", retain=True)

    def disconnected(self) -> None:
        """Nothing is under way."""

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
        return not device.is_stale
