"""Pairing and API tokens."""

import pytest

from tests.helpers.http import ADMIN, VIEWER, Site

SECRET = "an-unknown-token-of-a-board"


async def test_refused_login_is_shown_masked_and_can_be_adopted(site: Site) -> None:
    site.pairing.admit(SECRET, "192.0.2.7")
    answer = await site.request("GET", "/api/v1/pairing", bearer=ADMIN)
    (login,) = answer.json["refused"]
    assert (login["token"], login["peer"], login["attempts"]) == ("an-u…", "192.0.2.7", 1)
    assert SECRET not in answer.text
    body = {"id": login["id"]}
    answer = await site.request("POST", "/api/v1/pairing/adopt", body, bearer=ADMIN)
    assert (answer.status, answer.json["slug"]) == (201, "device-1")
    assert site.registry.find_by_token(SECRET) is not None
    answer = await site.request("POST", "/api/v1/pairing/adopt", body, bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (404, "device.unknown_token")


async def test_pairing_opens_for_minutes_and_closes_with_zero(site: Site) -> None:
    answer = await site.request("POST", "/api/v1/pairing", {"minutes": 2.5}, bearer=ADMIN)
    assert answer.json["seconds_left"] == 150
    site.clock.advance(100)
    answer = await site.request("GET", "/api/v1/pairing", bearer=ADMIN)
    assert answer.json["seconds_left"] == 50
    answer = await site.request("POST", "/api/v1/pairing", {"minutes": 0}, bearer=ADMIN)
    assert answer.json["seconds_left"] == 0


@pytest.mark.parametrize("minutes", [-1, 1441, "5", True, None])
async def test_unusable_minutes_are_refused(site: Site, minutes: object) -> None:
    answer = await site.request("POST", "/api/v1/pairing", {"minutes": minutes}, bearer=ADMIN)
    assert answer.status == 400
    assert site.pairing.seconds_left == 0


async def test_new_api_token_works_and_a_removed_one_does_not(site: Site) -> None:
    body = {"name": "phone", "role": "operator"}
    made = (await site.request("POST", "/api/v1/api-tokens", body, bearer=ADMIN)).json
    put = {"value": "1"}
    path = "/api/v1/pins/greenhouse/V0"
    assert (await site.request("PUT", path, put, bearer=made["token"])).status == 200
    listed = await site.request("GET", "/api/v1/api-tokens", bearer=ADMIN)
    assert [one["name"] for one in listed.json["api_tokens"]] == [
        "admin",
        "operator",
        "phone",
        "viewer",
    ]
    assert made["token"] not in listed.text
    removed = await site.request("DELETE", "/api/v1/api-tokens/phone", bearer=ADMIN)
    assert removed.status == 204
    assert (await site.request("PUT", path, put, bearer=made["token"])).status == 401


async def test_token_may_be_for_some_devices(site: Site) -> None:
    body = {"name": "tv", "devices": ["greenhouse", "greenhouse"]}
    made = await site.request("POST", "/api/v1/api-tokens", body, bearer=ADMIN)
    assert (made.status, made.json["devices"]) == (201, ["greenhouse"])
    listed = await site.request("GET", "/api/v1/api-tokens", bearer=ADMIN)
    devices = {one["name"]: one["devices"] for one in listed.json["api_tokens"]}
    assert devices == {"admin": [], "operator": [], "tv": ["greenhouse"], "viewer": []}


async def test_token_without_role_is_a_viewer(site: Site) -> None:
    answer = await site.request("POST", "/api/v1/api-tokens", {"name": "tv"}, bearer=ADMIN)
    assert (answer.status, answer.json["role"]) == (201, "viewer")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": ""}, 400),
        ({"name": "a b"}, 400),
        ({"name": "x" * 33}, 400),
        ({"name": "."}, 400),
        ({"name": ".."}, 400),
        ({"name": "a", "role": "root"}, 400),
        ({"name": "viewer"}, 409),
        ({"name": "a", "devices": "greenhouse"}, 400),
        ({"name": "a", "devices": ["nothing"]}, 404),
        ({"name": "a", "devices": [f"d{number}" for number in range(101)]}, 400),
    ],
)
async def test_unusable_api_token_is_refused(
    site: Site, body: dict[str, object], status: int
) -> None:
    answer = await site.request("POST", "/api/v1/api-tokens", body, bearer=ADMIN)
    assert answer.status == status
    assert len(await site.journal.api_tokens()) == 3


async def test_removing_a_token_that_is_not_there_is_404(site: Site) -> None:
    answer = await site.request("DELETE", "/api/v1/api-tokens/none", bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (404, "token.unknown")


async def test_tokens_are_limited_in_number(site: Site) -> None:
    for number in range(97):
        body = {"name": f"t{number}"}
        assert (await site.request("POST", "/api/v1/api-tokens", body, bearer=ADMIN)).status == 201
    answer = await site.request("POST", "/api/v1/api-tokens", {"name": "more"}, bearer=ADMIN)
    assert answer.json["error"]["code"] == "request.conflict"


async def test_viewer_may_not_see_pairing(site: Site) -> None:
    assert (await site.request("GET", "/api/v1/pairing", bearer=VIEWER)).status == 403
