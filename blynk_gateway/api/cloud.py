"""The Blynk IoT HTTP dialect for devices, `/external/api/…`: values, properties, events.

The token comes as `token=` in the query or as `Authorization: Bearer`. A `dataStreamId` is the
number of the virtual pin. Source: blynk-protocol §10.2 and §10.3.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web

from blynk_gateway.api.bodies import (
    MAX_BODY_BYTES,
    json_value,
    only_field,
    parse_json,
    parse_query,
    pin_value,
    read_body,
)
from blynk_gateway.api.cloud_call import CloudCall, Query, named_pin
from blynk_gateway.api.cloud_history import CloudHistory
from blynk_gateway.api.cloud_meta import CloudMeta
from blynk_gateway.api.device_auth import DeviceAuth, bearer
from blynk_gateway.api.direct import Words, check_direct
from blynk_gateway.api.downloads import Downloads
from blynk_gateway.api.faults import Refusal, RequestError
from blynk_gateway.api.replies import (
    cloud_error,
    device_empty,
    device_json,
    device_text,
    to_json,
    typed_value,
)
from blynk_gateway.api.services import Services
from blynk_gateway.api.uploads import Uploads
from blynk_gateway.api.writes import PinWriter, http_origin
from blynk_gateway.core.address import parse_pin
from blynk_gateway.core.change import EventKind
from blynk_gateway.core.device import Device
from blynk_gateway.core.json_text import Literal, whole_number
from blynk_gateway.core.past import Point
from blynk_gateway.core.properties import PROPERTY_NAMES
from blynk_gateway.core.quota import EVENT_INTERVAL_S, EVENTS_PER_DAY
from blynk_gateway.core.reads import PinReads
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.value import PinValue, printable_value
from blynk_gateway.errors import InvalidValue, UnknownPin

MAX_BATCH_POINTS = 10_000
"""Points of one timestamped upload. Source: blynk-protocol §10.3."""

WRONG_VALUE = "Value doesn't match the Datastream data type."
WRONG_PARAMETERS = "Request with incorrect parameters"

_WORDS = Words(pin="Wrong pin format.", value=WRONG_VALUE)

Endpoint: TypeAlias = Callable[[CloudCall], Awaitable[web.StreamResponse]]

_NO_PINS = frozenset({"token", "pin", "value", "dataStreamId"})


class CloudDialect:
    """Answers `/external/api/…`."""

    def __init__(
        self,
        services: Services,
        writer: PinWriter,
        auth: DeviceAuth,
        uploads: Uploads,
        downloads: Downloads,
    ) -> None:
        self._services = services
        self._writer = writer
        self._auth = auth
        self._reads = PinReads(services.registry, services.store, services.reader)
        meta = CloudMeta(services)
        history = CloudHistory(services, downloads)
        self.endpoints: dict[tuple[str, str], Endpoint] = {
            ("GET", "get"): self._get,
            ("GET", "getAll"): self._get_all,
            ("GET", "update"): self._update,
            ("GET", "batch/update"): self._batch,
            ("POST", "batch/update"): self._upload_points,
            ("GET", "update/property"): self._property,
            ("GET", "logEvent"): self._log_event,
            ("GET", "logevent"): self._log_event,
            ("GET", "isHardwareConnected"): self._is_hardware_connected,
            ("GET", "device/meta"): meta.get,
            ("GET", "device/meta/update"): meta.update,
            ("GET", "provision"): meta.provision,
            ("GET", "data/get"): history.get,
            ("POST", "upload"): uploads.receive,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request below `/external/api/`."""
        path = request.path.removeprefix("/external/api/").removesuffix("/")
        endpoint = self.endpoints.get((request.method, path))
        if endpoint is None:
            return cloud_error("Unknown path or method.", 404)
        try:
            query = parse_query(request)
            token = only_field(query, "token") or bearer(request)
            if not token:
                return cloud_error("No token provided.", 400)
            device = self._auth.device(token, request)
            return await endpoint(CloudCall(request, device, query))
        except UnknownPin:
            return cloud_error(_WORDS.pin, 400)
        except InvalidValue:
            return cloud_error(WRONG_VALUE, 400)
        except Refusal as refusal:
            return cloud_error(str(refusal), refusal.status)

    async def _get(self, call: CloudCall) -> web.Response:
        single = named_pin(call.query)
        if single is not None:
            return await self._one_value(call.device, single)
        names = [name for name in call.query if name not in _NO_PINS]
        pins = [parse_pin(name) for name in names]
        if not pins:
            raise Refusal(WRONG_PARAMETERS)
        if len(pins) == 1:
            return await self._one_value(call.device, pins[0])
        await self._reads.ask_all(call.device.slug, pins)
        states = {
            name: self._known(call.device, pin) for name, pin in zip(names, pins, strict=True)
        }
        return device_json(
            {
                name: typed_value(state.shown, state.datastream)
                for name, state in states.items()
                if state.shown
            }
        )

    async def _one_value(self, device: Device, pin: str) -> web.Response:
        await self._reads.ask_all(device.slug, (pin,))
        state = self._known(device, pin)
        shown = printable_value(state.shown)
        if len(shown) > 1:
            return device_text(to_json(typed_value(state.shown, state.datastream)).decode())
        return device_text(shown[0] if shown else "")

    def _known(self, device: Device, pin: str) -> PinState:
        state = self._services.store.find(device.slug, pin)
        if state is None:
            product = device.definition.template or device.definition.name
            raise Refusal(f"Requested dataStream doesn't exist in the product {product}")
        return state

    async def _get_all(self, call: CloudCall) -> web.Response:
        return device_json(
            {
                state.pin.lower(): typed_value(state.shown, state.datastream)
                for state in self._services.store.pins(call.device.slug)
                if state.shown
            }
        )

    async def _update(self, call: CloudCall) -> web.Response:
        pin = named_pin(call.query)
        if pin is None:
            values = _pin_values(call.query)
        elif "value" in call.query:
            values = {pin: pin_value(call.query["value"])}
        else:
            raise Refusal(WRONG_PARAMETERS)
        await self._write(call.device, values)
        return device_empty()

    async def _batch(self, call: CloudCall) -> web.Response:
        await self._write(call.device, _pin_values(call.query))
        return device_text("OK")

    async def _write(self, device: Device, values: dict[str, PinValue]) -> None:
        check_direct(self._services.store, device.slug, values, _WORDS)
        self._seen(device)
        await self._writer.write(device.slug, values, http_origin(device))

    async def _upload_points(self, call: CloudCall) -> web.Response:
        pin = named_pin(call.query)
        if pin is None:
            raise Refusal(WRONG_PARAMETERS)
        if call.request.content_type != "application/json":
            raise Refusal("Unknown content type.")
        body = await read_body(call.request, MAX_BODY_BYTES)
        try:
            document = parse_json(body)
        except RequestError:
            raise Refusal(WRONG_PARAMETERS) from None
        if not isinstance(document, list) or not document:
            raise Refusal(WRONG_PARAMETERS)
        if len(document) > MAX_BATCH_POINTS:
            raise Refusal(
                f"Too much data in batch. Maximum batch size is {MAX_BATCH_POINTS} points."
            )
        points = sorted((self._point(item) for item in document), key=lambda point: point[0])
        self._seen(call.device)
        await self._writer.backfill(call.device, pin, points)
        return device_text("OK")

    def _point(self, item: object) -> Point:
        match item:
            case [Literal() as stamp, found]:
                at_ms, value = whole_number(stamp), json_value(found)
            case _:
                raise Refusal(WRONG_PARAMETERS)
        if at_ms is None:
            raise Refusal(WRONG_PARAMETERS)
        if value is None:
            raise Refusal(WRONG_VALUE)
        if not self._writer.is_recent(at_ms):
            raise Refusal("Wrong timestamp. Expecting milliseconds of the last month.")
        return at_ms, value

    async def _property(self, call: CloudCall) -> web.Response:
        pin = named_pin(call.query)
        properties = {name: values for name, values in call.query.items() if name not in _NO_PINS}
        if pin is None or not properties:
            raise Refusal(WRONG_PARAMETERS)
        if not PROPERTY_NAMES.issuperset(properties):
            raise Refusal(WRONG_PARAMETERS)
        self._seen(call.device)
        await self._writer.set_properties(call.device, pin, properties)
        return device_empty()

    async def _log_event(self, call: CloudCall) -> web.Response:
        code = only_field(call.query, "code")
        if not code:
            raise Refusal("Event code is not provided.")
        description = only_field(call.query, "description") or ""
        self._seen(call.device)
        if not self._services.registry.events.may_log(call.device, code):
            raise Refusal(
                f"Too many events. At most {EVENTS_PER_DAY} a day, and one of a code in"
                f" {EVENT_INTERVAL_S:g} s.",
                429,
            )
        try:
            self._services.registry.record_event(
                call.device, EventKind.LOGGED, code, description, http_origin(call.device)
            )
        except InvalidValue as error:
            raise Refusal(str(error)) from None
        return device_empty()

    async def _is_hardware_connected(self, call: CloudCall) -> web.Response:
        return device_json(call.device.is_online)

    def _seen(self, device: Device) -> None:
        self._services.registry.heard(device, http_origin(device))


def _pin_values(query: Query) -> dict[str, PinValue]:
    """Values by pin from `v1=…&v2=…`; a pin spelled twice has several parameters."""
    parameters: dict[str, list[str]] = {}
    for name, values in query.items():
        if name != "token":
            parameters.setdefault(parse_pin(name), []).extend(values)
    if not parameters:
        raise Refusal(WRONG_PARAMETERS)
    return {pin: pin_value(values) for pin, values in parameters.items()}
