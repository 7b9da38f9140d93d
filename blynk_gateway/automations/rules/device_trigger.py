"""Triggers of devices that come, go or fall silent.

A start of the gateway is no coming and going: devices have `SETTLE_S` to come back, or as long as
they may be silent, and only what is another than before the stop when that is over has changed.
"""

from functools import partial

from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.rules.causes import of_status
from blynk_gateway.automations.rules.edge import Edge
from blynk_gateway.automations.rules.watcher import Fire, Touched
from blynk_gateway.automations.timers import Timer, Timers
from blynk_gateway.config.automations.options import DeviceState, DeviceTrigger
from blynk_gateway.config.scalars import format_duration
from blynk_gateway.core.change import StatusChange
from blynk_gateway.core.device import Device
from blynk_gateway.core.json_text import Json
from blynk_gateway.runtime.parts import Parts

SETTLE_S = 60.0
"""The stock library tries again every 5 s to 10 s; a Wi-Fi router takes a minute to start."""


def is_device(device: Device, state: DeviceState) -> bool:
    """Whether a device is online, offline or stale."""
    match state:
        case DeviceState.ONLINE:
            return device.is_online
        case DeviceState.OFFLINE:
            return not device.is_online
        case DeviceState.STALE:
            return device.is_stale


class DeviceWatcher:
    """Fires for each device that becomes so, each for itself."""

    def __init__(
        self, trigger: DeviceTrigger, fire: Fire, touched: Touched, parts: Parts, timers: Timers
    ) -> None:
        self.trigger = trigger
        self._fire = fire
        self._touched = touched
        self._registry = parts.registry
        self._clock = parts.clock
        self._timers = timers
        self._edges: dict[str, Edge] = {}
        self._settling: dict[str, Timer] = {}

    def see(self, change: StatusChange) -> None:
        """Look at a device."""
        if self.trigger.device not in ("", change.device):
            return
        becomes = self.trigger.becomes
        is_held = change.is_stale
        if becomes is not DeviceState.STALE:
            is_held = change.is_online is (becomes is DeviceState.ONLINE)
        self._turn(change.device, change, is_held=is_held)

    def begin(self) -> None:
        """What stands now does not count."""
        for device in self._devices():
            self._edge(device.slug).settle(is_held=self._stands(device))

    def state(self) -> Json:
        """Of each device that was heard of."""
        return {slug: edge.state() for slug, edge in self._edges.items()}

    def restore(self, state: Json) -> None:
        """Whoever is not as before the stop gets time to become so again."""
        known = state if isinstance(state, dict) else {}
        for device in self._devices():
            slug = device.slug
            if slug not in known:
                continue
            edge = self._edge(slug)
            edge.restore(known[slug])
            if edge.is_held is not self._stands(device) and slug not in self._settling:
                silent_ms = device.definition.stale_after_ms or 0
                settled = partial(self._settled, slug)
                self._settling[slug] = self._timers.after(max(SETTLE_S, silent_ms / 1000), settled)

    def forget(self, device: str) -> None:
        """A device that is gone neither comes nor goes."""
        edge = self._edges.pop(device, None)
        if edge is not None:
            edge.drop()
            self._touched()

    def end(self) -> None:
        """Wait no longer."""
        for edge in self._edges.values():
            edge.drop()
        for timer in self._settling.values():
            timer.cancel()

    def _turn(self, slug: str, change: StatusChange | None, *, is_held: bool) -> None:
        edge = self._edge(slug)
        if is_held is edge.is_held:
            return
        if edge.turn(is_held=is_held):
            text = f"{slug} is {self.trigger.becomes}"
            if change is None:
                self._fire(Cause(text=text, at_ms=self._clock.now_ms(), device=slug))
            else:
                self._fire(of_status(change, text))
        self._touched()

    def _settled(self, slug: str) -> None:
        del self._settling[slug]
        device = self._registry.find(slug)
        if device is not None:
            self._turn(slug, None, is_held=self._stands(device))

    def _held_long(self, slug: str) -> None:
        device = self._registry.find(slug)
        if device is None or not self._stands(device):
            # It was so before a stop of the gateway, and is not since.
            self._edge(slug).settle(is_held=False)
        else:
            text = f"{slug} is {self.trigger.becomes} for {format_duration(self.trigger.for_ms)}"
            self._fire(Cause(text=text, at_ms=self._clock.now_ms(), device=slug))
        self._touched()

    def _devices(self) -> list[Device]:
        if not self.trigger.device:
            return list(self._registry)
        device = self._registry.find(self.trigger.device)
        return [] if device is None else [device]

    def _stands(self, device: Device) -> bool:
        return is_device(device, self.trigger.becomes)

    def _edge(self, slug: str) -> Edge:
        edge = self._edges.get(slug)
        if edge is None:
            due = partial(self._held_long, slug)
            edge = Edge(self.trigger.for_ms, due, self._timers, self._clock)
            # Who was not there before is offline at first.
            edge.is_held = self.trigger.becomes is DeviceState.OFFLINE
            self._edges[slug] = edge
        return edge
