"""Bearer tokens and cookies: who is let in, as whom, to what, and from which page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from blynk_gateway.core.accounts import Role
from blynk_gateway.core.change import EventKind, Origin, OriginKind, PinChange
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.mailbox import Mailbox, Overflow
from tests.helpers.http import ADMIN, CONFIG, VIEWER, Site
from tests.helpers.patience import PATIENCE_S
from tests.helpers.visitors import PASSWORD, Visitor, logged_in

PATH = "/api/v1/devices"

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize(
    "header", ["", "Basic dmlld2VyOg==", "Bearer", "Bearer ", VIEWER, f"Bearer {VIEWER}x"]
)
async def test_anything_but_a_valid_bearer_token_is_401(site: Site, header: str) -> None:
    answer = await site.request("GET", PATH, headers={"Authorization": header} if header else None)
    assert (answer.status, answer.json["error"]["code"]) == (401, "auth.required")
    assert VIEWER not in answer.text


async def test_scheme_is_case_insensitive(site: Site) -> None:
    headers = {"Authorization": f"bearer {VIEWER}"}
    assert (await site.request("GET", PATH, headers=headers)).status == 200


async def test_guesser_is_braked_even_with_the_right_token_and_let_in_later(site: Site) -> None:
    statuses = [
        (await site.request("GET", PATH, bearer=f"guess-{number}")).status for number in range(12)
    ]
    assert statuses == [401] * 10 + [429] * 2
    answer = await site.request("GET", PATH, bearer=ADMIN)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    site.clock.advance(60)
    assert (await site.request("GET", PATH, bearer=ADMIN)).status == 200
    # The right token lifts the brake.
    assert (await site.request("GET", PATH, bearer="guess")).status == 401


async def test_refused_tokens_are_not_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        await site.request("GET", PATH, bearer="my-mistyped-secret")
    lines = [one for one in caplog.records if one.getMessage() == "api token refused"]
    assert len(lines) == 1
    assert "my-mistyped-secret" not in caplog.text


async def test_cookie_is_used_unless_there_is_a_token(site: Site) -> None:
    visitor = await logged_in(site, Role.VIEWER)
    assert (await visitor.request("GET", "/devices")).status == 200
    assert (await visitor.request("GET", "/users", bearer=ADMIN)).status == 200
    assert (await visitor.request("GET", "/devices", bearer="wrong")).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.test"},
        {"Origin": "http://gateway.test:81"},
        {"Origin": "http://gateway.test.evil.test"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.test"},
    ],
)
async def test_other_pages_change_nothing_with_the_cookie(
    site: Site, headers: dict[str, str]
) -> None:
    visitor = await logged_in(site, Role.ADMIN)
    headers |= {"Cookie": visitor.cookie}
    for method, path, body in (
        ("PUT", "/api/v1/pins/greenhouse/V1", {"value": "1"}),
        ("DELETE", "/api/v1/devices/greenhouse", None),
        ("POST", "/api/v1/session", {"name": "admin", "password": PASSWORD}),
        ("DELETE", "/api/v1/session", None),
    ):
        answer = await site.request(method, path, body, headers=headers)
        assert (answer.status, answer.json["error"]["code"]) == (403, "auth.cross_site")
    answer = await site.request("GET", "/api/v1/ws", headers=headers | HANDSHAKE)
    assert (answer.status, answer.json["error"]["code"]) == (403, "auth.cross_site")
    assert site.value("V1") == ()
    assert await visitor.role() == "admin"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://gateway.test"},
        {"Origin": "https://GATEWAY.test"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"},
    ],
)
async def test_own_pages_may(site: Site, headers: dict[str, str]) -> None:
    visitor = await logged_in(site, Role.ADMIN)
    headers |= {"Cookie": visitor.cookie}
    answer = await site.request(
        "PUT", "/api/v1/pins/greenhouse/V1", {"value": "1"}, headers=headers
    )
    assert answer.status == 200
    assert (await site.request("GET", "/api/v1/ws", headers=headers | HANDSHAKE)).status == 101


async def test_page_of_another_site_logs_nobody_in(site: Site) -> None:
    await site.people.users.add("ann", Role.ADMIN, PASSWORD)
    answer = await Visitor(site, "http://evil.test").login("ann")
    assert (answer.status, answer.json["error"]["code"]) == (403, "auth.cross_site")
    # Programs have no page, and no cookie that somebody else could use.
    assert (await Visitor(site, "").login("ann")).status == 200


@pytest.mark.parametrize(
    "cookies",
    [
        "{}",
        "theme=dark; {}",
        '{}; odd="; a,b=c; =; x',
        "[bad]=1; {}",
        "blynk_gateway=; {}",
    ],
)
async def test_cookies_of_other_services_do_not_matter(site: Site, cookies: str) -> None:
    visitor = await logged_in(site, Role.VIEWER)
    headers = {"Cookie": cookies.format(visitor.cookie)}
    assert (await site.request("GET", PATH, headers=headers)).status == 200


@pytest.mark.parametrize(
    "cookie",
    ["blynk_gateway=x", "blynk_gateway=", f"blynk_gateway={'x' * 9000}", "blynk_gateway=\xff"],
)
async def test_wrong_cookie_is_401_and_no_bar_to_what_is_open(site: Site, cookie: str) -> None:
    headers = {"Cookie": cookie}
    answer = await site.request("GET", PATH, headers=headers)
    assert (answer.status, answer.json["error"]["code"]) == (401, "auth.required")
    assert (await site.request("GET", "/api/health", headers=headers)).status == 200
    assert (await site.request("GET", "/api/v1/session", headers=headers)).status == 200


async def test_of_two_cookies_the_first_counts(site: Site) -> None:
    one, two = await logged_in(site, Role.VIEWER), await logged_in(site, Role.ADMIN)
    headers = {"Cookie": f"{one.cookie}; {two.cookie}"}
    answer = await site.request("GET", "/api/v1/session", headers=headers)
    assert answer.json["user"]["name"] == "viewer"


async def test_plain_cookie_is_not_the_one_of_tls(site: Site) -> None:
    visitor = await logged_in(site, Role.VIEWER)
    headers = {"Cookie": "__Host-" + visitor.cookie}
    assert (await site.request("GET", PATH, headers=headers)).status == 401


async def test_changed_role_counts_at_once(site: Site) -> None:
    visitor = await logged_in(site, Role.ADMIN)
    await site.people.users.add("ann", Role.ADMIN, PASSWORD)
    await site.people.users.change("admin", role=Role.VIEWER)
    await visitor.login("admin")
    assert (await visitor.request("GET", "/users")).status == 403


async def test_write_names_who_was_logged_in(site: Site) -> None:
    seen = Mailbox(100, Overflow.CLOSE)
    site.bus.subscribe(seen, origin=None, echo=True)
    visitor = await logged_in(site, Role.OPERATOR, "ann")
    await visitor.request("PUT", "/pins/greenhouse/V1", {"value": "1"})
    origins = [
        change.origin
        for change in seen.drain()
        if isinstance(change, PinChange) and change.pin == "V1"
    ]
    assert origins == [Origin(OriginKind.API, "user ann")]


@pytest.fixture
async def narrow(site: Site) -> str:
    """An admin's API token for the greenhouse alone, beside a workshop."""
    site.add_device("workshop", "ab" * 16, DeviceSource.COMMAND)
    body = {"name": "narrow", "role": "admin", "devices": ["greenhouse"]}
    answer = await site.request("POST", "/api/v1/api-tokens", body, bearer=ADMIN)
    assert (answer.status, answer.json["devices"]) == (201, ["greenhouse"])
    return str(answer.json["token"])


