"""Responses in the shapes of the two device dialects and of `/api`."""

import json

from aiohttp import web

from blynk_gateway.api.faults import Throttled, Unauthorized, WrongMethod, status_of
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.value import PinValue, number, printable_value
from blynk_gateway.errors import GatewayError

JSON_TYPE = "application/json;charset=utf-8"
TEXT_TYPE = "text/plain;charset=utf-8"

_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
"""Devices' web pages read these answers from anywhere, as with the original server."""


def device_json(document: Json, status: int = 200) -> web.Response:
    """JSON for a device dialect."""
    return _device(to_json(document), JSON_TYPE, status)


def device_text(text: str, status: int = 200) -> web.Response:
    """Plain text for a device dialect."""
    return _device(text.encode(), TEXT_TYPE, status)


def device_bytes(body: bytes, content_type: str) -> web.Response:
    """Anything else for a device dialect."""
    return _device(body, content_type, 200)


def device_empty(status: int = 200) -> web.Response:
    """Success without a word."""
    return web.Response(status=status, headers=_ANY_ORIGIN)


def cloud_error(text: str, status: int) -> web.Response:
    """A refusal in the Blynk IoT dialect."""
    return device_json({"error": {"message": text}}, status)


def api_json(document: Json, status: int = 200) -> web.Response:
    """JSON for people and tools; never kept by caches."""
    return web.Response(
        body=to_json(document),
        status=status,
        headers={"Content-Type": JSON_TYPE, "Cache-Control": "no-store"},
    )


def api_error(error: GatewayError) -> web.Response:
    """An error for people and tools: `{"error": {"code", "message", "hint"}}`."""
    answer = api_json(
        {"error": {"code": error.code, "message": str(error), "hint": error.hint}},
        status_of(error),
    )
    if isinstance(error, Unauthorized):
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, WrongMethod):
        answer.headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, Throttled):
        answer.headers["Retry-After"] = "60"
    return answer


def typed_value(value: PinValue, datastream: Datastream | None) -> Json:
    """The value as JSON by its datastream's type; several parameters as an array."""
    items = [_typed(text, datastream) for text in printable_value(value)]
    return items[0] if len(items) == 1 else items


def to_json(document: Json) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )


def _typed(text: str, datastream: Datastream | None) -> Json:
    if datastream is None or datastream.type is DatastreamType.STRING:
        return text
    found = number((text,))
    if found is None:
        return text
    is_real = datastream.type in (DatastreamType.DOUBLE, DatastreamType.LOCATION)
    return found if is_real else int(found)


def _device(body: bytes, content_type: str, status: int) -> web.Response:
    return web.Response(
        body=body, status=status, headers={"Content-Type": content_type, **_ANY_ORIGIN}
    )
