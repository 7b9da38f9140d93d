"""The vendor's cloud as far as its HTTP interface for devices goes, with every documented limit.

It refuses whatever the documents do not allow. Source: blynk-protocol §8, §10.2, §10.3 and §12.1;
what they do not say (how a flood is answered, what becomes of points that are too old) is told as
strictly as an HTTP server can.
"""

import asyncio
import json
import math
import re
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiohttp import web

from blynk_gateway.core.clock import Clock, SystemClock
from blynk_gateway.core.properties import PROPERTY_NAMES

MAX_PER_SECOND = 50
MAX_POINTS = 10_000
MAX_UPDATES = 500_000
MAX_EVENTS = 100
MAX_STRING_BYTES = 1024
MAX_REQUEST_BYTES = 2 * 1024 * 1024
DAY_MS = 86_400_000
MONTH_MS = 31 * DAY_MS

WRONG_TYPE = "Value doesn't match the Datastream data type."
WRONG_REQUEST = "Request with incorrect parameters"


class Kind(Enum):
    """Types of datastreams above."""

    INTEGER = auto()
    DOUBLE = auto()
    STRING = auto()
    ENUM = auto()
    BOOLEAN = auto()
    LOCATION = auto()


class Fault(Enum):
    """What may happen to a request instead of an answer."""

    PORTAL = auto()
    """A web page that asks for a login."""

    PORTAL_REDIRECT = auto()
    ERROR = auto()
    BUSY = auto()
    """503 with `Retry-After`."""

    FLOOD = auto()
    COMPLAINT = auto()
    """A refusal that stands in no document."""

    HANG = auto()
    """Nothing ever comes back."""

    CUT = auto()
    CUT_AFTER = auto()
    """The connection ends when all is done, but before the answer."""


_FAULTY: dict[Fault, tuple[int, dict[str, str], str]] = {
    Fault.PORTAL: (200, {"Content-Type": "text/html"}, "<html>Please log in</html>"),
    Fault.PORTAL_REDIRECT: (302, {"Location": "http://portal.test/login"}, ""),
    Fault.ERROR: (500, {}, "Internal error"),
    Fault.BUSY: (503, {"Retry-After": "7"}, ""),
    Fault.FLOOD: (429, {}, ""),
    Fault.COMPLAINT: (400, {}, '{"error":{"message":"Message quota is used up"}}'),
}


class Told(NamedTuple):
    """One value of one pin; `value` is as in JSON.

    Attributes:
        at_ms: when it was so.
        is_past: whether that time was told with it.
    """

    at_ms: int
    value: Any
    is_past: bool


@dataclass
class CloudDevice:
    """A device of the cloud.

    Attributes:
        streams: types by pin, `V1`.
        told: every value that came, by pin, in the order in which it came.
        values: what stands now, by pin.
        messages: what the quota of a month counts.
        region: `host:port` of the server that serves it, if not this one; may have a scheme.
        days: points, updates and events by day.
    """

    streams: Mapping[str, Kind]
    event_codes: frozenset[str] = frozenset()
    told: dict[str, list[Told]] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    properties: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)
    messages: int = 0
    region: str | None = None
    days: dict[tuple[str, int], int] = field(default_factory=dict)