async def test_token_for_a_device_does_all_with_it(site: Site, narrow: str) -> None:
    for method, path, body in (
        ("GET", "/devices/greenhouse", None),
        ("GET", "/devices/greenhouse/token", None),
        ("GET", "/devices/greenhouse/pins", None),
        ("PUT", "/pins/greenhouse/V1", {"value": "1"}),
        ("PUT", "/pins/GREENHOUSE/v1", {"value": "1"}),
        ("GET", "/history/greenhouse/V1", None),
        ("GET", "/history?pins=greenhouse/V1", None),
        ("GET", "/events?device=greenhouse", None),
    ):
        answer = await site.request(method, f"/api/v1{path}", body, bearer=narrow)
        assert answer.status == 200, path


async def test_token_for_a_device_does_nothing_else(site: Site, narrow: str) -> None:
    for method, path in (
        ("GET", "/devices/workshop"),
        ("DELETE", "/devices/workshop"),
        ("GET", "/devices/nothing"),
        ("POST", "/devices"),
        ("GET", "/devices/workshop/pins"),
        ("GET", "/pins/workshop/V1"),
        ("PUT", "/pins/workshop/V1"),
        ("PUT", "/pins/workshop/V1/mode"),
        ("GET", "/history/workshop/V1"),
        ("GET", "/history?pins=greenhouse/V1,workshop/V1"),
        ("GET", "/events?device=workshop"),
        ("GET", "/users"),
        ("POST", "/api-tokens"),
        ("GET", "/backup"),
        ("PUT", "/dashboards/greenhouse"),
    ):
        answer = await site.request(method, f"/api/v1{path}", bearer=narrow)
        assert (answer.status, answer.json["error"]["code"]) == (403, "auth.out_of_scope"), path


