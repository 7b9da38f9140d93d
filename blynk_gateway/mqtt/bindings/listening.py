"""Who comes back listens before it speaks.

What topics that are bound to pins have said while we were away is taken before we tell our own
values. Else a gateway that follows us would follow what we say of the past.
"""

from collections.abc import Iterable

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.broker.retained import Lull
from blynk_gateway.config.mqtt.options import Direction
from blynk_gateway.core.change import Change
from blynk_gateway.mqtt.feature import MqttParts, Outlet


class Listening:
    """Feature: those behind it speak when bound topics have said what the broker kept of them."""

    def __init__(self, parts: MqttParts) -> None:
        bindings = parts.options.bindings
        self._topics = {one.topic for one in bindings if one.direction is not Direction.OUT}
        self._lull = Lull(parts.clock)
        self._is_over = False

    def subscriptions(self) -> Iterable[Subscription]:
        """The topics that feed pins; `Inbound` asks for them with the QoS that they need."""
        return [Subscription(one, self._heard) for one in sorted(self._topics)]

    async def connected(self, outlet: Outlet) -> None:  # noqa: ARG002  says nothing
        """Listen, once for each connection."""
        if self._topics and not self._is_over:
            await self._lull.wait()
        self._is_over = True

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Nothing to follow."""

    def disconnected(self) -> None:
        """Listen again on the next connection."""
        self._is_over = False

    def _heard(self, message: Message) -> None:
        if message.is_retained:
            self._lull.note()
