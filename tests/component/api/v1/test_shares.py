"""Shared links: made and revoked by admins, and what their visitors may see."""

import pytest

from blynk_gateway.core.change import Intent
from blynk_gateway.core.definition import DeviceSource
from tests.helpers.http import ADMIN, CONFIG, VIEWER, Site
from tests.helpers.visitors import Visitor

SHARES = "/api/v1/shares"
HOME = {"dashboard": "device:greenhouse"}


async def shared(site: Site, days: float | None = None) -> tuple[str, Visitor]:
    """A new link's id, and a browser that has opened it."""
    made = await site.request("POST", SHARES, HOME | {"days": days}, bearer=ADMIN)
    visitor = Visitor(site)
    answer = await visitor.request("POST", "/session/share", {"token": made.json["token"]})
    assert answer.status == 200
    return str(made.json["id"]), visitor


async def test_links_are_made_listed_and_revoked(site: Site) -> None:
    answer = await site.request("POST", SHARES, HOME | {"days": 2}, bearer=ADMIN)
    made, now_ms = answer.json, site.clock.now_ms()
    assert answer.status == 201
    token = made.pop("token")
    assert made.pop("path") == f"/#/shared/{token}"
    assert made == {
        "id": made["id"],
        "dashboard": "device:greenhouse",
        "created_ms": now_ms,
        "expires_ms": now_ms + 2 * 86_400_000,
    }
    listed = await site.request("GET", SHARES, bearer=ADMIN)
    assert listed.json == {"shares": [made]}
    assert token not in listed.text
    one = f"{SHARES}/{made['id']}"
    assert (await site.request("DELETE", one, bearer=ADMIN)).status == 204
    answer = await site.request("DELETE", one, bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (404, "share.unknown")
    assert (await site.request("GET", SHARES, bearer=VIEWER)).status == 403


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"dashboard": ""}, "body.dashboard: expected"),
        ({"dashboard": "x" * 65}, "body.dashboard: expected"),
        (HOME | {"days": 0}, "body.days: expected more than 0"),
        (HOME | {"days": 3651}, "body.days: expected more than 0 and at most 3650"),
        (HOME | {"days": "1"}, "body.days: wrong type"),
    ],
)
async def test_bad_link_is_refused_with_its_field(
    site: Site, body: dict[str, object], message: str
) -> None:
    answer = await site.request("POST", SHARES, body, bearer=ADMIN)
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith(message)


async def test_link_to_no_dashboard_is_refused(site: Site) -> None:
    answer = await site.request("POST", SHARES, {"dashboard": "nothing"}, bearer=ADMIN)
    assert answer.status == 404
    assert site.accounts.kept_shares == {}


async def test_visitor_sees_the_pins_of_the_dashboard(site: Site) -> None:
    site.store.write("greenhouse", "V3", ("21.5",), CONFIG, Intent.REPORT)
    _, visitor = await shared(site)
    assert (await visitor.request("GET", "/pins/greenhouse/V3")).json["value"] == ["21.5"]
    assert (await visitor.request("GET", "/history/greenhouse/V3")).status == 200
    assert (await visitor.request("GET", "/history?pins=greenhouse/V3")).status == 200
    (device,) = (await visitor.request("GET", "/devices")).json["devices"]
    assert (device["slug"], device["info"], device["metadata"]) == ("greenhouse", {}, {})
    pins = (await visitor.request("GET", "/devices/greenhouse/pins")).json["pins"]
    assert "V3" in {pin["pin"] for pin in pins}
    (shown,) = (await visitor.request("GET", "/dashboards")).json["dashboards"]
    assert shown["slug"] == "device:greenhouse"


@pytest.mark.parametrize(
    "path",
    [
        "/pins/workshop/V1",
        "/pins/greenhouse/V200",
        "/pins/nothing/V1",
        "/history/workshop/V1",
        "/history?pins=greenhouse/V3,workshop/V1",
        "/history-stats",
        "/devices/greenhouse",
        "/devices/workshop",
        "/devices/workshop/pins",
        "/events?device=greenhouse",
        "/gpio",
        "/upstream",
        "/links",
        "/tls",
    ],
)
async def test_visitor_sees_nothing_else(site: Site, path: str) -> None:
    site.add_device("workshop", "ab" * 16, DeviceSource.COMMAND)
    _, visitor = await shared(site)
    answer = await visitor.request("GET", path)
    assert (answer.status, answer.json["error"]["code"]) == (403, "auth.out_of_scope")


