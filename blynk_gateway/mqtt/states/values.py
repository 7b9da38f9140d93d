"""The value of every pin at its own topic, retained.

1. A pin that was never written shows its datastream's default, as everywhere else in the gateway:
   who reads a set point wants to know what counts, not who said so first.
2. Values of one pin are told in the order in which the pin took them.
3. An equal value is told again, as it may be a second press of a button; but not one that a binding
   brought: two gateways that follow each other's topics would pass it round for ever.
4. An empty text is an empty payload, which a broker does not keep: nobody finds anything there.
"""

from typing import TYPE_CHECKING

from blynk_gateway.broker.message import Subscription
from blynk_gateway.core.change import Change, DefinitionChange, OriginKind, PinChange
from blynk_gateway.core.stream import PinState
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.payload import value_payload
from blynk_gateway.mqtt.states.pace import Pace
from blynk_gateway.mqtt.states.shelf import Shelf

if TYPE_CHECKING:
    from blynk_gateway.core.value import PinValue

_BINDING = OriginKind.BINDING


class Values:
    """Feature: publishes `blynk/<device>/v5`."""

    def __init__(self, parts: MqttParts) -> None:
        self._registry = parts.registry
        self._store = parts.store
        self._bus = parts.bus
        self._shelf: Shelf[str] = Shelf(parts.topics.pin)
        self._told: dict[str, PinValue] = {}
        self._ahead: dict[tuple[str, str], int] = {}
        self._ahead_until = 0

    def subscriptions(self) -> tuple[Subscription, ...]:
        """None."""
        return ()

    async def connected(self, outlet: Outlet) -> None:
        """Publish all values; what is gone since the last time is cleared."""
        for slug in list(self._shelf.topics):
            self._withdraw(slug, outlet)
        pace = Pace(outlet)
        for slug in [device.slug for device in self._registry]:
            if self._registry.find(slug) is None:
                continue
            for pin in [state.pin for state in self._store.pins(slug)]:
                state = self._store.find(slug, pin)
                if state is not None and state.shown:
                    self.publish(outlet, slug, state)
                    await pace.step()

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Publish a value that a pin took; clear the topics of pins that are gone."""
        if type(change) is PinChange:
            if self._ahead and self._is_late(change):
                return
            try:
                topic = self._shelf.topics[change.device][change.pin]
            except KeyError:
                topic = self._shelf.topic(change.device, change.pin)
            value = change.value
            # Not compared to `previous`: what lies between may have been conflated.
            if change.origin.kind is _BINDING and self._told.get(topic) == value:
                return
            self._told[topic] = value
            outlet.publish(topic, value_payload(value), retain=True)
        elif type(change) is DefinitionChange:
            self._redefine(change, outlet)

    def disconnected(self) -> None:
        """Nothing is under way."""

    def publish(self, outlet: Outlet, device: str, state: PinState) -> None:
        """Publish what a pin shows; it must show something."""
        # Of the changes that are still to come, some are older than what is told here.
        self._ahead[device, state.pin] = state.seq
        self._ahead_until = self._bus.next_seq
        topic = self._shelf.topic(device, state.pin)
        self._told[topic] = state.shown
        outlet.publish(topic, value_payload(state.shown), retain=True)

    def _is_late(self, change: PinChange) -> bool:
        if change.seq >= self._ahead_until:
            self._ahead = {}
            return False
        return change.seq <= self._ahead.get((change.device, change.pin), 0)

    def _redefine(self, change: DefinitionChange, outlet: Outlet) -> None:
        device = change.device
        self._withdraw(device, outlet)
        if self._registry.find(device) is not None:
            for state in self._store.pins(device):
                # What was written is told already, or will be.
                if state.shown and not state.value:
                    self.publish(outlet, device, state)

    def _withdraw(self, device: str, outlet: Outlet) -> None:
        cleared = self._shelf.withdraw(
            outlet, device, is_gone=lambda pin: not self._shows(device, pin)
        )
        for topic in cleared:
            self._told.pop(topic, None)

    def _shows(self, device: str, pin: str) -> bool:
        state = self._store.find(device, pin)
        return state is not None and bool(state.shown)
