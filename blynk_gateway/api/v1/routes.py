"""Every route of `/api`: method, path, role and handler, and the OpenAPI document made of them."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from aiohttp import web

from blynk_gateway import __version__
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.status import Status
from blynk_gateway.api.v1.access import Call, Role
from blynk_gateway.api.v1.admin import ADOPTION, NEW_TOKEN, PAIRING, Admin
from blynk_gateway.api.v1.backup import BackupRoute
from blynk_gateway.api.v1.devices import EVENTS, NEW_DEVICE, NEW_MODE, NEW_VALUE, Devices
from blynk_gateway.api.v1.gpio import NEW_LEVEL, NEW_VOLTAGE, GpioRoutes
from blynk_gateway.api.v1.history import JOINED, RANGE, HistoryRoutes
from blynk_gateway.api.v1.live import WANTED, Live
from blynk_gateway.api.v1.schema import Field
from blynk_gateway.api.v1.upstream import UpstreamRoute

Handler: TypeAlias = Callable[[Call], Awaitable[web.StreamResponse]]
OpenHandler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Route(NamedTuple):
    """One route that needs a caller.

    Attributes:
        role: the least that may use it.
        body: fields of the JSON body, None for none.
        query: query fields.
        success: HTTP status when all is well.
    """

    method: str
    path: str
    role: Role
    handler: Handler
    summary: str
    body: Mapping[str, Field] | None = None
    query: Mapping[str, Field] | None = None
    success: int = 200


class OpenRoute(NamedTuple):
    """One route that anybody may use; with an API token some tell more."""

    path: str
    handler: OpenHandler
    summary: str


def routes(
    devices: Devices,
    live: Live,
    admin: Admin,
    gpio: GpioRoutes,
    history: HistoryRoutes,
    backup: BackupRoute,
    upstream: UpstreamRoute,
) -> list[Route]:
    """All routes of `/api/v1` that need a caller."""
    viewer, operator, root = Role.VIEWER, Role.OPERATOR, Role.ADMIN
    base = "/api/v1"
    device = f"{base}/devices/{{slug}}"
    pin = f"{base}/pins/{{slug}}/{{pin}}"
    tokens = f"{base}/api-tokens"
    simulated = f"{base}/sim"
    past = f"{base}/history"
    return [
        Route("GET", f"{base}/devices", viewer, devices.list, "All devices."),
        Route(
            "POST", f"{base}/devices", root, devices.add, "Add a device.", NEW_DEVICE, success=201
        ),
        Route("GET", device, viewer, devices.get, "One device."),
        Route("DELETE", device, root, devices.remove, "Remove a device.", success=204),
        Route("GET", f"{device}/token", root, devices.token, "A device's auth token."),
        Route("GET", f"{device}/pins", viewer, devices.pins, "All pins of a device."),
        Route("GET", pin, viewer, devices.pin, "One pin."),
        Route("PUT", pin, operator, devices.write, "Write a pin, as a command.", NEW_VALUE),
        Route(
            "PUT", f"{pin}/mode", operator, devices.set_mode, "Set a D or A pin's mode.", NEW_MODE
        ),
        Route("GET", f"{base}/gpio", viewer, gpio.state, "The Pi's lines and peripherals."),
        Route("GET", f"{simulated}/lines", viewer, gpio.lines, "All simulated lines."),
        Route(
            "PUT",
            f"{simulated}/lines/{{n}}",
            operator,
            gpio.drive,
            "Put a level on a simulated input.",
            NEW_LEVEL,
        ),
        Route("GET", f"{simulated}/adc", viewer, gpio.adc, "The simulated converter."),
        Route(
            "PUT",
            f"{simulated}/adc/{{channel}}",
            operator,
            gpio.set_adc,
            "Put a voltage on a channel of the simulated converter.",
            NEW_VOLTAGE,
        ),
        Route("GET", f"{past}/{{slug}}/{{pin}}", viewer, history.one, "A pin's past.", query=RANGE),
        Route("GET", past, viewer, history.joined, "Several pins' past.", query=JOINED),
        Route("GET", f"{base}/history-stats", viewer, history.stats, "How much past there is."),
        Route(
            "GET",
            f"{base}/backup",
            root,
            backup.download,
            "All data but the configuration, as tar.gz.",
        ),
        Route("GET", f"{base}/upstream", viewer, upstream.state, "The servers above."),
        Route("GET", f"{base}/events", viewer, devices.events, "Latest events.", query=EVENTS),
        Route("GET", f"{base}/changes", viewer, live.changes, "Changes, as NDJSON.", query=WANTED),
        Route("GET", f"{base}/ws", viewer, live.socket, "Changes, by WebSocket.", success=101),
        Route("GET", f"{base}/pairing", root, admin.pairing, "Pairing and refused logins."),
        Route("POST", f"{base}/pairing", root, admin.open_pairing, "Open pairing.", PAIRING),
        Route(
            "POST",
            f"{base}/pairing/adopt",
            root,
            admin.adopt,
            "Make a device of a refused login.",
            ADOPTION,
            success=201,
        ),
        Route("GET", tokens, root, admin.tokens, "All API tokens, without the tokens."),
        Route("POST", tokens, root, admin.add_token, "Make an API token.", NEW_TOKEN, success=201),
        Route("DELETE", f"{tokens}/{{name}}", root, admin.remove_token, "Remove one.", success=204),
    ]


def open_routes(status: Status, described: list[Route]) -> list[OpenRoute]:
    """All routes of `/api` that need no caller, the document of all routes among them."""
    found: list[OpenRoute] = []

    async def document(_request: web.Request) -> web.Response:
        return api_json(openapi(described, found))

    found += [
        OpenRoute("/api/health", status.health, "State of the gateway; details with a token."),
        OpenRoute("/metrics", status.metrics, "Prometheus text; more series with a token."),
        OpenRoute("/api/v1/openapi.json", document, "This document."),
    ]
    return found


def openapi(described: list[Route], open_ones: list[OpenRoute]) -> dict[str, Any]:
    """The OpenAPI 3.0 document of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in described:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    for one in open_ones:
        paths[one.path] = {
            "get": {
                "summary": one.summary,
                "security": [{}, {"token": []}],
                "responses": {"200": {"description": "Success."}, "default": _REFUSED},
            }
        }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Blynk Gateway", "version": __version__},
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": _ERROR},
        },
        "security": [{"token": []}],
    }


_TEXT = {"type": "string"}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "properties": {"code": _TEXT, "message": _TEXT, "hint": _TEXT},
        }
    },
}

_REFUSED = {
    "description": "An error.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def _operation(route: Route) -> dict[str, Any]:
    named = re.findall(r"{(\w+)}", route.path)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _TEXT} for name in named
    ] + [
        {
            "name": name,
            "in": "query",
            "description": field.description,
            "required": field.is_required,
            "schema": field.schema(),
        }
        for name, field in (route.query or {}).items()
    ]
    operation: dict[str, Any] = {
        "summary": route.summary,
        "description": f"Needs the role {route.role}.",
        "parameters": parameters,
        "responses": {
            str(route.success): {"description": "Success."},
            "default": _REFUSED,
        },
    }
    if route.body is not None:
        schema = {
            "type": "object",
            "additionalProperties": False,
            "required": [name for name, field in route.body.items() if field.is_required],
            "properties": {
                name: {**field.schema(), "description": field.description}
                for name, field in route.body.items()
            },
        }
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation
