"""Entries of the event timeline, as they come; never retained, as they are no states."""

import json
from datetime import UTC, datetime

from blynk_gateway.broker.message import Subscription
from blynk_gateway.core.change import Change, EventChange
from blynk_gateway.core.value import printable
from blynk_gateway.mqtt.feature import MqttParts, Outlet


class Events:
    """Feature: publishes `blynk/<device>/event/<code>`; what happens offline is not told later."""

    def __init__(self, parts: MqttParts) -> None:
        self._topics = parts.topics

    def subscriptions(self) -> tuple[Subscription, ...]:
        """None."""
        return ()

    async def connected(self, outlet: Outlet) -> None:
        """Nothing stands there."""

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Publish an event."""
        if type(change) is EventChange:
            topic = self._topics.device(change.device, "event", event_level(change.code))
            outlet.publish(topic, _payload(change))

    def disconnected(self) -> None:
        """Nothing is under way."""


def event_level(code: str) -> str:
    """A code as the level of a topic: what cannot stand there is `_`.

    Brokers end connections whose topics hold control characters or halves of characters.
    """
    return "".join("_" if char in "+#/" or not char.isprintable() else char for char in code)


def _payload(event: EventChange) -> str:
    time = datetime.fromtimestamp(event.at_ms / 1000, UTC)
    content = {
        "description": printable(event.description),
        "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "kind": str(event.kind),
    }
    return json.dumps(content, ensure_ascii=False)
