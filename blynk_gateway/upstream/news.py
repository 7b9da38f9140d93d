"""The way up for what is no value: events, widget properties and metadata."""

import hashlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from math import inf
from typing import TypeVar

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventChange, EventKind
from blynk_gateway.core.events import MAX_EVENT_DESCRIPTION
from blynk_gateway.core.value import SEPARATOR, PinValue
from blynk_gateway.errors import PeerError
from blynk_gateway.upstream.parts import MappingParts
from blynk_gateway.upstream.route import Below, Route, TooFast

log = logging.getLogger(__name__)

T = TypeVar("T")

LATE_MS = 300_000
"""Age at which an event says when it happened: servers stamp it with the time it comes."""

EVENTS_AT_ONCE = 100

MIN_PAUSE_S = 1.0
MAX_PAUSE_S = 600.0
"""After an event that came too soon for the server; values are not slowed by it."""


class News:
    """Tells them on one connection, in their order."""

    def __init__(self, parts: MappingParts, route: Route, below: Below) -> None:
        self._parts = parts
        self._below = below
        self._route = route
        self._events: list[EventChange] = []
        self._read_upto = parts.standing.events_seq
        self._pause_s = MIN_PAUSE_S
        self._paused_until = 0.0

    async def begin(self) -> None:
        """See what changed since the last connection.

        Raises:
            PeerError: the connection has ended.
        """
        parts = self._parts
        parts.noticed.event_seq = max(parts.noticed.event_seq, self._read_upto + 1)
        if self._digest() != parts.standing.properties:
            parts.noticed.properties |= {address for address, _ in self._properties()}
        device = parts.registry.find(parts.mapping.slug)
        for field in parts.mapping.metadata if device is not None else ():
            if not parts.budget.take_question(parts.clock.now_ms()):
                return
            above = await self._route.ask_metadata(field)
            if above is None:
                parts.noticed.metadata.add((parts.mapping.slug, field))
            else:
                self._below.metadata_set(field, above)

    async def send(self, committed: int) -> float | None:
        """Tell one of them.

        Args:
            committed: events up to this change are on the disk.

        Returns:
            As `Ascent.send`.

        Raises:
            PeerError: the connection has ended.
            HistoryError: events cannot be read now.
        """
        parts, noticed = self._parts, self._parts.noticed
        now = parts.clock.monotonic()
        if now < self._paused_until:
            return self._paused_until - now
        if not self._events and self._read_upto < min(committed, noticed.event_seq):
            await self._read_events(committed)
        if not (self._events or noticed.properties or noticed.metadata):
            return inf
        wait_s = parts.budget.wait_s(1, parts.clock.now_ms(), is_urgent=bool(self._events))
        if wait_s:
            return wait_s
        is_told = True
        try:
            is_told = await self._tell()
        except TooFast as error:
            self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S)
            self._paused_until = now + max(self._pause_s, error.retry_after_s)
        else:
            self._pause_s = MIN_PAUSE_S
        finally:
            # Whether it arrived or not: the server counts what it was sent.
            if is_told:
                parts.budget.spend(1, parts.clock.now_ms())
        return None

    async def _tell(self) -> bool:
        """Tell what is next; False if nothing had to be told."""
        noticed = self._parts.noticed
        if self._events:
            event = self._events[0]
            await self._tell_event(event)
            del self._events[0]
            self._parts.standing.events_seq = event.seq
            return True
        if noticed.properties:
            is_told = await self._tell_one(noticed.properties, self._tell_property)
            self._parts.catch_up()
            if not noticed.properties:
                self._parts.standing.properties = self._digest()
            return is_told
        return await self._tell_one(noticed.metadata, self._tell_metadata)

    async def _tell_one(self, noticed: set[T], tell: Callable[[T], Awaitable[bool]]) -> bool:
        """Tell one of them; what is set anew meanwhile is told anew."""
        one = noticed.pop()
        try:
            return await tell(one)
        except PeerError:
            noticed.add(one)
            raise

    async def _read_events(self, committed: int) -> None:
        parts, standing = self._parts, self._parts.standing
        devices = parts.names.devices if parts.mapping.events else frozenset[str]()
        found = await parts.trail.events(self._read_upto, committed, devices, EVENTS_AT_ONCE)
        self._read_upto = found[-1].seq if len(found) == EVENTS_AT_ONCE else committed
        kinds = (EventKind.LOGGED, EventKind.RESOLVED)
        self._events = [event for event in found if event.kind in kinds]
        if not self._events:
            standing.events_seq = self._read_upto

    async def _tell_event(self, event: EventChange) -> None:
        if event.kind is EventKind.RESOLVED:
            await self._route.clear_event(event.code, is_all=event.description == "all")
            return
        description = event.description
        if self._parts.clock.now_ms() - event.at_ms >= LATE_MS:
            at = datetime.fromtimestamp(event.at_ms / 1000, UTC)
            when = f"{at:%Y-%m-%d %H:%M} UTC"
            room = MAX_EVENT_DESCRIPTION - len(when) - 3
            description = f"{description[:room]} ({when})".lstrip()
        await self._route.log_event(event.code, description)

    async def _tell_property(self, one: tuple[PinAddress, str]) -> bool:
        address, name = one
        device = self._parts.registry.find(address.device)
        value = None if device is None else device.properties.get((address.pin, name))
        if value is None:
            return False
        await self._route.set_property(self._parts.names.pins[address].remote, name, value)
        return True

    async def _tell_metadata(self, one: tuple[str, str]) -> bool:
        parts, (slug, field) = self._parts, one
        device = parts.registry.find(slug)
        value = None if device is None else device.metadata.get(field)
        if value is None or slug != parts.mapping.slug or field not in parts.mapping.metadata:
            return False
        await self._route.set_metadata(field, value)
        return True

    def _properties(self) -> Iterator[tuple[tuple[PinAddress, str], PinValue]]:
        for address in self._parts.names.pins:
            device = self._parts.registry.find(address.device)
            for (pin, name), value in () if device is None else device.properties.items():
                if pin == address.pin:
                    yield (address, name), value

    def _digest(self) -> str:
        """Of all that is set; "" for nothing."""
        told = sorted(
            (str(address), name, SEPARATOR.join(value))
            for (address, name), value in self._properties()
        )
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16] if told else ""
