"""`/api/v1/automations` and `/api/v1/automation-runs`."""

from urllib.parse import quote

import pytest

from blynk_gateway.api.accounts.digests import digest_of
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.ports import ApiToken
from tests.helpers.automations import HOT, HOT_RUN, NIGHT, MemoryAutomations
from tests.helpers.http import ADMIN, OPERATOR, VIEWER, Site

PATH = "/api/v1/automations"
RUNS = "/api/v1/automation-runs"

HOT_JSON = {
    "slug": "too-hot",
    "name": "Too hot",
    "enabled": True,
    "stopped": "",
    "when": ["greenhouse/V5 above 30 for 2m"],
    "conditions": ["after 08:00 and before 20:00"],
    "then": ["set greenhouse/V1 to 1", "notify: It is {value} °C"],
    "runs": 2,
    "running": False,
    "last_run_ms": 1_700_000_000_000,
    "skipped": "",
    "skipped_ms": None,
    "next_ms": None,
}
RUN_JSON = {
    "id": 7,
    "automation": "too-hot",
    "at_ms": 1_700_000_000_000,
    "cause": "greenhouse/V5 = 30.5",
    "cause_seq": 812,
    "outcome": "failed",
    "actions": [
        {"action": "set greenhouse/V1 to 1", "result": "done", "failed": False},
        {"action": "notify: It is 30.5 °C", "result": "ntfy answered 500", "failed": True},
    ],
    "ended_ms": 1_700_000_000_250,
}


@pytest.fixture
def rules(site: Site) -> MemoryAutomations:
    site.services.automations = made = MemoryAutomations()
    return made


async def test_rules_are_told_in_their_order(site: Site, rules: MemoryAutomations) -> None:
    answer = await site.request("GET", PATH, bearer=VIEWER)
    assert answer.status == 200
    assert answer.json["automations"][0] == HOT_JSON
    assert [one["slug"] for one in answer.json["automations"]] == [one.slug for one in rules.rules]


async def test_without_a_rule_the_list_is_empty(site: Site) -> None:
    assert (await site.request("GET", PATH, bearer=VIEWER)).json == {"automations": []}
    assert (await site.request("GET", RUNS, bearer=VIEWER)).json == {"runs": []}


@pytest.mark.parametrize("name", ["good-night", "Good night / all off"])
async def test_a_rule_is_found_by_slug_and_by_name(
    site: Site, rules: MemoryAutomations, name: str
) -> None:
    answer = await site.request("GET", f"{PATH}/{quote(name, safe='')}", bearer=VIEWER)
    assert (answer.status, answer.json["slug"]) == (200, rules.rules[1].slug)


async def test_run_by_hand_is_answered_with_the_run_and_says_who_wanted_it(
    site: Site, rules: MemoryAutomations
) -> None:
    answer = await site.request("POST", f"{PATH}/Too%20hot/run", bearer=OPERATOR)
    assert (answer.status, answer.json) == (200, {"run": RUN_JSON, "skipped": ""})
    assert rules.asked == [("run", "too-hot", "API token operator")]


async def test_run_that_was_kept_back_says_by_what(site: Site, rules: MemoryAutomations) -> None:
    rules.run_next = None
    rules.rules[0] = HOT._replace(skipped="limit: 4m left\ud800")
    answer = await site.request("POST", f"{PATH}/too-hot/run", bearer=OPERATOR)
    skipped = "limit: 4m left\N{REPLACEMENT CHARACTER}"
    assert (answer.status, answer.json) == (200, {"run": None, "skipped": skipped})


async def test_run_of_a_stopped_rule_is_refused_with_the_reason(
    site: Site, rules: MemoryAutomations
) -> None:
    rules.rules[0] = HOT._replace(stopped="it ran in a circle")
    answer = await site.request("POST", f"{PATH}/too-hot/run", bearer=OPERATOR)
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (409, "automation.stopped")
    assert "it ran in a circle" in error["message"]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ({}, None),
        ({"value": None}, None),
        ({"value": ["31"]}, ("31",)),
        ({"value": "31"}, ("31",)),
        ({"value": 31.5}, ("31.5",)),
        ({"value": ["1", "2"]}, ("1", "2")),
    ],
)
async def test_dry_run_tells_conditions_and_filled_in_actions(
    site: Site, rules: MemoryAutomations, body: Json, value: tuple[str, ...] | None
) -> None:
    answer = await site.request("POST", f"{PATH}/too-hot/test", body, bearer=OPERATOR)
    assert (answer.status, answer.json) == (
        200,
        {
            "would_run": True,
            "obstacles": [],
            "conditions": [{"condition": "after 08:00 and before 20:00", "met": True}],
            "actions": ["set greenhouse/V1 to 1", "notify: It is 31 °C"],
        },
    )
    assert rules.asked == [("test", "too-hot", value)]


