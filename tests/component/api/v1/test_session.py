"""Logging in and out, the setup link, and shared links from the visitor's side."""

import logging

import pytest

from blynk_gateway import __version__
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.errors import HistoryError
from tests.helpers.http import ADMIN, Site
from tests.helpers.ports import MemorySimulation
from tests.helpers.visitors import PASSWORD, Visitor, logged_in

NOBODY = {
    "user": None,
    "share": None,
    "is_set_up": False,
    "gateway": "",
    "version": __version__,
    "is_simulated": False,
}


async def test_anybody_is_told_what_a_login_page_needs(site: Site) -> None:
    visitor = Visitor(site)
    answer = await visitor.request("GET", "/session")
    assert (answer.status, answer.json) == (200, NOBODY)
    site.add_device("pi", "ab" * 16, DeviceSource.GATEWAY)
    site.gpio.simulation = MemorySimulation()
    await site.people.users.add("ann", Role.VIEWER, PASSWORD)
    assert (await visitor.request("GET", "/session")).json == NOBODY | {
        "is_set_up": True,
        "gateway": "Pi",
        "is_simulated": True,
    }


async def test_login_sets_a_cookie_that_scripts_and_other_sites_do_not_get(site: Site) -> None:
    visitor = await logged_in(site, Role.OPERATOR)
    name, *attributes = visitor.set_cookie.split("; ")
    assert name.startswith("blynk_gateway=")
    assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=Strict"}
    assert await visitor.role() == "operator"
    assert (await visitor.request("GET", "/devices")).status == 200
    assert (await visitor.request("PUT", "/pins/greenhouse/V1", {"value": "1"})).status == 200
    assert (await visitor.request("GET", "/users")).status == 403


async def test_kept_login_has_30_days_that_each_visit_renews(site: Site) -> None:
    visitor = await logged_in(site, Role.VIEWER)
    await visitor.login("viewer", keep=True)
    assert "Max-Age=2592000" in visitor.set_cookie
    for _ in range(3):
        site.clock.advance(29 * 86_400)
        visitor.set_cookie = ""
        assert await visitor.role() == "viewer"
        assert "Max-Age=2592000" in visitor.set_cookie
    site.clock.advance(31 * 86_400)
    assert await visitor.role() is None
    assert "Max-Age=0" in visitor.set_cookie


async def test_unkept_login_ends_after_12_hours_without_use(site: Site) -> None:
    visitor = await logged_in(site, Role.VIEWER)
    site.clock.advance(12 * 3600 - 1)
    assert (await visitor.request("GET", "/devices")).status == 200
    site.clock.advance(12 * 3600 + 1)
    answer = await visitor.request("GET", "/devices")
    assert (answer.status, answer.json["error"]["code"]) == (401, "auth.required")


async def test_login_renews_the_session_so_that_no_planted_one_is_used(site: Site) -> None:
    planted = await logged_in(site, Role.VIEWER)
    victim = Visitor(site)
    victim.cookie = planted.cookie
    await site.people.users.add("ann", Role.ADMIN, PASSWORD)
    await victim.login("ann")
    assert victim.cookie != planted.cookie
    assert await victim.role() == "admin"
    assert await planted.role() is None


async def test_cookie_that_was_never_given_out_is_nobodys(site: Site) -> None:
    visitor = Visitor(site)
    await site.people.users.add("ann", Role.ADMIN, PASSWORD)
    visitor.cookie = "blynk_gateway=kchosenbytheattacker"
    assert (await visitor.login("ann")).status == 200
    assert "chosen" not in visitor.cookie


