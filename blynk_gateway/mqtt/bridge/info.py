"""`bridge/info`: which gateway this is and which devices it has, retained."""

import asyncio
from collections.abc import Iterable

from blynk_gateway import __version__
from blynk_gateway.broker.message import Subscription
from blynk_gateway.core.change import Change, DefinitionChange, StatusChange
from blynk_gateway.mqtt.bridge.signature import Signature
from blynk_gateway.mqtt.feature import MqttParts, Outlet

RENEW_EVERY_S = 1.0
"""It has all devices: a power cut that ends a hundred connections is told in one message."""


class Info:
    """Publishes `bridge/info`, and again when a device comes, goes or changes."""

    def __init__(self, parts: MqttParts) -> None:
        self._parts = parts
        self._signature = Signature(parts.instance_id, parts.run_id)
        self._shown = ""
        self._renewal: asyncio.TimerHandle | None = None

    def subscriptions(self) -> Iterable[Subscription]:
        """Nothing: `Watch` looks at who else writes there."""
        return ()

    async def connected(self, outlet: Outlet) -> None:
        """Publish it."""
        self._shown = ""
        self._publish(outlet)

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Publish it again, soon."""
        if type(change) in (StatusChange, DefinitionChange) and self._renewal is None:
            loop = asyncio.get_running_loop()
            self._renewal = loop.call_later(RENEW_EVERY_S, self._publish, outlet)

    def disconnected(self) -> None:
        """Publish no more."""
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None

    def _publish(self, outlet: Outlet) -> None:
        self.disconnected()
        devices = [
            {
                "slug": device.slug,
                "name": device.definition.name,
                "online": device.is_online,
            }
            for device in self._parts.registry
        ]
        text = self._signature.sign(
            {
                "version": __version__,
                "base_topic": self._parts.topics.base,
                "devices": devices,
            }
        )
        if text != self._shown:
            self._shown = text
            outlet.publish(self._parts.topics.info, text, retain=True)
