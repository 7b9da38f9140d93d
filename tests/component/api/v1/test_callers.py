"""Every route of the OpenAPI document for every kind of caller: who is let in, and who learns what.

The table is the document itself: a new route is in it without a line here.
"""

import asyncio
import json
import re
from typing import Any, NamedTuple

import pytest

from blynk_gateway.api.v1 import live
from blynk_gateway.api.v1.route import Route
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.change import EventKind, Intent, Origin, OriginKind
from blynk_gateway.core.definition import DeviceSource
from tests.helpers.http import ADMIN, CONFIG, OPERATOR, TOKEN, VIEWER, Site
from tests.helpers.patience import PATIENCE_S
from tests.helpers.visitors import ORIGIN, Visitor, logged_in

OTHER_TOKEN = "5" * 32
SECRETS = (
    TOKEN,
    OTHER_TOKEN,
    "cellar",
    "Cellar",
    "ESP-of-ann",
    "somewhere-else",
    "ann-the-user",
    "unseen-value",
    "secret-event",
)
"""What is on no dashboard that is shared: no visitor gets to see any of it, in whatever answer."""

DASHBOARD = {"title": "Home", "pages": [{"widgets": [{"type": "value", "pin": "greenhouse/V1"}]}]}
OPEN = {
    ("GET", "/api/health"),
    ("GET", "/metrics"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/session"),
    ("POST", "/api/v1/session"),
    ("DELETE", "/api/v1/session"),
    ("POST", "/api/v1/session/share"),
    ("POST", "/api/v1/setup"),
}
STREAMS = {"/api/v1/changes", "/api/v1/ws"}
"""Their answers do not end; they have tests of their own below."""

BODIES = {
    "/api/v1/shares": {"dashboard": "home"},
    "/api/v1/users": {"name": "eve", "role": "admin", "password": "correct horse"},
    "/api/v1/api-tokens": {"name": "eve", "role": "admin"},
    "/api/v1/devices": {"name": "Eve"},
}
"""With these the routes would do what they are for."""

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class Names(NamedTuple):
    """What a path's variables stand for."""

    slug: str
    pin: str
    dashboard: str

    def fill(self, path: str) -> str:
        query = f"?pins={self.slug}/{self.pin}" if path == "/api/v1/history" else ""
        query = f"?device={self.slug}" if path == "/api/v1/events" else query
        return (
            path.format(**self._asdict(), name="ann-the-user", id="1", n="27", channel="0") + query
        )


SHARED = Names("greenhouse", "V1", "home")
UNSHARED = Names("greenhouse", "V7", "other")
ELSEWHERE = Names("cellar", "V1", "device:cellar")
NOWHERE = Names("nowhere", "V1", "device:nowhere")


@pytest.fixture
async def full(site: Site) -> Site:
    """A site with something to hide."""
    site.registry.remove("greenhouse", CONFIG)
    site.add_device("cellar", OTHER_TOKEN, DeviceSource.COMMAND)
    site.add_device("greenhouse", TOKEN, DeviceSource.COMMAND)
    device = site.registry.get("greenhouse")
    site.registry.set_metadata(device, "Owner", "ESP-of-ann", CONFIG)
    for pin, value in (("V1", "1"), ("V7", "unseen-value")):
        site.store.write("greenhouse", pin, (value,), CONFIG, Intent.REPORT)
    site.store.write("cellar", "V1", ("unseen-value",), CONFIG, Intent.REPORT)
    for slug, document in (("home", DASHBOARD), ("other", {"title": "somewhere-else"})):
        path = f"/api/v1/dashboards/{slug}"
        assert (await site.request("PUT", path, document, bearer=ADMIN)).status == 201
    return site


async def visitor_of(site: Site) -> Visitor:
    """A browser with a link to the dashboard `home`."""
    _, token = await site.people.shares.add("home", None)
    visitor = Visitor(site)
    assert (await visitor.request("POST", "/session/share", {"token": token})).status == 200
    return visitor


async def table(site: Site) -> list[Route]:
    await site.request("GET", "/api/health")
    return [route for route in site.loaded._table() if route.path not in STREAMS]


def body_for(route: Route, names: Names = SHARED) -> dict[str, Any] | None:
    if route.path == "/events/resolve":
        return {"device": names.slug, "code": "alarm"}
    return None if route.body is None else BODIES.get(route.path, {})


async def test_open_routes_are_known(full: Site) -> None:
    paths = (await full.request("GET", "/api/v1/openapi.json")).json["paths"]
    found = {
        (method.upper(), path)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if {} in operation.get("security", [])
    }
    assert found == OPEN


async def test_nobody_gets_nothing(full: Site) -> None:
    for method, path in OPEN:
        answer = await full.request(method, path, None if method == "GET" else {})
        assert not any(one in answer.text for one in SECRETS), path
    for route in await table(full):
        answer = await full.request(route.method, SHARED.fill(route.path), body_for(route))
        assert (answer.status, answer.json["error"]["code"]) == (401, "auth.required"), route


@pytest.mark.parametrize("role", list(Role))
async def test_users_and_tokens_of_a_role_may_what_it_covers(full: Site, role: Role) -> None:
    user = await logged_in(full, role)
    tokens = {Role.VIEWER: VIEWER, Role.OPERATOR: OPERATOR, Role.ADMIN: ADMIN}
    for route in await table(full):
        if role.covers(route.role):
            continue
        path = SHARED.fill(route.path)
        by_token = await full.request(route.method, path, body_for(route), bearer=tokens[role])
        by_cookie = await user.request(route.method, path.removeprefix("/api/v1"), body_for(route))
        for answer in (by_token, by_cookie):
            assert (answer.status, answer.json["error"]["code"]) == (403, "auth.forbidden"), route


@pytest.mark.parametrize("names", [SHARED, UNSHARED, ELSEWHERE, NOWHERE])
async def test_visitor_sees_the_dashboard_and_its_pins_alone(full: Site, names: Names) -> None:
    visitor = await visitor_of(full)
    for route in await table(full):
        path = names.fill(route.path)
        answer = await visitor.request(route.method, path.removeprefix("/api/v1"), body_for(route))
        told = answer.text.replace("device:cellar", "")
        assert not any(one in told for one in SECRETS), (route, answer.text)
        has_pin = "{pin}" in route.path
        is_open = (has_pin and names is SHARED) or (route.minds_scope and not has_pin)
        if route.role is not Role.VIEWER or not is_open:
            assert answer.status == 403, route
        elif names is SHARED and route.path != "/api/v1/events":
            assert answer.status == 200, (route, answer.text)
    for path in ("/api/health", "/metrics", "/api/v1/session"):
        answer = await full.request("GET", path, headers={"Cookie": visitor.cookie})
        assert answer.status == 200
        assert not any(one in answer.text for one in (*SECRETS, "greenhouse")), answer.text


async def test_scoped_callers_cannot_tell_what_is_elsewhere_from_what_is_not(full: Site) -> None:
    made = {"name": "scoped", "role": "admin", "devices": ["greenhouse"]}
    answer = await full.request("POST", "/api/v1/api-tokens", made, bearer=ADMIN)
    scoped = str(answer.json["token"])
    visitor = await visitor_of(full)
    for route in await table(full):
        told = []
        for names in (ELSEWHERE, NOWHERE):
            path = names.fill(route.path)
            by_token = await full.request(route.method, path, body_for(route, names), bearer=scoped)
            by_cookie = await visitor.request(
                route.method, path.removeprefix("/api/v1"), body_for(route, names)
            )
            told.append(
                [(one.status, one.text.replace(names.slug, "")) for one in (by_token, by_cookie)]
            )
            named = re.findall(r"{(slug|dashboard)}", route.path)
            if named:
                assert by_token.status in (403, 404), (route, by_token.text)
            assert not any(
                one in by_token.text.replace("device:cellar", "") for one in SECRETS[1:4]
            )
        assert told[0] == told[1], route


@pytest.mark.parametrize("path", sorted(STREAMS))
async def test_streams_tell_a_visitor_of_the_dashboards_pins_alone(full: Site, path: str) -> None:
    visitor = await visitor_of(full)
    for every in ("", "?every_ms=50") if path.endswith("ws") else ("",):
        headers = {"Host": "gateway.test", "Cookie": visitor.cookie, "Origin": ORIGIN}
        if path.endswith("ws"):
            headers |= HANDSHAKE
        lines = [f"GET {path}{every} HTTP/1.1", *(f"{one}: {its}" for one, its in headers.items())]
        reader, writer = await asyncio.open_connection("127.0.0.1", full.port)
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        if every:
            watch = {"type": "watch", "pins": ["greenhouse/V1", "greenhouse/V7", "cellar/V1"]}
            writer.write(frame(json.dumps(watch).encode()))
        async with asyncio.timeout(PATIENCE_S):
            # What stands is told first: from then on it hears of changes.
            told = await reader.readuntil(b"greenhouse/V1")
            happen(full)
            while b"4711" not in told:
                told += await reader.read(65536)
        writer.close()
        text = told.decode("utf-8", "replace")
        assert "greenhouse/V1" in text
        assert not any(one in text for one in SECRETS), text


@pytest.mark.parametrize("path", sorted(STREAMS))
async def test_stream_ends_with_the_time_of_its_link(
    full: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_EVERY_S", 0.05)
    _, token = await full.people.shares.add("home", 0.001)
    visitor = Visitor(full)
    await visitor.request("POST", "/session/share", {"token": token})
    headers = {"Host": "gateway.test", "Cookie": visitor.cookie, "Origin": ORIGIN}
    headers |= HANDSHAKE if path.endswith("ws") else {}
    lines = [f"GET {path} HTTP/1.1", *(f"{one}: {its}" for one, its in headers.items())]
    reader, writer = await asyncio.open_connection("127.0.0.1", full.port)
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        await reader.readuntil(b"greenhouse/V1")
        full.clock.advance(87)
        told = await reader.readuntil(b"the session is over" if "ws" in path else b"\r\n0\r\n")
    assert b"unseen-value" not in told
    writer.close()


def happen(site: Site) -> None:
    """Change all sorts of things, and what is on the dashboard at last."""
    user = Origin(OriginKind.API, "user ann-the-user")
    site.store.write("greenhouse", "V7", ("unseen-value",), user, Intent.COMMAND)
    site.store.write("cellar", "V1", ("unseen-value",), user, Intent.COMMAND)
    for slug in ("greenhouse", "cellar"):
        device = site.registry.get(slug)
        site.registry.set_metadata(device, "Owner", f"ESP-of-ann {slug}", user)
        site.registry.record_event(device, EventKind.SYSTEM, "alarm", "secret-event", user)
    link = Origin(OriginKind.LINK, "cellar/V1 → greenhouse/V1")
    site.store.write("greenhouse", "V1", ("12",), link, Intent.COMMAND)
    site.store.write("greenhouse", "V1", ("4711",), user, Intent.COMMAND)


def frame(body: bytes) -> bytes:
    """A text frame of a client, masked with zeros."""
    return bytes([0x81, 0x80 | 126]) + len(body).to_bytes(2, "big") + bytes(4) + body
