"""Devices at run time: their tokens, connections, properties, metadata and events."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from types import MappingProxyType

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import (
    DefinitionChange,
    EventKind,
    MetadataChange,
    Origin,
    OriginKind,
    PropertyChange,
    StatusChange,
)
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.datastream import Template
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.direct import DirectPin
from blynk_gateway.core.event_log import EventBook, EventLog
from blynk_gateway.core.events import SYSTEM_EVENTS, EventDefinition
from blynk_gateway.core.properties import PROPERTY_NAMES
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.value import MAX_PARAMETER_BYTES, PinValue, check_size
from blynk_gateway.errors import DeviceError, DeviceExists, InvalidValue, UnknownDevice

PRESENCE = Origin(OriginKind.GATEWAY, "presence")
"""Of changes that come of a device's silence, or of the end of it."""

MAX_DEVICES = 5000
MAX_PROPERTIES = 1000
MAX_METADATA_FIELDS = 64


class Device:
    """One device and what it told us. Changed by `DeviceRegistry` only.

    Attributes:
        connections: logged-in connections at the moment.
        is_heard: whether it is online without a connection: by HTTP, or as an earlier run heard it.
        is_stale: whether it was silent for longer than its `stale_after`.
        heard_at: monotonic seconds of its latest sign of life, `-inf` for never.
        info: pairs of the latest info message, `ver`, `h-beat`, … as sent.
        last_seen_ms: UTC ms of its latest message or HTTP update, 0 for never.
        properties: widget properties by pin and name.
        metadata: fields by name.
    """

    __slots__ = (
        "connections",
        "definition",
        "event_book",
        "heard_at",
        "info",
        "is_heard",
        "is_stale",
        "last_seen_ms",
        "metadata",
        "properties",
    )

    def __init__(self, definition: DeviceDefinition) -> None:
        self.definition = definition
        self.connections = 0
        self.is_heard = False
        self.is_stale = definition.stale_after_ms is not None
        self.heard_at = -inf
        self.event_book: EventBook | None = None
        self.info: tuple[tuple[str, str], ...] = ()
        self.last_seen_ms = 0
        self.properties: dict[tuple[str, str], PinValue] = {}
        self.metadata: dict[str, str] = dict(definition.metadata)

    @property
    def slug(self) -> str:
        """Its name in addresses."""
        return self.definition.slug

    @property
    def is_online(self) -> bool:
        """Whether it has a connection, or sends updates by HTTP."""
        return self.connections > 0 or self.is_heard

    @property
    def silent_at(self) -> float:
        """Monotonic seconds after which it is silent for too long."""
        limit_ms = self.definition.stale_after_ms
        return inf if limit_ms is None else self.heard_at + limit_ms / 1000