@pytest.mark.parametrize(
    "body",
    [
        {"name": "ann", "password": "wrong horse"},
        {"name": "nobody", "password": PASSWORD},
        {"name": "", "password": ""},
        {"name": "ann\u0000", "password": PASSWORD},
        {"name": "ann", "password": "x" * 10_000},
        {"name": "ann", "password": "\ud800" * 8},
    ],
)
async def test_wrong_login_is_the_same_401_whatever_was_wrong(
    site: Site, body: dict[str, str]
) -> None:
    await site.people.users.add("ann", Role.ADMIN, PASSWORD)
    answer = await site.request("POST", "/api/v1/session", body)
    assert (answer.status, answer.json["error"]["code"]) == (401, "auth.login_refused")
    assert answer.json["error"]["message"] == "no user has this name and password"
    assert "Set-Cookie" not in answer.headers
    assert site.accounts.kept_sessions == {}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xff\xfe", 400),
        (b'{"name": "ann", "password": "\xff"}', 400),
        (b"{}", 400),
        (b'{"name": 1, "password": "correct horse"}', 400),
        (b'{"name": "ann", "password": "correct horse", "keep": "yes"}', 400),
        (b'{"name": "ann", "password": "correct horse", "admin": true}', 400),
        (b" " * 70_000, 413),
    ],
    ids=lambda item: str(item)[:30],
)
async def test_bad_body_is_one_clear_error(site: Site, body: bytes, status: int) -> None:
    answer = await site.request("POST", "/api/v1/session", body)
    assert answer.status == status
    assert set(answer.json["error"]) == {"code", "message", "hint"}