async def test_dry_run_needs_no_body(site: Site, rules: MemoryAutomations) -> None:
    answer = await site.request("POST", f"{PATH}/too-hot/test", bearer=OPERATOR)
    assert answer.status == 200
    assert rules.asked == [("test", "too-hot", None)]
    answer = await site.request("PUT", f"{PATH}/too-hot/enabled", bearer=OPERATOR)
    assert answer.status == 415


async def test_rule_is_switched_off_and_on(site: Site, rules: MemoryAutomations) -> None:
    rules.rules[0] = HOT._replace(stopped="it ran in a circle")
    for is_enabled in (False, True):
        body = {"enabled": is_enabled}
        answer = await site.request("PUT", f"{PATH}/too-hot/enabled", body, bearer=OPERATOR)
        assert (answer.status, answer.json["enabled"]) == (200, is_enabled)
        assert answer.json["stopped"] == ""
    assert rules.asked == [("set_enabled", "too-hot", False), ("set_enabled", "too-hot", True)]


async def test_runs_are_of_all_rules_or_of_one(site: Site, rules: MemoryAutomations) -> None:
    night = HOT_RUN._replace(id=8, automation=NIGHT.slug, cause="by \ud800")
    rules.past = [night, HOT_RUN]
    answer = await site.request("GET", RUNS, bearer=VIEWER)
    assert [one["id"] for one in answer.json["runs"]] == [8, 7]
    assert answer.json["runs"][0]["cause"] == "by \N{REPLACEMENT CHARACTER}"
    for name in ("too-hot", "Too+hot"):
        answer = await site.request("GET", f"{RUNS}?automation={name}", bearer=VIEWER)
        assert answer.json == {"runs": [RUN_JSON]}
    answer = await site.request("GET", f"{RUNS}?limit=1", bearer=VIEWER)
    assert [one["id"] for one in answer.json["runs"]] == [8]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", f"{PATH}/none", None, 404, "automation.unknown"),
        ("POST", f"{PATH}/none/run", None, 404, "automation.unknown"),
        ("POST", f"{PATH}/none/test", {}, 404, "automation.unknown"),
        ("PUT", f"{PATH}/none/enabled", {"enabled": True}, 404, "automation.unknown"),
        ("GET", f"{RUNS}?automation=none", None, 404, "automation.unknown"),
        ("GET", f"{PATH}/%ff", None, 404, "automation.unknown"),
        ("PUT", f"{PATH}/too-hot/enabled", {"enabled": 1}, 400, "request.invalid"),
        ("PUT", f"{PATH}/too-hot/enabled", {}, 400, "request.invalid"),
        ("POST", f"{PATH}/too-hot/test", {"value": []}, 400, "request.invalid"),
        ("POST", f"{PATH}/too-hot/test", {"value": {"a": 1}}, 400, "request.invalid"),
        ("GET", f"{RUNS}?limit=0", None, 400, "request.invalid"),
        ("GET", f"{RUNS}?limit=1001", None, 400, "request.invalid"),
        ("GET", f"{RUNS}?limit=x", None, 400, "request.invalid"),
    ],
)
async def test_bad_request_is_one_error_and_nothing_happens(
    site: Site,
    rules: MemoryAutomations,
    method: str,
    path: str,
    body: Json,
    status: int,
    code: str,
) -> None:
    answer = await site.request(method, path, body, bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert answer.json["error"]["hint"]
    assert rules.asked == []


async def test_without_any_rule_each_name_is_unknown(site: Site) -> None:
    for method, path, body in (
        ("GET", f"{PATH}/x", None),
        ("POST", f"{PATH}/x/run", None),
        ("POST", f"{PATH}/x/test", {}),
        ("PUT", f"{PATH}/x/enabled", {"enabled": True}),
    ):
        answer = await site.request(method, path, body, bearer=ADMIN)
        assert (answer.status, answer.json["error"]["code"]) == (404, "automation.unknown"), path
        assert "'x'" in answer.json["error"]["message"]


async def test_token_for_some_devices_sees_none_of_it(site: Site, rules: MemoryAutomations) -> None:
    token = ApiToken("bed", "admin", digest_of("scoped"), 0, ("greenhouse",))
    await site.journal.add_api_token(token)
    for method, path in (
        ("GET", PATH),
        ("GET", f"{PATH}/too-hot"),
        ("POST", f"{PATH}/too-hot/run"),
        ("GET", RUNS),
        ("GET", "/api/v1/webhooks"),
        ("GET", "/api/v1/notifications"),
    ):
        answer = await site.request(method, path, bearer="scoped")
        assert (answer.status, answer.json["error"]["code"]) == (403, "auth.out_of_scope"), path
    assert rules.asked == []
