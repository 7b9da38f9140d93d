"""All pins of a device in one JSON object at one topic, retained.

`{"v5": 21.5, "v6": "auto", "v7": ["1", "2"]}`: a number where the datastream says so and for
digital and analog pins, else the text; an array of texts for several parameters. Pins that show no
value are left out.
"""

import asyncio
import json
from collections.abc import Iterable

from blynk_gateway.broker.message import Subscription
from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.change import Change, DefinitionChange, PinChange
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.value import number, printable, printable_value
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.runtime.tasks import spawn

EVERY_S = 0.25
"""Shortest time between two states of a device: one holds everything, so few do."""

_EXACT = 2**53


class DeviceStates:
    """Feature: publishes `blynk/<device>/state`; the first change at once, the last one always."""

    def __init__(self, parts: MqttParts) -> None:
        self._topics = parts.topics
        self._registry = parts.registry
        self._store = parts.store
        self._changed: dict[str, None] = {}
        self._told: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    def subscriptions(self) -> tuple[Subscription, ...]:
        """None."""
        return ()

    async def connected(self, outlet: Outlet) -> None:
        """Publish all states, and follow."""
        self._told.clear()
        await self._publish_news([device.slug for device in self._registry], outlet)
        if self._worker is None:
            self._worker = spawn(self._follow(outlet), name="mqtt device states")

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Note that a device's state is to be published, or clear it."""
        if type(change) is PinChange:
            if change.device not in self._changed:
                self._note(change.device)
        elif type(change) is DefinitionChange:
            if self._registry.find(change.device) is None:
                self._told.pop(change.device, None)
                outlet.publish(self._topics.device(change.device, "state"), "", retain=True)
            else:
                self._note(change.device)

    def disconnected(self) -> None:
        """End the task that follows."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    def again(self, device: str) -> None:
        """Publish the state of a device again, also if it stayed the same."""
        self._told.pop(device, None)
        self._note(device)

    def _note(self, device: str) -> None:
        self._changed[device] = None
        self._wake.set()

    async def _follow(self, outlet: Outlet) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, {}
            await self._publish_news(changed, outlet)
            await asyncio.sleep(EVERY_S)

    async def _publish_news(self, devices: Iterable[str], outlet: Outlet) -> None:
        for device in devices:
            # It may have been removed meanwhile.
            if self._registry.find(device) is not None:
                state = state_json(self._store.pins(device))
                if self._told.get(device) != hash(state):
                    self._publish(outlet, device, state)
                # Each may have hundreds of pins.
                await outlet.room()
                await asyncio.sleep(0)

    def _publish(self, outlet: Outlet, device: str, state: str) -> None:
        self._told[device] = hash(state)
        outlet.publish(self._topics.device(device, "state"), state, retain=True)


def state_json(states: Iterable[PinState]) -> str:
    """The state of a device, by its pins."""
    shown = {state.pin.lower(): _item(state) for state in states if state.shown}
    return json.dumps(shown, ensure_ascii=False)


def _item(state: PinState) -> float | str | list[str]:
    value = state.shown
    if len(value) > 1:
        return printable_value(value)
    found = number(value) if _is_numeric(state) else None
    if found is None:
        return printable(value[0])
    # As a float it would be `1.0` to those who compare texts.
    return int(found) if found.is_integer() and abs(found) < _EXACT else found


def _is_numeric(state: PinState) -> bool:
    if state.datastream is not None:
        return state.datastream.is_numeric
    return PIN_NAMES[state.pin] is not PinKind.VIRTUAL