async def test_guesser_is_braked_and_may_go_on_later(site: Site) -> None:
    await site.people.users.add("ann", Role.ADMIN, PASSWORD)
    guesser = Visitor(site)
    statuses = [(await guesser.login("ann", f"guess {number}")).status for number in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    answer = await guesser.login("ann")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    site.clock.advance(60)
    assert (await guesser.login("ann")).status == 200
    # The right password lifts the brake.
    assert (await guesser.login("ann", "wrong horse")).status == 401


async def test_refused_logins_are_logged_once_and_without_what_was_typed(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        await Visitor(site).login("my-password-by-mistake", "another-secret")
    lines = [one for one in caplog.records if one.getMessage() == "login refused"]
    assert len(lines) == 1
    assert vars(lines[0])["user"] == "my-p…"
    assert "by-mistake" not in caplog.text
    assert "another-secret" not in str([vars(one) for one in caplog.records])


async def test_logout_ends_the_session_on_both_sides(site: Site) -> None:
    visitor = await logged_in(site, Role.VIEWER)
    cookie = visitor.cookie
    assert (await visitor.request("DELETE", "/session")).status == 204
    assert visitor.cookie == ""
    assert site.accounts.kept_sessions == {}
    visitor.cookie = cookie
    assert (await visitor.request("GET", "/devices")).status == 401
    assert (await Visitor(site).request("DELETE", "/session")).status == 204


async def test_login_that_cannot_be_kept_is_refused(site: Site) -> None:
    await site.people.users.add("ann", Role.ADMIN, PASSWORD)
    site.accounts.fault = HistoryError("the disk is full")
    answer = await Visitor(site).login("ann")
    assert answer.status == 503
    assert "Set-Cookie" not in answer.headers


async def test_own_password_is_changed_with_the_old_one_and_others_are_out(site: Site) -> None:
    visitor = await logged_in(site, Role.VIEWER)
    elsewhere = Visitor(site)
    await elsewhere.login("viewer")
    body = {"old": "wrong horse", "new": "another horse"}
    answer = await visitor.request("PUT", "/session/password", body)
    assert (answer.status, answer.json["error"]["code"]) == (403, "auth.wrong_password")
    answer = await visitor.request("PUT", "/session/password", body | {"old": PASSWORD, "new": "x"})
    assert answer.json["error"]["message"].startswith("body.new: expected 8 to 256 characters")
    cookie = visitor.cookie
    answer = await visitor.request("PUT", "/session/password", body | {"old": PASSWORD})
    assert (answer.status, await visitor.role()) == (204, "viewer")
    assert visitor.cookie != cookie
    assert await elsewhere.role() is None
    assert (await elsewhere.login("viewer")).status == 401
    assert (await elsewhere.login("viewer", "another horse")).status == 200


async def test_holder_of_a_token_has_no_password(site: Site) -> None:
    body = {"old": PASSWORD, "new": "another horse"}
    answer = await site.request("PUT", "/api/v1/session/password", body, bearer=ADMIN)
    assert answer.status == 403


async def test_own_password_cannot_be_guessed_in_a_stolen_session(site: Site) -> None:
    visitor = await logged_in(site, Role.VIEWER)
    statuses = [
        (
            await visitor.request(
                "PUT", "/session/password", {"old": f"guess {number}", "new": "another horse"}
            )
        ).status
        for number in range(11)
    ]
    assert statuses == [403] * 10 + [429]


async def test_setup_link_makes_the_first_admin_once(site: Site) -> None:
    token = site.people.setup.begin()
    body = {"token": token, "name": "ann", "password": PASSWORD}
    visitor = Visitor(site)
    refused = await visitor.request("POST", "/setup", body | {"token": "wrong"})
    assert (refused.status, refused.json["error"]["code"]) == (401, "auth.login_refused")
    answer = await visitor.request("POST", "/setup", body | {"name": ".."})
    assert answer.json["error"]["message"].startswith("body.name: expected")
    answer = await visitor.request("POST", "/setup", body)
    assert (answer.status, answer.json["user"]) == (200, {"name": "ann", "role": "admin"})
    assert await visitor.role() == "admin"
    again = await Visitor(site).request("POST", "/setup", body | {"name": "ben"})
    assert (again.status, again.json["error"]["code"]) == (409, "request.conflict")
    assert not site.people.setup.is_right(token)


async def test_setup_link_is_void_as_soon_as_there_is_a_user(site: Site) -> None:
    token = site.people.setup.begin()
    await site.people.users.add("ann", Role.VIEWER, PASSWORD)
    body = {"token": token, "name": "ben", "password": PASSWORD}
    assert (await Visitor(site).request("POST", "/setup", body)).status == 409


async def test_setup_links_cannot_be_guessed(site: Site) -> None:
    token = site.people.setup.begin()
    body = {"token": "wrong", "name": "ann", "password": PASSWORD}
    for _ in range(10):
        assert (await Visitor(site).request("POST", "/setup", body)).status == 401
    assert (await Visitor(site).request("POST", "/setup", body | {"token": token})).status == 429


async def test_shared_link_shows_its_dashboard_to_a_visitor(site: Site) -> None:
    _, token = await site.people.shares.add("device:greenhouse", None)
    visitor = Visitor(site)
    answer = await visitor.request("POST", "/session/share", {"token": token})
    assert (answer.status, answer.json["share"]) == (200, {"dashboard": "device:greenhouse"})
    assert answer.json["user"] is None
    assert "Max-Age" not in visitor.set_cookie
    answer = await Visitor(site).request("POST", "/session/share", {"token": "wrong"})
    assert (answer.status, answer.json["error"]["code"]) == (401, "auth.login_refused")


async def test_shared_link_changes_nothing_for_who_is_logged_in(site: Site) -> None:
    _, token = await site.people.shares.add("device:greenhouse", None)
    visitor = await logged_in(site, Role.ADMIN)
    cookie = visitor.cookie
    answer = await visitor.request("POST", "/session/share", {"token": token})
    assert (answer.json["user"]["name"], answer.json["share"]) == ("admin", None)
    assert visitor.cookie == cookie


async def test_visitor_who_logs_in_is_a_user_then(site: Site) -> None:
    _, token = await site.people.shares.add("device:greenhouse", None)
    await site.people.users.add("ann", Role.ADMIN, PASSWORD)
    visitor = Visitor(site)
    await visitor.request("POST", "/session/share", {"token": token})
    await visitor.login("ann")
    assert await visitor.role() == "admin"
    assert len(site.accounts.kept_sessions) == 1