class DeviceRegistry:
    """All devices. What changes here is published on the bus like a pin's value.

    Attributes:
        events: the event timelines.
    """

    def __init__(self, bus: PinBus, store: PinStore, clock: Clock) -> None:
        self.events = EventLog(bus, clock)
        self._bus = bus
        self._store = store
        self._clock = clock
        self._devices: dict[str, Device] = {}
        self._by_token: dict[bytes, Device] = {}
        self._templates: Mapping[str, Template] = {}
        self._began_at = clock.monotonic()
        self._awoke: Callable[[], object] = bool

    def __iter__(self) -> Iterator[Device]:
        return iter(self._devices.values())

    def __len__(self) -> int:
        return len(self._devices)

    def use_templates(self, templates: Mapping[str, Template]) -> None:
        """Take these templates instead of the earlier ones; values stay."""
        self._templates = templates
        for device in self:
            self._define(device.definition)

    def add(self, definition: DeviceDefinition, origin: Origin) -> Device:
        """Add a device and its pins.

        Raises:
            DeviceExists: the slug or the token is taken.
            DeviceError: the template is unknown, or there are `MAX_DEVICES` already.
        """
        if definition.slug in self._devices:
            raise DeviceExists(f"there is a device {definition.slug!r} already")
        self._check_token(definition)
        if len(self._devices) >= MAX_DEVICES:
            raise DeviceError(f"there are {MAX_DEVICES} devices already; that is the limit")
        if definition.template is not None and definition.template not in self._templates:
            known = ", ".join(sorted(self._templates)) or "none"
            raise DeviceError(f"no template {definition.template[:40]!r}; there are: {known}")
        device = self._devices[definition.slug] = Device(definition)
        self._by_token[_token_key(definition.token)] = device
        self._define(definition)
        self._publish_definition(definition.slug, definition, origin)
        return device

    def redefine(self, definition: DeviceDefinition, origin: Origin) -> Device:
        """Give a device another definition; its values and connections stay.

        Raises:
            UnknownDevice: no such slug.
            DeviceExists: the new token is another device's.
        """
        device = self.get(definition.slug)
        old = device.definition
        if old == definition:
            return device
        if old.token != definition.token:
            self._check_token(definition)
            del self._by_token[_token_key(old.token)]
            self._by_token[_token_key(definition.token)] = device
        device.definition = definition
        for field, value in definition.metadata.items():
            if old.metadata.get(field) != value:
                device.metadata[field] = value
        self._define(definition)
        self._publish_definition(definition.slug, definition, origin)
        self.check_silence(device)
        self._awoke()
        return device

    def remove(self, slug: str, origin: Origin) -> None:
        """Remove a device with its values.

        Raises:
            UnknownDevice: no such slug.
        """
        device = self.get(slug)
        del self._devices[slug]
        del self._by_token[_token_key(device.definition.token)]
        self._store.forget(slug)
        self._publish_definition(slug, None, origin)

    def get(self, slug: str) -> Device:
        """The device with this slug.

        Raises:
            UnknownDevice: no such slug.
        """
        device = self._devices.get(slug)
        if device is None:
            raise UnknownDevice(f"no device has the slug {slug[:40]!r}")
        return device

    def find(self, slug: str) -> Device | None:
        """The device with this slug, or None."""
        return self._devices.get(slug)

    def find_by_token(self, token: str) -> Device | None:
        """The device with this auth token, or None. Takes the same time for every token."""
        return self._by_token.get(_token_key(token))

    def on_awake(self, call: Callable[[], None]) -> None:
        """Have it called whenever a device may fall silent sooner than it was known before."""
        self._awoke = call

    def connected(self, device: Device, origin: Origin) -> None:
        """Note one more connection."""
        is_news = not device.is_online or device.is_stale
        device.connections += 1
        device.is_heard = False
        self._note_life(device)
        if is_news:
            self._publish_status(device, origin)

    def disconnected(self, device: Device, origin: Origin) -> None:
        """Note that a connection ended."""
        device.connections -= 1
        if device.connections == 0:
            self._publish_status(device, origin)

    def seen(self, device: Device, at_ms: int) -> None:
        """Note a sign of life; called for every chunk of bytes, so it is kept in memory only."""
        device.last_seen_ms = at_ms
        device.heard_at = self._clock.monotonic()
        if device.is_stale:
            device.is_stale = False
            self._awoke()
            self._publish_status(device, PRESENCE)

    def heard(self, device: Device, origin: Origin) -> None:
        """Note an update by HTTP: with `stale_after` it is online by that until it falls silent."""
        is_heard = device.connections == 0 and device.definition.stale_after_ms is not None
        is_news = is_heard is not device.is_heard or device.is_stale
        device.is_heard = is_heard
        self._note_life(device)
        if is_news:
            self._publish_status(device, origin)

    def check_silence(self, device: Device, *, is_ending: bool = False) -> None:
        """See whether a device is silent for too long, or is not heard any more, and say so."""
        is_stale = self._clock.monotonic() > device.silent_at
        is_over = is_stale or is_ending or device.definition.stale_after_ms is None
        is_heard = device.is_heard and not is_over
        if (is_heard, is_stale) != (device.is_heard, device.is_stale):
            device.is_heard, device.is_stale = is_heard, is_stale
            self._publish_status(device, PRESENCE)

    def correct_times(self, corrected: Callable[[int], int]) -> None:
        """Say better when devices were last heard of.

        Args:
            corrected: the right UTC ms for a wrong one.
        """
        for device in list(self._devices.values()):
            if device.last_seen_ms:
                device.last_seen_ms = corrected(device.last_seen_ms)
                self._place(device)
        self._awoke()

    def told(self, device: Device, info: Iterable[tuple[str, str]], origin: Origin) -> None:
        """Keep what the device said about itself."""
        device.info = tuple(info)
        self._publish_status(device, origin)

    def restore(
        self,
        slug: str,
        *,
        properties: Mapping[tuple[str, str], PinValue],
        metadata: Mapping[str, str],
        info: tuple[tuple[str, str], ...],
        last_seen_ms: int,
        modes: Mapping[str, DirectPin] = MappingProxyType({}),
    ) -> None:
        """Put back what an earlier run kept of a device; nobody is told."""
        device = self.get(slug)
        device.properties.update(properties)
        device.metadata.update(metadata)
        device.info = info
        device.last_seen_ms = last_seen_ms
        self._place(device)
        device.is_stale = self._clock.monotonic() > device.silent_at
        # Who never told of itself has no connections that could come back: it speaks HTTP.
        device.is_heard = not (info or device.is_stale or device.definition.stale_after_ms is None)
        for pin, direct in modes.items():
            self._store.restore_mode(slug, pin, direct)

    def set_property(
        self, device: Device, pin: str, name: str, value: PinValue, origin: Origin
    ) -> None:
        """Set a widget property of a pin.

        Raises:
            InvalidValue: unknown property, no value, too long, or too many.
        """
        if name not in PROPERTY_NAMES:
            raise InvalidValue(f"{name[:40]!r} is no widget property")
        check_size(value)
        if (pin, name) not in device.properties and len(device.properties) >= MAX_PROPERTIES:
            raise InvalidValue(f"the device has {MAX_PROPERTIES} widget properties already")
        device.properties[pin, name] = value
        self._bus.publish(
            PropertyChange(
                self._bus.take_seq(), device.slug, pin, name, value, origin, self._clock.now_ms()
            )
        )

    def set_metadata(self, device: Device, field: str, value: str, origin: Origin) -> None:
        """Set a metadata field.

        Raises:
            InvalidValue: no name, too long, or too many fields.
        """
        if not field or max(len(field), len(value)) > MAX_PARAMETER_BYTES // 4:
            raise InvalidValue("a metadata field takes a name and a value of 256 characters each")
        if field not in device.metadata and len(device.metadata) >= MAX_METADATA_FIELDS:
            raise InvalidValue(f"the device has {MAX_METADATA_FIELDS} metadata fields already")
        device.metadata[field] = value
        self._bus.publish(
            MetadataChange(
                self._bus.take_seq(), device.slug, field, value, origin, self._clock.now_ms()
            )
        )

    def event_of(self, device: Device, kind: EventKind, code: str) -> EventDefinition:
        """What an entry of a device's timeline is; an undeclared code is called as it is."""
        found = device.definition.events.get(code)
        if found is None:
            template = self._templates.get(device.definition.template or "")
            found = None if template is None else template.events.get(code)
        if found is None and kind is EventKind.SYSTEM:
            found = SYSTEM_EVENTS.get(code)
        return found or EventDefinition(code, code)

    def record_event(
        self, device: Device, kind: EventKind, code: str, description: str, origin: Origin
    ) -> None:
        """Add an entry to the device's event timeline; see `EventLog.record`.

        An event without a description gets the one that its code was declared with.

        Raises:
            InvalidValue: no code, or code or description too long.
        """
        if kind is EventKind.LOGGED and not description:
            description = self.event_of(device, kind, code).description
        self.events.record(device, kind, code, description, origin)

    def _note_life(self, device: Device) -> None:
        device.last_seen_ms = self._clock.now_ms()
        device.heard_at = self._clock.monotonic()
        if device.is_stale:
            device.is_stale = False
            self._awoke()

    def _place(self, device: Device) -> None:
        """Find by the wall clock when a device was heard of that this run did not hear of yet."""
        if device.last_seen_ms and device.heard_at <= self._began_at:
            age_s = max(0, self._clock.now_ms() - device.last_seen_ms) / 1000
            device.heard_at = min(self._began_at, self._clock.monotonic() - age_s)

    def _define(self, definition: DeviceDefinition) -> None:
        # A template that a reload took away leaves its devices with what they define themselves.
        template = self._templates.get(definition.template or "")
        datastreams = {**(template.datastreams if template else {}), **definition.datastreams}
        self._store.define(definition.slug, datastreams, definition.pins, definition.open_pins)

    def _check_token(self, definition: DeviceDefinition) -> None:
        holder = self._by_token.get(_token_key(definition.token))
        if holder is not None:
            raise DeviceExists(
                f"the token of {definition.slug!r} belongs to device {holder.slug!r} already"
            )

    def _publish_definition(
        self, slug: str, definition: DeviceDefinition | None, origin: Origin
    ) -> None:
        self._bus.publish(
            DefinitionChange(self._bus.take_seq(), slug, definition, origin, self._clock.now_ms())
        )

    def _publish_status(self, device: Device, origin: Origin) -> None:
        if self._devices.get(device.slug) is not device:
            # Removed while connected: its slug may be another device's by now.
            return
        self._bus.publish(
            StatusChange(
                self._bus.take_seq(),
                device.slug,
                device.is_online,
                device.info,
                origin,
                self._clock.now_ms(),
                device.is_stale,
                device.last_seen_ms,
            )
        )


def _token_key(token: str) -> bytes:
    # A digest as key: how long the lookup takes says nothing about how much of a token was right.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
