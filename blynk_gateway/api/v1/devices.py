"""`/api/v1/devices` and `/api/v1/pins`."""

from contextlib import suppress

from aiohttp import web

from blynk_gateway.api.faults import Conflict, RequestError
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.pins import all_pins, find_pin
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.schema import Field, Kind, read_object
from blynk_gateway.api.v1.views import device_view, pin_view
from blynk_gateway.api.writes import PinWriter
from blynk_gateway.config.automations.devices import names_device
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.address import PinAddress, parse_pin, slug_of
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource, new_token
from blynk_gateway.core.device import Device
from blynk_gateway.core.direct import MAX_EVERY_MS, MIN_EVERY_MS, DirectPin, PinMode
from blynk_gateway.core.reads import PinReads
from blynk_gateway.errors import HistoryError

MAX_NAME = 64

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


class Devices:
    """Handlers of devices and their pins."""

    def __init__(self, services: Services, writer: PinWriter) -> None:
        self._services = services
        self._writer = writer
        self._reads = PinReads(services.registry, services.store, services.reader)

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/devices", Role.VIEWER, self.list, "All devices.", minds_scope=True),
            Route(
                "POST", "/devices", Role.ADMIN, self.add, "Add a device.", NEW_DEVICE, success=201
            ),
            Route("GET", "/devices/{slug}", Role.VIEWER, self.get, "One device."),
            Route(
                "DELETE",
                "/devices/{slug}",
                Role.ADMIN,
                self.remove,
                "Remove a device.",
                success=204,
            ),
            Route("GET", "/devices/{slug}/token", Role.ADMIN, self.token, "A device's auth token."),
            Route(
                "GET",
                "/devices/{slug}/pins",
                Role.VIEWER,
                self.pins,
                "All pins of a device.",
                minds_scope=True,
            ),
            Route("GET", "/pins/{slug}/{pin}", Role.VIEWER, self.pin, "One pin."),
            Route(
                "PUT",
                "/pins/{slug}/{pin}",
                Role.OPERATOR,
                self.write,
                "Write a pin, as a command.",
                NEW_VALUE,
            ),
            Route(
                "PUT",
                "/pins/{slug}/{pin}/mode",
                Role.OPERATOR,
                self.set_mode,
                "Set a D or A pin's mode.",
                NEW_MODE,
            ),
        ]

    async def list(self, call: Call) -> web.Response:
        """All devices."""
        scope = call.caller.scope
        return api_json(
            {
                "devices": [
                    device_view(device, scope)
                    for device in self._services.registry
                    if scope is None or scope.has_device(device.slug)
                ]
            }
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
        # Whoever checks the file next looks into the database for it. Without one it is there too.
        with suppress(HistoryError):
            await self._services.journal.flush()
        view = device_view(device)
        return api_json({**view, "token": definition.token}, 201)

    async def get(self, call: Call) -> web.Response:
        """One device."""
        device = self._services.registry.get(call.request.match_info["slug"])
        return api_json(device_view(device))

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
        services = self._services
        rules = services.configuration.options().automations
        if names := [rule.name for rule in rules if names_device(rule, device.slug)]:
            # With such a rule the next start would be refused, and every reload.
            raise Conflict(
                f"the device {device.slug!r} is named by the automation {names[0]!r};"
                " expected one that none names; change the file first and reload"
            )
        services.registry.remove(device.slug, call.caller.origin)
        # Those to its automatic dashboard: a later device of this slug is another.
        await services.accounts.shares.prune(services.dashboards.has)
        return web.Response(status=204)

    async def token(self, call: Call) -> web.Response:
        """A device's auth token."""
        device = self._services.registry.get(call.request.match_info["slug"])
        return api_json({"slug": device.slug, "token": device.definition.token})

    async def pins(self, call: Call) -> web.Response:
        """All pins of a device that were written or defined, or have a property."""
        slug, scope = call.request.match_info["slug"], call.caller.scope
        call.caller.check_device(slug)
        device = self._services.registry.get(slug)
        states = all_pins(device, self._services.store)
        return api_json(
            {
                "pins": [
                    pin_view(device, state)
                    for state in states
                    if scope is None or scope.has_pin(PinAddress(device.slug, state.pin))
                ]
            }
        )

    async def pin(self, call: Call) -> web.Response:
        """One pin; a D or A pin without a value is read first."""
        device, pin = self._addressed(call)
        await self._reads.ask(device.slug, pin)
        state = find_pin(device, self._services.store, pin)
        return api_json(pin_view(device, state or self._services.store.get(device.slug, pin)))

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
        # Not `in range(…)`: for a number with a point that is a walk along millions of others.
        if every_ms is not None and not (
            every_ms.is_integer() and MIN_EVERY_MS <= every_ms <= MAX_EVERY_MS
        ):
            raise RequestError(
                "body.every_ms: expected a whole number of milliseconds from"
                f" {MIN_EVERY_MS} to {MAX_EVERY_MS}, found {every_ms:g}"
            )
        direct = DirectPin(PinMode(body["mode"]), None if every_ms is None else int(every_ms))
        await self._writer.set_mode(device.slug, pin, direct, call.caller.origin)
        return api_json(pin_view(device, self._services.store.get(device.slug, pin)))

    def _addressed(self, call: Call) -> tuple[Device, str]:
        """Device and pin that the path names.

        Raises:
            UnknownDevice, UnknownPin: there is none.
        """
        device = self._services.registry.get(call.request.match_info["slug"].lower())
        return device, parse_pin(call.request.match_info["pin"])
