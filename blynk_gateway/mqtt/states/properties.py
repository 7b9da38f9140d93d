"""Widget properties of pins, each at its own topic, retained."""

from blynk_gateway.broker.message import Subscription
from blynk_gateway.core.change import Change, DefinitionChange, PropertyChange
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.payload import value_payload
from blynk_gateway.mqtt.states.pace import Pace
from blynk_gateway.mqtt.states.shelf import Shelf


class Properties:
    """Feature: publishes `blynk/<device>/v5/prop/label`."""

    def __init__(self, parts: MqttParts) -> None:
        self._registry = parts.registry
        self._shelf: Shelf[tuple[str, str]] = Shelf(
            lambda device, key: parts.topics.pin_property(device, *key)
        )

    def subscriptions(self) -> tuple[Subscription, ...]:
        """None."""
        return ()

    async def connected(self, outlet: Outlet) -> None:
        """Publish all properties; what is gone since the last time is cleared."""
        for slug in list(self._shelf.topics):
            self._withdraw(slug, outlet)
        pace = Pace(outlet)
        for device in list(self._registry):
            for pin, name in list(device.properties):
                self._publish(outlet, device.slug, pin, name)
                await pace.step()

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Publish a property that was set; clear the topics of a device that is gone."""
        if type(change) is PropertyChange:
            self._publish(outlet, change.device, change.pin, change.name)
        elif type(change) is DefinitionChange:
            self._withdraw(change.device, outlet)

    def disconnected(self) -> None:
        """Nothing is under way."""

    def _withdraw(self, slug: str, outlet: Outlet) -> None:
        device = self._registry.find(slug)
        held = {} if device is None else device.properties
        self._shelf.withdraw(outlet, slug, is_gone=lambda key: key not in held)

    def _publish(self, outlet: Outlet, slug: str, pin: str, name: str) -> None:
        """Publish a property as it is now: an older one that is told late would undo it.

        Nothing is published if it is gone.
        """
        device = self._registry.find(slug)
        value = None if device is None else device.properties.get((pin, name))
        if value is not None:
            topic = self._shelf.topic(slug, (pin, name))
            outlet.publish(topic, value_payload(value), retain=True)
