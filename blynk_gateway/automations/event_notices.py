"""Tells people of events that were declared with `notify`.

1. Of each code of a device each `every`-th event counts, and of those one in `limit`.
2. Two notifications of one device are `BETWEEN_S` apart: what comes sooner waits, at most
   `MAX_WAIT_S`. Source: blynk-protocol §7.2.
3. What was counted is forgotten by a restart.
"""

import asyncio
from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol

from blynk_gateway.automations.selected import SelectedMailbox
from blynk_gateway.automations.timers import Timers
from blynk_gateway.core.change import EventChange, EventKind
from blynk_gateway.core.device import Device
from blynk_gateway.core.events import EventDefinition
from blynk_gateway.core.mailbox import Overflow
from blynk_gateway.core.value import printable
from blynk_gateway.runtime.parts import Parts

BETWEEN_S = 5.0
MAX_WAIT_S = 60.0

MAILBOX_LIMIT = 1000
MAX_COUNTS = 10_000
"""Codes that are counted; one that is declared is one of 256 of its device."""

_KINDS = frozenset({EventKind.LOGGED, EventKind.SYSTEM})


class Notify(Protocol):
    """Hands a notification to services (made by `automations.notifications`)."""

    def __call__(
        self,
        to: Sequence[str],
        title: str,
        text: str,
        rule_slug: str,
        limit_ms: int,
        done: Callable[[str, bool], None],
        /,
    ) -> None:
        """Hand it over; returns at once."""


class EventNotices:
    """Follows the timeline and notifies."""

    def __init__(self, parts: Parts, timers: Timers, notify: Notify) -> None:
        self._parts = parts
        self._timers = timers
        self._notify = notify
        self._counts: dict[tuple[str, str], int] = {}
        self._last: dict[tuple[str, str], float] = {}
        self._free_at: dict[str, float] = {}

    async def run(self) -> None:
        """Follow until cancelled."""
        wake = asyncio.Event()
        mailbox = SelectedMailbox(MAILBOX_LIMIT, Overflow.CONFLATE, wake=wake.set)
        mailbox.wanted = frozenset({EventChange})
        self._parts.bus.subscribe(mailbox, origin=None, echo=True)
        try:
            while True:
                await wake.wait()
                wake.clear()
                for change in mailbox.drain():
                    if isinstance(change, EventChange):
                        self.take(change)
        finally:
            self._parts.bus.unsubscribe(mailbox)

    def take(self, event: EventChange) -> None:
        """Notify of an event if it was declared so, and is not one too many."""
        device = self._parts.registry.find(event.device)
        if device is None or event.kind not in _KINDS:
            return
        definition = self._parts.registry.event_of(device, event.kind, event.code)
        if definition.notify is None or not self._counts_now(event, definition):
            return
        now = self._parts.clock.monotonic()
        due_at = max(now, self._free_at.get(event.device, 0.0))
        if due_at - now > MAX_WAIT_S:
            self._parts.health.count("event_notifications_dropped")
            return
        self._last[event.device, event.code] = now
        self._free_at[event.device] = due_at + BETWEEN_S
        if due_at > now:
            self._timers.after(due_at - now, lambda: self._send(device, definition, event))
        else:
            self._send(device, definition, event)

    def _counts_now(self, event: EventChange, definition: EventDefinition) -> bool:
        key = event.device, event.code
        if key not in self._counts and len(self._counts) >= MAX_COUNTS:
            for kept in (self._counts, self._last, self._free_at):
                kept.clear()
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if count % definition.every:
            return False
        silent_s = self._parts.clock.monotonic() - self._last.get(key, -inf)
        if silent_s * 1000 < definition.limit_ms:
            self._parts.health.count("event_notifications_limited")
            return False
        return True

    def _send(self, device: Device, definition: EventDefinition, event: EventChange) -> None:
        name = printable(definition.name)
        self._notify(
            definition.notify or (),
            f"{device.definition.name}: {name}",
            printable(event.description) or name,
            f"event:{event.code}",
            0,
            _unheard,
        )


def _unheard(_result: str, _is_failed: bool) -> None:
    """What became of it is told by the service's own state."""
