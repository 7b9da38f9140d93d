"""Pins as events: each value is told once, when the pin takes it, and kept by nobody.

blynk/<device>/<pin>/event
"""

from blynk_gateway.core.change import Change, Intent, PinChange
from blynk_gateway.mqtt.discovery.entities.place import EVENT
from blynk_gateway.mqtt.feature import Outlet
from blynk_gateway.mqtt.payload import value_payload
from blynk_gateway.mqtt.topics import Topics


class PinEvents:
    """The pins that are shown as events; part of the feature `Announcer`, which tells which."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._pins: dict[str, frozenset[str]] = {}

    def use(self, device: str, pins: frozenset[str]) -> None:
        """Take which pins of a device are events from now on."""
        self._pins.pop(device, None)
        if pins:
            self._pins[device] = pins

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Tell what was written; not what only stood so and was restored or synchronised."""
        if type(change) is not PinChange or change.intent is Intent.SYNC:
            return
        if change.pin in self._pins.get(change.device, ()):
            topic = f"{self._topics.pin(change.device, change.pin)}/{EVENT}"
            outlet.publish(topic, value_payload(change.value))
