"""`bridge/health`: how the gateway is, retained; as soon as that changes, and every minute."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from blynk_gateway.broker.message import Subscription
from blynk_gateway.core.change import Change
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.mqtt.bridge.signature import Signature
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.runtime.logs import safe
from blynk_gateway.runtime.tasks import spawn
from blynk_gateway.runtime.thermal import find_cpu_temperature

LOOK_EVERY_S = 1.0
"""How often is looked whether something changed."""

LOOKS = 60
"""After so many it is published in any case."""

MAX_ERROR = 255
"""Characters. Source: the longest state of an entity in Home Assistant."""


class BridgeHealth:
    """Publishes `bridge/health`.

    Args:
        backlog: how many changes are not yet on disk.
        root: where `/sys` is.
    """

    def __init__(
        self, parts: MqttParts, backlog: Callable[[], int], root: Path = Path("/")
    ) -> None:
        self._parts = parts
        self._backlog = backlog
        self._root = root
        self._signature = Signature(parts.instance_id, parts.run_id)
        self._topic = parts.topics.bridge("health")
        self._worker: asyncio.Task[None] | None = None

    def subscriptions(self) -> Iterable[Subscription]:
        """Nothing."""
        return ()

    async def connected(self, outlet: Outlet) -> None:
        """Publish it, and follow."""
        self.disconnected()
        news = self._news()
        await self._publish(outlet)
        self._worker = spawn(self._follow(outlet, news), name="mqtt bridge health")

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Nothing: most of what it tells is no change of the core."""

    def disconnected(self) -> None:
        """Follow no more."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    async def document(self) -> dict[str, Any]:
        """How it is now; `temperature` in °C or None, `last_error` empty for none."""
        temperature = await asyncio.to_thread(find_cpu_temperature, self._root)
        parts = self._parts
        return {
            **self._news(),
            "backlog": self._backlog(),
            "temperature": None if temperature is None else round(temperature, 1),
            "uptime_s": int(parts.clock.monotonic() - parts.started_at),
        }

    def _news(self) -> dict[str, Any]:
        """What is told at once when it changes."""
        devices = [
            device
            for device in self._parts.registry
            if device.definition.source is not DeviceSource.GATEWAY
        ]
        health = self._parts.health
        # One line, and room for the sign that it was cut.
        last_error = safe(" ".join(health.last_error.split()), MAX_ERROR - 1)
        return {
            "status": str(health.state),
            "devices": len(devices),
            "connected_devices": sum(device.is_online for device in devices),
            "last_error": last_error,
        }

    async def _follow(self, outlet: Outlet, shown: dict[str, Any]) -> None:
        while True:
            for _ in range(LOOKS):
                await asyncio.sleep(LOOK_EVERY_S)
                if (news := self._news()) != shown:
                    shown = news
                    break
            await self._publish(outlet)

    async def _publish(self, outlet: Outlet) -> None:
        outlet.publish(self._topic, self._signature.sign(await self.document()), retain=True)
