"""Users, from the admin's side."""

import pytest

from blynk_gateway.core.accounts import Role
from tests.helpers.http import ADMIN, Site
from tests.helpers.visitors import PASSWORD, Visitor, logged_in

ANN = {"name": "ann", "role": "operator", "password": PASSWORD}


async def test_users_are_added_listed_changed_and_removed(site: Site) -> None:
    admin = await logged_in(site, Role.ADMIN, "boss")
    answer = await admin.request("POST", "/users", ANN)
    now_ms = site.clock.now_ms()
    ann = {"name": "ann", "role": "operator", "created_ms": now_ms, "seen_ms": 0, "sessions": 0}
    assert (answer.status, answer.json) == (201, ann)
    site.clock.advance(1)
    visitor = Visitor(site)
    await visitor.login("ann")
    found = (await admin.request("GET", "/users")).json["users"]
    assert [user["name"] for user in found] == ["ann", "boss"]
    assert found[0] == ann | {"seen_ms": now_ms + 1000, "sessions": 1}
    answer = await admin.request("PUT", "/users/ann", {"role": "viewer"})
    assert (answer.status, answer.json["role"], answer.json["sessions"]) == (200, "viewer", 0)
    assert await visitor.role() is None
    assert (await admin.request("DELETE", "/users/ann")).status == 204
    assert (await visitor.login("ann")).status == 401
    answer = await admin.request("DELETE", "/users/ann")
    assert (answer.status, answer.json["error"]["code"]) == (404, "user.unknown")


async def test_nothing_of_a_password_is_ever_told(site: Site) -> None:
    answer = await site.request("POST", "/api/v1/users", ANN, bearer=ADMIN)
    listed = await site.request("GET", "/api/v1/users", bearer=ADMIN)
    assert "scrypt" not in answer.text + listed.text
    assert PASSWORD not in answer.text + listed.text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "a b"}, "body.name: expected"),
        ({"role": "owner"}, "body.role: expected viewer, operator, admin"),
        ({"password": "short"}, "body.password: expected 8 to 256 characters, found 5"),
        ({"password": None}, "body.password: wrong type"),
    ],
)
async def test_bad_user_is_refused_with_its_field(
    site: Site, changed: dict[str, str], message: str
) -> None:
    answer = await site.request("POST", "/api/v1/users", ANN | changed, bearer=ADMIN)
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith(message)
    assert site.accounts.kept_users == {}


async def test_name_that_is_taken_and_the_last_admin_are_conflicts(site: Site) -> None:
    admin = await logged_in(site, Role.ADMIN)
    await admin.request("POST", "/users", ANN)
    for method, path, body in (
        ("POST", "/users", ANN),
        ("DELETE", "/users/admin", None),
        ("PUT", "/users/admin", {"role": "viewer"}),
    ):
        answer = await admin.request(method, path, body)
        assert (answer.status, answer.json["error"]["code"]) == (409, "request.conflict")


async def test_admin_logs_somebody_out_everywhere(site: Site) -> None:
    admin = await logged_in(site, Role.ADMIN)
    visitors = [await logged_in(site, Role.VIEWER, "ann"), Visitor(site)]
    await visitors[1].login("ann")
    assert (await admin.request("DELETE", "/users/ann/sessions")).status == 204
    assert [await one.role() for one in visitors] == [None, None]
    assert await admin.role() == "admin"


async def test_new_password_by_an_admin_puts_the_user_out(site: Site) -> None:
    admin = await logged_in(site, Role.ADMIN)
    visitor = await logged_in(site, Role.VIEWER)
    await admin.request("PUT", "/users/viewer", {"password": "another horse"})
    assert await visitor.role() is None
    assert (await visitor.login("viewer", "another horse")).status == 200
