"""Entries `online`, `offline` and `stale` in the timelines of devices.

1. A device with `stale_after` is there until it was silent for so long: that a board which sleeps
   connects and goes each time it wakes is no news. It is then `stale` if it still has a connection
   and `offline` if it has none. Any other device is there while it has a connection.
2. What counts is what the timeline said last, in an earlier run too. So a restart, after which all
   devices come back, adds nothing; what did not come back within `GRACE_S` of the start is offline.
3. At most `BURST` entries of a device at once, and one each `EVERY_S`. What was left out is made up
   for: the timeline ends with the state that is.
"""

import logging
from collections.abc import Callable, Mapping

from blynk_gateway.automations.timers import Timers
from blynk_gateway.core.change import EventKind, Origin, OriginKind
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.device import Device
from blynk_gateway.core.events import SystemCode
from blynk_gateway.core.quota import TokenBucket
from blynk_gateway.runtime.parts import Parts

log = logging.getLogger(__name__)

ORIGIN = Origin(OriginKind.GATEWAY, "system")

PRESENCE_CODES = frozenset({SystemCode.ONLINE, SystemCode.OFFLINE, SystemCode.STALE})

GRACE_S = 120.0
"""Time that devices have to come back after a start; clients wait for a minute at most."""

BURST = 10
EVERY_S = 300.0
"""Ten devices with a bad antenna would else push all else out of the timeline in a few hours."""


class DeviceEvents:
    """Compares devices with what their timelines say.

    Args:
        told: the latest code that each timeline has of this, by device.
    """

    def __init__(self, parts: Parts, timers: Timers, told: Mapping[str, str]) -> None:
        self._parts = parts
        self._timers = timers
        self._told: dict[str, str] = dict(told)
        self._meters: dict[str, TokenBucket] = {}
        self._late: set[str] = set()
        self._was_there: set[str] = set()
        self._is_grace = True
        timers.after(GRACE_S, self._end_grace)

    def look(self, slug: str) -> None:
        """See whether the timeline of a device has to say something else."""
        device = self._parts.registry.find(slug)
        if device is None:
            self._told.pop(slug, None)
            self._meters.pop(slug, None)
            self._was_there.discard(slug)
            return
        if device.definition.source is DeviceSource.GATEWAY:
            return
        state, told = _state_of(device), self._told.get(slug, SystemCode.OFFLINE)
        if state is SystemCode.ONLINE:
            self._was_there.add(slug)
        elif slug not in self._told or (self._is_grace and slug not in self._was_there):
            return
        if state == told:
            return
        if not self._take(slug):
            self._parts.health.count("system_events_limited")
            if not self._late:
                self._timers.after(EVERY_S, self._make_up)
            self._late.add(slug)
            return
        self._told[slug] = state
        self._parts.registry.record_event(
            device, EventKind.SYSTEM, state, _text_of(device, state), ORIGIN
        )

    def _take(self, slug: str) -> bool:
        now = self._parts.clock.monotonic()
        meter = self._meters.get(slug)
        if meter is None:
            meter = self._meters[slug] = TokenBucket(1 / EVERY_S, BURST, now)
        return meter.take(1, now)

    def _end_grace(self) -> None:
        self._is_grace = False
        self._look_at(list(self._told))

    def _make_up(self) -> None:
        late, self._late = self._late, set()
        self._look_at(sorted(late))

    def _look_at(self, slugs: list[str]) -> None:
        look: Callable[[str], None] = self.look
        for slug in slugs:
            look(slug)


def _state_of(device: Device) -> SystemCode:
    if device.definition.stale_after_ms is None:
        return SystemCode.ONLINE if device.is_online else SystemCode.OFFLINE
    if not device.is_stale:
        return SystemCode.ONLINE
    return SystemCode.STALE if device.connections else SystemCode.OFFLINE


def _text_of(device: Device, state: SystemCode) -> str:
    limit_ms = device.definition.stale_after_ms
    if state is SystemCode.ONLINE or limit_ms is None:
        return ""
    return f"nothing heard for {limit_ms / 1000:g} s"
