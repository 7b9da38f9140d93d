"""`/api/v1/notifications`."""

import pytest

from tests.helpers.automations import PHONE, MemoryNotifications
from tests.helpers.http import ADMIN, VIEWER, Site

PATH = "/api/v1/notifications"


@pytest.fixture
def services(site: Site) -> MemoryNotifications:
    site.services.notifications = made = MemoryNotifications()
    return made


async def test_services_are_told_with_what_became_of_their_messages(
    site: Site, services: MemoryNotifications
) -> None:
    services.present.append(PHONE._replace(name="mail", detail="refused: no\ud800"))
    answer = await site.request("GET", PATH, bearer=VIEWER)
    first, second = answer.json["services"]
    assert first == {
        "name": "phone",
        "kind": "ntfy",
        "waiting": 0,
        "sent": 12,
        "failed": 1,
        "last_ms": 1_700_000_000_000,
        "detail": "",
    }
    assert second["detail"] == "refused: no\N{REPLACEMENT CHARACTER}"


async def test_without_a_service_the_list_is_empty(site: Site) -> None:
    assert (await site.request("GET", PATH, bearer=VIEWER)).json == {"services": []}
    answer = await site.request("POST", f"{PATH}/x/test", bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (404, "notification.unknown_service")


async def test_test_message_is_answered_with_what_became_of_it(
    site: Site, services: MemoryNotifications
) -> None:
    answer = await site.request("POST", f"{PATH}/phone/test", bearer=ADMIN)
    assert (answer.status, answer.json) == (200, {"ok": True, "fault": ""})
    services.fault = "the server refused it: 403"
    answer = await site.request("POST", f"{PATH}/phone/test", bearer=ADMIN)
    assert answer.json == {"ok": False, "fault": "the server refused it: 403"}
    assert services.asked == ["phone", "phone"]


async def test_test_of_an_unknown_service_is_one_error(
    site: Site, services: MemoryNotifications
) -> None:
    answer = await site.request("POST", f"{PATH}/none/test", bearer=ADMIN)
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (404, "notification.unknown_service")
    assert "'none'" in error["message"]
    assert services.asked == []
