"""`/api/v1/devices`, `/api/v1/pins` and `/api/v1/events`."""

from aiohttp import web

from blynk_gateway.api.bodies import only_field, parse_query
from blynk_gateway.api.faults import Conflict, RequestError
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.access import Call
from blynk_gateway.api.v1.schema import Field, Kind, read_object
from blynk_gateway.api.v1.views import device_view, event_view, pin_view
from blynk_gateway.api.writes import PinWriter
from blynk_gateway.core.address import parse_pin, slug_of
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource, new_token
from blynk_gateway.core.device import Device
from blynk_gateway.core.direct import MAX_EVERY_MS, MIN_EVERY_MS, DirectPin, PinMode
from blynk_gateway.core.json_text import Literal, whole_number
from blynk_gateway.core.reads import PinReads

MAX_NAME = 64
MAX_EVENTS = 1000
DEFAULT_EVENTS = 100

NEW_DEVICE = {
    "name": Field(
        Kind.TEXT,
        "a display name, for example Greenhouse",
        limits={"minLength": 1, "maxLength": MAX_NAME},
    ),
    "slug": Field(Kind.TEXT, "its name in addresses; made of the name if left out", False),
    "template": Field(Kind.TEXT, "name of a template of the configuration", False),
    "token": Field(Kind.TEXT, "its auth token; a new one if left out", False),
}
NEW_VALUE = {"value": Field(Kind.VALUE, "an array of texts, or one text, number or boolean")}
NEW_MODE = {
    "mode": Field(
        Kind.TEXT,
        f"one of {', '.join(PinMode)}",
        limits={"enum": [str(mode) for mode in PinMode]},
    ),
    "every_ms": Field(
        Kind.NUMBER,
        "how often a device is asked for an input, ms; null or left out for never",
        False,
        {"type": "integer", "minimum": MIN_EVERY_MS, "maximum": MAX_EVERY_MS},
        is_nullable=True,
    ),
}
EVENTS = {
    "device": Field(Kind.TEXT, "slug, all devices if left out", False),
    "limit": Field(
        Kind.NUMBER,
        f"1 to {MAX_EVENTS}, {DEFAULT_EVENTS} if left out",
        False,
        {"type": "integer", "minimum": 1, "maximum": MAX_EVENTS},
    ),
}


class Devices:
    """Handlers of devices, their pins and events."""

    def __init__(self, services: Services, writer: PinWriter) -> None:
        self._services = services
        self._writer = writer
        self._reads = PinReads(services.registry, services.store, services.reader)

    async def list(self, _call: Call) -> web.Response:
        """All devices."""
        now_ms = self._services.clock.now_ms()
        return api_json(
            {"devices": [device_view(device, now_ms) for device in self._services.registry]}
        )

    async def add(self, call: Call) -> web.Response:
        """A new device; the answer holds its token."""
        body = await read_object(call.request, NEW_DEVICE)
        name: str = body["name"].strip()
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            raise RequestError(
                f"body.name: expected 1 to {MAX_NAME} printable characters, found {name[:40]!r}"
            )
        definition = DeviceDefinition(
            slug=body.get("slug") or slug_of(name),
            name=name,
            token=body.get("token") or new_token(),
            source=DeviceSource.COMMAND,
            template=body.get("template"),
        )
        device = self._services.registry.add(definition, call.caller.origin)
        view = device_view(device, self._services.clock.now_ms())
        return api_json({**view, "token": definition.token}, 201)

    async def get(self, call: Call) -> web.Response:
        """One device."""
        device = self._services.registry.get(call.request.match_info["slug"])
        return api_json(device_view(device, self._services.clock.now_ms()))

    async def remove(self, call: Call) -> web.Response:
        """Remove a device that was added by command or paired."""
        device = self._services.registry.get(call.request.match_info["slug"])
        if device.definition.source is DeviceSource.GATEWAY:
            raise Conflict(f"{device.slug!r} is the gateway itself; expected another device")
        if device.definition.source is DeviceSource.FILE:
            raise Conflict(
                f"the device {device.slug!r} is declared in the configuration file;"
                " expected one that was added by command or paired; remove it there and reload"
            )
        self._services.registry.remove(device.slug, call.caller.origin)
        return web.Response(status=204)

    async def token(self, call: Call) -> web.Response:
        """A device's auth token."""
        device = self._services.registry.get(call.request.match_info["slug"])
        return api_json({"slug": device.slug, "token": device.definition.token})

    async def pins(self, call: Call) -> web.Response:
        """All pins of a device that were written or defined."""
        device = self._services.registry.get(call.request.match_info["slug"])
        states = self._services.store.pins(device.slug)
        return api_json({"pins": [pin_view(device, state) for state in states]})

    async def pin(self, call: Call) -> web.Response:
        """One pin; a D or A pin without a value is read first."""
        device, pin = self._addressed(call)
        await self._reads.ask(device.slug, pin)
        return api_json(pin_view(device, self._services.store.get(device.slug, pin)))

    async def write(self, call: Call) -> web.Response:
        """Write a pin as a command; the answer is the pin."""
        device, pin = self._addressed(call)
        body = await read_object(call.request, NEW_VALUE)
        await self._writer.write(device.slug, {pin: body["value"]}, call.caller.origin)
        return api_json(pin_view(device, self._services.store.get(device.slug, pin)))

    async def set_mode(self, call: Call) -> web.Response:
        """Give a D or A pin a mode; the answer is the pin."""
        device, pin = self._addressed(call)
        body = await read_object(call.request, NEW_MODE)
        if body["mode"] not in set(PinMode):
            found = body["mode"][:40]
            raise RequestError(f"body.mode: expected one of {', '.join(PinMode)}, found {found!r}")
        every_ms = body.get("every_ms")
        if every_ms is not None and every_ms not in range(MIN_EVERY_MS, MAX_EVERY_MS + 1):
            raise RequestError(
                "body.every_ms: expected a whole number of milliseconds from"
                f" {MIN_EVERY_MS} to {MAX_EVERY_MS}, found {every_ms:g}"
            )
        direct = DirectPin(PinMode(body["mode"]), None if every_ms is None else int(every_ms))
        await self._writer.set_mode(device.slug, pin, direct, call.caller.origin)
        return api_json(pin_view(device, self._services.store.get(device.slug, pin)))

    async def events(self, call: Call) -> web.Response:
        """The latest events, newest first."""
        query = parse_query(call.request)
        slug = only_field(query, "device")
        if slug is not None:
            self._services.registry.get(slug)
        limit = only_field(query, "limit") or str(DEFAULT_EVENTS)
        count = whole_number(Literal(limit))
        if count is None or not 0 < count <= MAX_EVENTS:
            raise RequestError(f"limit: expected a whole number from 1 to {MAX_EVENTS}")
        events = await self._services.journal.events(slug, count)
        return api_json({"events": [event_view(event) for event in events]})

    def _addressed(self, call: Call) -> tuple[Device, str]:
        """Device and pin that the path names.

        Raises:
            UnknownDevice, UnknownPin: there is none.
        """
        device = self._services.registry.get(call.request.match_info["slug"].lower())
        return device, parse_pin(call.request.match_info["pin"])
