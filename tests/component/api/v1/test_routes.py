"""Every route of `/api`: roles, and the OpenAPI document against what really answers."""

import re
from typing import Any

import pytest

from blynk_gateway.api.v1.admin import NEW_TOKEN
from blynk_gateway.api.v1.devices import NEW_MODE
from blynk_gateway.api.v1.gpio import NEW_LEVEL
from blynk_gateway.api.v1.route import Route
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.direct import PinMode
from tests.helpers.http import ADMIN, OPERATOR, TOKEN, VIEWER, Site
from tests.helpers.ports import MemorySimulation

TOKENS = {Role.VIEWER: VIEWER, Role.OPERATOR: OPERATOR, Role.ADMIN: ADMIN}
GOOD = {
    "dashboard": "home",
    "mode": "in",
    "name": "somebody",
    "old": "correct horse",
    "password": "correct horse",
    "role": "viewer",
}
"""What else a body must have for a field to be looked at."""

STREAMS = {"/api/v1/changes"}


def filled(path: str) -> str:
    named = {"slug": "greenhouse", "pin": "V0", "name": "nobody", "n": "27", "channel": "0"}
    return path.format(**named, id="1", dashboard="home")


async def document(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = (await site.request("GET", "/api/v1/openapi.json")).json
    return found


async def table(site: Site) -> list[Route]:
    # The first request loads the site.
    await document(site)
    return site.loaded._table()


async def test_document_describes_exactly_the_routes_that_exist(site: Site) -> None:
    described = {
        (method.upper(), path)
        for path, operations in (await document(site))["paths"].items()
        for method in operations
    }
    application = site.loaded._public_application()
    served = {
        (route.method, resource.canonical)
        for resource in application.router.resources()
        for route in resource
        if route.method not in ("HEAD", "*")
        and resource.canonical.startswith(("/api/", "/metrics"))
    }
    assert described == served


async def test_every_described_route_answers_and_asks_for_its_role(site: Site) -> None:
    for route in await table(site):
        path = filled(route.path)
        anonymous = await site.request(route.method, path)
        assert anonymous.status == 401, route
        assert anonymous.headers["WWW-Authenticate"] == "Bearer"
        for role in Role:
            if role.covers(route.role):
                continue
            answer = await site.request(route.method, path, bearer=TOKENS[role])
            assert (answer.status, answer.json["error"]["code"]) == (403, "auth.forbidden"), route
        if path not in STREAMS:
            answer = await site.request(route.method, path, bearer=TOKENS[route.role])
            assert answer.status not in (401, 403, 405, 500), route


async def test_bodies_of_the_document_are_the_ones_that_are_checked(site: Site) -> None:
    paths = (await document(site))["paths"]
    site.gpio.simulation = MemorySimulation()
    with_body = 0
    for route in await table(site):
        operation = paths[route.path][route.method.lower()]
        names = set(re.findall(r"{(\w+)}", route.path))
        assert {one["name"] for one in operation["parameters"] if one["in"] == "path"} == names
        if "requestBody" not in operation:
            assert route.body is None
            continue
        with_body += 1
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        answer = await site.request(
            route.method, filled(route.path), {"no such field": 1}, bearer=ADMIN
        )
        assert answer.status == 400
        expected = "body.no such field: unknown field; expected " + ", ".join(schema["properties"])
        assert answer.json["error"]["message"] == expected
        for name in schema["required"]:
            answer = await site.request(route.method, filled(route.path), {}, bearer=ADMIN)
            assert f"body.{schema['required'][0]}: missing" in answer.json["error"]["message"]
            assert name in schema["properties"]
    assert with_body >= 12


async def test_limits_of_the_document_are_the_ones_that_are_checked(site: Site) -> None:
    bounds = {"minimum": -1, "maximum": 1, "minLength": -1, "maxLength": 1}
    site.gpio.simulation = MemorySimulation()
    beyond = 0
    for route in await table(site):
        for name, field in (route.body or {}).items():
            for word, step in bounds.items():
                if word not in field.limits:
                    continue
                beyond += 1
                size = field.limits[word] + step
                found = size if word in ("minimum", "maximum") else "x" * size
                others = {one for one, its in (route.body or {}).items() if its.is_required}
                body = {**{one: GOOD[one] for one in others - {name}}, name: found}
                path = filled(route.path)
                answer = await site.request(route.method, path, body, bearer=ADMIN)
                assert f"body.{name}: expected" in answer.json["error"]["message"], (route, word)
    assert beyond >= 16
    assert NEW_LEVEL["level"].limits["enum"] == [0, 1]
    assert NEW_MODE["mode"].limits == {"enum": [str(mode) for mode in PinMode]}
    assert NEW_TOKEN["role"].limits == {"enum": [str(role) for role in Role]}


async def test_document_tells_that_open_routes_refuse_a_wrong_token(site: Site) -> None:
    health = (await document(site))["paths"]["/api/health"]["get"]
    schema = health["responses"]["default"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Error"}
    refused = await site.request("GET", "/api/health", bearer="wrong")
    assert (refused.status, set(refused.json["error"])) == (401, {"code", "message", "hint"})


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/devices", "/api/v1/none"])
async def test_unknown_path_is_a_json_error(site: Site, path: str) -> None:
    answer = await site.request("GET", path, bearer=ADMIN)
    if path == "/api":
        assert answer.status == 404
        return
    assert (answer.status, answer.json["error"]["code"]) == (404, "route.unknown")


async def test_wrong_method_is_a_json_error(site: Site) -> None:
    answer = await site.request("PUT", "/api/v1/devices", {}, bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (405, "route.method")
    assert answer.headers["Allow"] == "GET, POST"


async def test_device_token_is_no_api_token(site: Site) -> None:
    assert (await site.request("GET", "/api/v1/devices", bearer=TOKEN)).status == 401


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{}", "text/plain", 415, "request.content_type"),
        (b"[]", "application/json", 400, "request.invalid"),
        (b"{", "application/json", 400, "request.invalid"),
        (b"[" * 60_000, "application/json", 400, "request.invalid"),
        (b'{"value": NaN}', "application/json", 400, "request.invalid"),
        (b"\xff", "application/json", 400, "request.invalid"),
        (b'{"value": null}', "application/json", 400, "request.invalid"),
        (b'{"value": {"a": 1}}', "application/json", 400, "request.invalid"),
        (b'{"value": []}', "application/json", 400, "pin.invalid_value"),
        (b" " * (64 * 1024 + 1), "application/json", 413, "request.too_large"),
    ],
    ids=lambda item: str(item)[:30],
)
async def test_bad_body_has_one_clear_error(
    site: Site, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = await site.request(
        "PUT",
        "/api/v1/pins/greenhouse/V0",
        body,
        bearer=OPERATOR,
        headers={"Content-Type": content_type},
    )
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert set(answer.json["error"]) == {"code", "message", "hint"}