async def test_visitor_changes_nothing(site: Site) -> None:
    _, visitor = await shared(site)
    for method, path, body in (
        ("PUT", "/pins/greenhouse/V1", {"value": "1"}),
        ("POST", "/users", {}),
        ("GET", "/devices/greenhouse/token", None),
        ("PUT", "/session/password", {"old": "12345678", "new": "12345678"}),
    ):
        assert (await visitor.request(method, path, body)).status == 403
    assert site.value("V1") == ()
    assert (await visitor.request("GET", "/events")).json == {"events": []}


async def test_visitor_is_told_no_more_of_the_gateway_than_anybody(site: Site) -> None:
    _, visitor = await shared(site)
    for path in ("/api/health", "/metrics"):
        answer = await site.request("GET", path, headers={"Cookie": visitor.cookie})
        anonymous = await site.request("GET", path)
        assert answer.status == 200
        assert len(answer.text.splitlines()) == len(anonymous.text.splitlines())


async def test_revoked_or_expired_link_ends_its_sessions(site: Site) -> None:
    share_id, visitor = await shared(site)
    _, other = await shared(site, days=0.001)
    await site.request("DELETE", f"{SHARES}/{share_id}", bearer=ADMIN)
    assert (await visitor.request("GET", "/pins/greenhouse/V3")).status == 401
    assert (await other.request("GET", "/pins/greenhouse/V3")).status == 200
    site.clock.advance(87)
    assert (await other.request("GET", "/pins/greenhouse/V3")).status == 401
    assert (await other.request("GET", "/session")).json["share"] is None


@pytest.mark.parametrize("makes_again", ["PUT", "POST"])
async def test_link_dies_with_its_dashboard(site: Site, makes_again: str) -> None:
    pages = {"pages": [{"widgets": [{"type": "led", "pin": "greenhouse/V1"}]}]}
    path = "/api/v1/dashboards/home"
    assert (await site.request("PUT", path, pages, bearer=ADMIN)).status == 201
    made = await site.request("POST", SHARES, {"dashboard": "home"}, bearer=ADMIN)
    visitor, late = Visitor(site), Visitor(site)
    token = {"token": made.json["token"]}
    await visitor.request("POST", "/session/share", token)
    assert (await visitor.request("GET", "/pins/greenhouse/V1")).status == 200
    assert (await site.request("DELETE", path, bearer=ADMIN)).status == 204
    if makes_again == "PUT":
        await site.request("PUT", path, pages, bearer=ADMIN)
    else:
        yaml = {"yaml": "widgets: [{type: led, pin: greenhouse/V1}]"}
        assert (await site.request("POST", f"{path}/yaml", yaml, bearer=ADMIN)).status == 201
    assert (await visitor.request("GET", "/pins/greenhouse/V1")).status == 401
    assert (await late.request("POST", "/session/share", token)).status == 401
    assert site.accounts.kept_shares == {}


async def test_link_to_what_was_lost_does_not_open_a_new_dashboard_of_that_name(
    site: Site,
) -> None:
    _, token = await site.people.shares.add("home", None)
    pages = {"pages": [{"widgets": [{"type": "led", "pin": "greenhouse/V1"}]}]}
    for path, body in (
        ("/api/v1/dashboards/home", pages),
        ("/api/v1/dashboards/home/yaml", {"yaml": "widgets: [{type: led, pin: greenhouse/V1}]"}),
    ):
        method = "POST" if path.endswith("yaml") else "PUT"
        assert (await site.request(method, path, body, bearer=ADMIN)).status in (200, 201)
        answer = await Visitor(site).request("POST", "/session/share", {"token": token})
        assert answer.status == 401


async def test_link_dies_with_its_device(site: Site) -> None:
    site.add_device("workshop", "ab" * 16, DeviceSource.COMMAND)
    body = {"dashboard": "device:workshop"}
    made = await site.request("POST", SHARES, body, bearer=ADMIN)
    assert (await site.request("DELETE", "/api/v1/devices/workshop", bearer=ADMIN)).status == 204
    site.add_device("workshop", "ab" * 16, DeviceSource.COMMAND)
    token = {"token": made.json["token"]}
    assert (await Visitor(site).request("POST", "/session/share", token)).status == 401
