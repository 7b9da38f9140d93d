"""Writing pins for HTTP: all of a request or nothing of it, and never past a closed gate."""

import asyncio
from collections.abc import Mapping, Sequence

from blynk_gateway.api.faults import Busy
from blynk_gateway.api.services import Services
from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.device import Device
from blynk_gateway.core.direct import DirectPin
from blynk_gateway.core.past import Point, is_recent, latest_first
from blynk_gateway.core.properties import PROPERTY_NAMES
from blynk_gateway.core.value import PinValue, check_size
from blynk_gateway.errors import InvalidValue, NotWritable

GATE_WITHIN_S = 10.0

SLICE = 500
"""Points written at once: under a millisecond, so that devices do not wait for a backlog."""


class PinWriter:
    """Writes what a request asks for."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def write(self, slug: str, values: Mapping[str, PinValue], origin: Origin) -> None:
        """Write pins of one device, all with the same time.

        Raises:
            Busy: the gate stayed closed for `GATE_WITHIN_S`.
            PinError: one of the values is refused; none was written.
            UnknownDevice: no such slug.
        """
        await self._gate()
        for pin, value in values.items():
            self._check(slug, pin, value, self._intent(slug, pin, origin))
        now_ms = self._services.clock.now_ms()
        for pin, value in values.items():
            self._services.store.write(
                slug, pin, value, origin, self._intent(slug, pin, origin), now_ms
            )

    async def backfill(self, device: Device, pin: str, points: Sequence[Point]) -> None:
        """Write points of the past, oldest first, as the device's own reports.

        A value that is newer than all of them stays the current one.

        Raises:
            Busy, PinError, UnknownDevice: as `write`.
            NotWritable: it is a pin of the Pi's own hardware.
        """
        await self._add_past(device, pin, points)

    async def write_extra(self, device: Device, pin: str, points: Sequence[Point]) -> None:
        """Write points of the past; the first one becomes current and reaches the device.

        Raises:
            Busy, PinError, UnknownDevice: as `write`.
            NotWritable: more than one point for a pin of the Pi's own hardware.
        """
        (at_ms, value), *earlier = points
        origin = http_origin(device)
        intent = self._intent(device.slug, pin, origin)
        self._check(device.slug, pin, value, intent)
        if earlier:
            await self._add_past(device, pin, sorted(earlier, key=lambda point: point[0]))
        await self._gate()
        self._services.store.write(device.slug, pin, value, origin, intent, at_ms)

    async def set_mode(self, slug: str, pin: str, direct: DirectPin, origin: Origin) -> None:
        """Give a direct pin a mode.

        Raises:
            Busy: as `write`.
            PinError: the pin cannot have it.
            UnknownDevice: no such slug.
        """
        await self._gate()
        self._services.store.set_mode(slug, pin, direct, origin)

    async def set_properties(
        self, device: Device, pin: str, properties: Mapping[str, Sequence[str]]
    ) -> None:
        """Set widget properties of a pin.

        Raises:
            Busy: as `write`.
            InvalidValue: an unknown name, or a value too long; none was set.
        """
        await self._gate()
        for name, value in properties.items():
            if name not in PROPERTY_NAMES:
                raise InvalidValue(f"{name[:40]!r} is no widget property")
            check_size(tuple(value))
        for name, value in properties.items():
            self._services.registry.set_property(
                device, pin, name, tuple(value), http_origin(device)
            )

    def is_recent(self, at_ms: int) -> bool:
        """Whether a point of that time may be added: at most a month old, and not yet to come."""
        return is_recent(at_ms, self._services.clock.now_ms())

    async def _add_past(self, device: Device, pin: str, points: Sequence[Point]) -> None:
        """Write points, oldest first, in slices."""
        store, slug, origin = self._services.store, device.slug, http_origin(device)
        for _, value in points:
            self._check(slug, pin, value, Intent.PAST)
        self._refuse_hardware(device, pin)
        ordered = latest_first(points)
        for start in range(0, len(ordered), SLICE):
            await asyncio.sleep(0)
            await self._gate()
            for at_ms, value in ordered[start : start + SLICE]:
                store.write(slug, pin, value, origin, Intent.PAST, at_ms)

    def _refuse_hardware(self, device: Device, pin: str) -> None:
        """Nobody but the hardware reports for the Pi's own hardware, and that would obey it."""
        if device.definition.source is not DeviceSource.GATEWAY:
            return
        address = f"{device.slug}/{pin}"
        peripherals = self._services.gpio.state().peripherals
        if pin[0] != "V" or any(one.pin == address for one in peripherals):
            raise NotWritable(
                f"{address} is hardware of the gateway; expected no values of the past"
            )

    async def _gate(self) -> None:
        try:
            async with asyncio.timeout(GATE_WITHIN_S):
                await self._services.gate.wait()
        except TimeoutError:
            self._services.health.count("http_writes_refused_busy")
            raise Busy("the gateway takes no writes now, its disk does not keep up") from None

    def _check(self, slug: str, pin: str, value: PinValue, intent: Intent) -> None:
        store = self._services.store
        if intent is Intent.COMMAND:
            store.check_command(slug, pin, value)
            return
        check_size(value)
        if PIN_NAMES[pin] is not PinKind.VIRTUAL:
            store.check_open(slug, pin)
        state = store.find(slug, pin)
        if state is not None and state.datastream is not None:
            state.datastream.accept(value)

    def _intent(self, slug: str, pin: str, origin: Origin) -> Intent:
        # The holder of a device's token is the device: it may report what others may not command.
        # Nobody but the hardware is the Pi.
        device = self._services.registry.find(slug)
        if device is not None and device.definition.source is DeviceSource.GATEWAY:
            return Intent.COMMAND
        state = self._services.store.find(slug, pin)
        is_read_only = (
            state is not None and state.datastream is not None and not state.datastream.is_writable
        )
        return Intent.REPORT if is_read_only and origin.kind is OriginKind.HTTP else Intent.COMMAND


def http_origin(device: Device) -> Origin:
    """The origin of what comes with a device's token over HTTP."""
    return Origin(OriginKind.HTTP, device.slug)
