"""Bearer tokens, and the brake on guessing them."""

import pytest

from tests.helpers.http import ADMIN, VIEWER, Site

PATH = "/api/v1/devices"


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
