"""What changed of devices, and at which tick; the messages are made once for all clients."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from blynk_gateway.api.live.fragments import framed, to_fragment
from blynk_gateway.api.live.watch import Watch
from blynk_gateway.api.v1.views import device_view, event_view
from blynk_gateway.core.accounts import Scope
from blynk_gateway.core.change import EventChange
from blynk_gateway.core.device import DeviceRegistry

MAX_EVENTS = 200
"""Events told at once to a client that was slow; the timeline has them all."""


class EventNote(NamedTuple):
    """An event, and its framed message for whoever sees everything."""

    tick: int
    event: EventChange
    frame: bytes


class DeviceBook:
    """Notes of what changed of devices: the latest of each, and their events."""

    def __init__(self, registry: DeviceRegistry) -> None:
        self._registry = registry
        self._changed: dict[str, int] = {}
        self._events: deque[EventNote] = deque(maxlen=MAX_EVENTS)
        self._made: dict[tuple[str, bool], bytes] = {}

    def begin(self) -> None:
        """Begin a tick."""
        self._made.clear()

    def note(self, slug: str, tick: int) -> None:
        """A device came, went, fell silent, changed, or was removed."""
        self._changed.pop(slug, None)
        self._changed[slug] = tick

    def note_event(self, event: EventChange, tick: int) -> None:
        """Something for the timeline happened."""
        self._events.append(EventNote(tick, event, self._event_frame(event, None)))

    def forget(self, before: int) -> None:
        """Every client knows of what was noted before this tick."""
        for slug in [slug for slug, tick in self._changed.items() if tick < before]:
            del self._changed[slug]

    def frames(self, watch: Watch, since: int) -> Iterator[bytes]:
        """Messages of what changed after tick `since`, those of events last."""
        for slug, tick in self._changed.items():
            if tick > since and watch.sees_device(slug):
                key = slug, watch.sees_whole(slug)
                if key not in self._made:
                    self._made[key] = self._frame(slug, watch.scope)
                yield self._made[key]
        for note in self._events:
            if note.tick > since and watch.sees_whole(note.event.device):
                is_all = watch.scope is None
                yield note.frame if is_all else self._event_frame(note.event, watch.scope)

    def _frame(self, slug: str, scope: Scope | None) -> bytes:
        device = self._registry.find(slug)
        if device is None:
            return framed(to_fragment({"type": "device_removed", "slug": slug}))
        view = device_view(device, scope)
        return framed(to_fragment({"type": "device", "device": view}))

    def _event_frame(self, event: EventChange, scope: Scope | None) -> bytes:
        view = event_view(event, self._registry, scope)
        return framed(to_fragment({"type": "event", "event": view}))
