"""Every route of `/api` that needs none of its own module, and the OpenAPI document of all."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from blynk_gateway import __version__
from blynk_gateway.api.accounts.cookies import PLAIN_NAME, SECURE_NAME
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.status import EXPECTED, Status
from blynk_gateway.api.v1.route import BASE, HasRoutes, OpenRoute, Route
from blynk_gateway.api.v1.schema import Field


def routes(*parts: HasRoutes) -> list[Route]:
    """The routes of all parts, with their whole paths."""
    return [route._replace(path=f"{BASE}{route.path}") for part in parts for route in part.routes()]


def open_routes(
    status: Status, described: list[Route], below_base: Iterable[OpenRoute]
) -> list[OpenRoute]:
    """All routes of `/api` that need no caller, the document of all routes among them.

    Args:
        described: all other routes.
        below_base: further ones, with paths below `/api/v1`.
    """
    found = [one._replace(path=f"{BASE}{one.path}") for one in below_base]

    async def document(_request: web.Request) -> web.Response:
        return api_json(openapi(described, found))

    found += [
        OpenRoute(
            "/api/health",
            status.health,
            "State of the gateway; details with a token.",
            query=EXPECTED,
            others={503: "It is worse than expected; the body is the same."},
        ),
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
        paths.setdefault(one.path, {})[one.method.lower()] = _open_operation(one)
    return {
        "openapi": "3.0.3",
        "info": {"title": "Blynk Gateway", "version": __version__},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": PLAIN_NAME,
                    "description": f"Set by a login; over TLS it is {SECURE_NAME}. A request that"
                    " changes something must have the header Origin of the gateway's own pages.",
                },
            },
            "schemas": {"Error": _ERROR},
        },
        "security": [{"token": []}, {"session": []}],
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
    in_path = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in named]
    operation: dict[str, Any] = {
        "summary": route.summary,
        "description": f"Needs the role {route.role}.",
        "parameters": in_path + _in_query(route.query),
        "responses": {
            str(route.success): {"description": "Success."},
            **({"201": {"description": "It is new."}} if route.makes_new else {}),
            "default": _REFUSED,
        },
    }
    if route.body is not None:
        operation["requestBody"] = _request_body(route.body)
    return operation


def _open_operation(route: OpenRoute) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "security": [{}, {"token": []}, {"session": []}],
        "parameters": _in_query(route.query),
        "responses": {
            str(route.success): {"description": "Success."},
            **{str(status): {"description": text} for status, text in (route.others or {}).items()},
            "default": _REFUSED,
        },
    }
    if route.body is not None:
        operation["requestBody"] = _request_body(route.body)
    return operation


def _in_query(fields: Mapping[str, Field] | None) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "query",
            "description": field.description,
            "required": field.is_required,
            "schema": field.schema(),
        }
        for name, field in (fields or {}).items()
    ]


def _request_body(fields: Mapping[str, Field]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, field in fields.items() if field.is_required],
        "properties": {
            name: {**field.schema(), "description": field.description}
            for name, field in fields.items()
        },
    }
    is_required = bool(schema["required"])
    return {"required": is_required, "content": {"application/json": {"schema": schema}}}