async def test_lists_leave_out_what_a_token_is_not_for(site: Site, narrow: str) -> None:
    for slug in ("workshop", "greenhouse", "workshop"):
        device = site.registry.get(slug)
        site.registry.record_event(device, EventKind.SYSTEM, "told", "something", CONFIG)
    devices = (await site.request("GET", PATH, bearer=narrow)).json["devices"]
    assert [device["slug"] for device in devices] == ["greenhouse"]
    for path in ("/api/v1/events", "/api/v1/events?limit=1"):
        events = (await site.request("GET", path, bearer=narrow)).json["events"]
        assert {event["device"] for event in events} == {"greenhouse"}
    health = (await site.request("GET", "/api/health", bearer=narrow)).json
    assert set(health) == {"status", "version"}


@asynccontextmanager
async def listening(
    site: Site, headers: dict[str, str]
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A dashboard's WebSocket that has said hello."""
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{site.port}", headers=headers) as session,
        session.ws_connect("/api/v1/ws?every_ms=100") as socket,
    ):
        assert (await socket.receive_json(timeout=PATIENCE_S))["type"] == "hello"
        yield socket


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/users/ann", {"role": "operator"}),
        ("PUT", "/users/ann", {"password": "another horse"}),
        ("DELETE", "/users/ann/sessions", None),
        ("DELETE", "/users/ann", None),
    ],
)
async def test_whatever_ends_a_session_ends_its_websocket(
    site: Site, method: str, path: str, body: dict[str, str] | None
) -> None:
    ann = await logged_in(site, Role.VIEWER, "ann")
    headers = {"Cookie": ann.cookie, "Origin": f"http://127.0.0.1:{site.port}"}
    async with listening(site, headers) as socket:
        await site.request(method, f"/api/v1{path}", body, bearer=ADMIN)
        assert await closed(socket) == 4401


async def test_logout_ends_the_websocket(site: Site) -> None:
    ann = await logged_in(site, Role.VIEWER, "ann")
    headers = {"Cookie": ann.cookie, "Origin": f"http://127.0.0.1:{site.port}"}
    async with listening(site, headers) as socket:
        await ann.request("DELETE", "/session")
        assert await closed(socket) == 4401


async def test_token_that_is_removed_ends_the_websocket(site: Site) -> None:
    async with listening(site, {"Authorization": f"Bearer {VIEWER}"}) as socket:
        # Wrong tokens from the same address do not.
        for number in range(12):
            await site.request("GET", PATH, bearer=f"guess-{number}")
        site.loaded._live.recheck()
        await site.request("GET", "/api/v1/openapi.json")
        assert not socket.closed
        site.clock.advance(60)
        await site.request("DELETE", "/api/v1/api-tokens/viewer", bearer=ADMIN)
        assert await closed(socket) == 4401


async def test_link_that_is_revoked_ends_the_websocket(site: Site) -> None:
    share, token = await site.people.shares.add("device:greenhouse", None)
    visitor = Visitor(site)
    await visitor.request("POST", "/session/share", {"token": token})
    headers = {"Cookie": visitor.cookie, "Origin": f"http://127.0.0.1:{site.port}"}
    async with listening(site, headers) as socket:
        await site.request("DELETE", f"/api/v1/shares/{share.id}", bearer=ADMIN)
        assert await closed(socket) == 4401


async def closed(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """The code that a WebSocket is closed with."""
    async with asyncio.timeout(PATIENCE_S):
        async for _ in socket:
            continue
    return socket.close_code