class Call(NamedTuple):
    """A request that came.

    Attributes:
        query: without the token; values by name.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes


class Refused(Exception):
    """An answer that says no."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class BlynkCloud:
    """Serves its devices on a free port of this machine, as `async with`.

    Args:
        tls: with it, it is an HTTPS server.

    Attributes:
        devices: by token.
        calls: every request in order, refused ones too.
        fault: happens to every request; None for none.
        faults: happen to the next ones, each once.
        max_per_second: requests of a device.
        arrived: set by every request.
    """

    def __init__(
        self,
        devices: Mapping[str, CloudDevice],
        *,
        clock: Clock | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.devices = devices
        self.calls: list[Call] = []
        self.fault: Fault | None = None
        self.faults: deque[Fault | None] = deque()
        self.max_per_second = MAX_PER_SECOND
        self.arrived = asyncio.Event()
        self.port = 0
        self._clock = clock or SystemClock()
        self._tls = tls
        self._lately: dict[str, deque[float]] = {}
        self._is_over = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._answers: dict[tuple[str, str], Callable[..., Awaitable[str]]] = {
            ("GET", "isHardwareConnected"): self._is_connected,
            ("GET", "get"): self._get,
            ("GET", "getAll"): self._get_all,
            ("GET", "update"): self._update,
            ("GET", "batch/update"): self._batch,
            ("POST", "batch/update"): self._upload,
            ("GET", "update/property"): self._property,
            ("GET", "logEvent"): self._event,
            ("GET", "device/meta"): self._meta,
            ("GET", "device/meta/update"): self._set_meta,
        }

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_REQUEST_BYTES)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        self._is_over.set()
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/external/api/")
        query: dict[str, list[str]] = {}
        for name, value in request.query.items():
            query.setdefault(name, []).append(value)
        token = query.pop("token", [""])[0]
        self.calls.append(Call(request.method, path, query, await request.read()))
        self.arrived.set()
        fault = self.faults.popleft() if self.faults else self.fault
        if fault is not None and fault is not Fault.CUT_AFTER:
            return await self._faulty(fault, request)
        try:
            answer = await self._answer(request, path, token)
        except Refused as refused:
            answer = web.json_response({"error": {"message": str(refused)}}, status=refused.status)
        if fault is Fault.CUT_AFTER:
            return await self._faulty(Fault.CUT, request)
        return answer

    async def _answer(self, request: web.Request, path: str, token: str) -> web.Response:
        call = self.calls[-1]
        handler = self._answers.get((call.method, path))
        if handler is None:
            raise Refused("Not found.", 404)
        device = self.devices.get(token)
        if device is None:
            raise Refused("Invalid token." if token else "No token provided.")
        if device.region is not None:
            place = device.region
            if "://" not in place:
                place = f"{'http' if self._tls is None else 'https'}://{place}"
            headers = {"Location": f"{place}{request.rel_url.raw_path_qs}"}
            return web.Response(status=308, headers=headers)
        self._meter(token)
        device.messages += 1
        if request.method == "POST" and request.content_type != "application/json":
            raise Refused("Unknown content type.")
        return web.Response(text=await handler(device, call))

    async def _faulty(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault is Fault.HANG:
            await self._is_over.wait()
        elif fault is Fault.CUT:
            assert request.transport is not None
            request.transport.abort()
        status, headers, text = _FAULTY.get(fault, (500, {}, ""))
        return web.Response(status=status, headers=headers, text=text)

    def _meter(self, token: str) -> None:
        now = self._clock.monotonic()
        lately = self._lately.setdefault(token, deque())
        while lately and now - lately[0] >= 1.0:
            lately.popleft()
        if len(lately) >= self.max_per_second:
            raise Refused("Too many requests.", 429)
        lately.append(now)

    def _spend(self, device: CloudDevice, what: str, count: int, limit: int, text: str) -> None:
        key = what, self._clock.now_ms() // DAY_MS
        if device.days.get(key, 0) + count > limit:
            raise Refused(text)
        device.days[key] = device.days.get(key, 0) + count

    async def _is_connected(self, device: CloudDevice, call: Call) -> str:
        return "false"

    async def _get(self, device: CloudDevice, call: Call) -> str:
        pins = [_pin(name, device) for name in call.query]
        if not pins:
            raise Refused(WRONG_REQUEST)
        if len(pins) == 1:
            value = device.values.get(pins[0], "")
            return value if isinstance(value, str) else json.dumps(value)
        return json.dumps({pin.lower(): device.values.get(pin) for pin in pins})

    async def _get_all(self, device: CloudDevice, call: Call) -> str:
        return json.dumps({pin.lower(): value for pin, value in device.values.items()})

    async def _update(self, device: CloudDevice, call: Call) -> str:
        self._write(device, call.query)
        return ""

    async def _batch(self, device: CloudDevice, call: Call) -> str:
        self._write(device, call.query)
        return "OK"

    def _write(self, device: CloudDevice, query: dict[str, list[str]]) -> None:
        if not query:
            raise Refused(WRONG_REQUEST)
        found = {}
        for name, texts in query.items():
            pin = _pin(name, device)
            if pin in found:
                raise Refused(WRONG_REQUEST)
            found[pin] = _from_texts(texts, device.streams[pin])
        self._spend(device, "updates", len(found), MAX_UPDATES, "Too many updates.")
        now_ms = self._clock.now_ms()
        for pin, value in found.items():
            device.told.setdefault(pin, []).append(Told(now_ms, value, is_past=False))
            device.values[pin] = value

    async def _upload(self, device: CloudDevice, call: Call) -> str:
        pins = call.query.get("pin", [])
        if len(pins) != 1 or len(call.query) != 1:
            raise Refused(WRONG_REQUEST)
        pin = _pin(pins[0], device)
        try:
            rows = json.loads(call.body)
        except ValueError:
            raise Refused(WRONG_REQUEST) from None
        if not isinstance(rows, list) or not rows:
            raise Refused(WRONG_REQUEST)
        points = [self._point(row, device.streams[pin]) for row in rows]
        self._spend(
            device,
            "points",
            len(points),
            MAX_POINTS,
            f"Too much data in batch. Maximum batch size is {MAX_POINTS} points.",
        )
        device.told.setdefault(pin, []).extend(points)
        return "OK"

    def _point(self, row: object, kind: Kind) -> Told:
        now_ms = self._clock.now_ms()
        match row:
            case [int(at_ms), value] if now_ms - MONTH_MS <= at_ms <= now_ms + MONTH_MS:
                if not _fits(value, kind):
                    raise Refused(WRONG_TYPE)
                return Told(at_ms, value, is_past=True)
            case _:
                raise Refused(WRONG_REQUEST)

    async def _property(self, device: CloudDevice, call: Call) -> str:
        query = dict(call.query)
        pin = _pin(query.pop("pin", [""])[0], device)
        if not query or not PROPERTY_NAMES.issuperset(query):
            raise Refused(WRONG_REQUEST)
        device.properties.update({(pin, name): values for name, values in query.items()})
        return ""

    async def _event(self, device: CloudDevice, call: Call) -> str:
        code = call.query.get("code", [""])[0]
        if not code:
            raise Refused("Event code is not provided.")
        if code not in device.event_codes:
            raise Refused("Can't find Event with this code in Product template")
        self._spend(device, "events", 1, MAX_EVENTS, "Too many events.")
        device.events.append((code, call.query.get("description", [""])[0]))
        return ""

    async def _meta(self, device: CloudDevice, call: Call) -> str:
        field_id = call.query.get("metaFieldId", [""])[0]
        if not field_id.isdecimal():
            raise Refused("Wrong metaField format.")
        values = list(device.metadata.values())
        if int(field_id) >= len(values):
            raise Refused("MetaField doesn't exist.")
        return json.dumps({"type": "Text", "value": values[int(field_id)]})

    async def _set_meta(self, device: CloudDevice, call: Call) -> str:
        name = call.query.get("metaFieldName", [""])[0]
        if name not in device.metadata:
            raise Refused("MetaField doesn't exist")
        if "value" not in call.query:
            raise Refused("Wrong value")
        device.metadata[name] = call.query["value"][0]
        return ""


def _pin(name: str, device: CloudDevice) -> str:
    pin = name.upper()
    if not re.fullmatch(r"V[0-9]{1,3}", pin) or int(pin[1:]) > 255:
        raise Refused("Wrong pin format.")
    if pin not in device.streams:
        raise Refused("Requested dataStream doesn't exist in the product Greenhouse")
    return pin


def _from_texts(texts: list[str], kind: Kind) -> Any:  # noqa: ANN401  JSON
    """The value of query parameters as in JSON."""
    if kind is Kind.LOCATION or len(texts) > 1:
        values = [_number(text) if kind is Kind.LOCATION else text for text in texts]
        if kind not in (Kind.LOCATION, Kind.STRING) or not _fits(values, kind):
            raise Refused(WRONG_TYPE)
        return values
    text = texts[0]
    value: Any = text
    if kind in (Kind.INTEGER, Kind.ENUM):
        value = int(text) if re.fullmatch(r"-?[0-9]+", text) else None
    elif kind is Kind.DOUBLE:
        value = _number(text)
    elif kind is Kind.BOOLEAN:
        value = {"0": False, "1": True, "false": False, "true": True}.get(text)
    if not _fits(value, kind):
        raise Refused(WRONG_TYPE)
    return value


def _fits(value: object, kind: Kind) -> bool:
    """Whether a value of JSON is of a type."""
    if isinstance(value, bool) or kind is Kind.BOOLEAN:
        return isinstance(value, bool) and kind is Kind.BOOLEAN
    match kind, value:
        case ((Kind.INTEGER | Kind.ENUM), int()):
            fits = -(2**31) <= value < 2**31
        case Kind.DOUBLE, int() | float():
            fits = math.isfinite(value)
        case Kind.STRING, str():
            fits = len(value.encode()) <= MAX_STRING_BYTES
        case Kind.STRING, list():
            fits = all(_fits(one, Kind.STRING) for one in value)
        case Kind.LOCATION, [lon, lat]:
            fits = _fits(lon, Kind.DOUBLE) and _fits(lat, Kind.DOUBLE)
        case _:
            fits = False
    return fits


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
