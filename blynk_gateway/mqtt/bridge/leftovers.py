"""Retained messages of devices and pins that went while the broker or the gateway was away.

1. What another gateway has written is not touched: of unknown devices those count as ours that our
   own last `bridge/info` lists.
2. Nor is anything that is none of our topics, whoever put it below the base topic.
"""

import json
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.core.address import PIN_NAMES, SLUG_PATTERN
from blynk_gateway.core.change import Change
from blynk_gateway.core.properties import PROPERTY_NAMES
from blynk_gateway.errors import PeerError
from blynk_gateway.mqtt.bridge.signature import find_signature
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.topics import BRIDGE
from blynk_gateway.runtime.tasks import spawn

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger(__name__)

MAX_INFO_BYTES = 1 << 20
"""What `bridge/info` takes with as many devices as there may be."""

_WHOLE = frozenset({"availability", "state"})
"""Retained topics of a device that are of no pin."""

_PINS = {pin.lower(): pin for pin in PIN_NAMES}


class Leftovers:
    """Clears them, once for each connection."""

    def __init__(self, parts: MqttParts) -> None:
        self._parts = parts
        self._levels = parts.topics.base.count("/") + 1
        self._once_ours: set[str] = set()
        self._worker: asyncio.Task[None] | None = None

    def subscriptions(self) -> Iterable[Subscription]:
        """What the last run, or the last connection, said of itself."""
        return (Subscription(self._parts.topics.info, self._remember),)

    async def connected(self, outlet: Outlet) -> None:
        """Look for them, beside everything else: a broker takes its time to show all it has."""
        self.disconnected()
        self._worker = spawn(self._clear(outlet), name="mqtt leftovers")

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Nothing: what goes while there is a connection is cleared by who published it."""

    def disconnected(self) -> None:
        """Look no more."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    def _remember(self, message: Message) -> None:
        signature = find_signature(message.payload)
        if (
            message.is_retained
            and signature is not None
            and signature.instance_id == self._parts.instance_id
            and len(message.payload) <= MAX_INFO_BYTES
        ):
            self._once_ours.update(_slugs(message.payload))

    async def _clear(self, outlet: Outlet) -> None:
        base = self._parts.topics.base
        filters = (f"{base}/+/+", f"{base}/+/+/light", f"{base}/+/+/prop/+")
        try:
            found = await outlet.collect(*filters)
        except PeerError as error:
            # What is remembered is looked for at the next connection.
            log.warning("leftovers not looked for", extra={"reason": error})
            return
        for topic in sorted(found):
            if self._is_leftover(topic.split("/")[self._levels :]):
                outlet.publish(topic, b"", retain=True)
                await outlet.room()
        self._once_ours.clear()

    def _is_leftover(self, levels: list[str]) -> bool:
        match levels:
            case [str() as device, str() as last] if last in _WHOLE:
                return device != BRIDGE and self._is_gone(device)
            case [str() as device, str() as name] if name in _PINS:
                return self._is_gone(device) or self._is_empty(device, _PINS[name])
            case [str() as device, str() as name, "light"] if name in _PINS:
                return self._is_gone(device) or self._is_unknown(device, _PINS[name])
            case [str() as device, str() as name, "prop", str() as prop]:
                if name not in _PINS or prop not in PROPERTY_NAMES:
                    return False
                return self._is_gone(device) or self._lacks(device, _PINS[name], prop)
            case _:
                return False

    def _is_gone(self, device: str) -> bool:
        return device in self._once_ours and self._parts.registry.find(device) is None

    def _is_empty(self, device: str, pin: str) -> bool:
        """Whether the device is ours and has no value there."""
        if self._parts.registry.find(device) is None:
            return False
        state = self._parts.store.find(device, pin)
        return state is None or not state.shown

    def _is_unknown(self, device: str, pin: str) -> bool:
        """Whether the device is ours and has no such pin."""
        is_ours = self._parts.registry.find(device) is not None
        return is_ours and self._parts.store.find(device, pin) is None

    def _lacks(self, device: str, pin: str, name: str) -> bool:
        """Whether the device is ours and has no such property."""
        found = self._parts.registry.find(device)
        return found is not None and (pin, name) not in found.properties


def _slugs(payload: bytes) -> set[str]:
    try:
        devices = json.loads(payload)["devices"]
        slugs = {str(one["slug"]) for one in devices}
    except (ValueError, LookupError, TypeError, RecursionError):
        # Cut, or made to look like ours.
        return set()
    return {slug for slug in slugs if SLUG_PATTERN.fullmatch(slug) and slug != BRIDGE}
