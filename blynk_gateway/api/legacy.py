"""The legacy HTTP dialect, `/{token}/…`; with `Authorization: Bearer` the same without the token.

Source: blynk-protocol §10.1; the order of checks and the texts are the original server's, except
that the token is looked at before the body is read.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeAlias

from aiohttp import web

from blynk_gateway.api.bodies import (
    MAX_BODY_BYTES,
    MAX_VALUE_BODY_BYTES,
    json_value,
    parse_json,
    parse_query,
    pin_value,
    read_body,
)
from blynk_gateway.api.device_auth import INVALID_TOKEN, DeviceAuth, bearer
from blynk_gateway.api.device_exports import CsvExport
from blynk_gateway.api.device_notifications import DeviceNotifications
from blynk_gateway.api.direct import Words, check_direct
from blynk_gateway.api.downloads import Downloads
from blynk_gateway.api.faults import Refusal, RequestError
from blynk_gateway.api.project import project_of
from blynk_gateway.api.replies import device_bytes, device_empty, device_json, device_text
from blynk_gateway.api.services import Services
from blynk_gateway.api.writes import PinWriter, http_origin
from blynk_gateway.core.address import parse_pin
from blynk_gateway.core.device import Device
from blynk_gateway.core.json_text import Json, whole_number
from blynk_gateway.core.notifications import Channel, Notification, may_be_recipient
from blynk_gateway.core.past import Point
from blynk_gateway.core.properties import PROPERTY_NAMES
from blynk_gateway.core.reads import PinReads
from blynk_gateway.core.value import printable, printable_value
from blynk_gateway.errors import InvalidValue, UnknownPin

MAX_NOTIFICATION = 255
"""Longest notification, characters. Source: blynk-protocol §10.1."""

MAX_ECHO = 200
"""How much of a faulty body an error repeats, characters."""

_WORDS = Words(pin="Wrong pin format.", value="Wrong request format.")


class Call(NamedTuple):
    """A request that was resolved: whose device, which pin (empty where the path has none)."""

    request: web.Request
    device: Device
    pin_text: str

    @property
    def pin(self) -> str:
        """The pin's name.

        Raises:
            UnknownPin: the path names none.
        """
        return parse_pin(self.pin_text)


Endpoint: TypeAlias = Callable[[Call], Awaitable[web.Response]]

_WITH_PIN = frozenset({"get", "update", "pin", "data"})


class LegacyDialect:
    """Answers `/{token}/…`.

    Args:
        apps: how many programs watch over `/api/v1/ws` at the moment.
    """

    def __init__(
        self,
        services: Services,
        writer: PinWriter,
        auth: DeviceAuth,
        apps: Callable[[], int],
        downloads: Downloads,
    ) -> None:
        self._services = services
        self._writer = writer
        self._auth = auth
        self._reads = PinReads(services.registry, services.store, services.reader)
        self._apps = apps
        self._export = CsvExport(services, downloads)
        self._notifications = DeviceNotifications(services)
        self.endpoints: dict[tuple[str, str], Endpoint] = {
            ("GET", "get"): self._get,
            ("GET", "update"): self._update_by_query,
            ("PUT", "update"): self._update,
            ("PUT", "pin"): self._update,
            ("PUT", "extra/pin"): self._extra,
            ("GET", "project"): self._project,
            ("GET", "isHardwareConnected"): self._is_hardware_connected,
            ("GET", "isAppConnected"): self._is_app_connected,
            ("GET", "rtc"): self._rtc,
            ("GET", "data"): self._data,
            ("GET", "qr"): self._qr,
            ("POST", "notify"): self._notify,
            ("POST", "email"): self._email,
        }
        self._names = {name.partition("/")[0] for _, name in self.endpoints}

    async def handle(self, request: web.Request) -> web.Response:
        """Answer any request that no other part of the program answers."""
        token, segments = self._split(request)
        name, pin_text = _endpoint_name(segments)
        endpoint = self.endpoints.get((request.method, name))
        if endpoint is None:
            return device_empty(404)
        try:
            if token is None:
                return device_text(INVALID_TOKEN, 400)
            device = self._auth.device(token, request)
            return await endpoint(Call(request, device, pin_text))
        except UnknownPin:
            return device_text(_WORDS.pin, 400)
        except InvalidValue:
            return device_text(_WORDS.value, 400)
        except Refusal as refusal:
            return device_text(str(refusal), refusal.status)

    def _split(self, request: web.Request) -> tuple[str | None, list[str]]:
        """Token and the path behind it."""
        segments = request.path.removesuffix("/").split("/")[1:]
        token = bearer(request)
        is_bare = segments[0] in self._names and _endpoint_name(segments)[0] != ""
        if is_bare and (token is not None or _endpoint_name(segments[1:])[0] not in self._names):
            return token, segments
        return segments[0], segments[1:]

    async def _get(self, call: Call) -> web.Response:
        await self._reads.ask_all(call.device.slug, (call.pin,))
        state = self._services.store.find(call.device.slug, call.pin)
        if state is None:
            raise Refusal("Requested pin doesn't exist in the app.")
        return device_json(printable_value(state.shown))

    async def _update_by_query(self, call: Call) -> web.Response:
        query = parse_query(call.request)
        pin = call.pin
        if "value" in query:
            return await self._write(call, pin, query["value"])
        properties = {name: values for name, values in query.items() if name in PROPERTY_NAMES}
        if not properties:
            unknown = bool(query)
            raise Refusal("Error setting widget property." if unknown else "Wrong request format.")
        if any("" in values for values in properties.values()):
            raise Refusal("No properties for update provided.")
        if len(properties) < len(query):
            raise Refusal("Error setting widget property.")
        await self._writer.set_properties(call.device, pin, properties)
        return device_empty()

    async def _update(self, call: Call) -> web.Response:
        body = await _body(call.request, MAX_VALUE_BODY_BYTES)
        value = json_value(_array(body))
        if value is None:
            raise _parse_fault(body)
        return await self._write(call, call.pin, list(value))

    async def _write(self, call: Call, pin: str, parameters: list[str]) -> web.Response:
        self._services.registry.heard(call.device, http_origin(call.device))
        values = {pin: pin_value(parameters)}
        check_direct(self._services.store, call.device.slug, values, _WORDS)
        await self._writer.write(call.device.slug, values, http_origin(call.device))
        return device_empty()

    async def _extra(self, call: Call) -> web.Response:
        items = _array(await _body(call.request, MAX_BODY_BYTES))
        pin = call.pin
        points = [self._point(item) for item in items]
        check_direct(self._services.store, call.device.slug, {pin: points[0][1]}, _WORDS)
        self._services.registry.heard(call.device, http_origin(call.device))
        await self._writer.write_extra(call.device, pin, points)
        return device_empty()

    def _point(self, item: object) -> Point:
        if not isinstance(item, dict) or set(item) != {"value", "timestamp"}:
            raise Refusal("Wrong request format.")
        at_ms = whole_number(item["timestamp"])
        value = None if isinstance(item["value"], list) else json_value(item["value"])
        if at_ms is None or value is None:
            raise Refusal("Wrong request format.")
        if not self._writer.is_recent(at_ms):
            raise Refusal("Wrong request format.")
        return at_ms, value

    async def _project(self, call: Call) -> web.Response:
        return device_json(project_of(call.device, self._services.store.pins(call.device.slug)))

    async def _is_hardware_connected(self, call: Call) -> web.Response:
        return device_json(call.device.is_online)

    async def _is_app_connected(self, _call: Call) -> web.Response:
        return device_json(self._apps() > 0)

    async def _rtc(self, _call: Call) -> web.Response:
        services = self._services
        if not services.clock_quality.is_trusted:
            # A wrong time is worse than none, and the original has no other words for it.
            raise Refusal("Requested rtc not exists in app.")
        return device_json([services.zone.local_seconds(services.clock.now_ms())])

    async def _data(self, call: Call) -> web.Response:
        return await self._export.redirect(call.device, call.pin)

    async def _qr(self, call: Call) -> web.Response:
        png = await asyncio.to_thread(_qr_png, call.device.definition.token)
        return device_bytes(png, "image/png")

    async def _notify(self, call: Call) -> web.Response:
        document = _json(await _body(call.request, MAX_VALUE_BODY_BYTES))
        text = _text_field(document, "body")
        if not 0 < len(text) <= MAX_NOTIFICATION:
            raise Refusal("Body is empty or larger than 255 chars.")
        self._notifications.take(call.device, Notification(Channel.PUSH, text))
        return device_empty()

    async def _email(self, call: Call) -> web.Response:
        document = _json(await _body(call.request, MAX_VALUE_BODY_BYTES))
        to, subject = _text_field(document, "to"), _text_field(document, "subj")
        if not may_be_recipient(to) or not subject:
            raise Refusal("Email body is wrong. Missing or empty fields 'to', 'subj'.")
        text = _text_field(document, "title")
        self._notifications.take(call.device, Notification(Channel.EMAIL, text, subject, to))
        return device_empty()


def _endpoint_name(segments: list[str]) -> tuple[str, str]:
    """Endpoint and pin text of a path without its token; the name is empty if it fits none."""
    match segments:
        case [name] if name not in _WITH_PIN:
            return name, ""
        case [name, pin] if name in _WITH_PIN:
            return name, pin
        case ["extra", "pin", pin]:
            return "extra/pin", pin
        case _:
            return "", ""


async def _body(request: web.Request, limit: int) -> bytes:
    if request.content_type != "application/json":
        raise Refusal("Unexpected content type. Expecting application/json.", 500)
    return await read_body(request, limit)


def _json(body: bytes) -> Json:
    try:
        return parse_json(body)
    except RequestError:
        raise _parse_fault(body) from None


def _array(body: bytes) -> list[Json]:
    items = _json(body)
    if not isinstance(items, list):
        raise _parse_fault(body)
    if not items:
        raise Refusal("No pin for update provided.")
    return items


def _parse_fault(body: bytes) -> Refusal:
    return Refusal(f"Error parsing body param. {body.decode('utf-8', 'replace')[:MAX_ECHO]}", 500)


def _text_field(document: object, name: str) -> str:
    found = document.get(name) if isinstance(document, dict) else None
    return printable(found) if isinstance(found, str) else ""


def _qr_png(text: str) -> bytes:
    import segno  # noqa: PLC0415  rare, and 2 MB large

    png = io.BytesIO()
    segno.make_qr(text).save(png, kind="png", scale=8)
    return png.getvalue()
