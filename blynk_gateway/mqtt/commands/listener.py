"""Hears commands to devices, and finds out which pin of which device each one is for.

A retained command is ignored: it would be given again at each new connection, days later. The slug
and the pin are taken in either case, as in addresses elsewhere.
"""

import logging
from collections.abc import Callable

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.core.address import parse_pin
from blynk_gateway.core.definition import RESERVED_SLUG
from blynk_gateway.errors import GatewayError
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.runtime.logs import Repeats, safe

log = logging.getLogger(__name__)

MAX_KNOWN = 10_000
"""Topics that are kept taken apart; a broker can make up any number of others."""


class CommandListener:
    """Commands of one verb.

    Args:
        verb: last level of their topics.
        obey: called with the slug, of a device that need not exist, the canonical name of the pin,
            empty for the device as a whole, and the message. What it raises is complained of.

    Attributes:
        outlet: of the present connection, once it is ready for this feature.
    """

    def __init__(
        self,
        parts: MqttParts,
        complaints: Complaints,
        verb: str,
        obey: Callable[[str, str, Message], None],
    ) -> None:
        self.outlet: Outlet | None = None
        self._topics = parts.topics
        self._registry = parts.registry
        self._health = parts.health
        self._complaints = complaints
        self._verb = verb
        self._obey = obey
        self._known: dict[str, tuple[str, str]] = {}
        self._ignored = Repeats(parts.clock)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Of devices as a whole and of their pins."""
        return (
            Subscription(self._topics.device("+", self._verb), self._received),
            Subscription(self._topics.device("+", "+", self._verb), self._received),
        )

    def _received(self, message: Message) -> None:
        if message.is_retained:
            self._ignore(message)
            return
        device, pin = self._known.get(message.topic, (None, ""))
        try:
            if device is None:
                found = self._topics.find(message.topic)
                if found is None or found.device == RESERVED_SLUG:
                    return
                device = found.device.lower()
                pin = self._parse(message.topic, device, found.pin)
            self._obey(device, pin, message)
        except GatewayError as error:
            self._complaints.complain(self.outlet, device, message, error)

    def _parse(self, topic: str, device: str, pin: str) -> str:
        pin = parse_pin(pin) if pin else ""
        self._registry.get(device)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[topic] = device, pin
        return pin

    def _ignore(self, message: Message) -> None:
        self._health.count("mqtt_retained_commands")
        # By device, not by topic: a broker can make up any number of these.
        found = self._topics.find(message.topic)
        known = None if found is None else self._registry.find(found.device.lower())
        held_back = self._ignored.allow(None if known is None else known.slug)
        if held_back is not None:
            log.warning(
                "retained command ignored",
                extra={"topic": safe(message.topic), "held_back": held_back},
            )
