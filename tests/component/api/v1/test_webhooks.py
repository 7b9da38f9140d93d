"""`/api/v1/webhooks`."""

import pytest

from blynk_gateway.core.json_text import Json
from tests.helpers.automations import ARRIVED, PARTICLE, MemoryWebhooks
from tests.helpers.http import ADMIN, VIEWER, Site

PATH = "/api/v1/webhooks"


@pytest.fixture
def webhooks(site: Site) -> MemoryWebhooks:
    site.services.webhooks = made = MemoryWebhooks()
    return made


async def test_webhooks_are_told_with_what_became_of_their_requests(
    site: Site, webhooks: MemoryWebhooks
) -> None:
    off = PARTICLE._replace(name="b", is_off=True, failures=10, last_result="no answer\ud800")
    webhooks.present.append(off)
    answer = await site.request("GET", PATH, bearer=VIEWER)
    first, second = answer.json["webhooks"]
    assert first == {
        "name": "particle-led",
        "target": "POST https://api.particle.io/v1/devices/{device}/led",
        "off": False,
        "failures": 0,
        "waiting": 1,
        "sent": 41,
        "merged": 3,
        "last_ms": 1_700_000_000_000,
        "last_result": "200 OK",
    }
    assert (second["off"], second["failures"]) == (True, 10)
    assert second["last_result"] == "no answer\N{REPLACEMENT CHARACTER}"


async def test_without_a_webhook_the_list_is_empty(site: Site) -> None:
    assert (await site.request("GET", PATH, bearer=VIEWER)).json == {"webhooks": []}
    answer = await site.request("POST", f"{PATH}/x/test", {}, bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (404, "webhook.unknown")


@pytest.mark.parametrize(
    ("body", "value"),
    [({}, None), ({"value": ["1"]}, ("1",)), ({"value": ["1", "2"]}, ("1", "2"))],
)
async def test_test_is_answered_with_request_and_answer(
    site: Site, webhooks: MemoryWebhooks, body: Json, value: tuple[str, ...] | None
) -> None:
    answer = await site.request("POST", f"{PATH}/particle-led/test", body, bearer=ADMIN)
    assert (answer.status, answer.json) == (
        200,
        {
            "ok": True,
            "request": "POST https://api.particle.io/v1/devices/greenhouse/led",
            "status": 200,
            "result": "200 OK",
            "took_ms": 87,
            "body": '{"return_value":1}',
        },
    )
    assert webhooks.asked == [("particle-led", value)]


async def test_failed_test_is_an_answer_too(site: Site, webhooks: MemoryWebhooks) -> None:
    webhooks.answer = ARRIVED._replace(is_ok=False, status=None, result="no answer", body="\ud800")
    answer = await site.request("POST", f"{PATH}/particle-led/test", {}, bearer=ADMIN)
    assert answer.status == 200
    assert (answer.json["ok"], answer.json["status"]) == (False, None)
    assert answer.json["body"] == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("none", {}, 404, "webhook.unknown"),
        ("particle-led", {"value": []}, 400, "request.invalid"),
        ("particle-led", {"valeu": ["1"]}, 400, "request.invalid"),
    ],
)
async def test_bad_test_sends_nothing(
    site: Site, webhooks: MemoryWebhooks, name: str, body: Json, status: int, code: str
) -> None:
    answer = await site.request("POST", f"{PATH}/{name}/test", body, bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert webhooks.asked == []
