"""The timeline for people and tools: what is open, and resolving it."""

from dataclasses import replace
from typing import Any

import pytest

from blynk_gateway.core.change import EventKind
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.events import EventDefinition, EventType
from tests.helpers.http import ADMIN, CONFIG, OPERATOR, VIEWER, Site

EVENTS = {
    "hot": EventDefinition("hot", "Too hot", EventType.CRITICAL),
    "door": EventDefinition("door", "Door open", EventType.WARNING),
    "tick": EventDefinition("tick", "Tick"),
}


@pytest.fixture
def site(site: Site) -> Site:
    site.registry.redefine(replace(site.device.definition, events=EVENTS), CONFIG)
    return site


def log(site: Site, *codes: str) -> None:
    for code in codes:
        site.registry.record_event(site.device, EventKind.LOGGED, code, "", CONFIG)


async def told(site: Site, query: str = "", bearer: str = VIEWER) -> list[dict[str, Any]]:
    answer = await site.request("GET", f"/api/v1/events{query}", bearer=bearer)
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json["events"]
    return found


async def resolve(site: Site, body: dict[str, Any], bearer: str = OPERATOR) -> tuple[int, str]:
    answer = await site.request("POST", "/api/v1/events/resolve", body, bearer=bearer)
    return answer.status, "" if answer.status == 204 else answer.json["error"]["code"]


async def test_events_come_newest_first_and_of_one_device_on_demand(site: Site) -> None:
    site.add_device("shed", "shed-token", DeviceSource.COMMAND)
    shed = site.registry.get("shed")
    for device, code in ((site.device, "a"), (shed, "b"), (site.device, "c")):
        site.registry.record_event(device, EventKind.LOGGED, code, "", CONFIG)
    assert [event["code"] for event in await told(site)] == ["c", "b", "a"]
    assert [event["code"] for event in await told(site, "?device=greenhouse&limit=1")] == ["c"]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "1e2", "1_0", "9" * 5000])
async def test_limit_out_of_range_is_refused(site: Site, limit: str) -> None:
    answer = await site.request("GET", f"/api/v1/events?limit={limit}", bearer=VIEWER)
    assert (answer.status, answer.json["error"]["code"]) == (400, "request.invalid")


async def test_each_event_has_its_name_and_type(site: Site) -> None:
    log(site, "hot", "undeclared")
    site.registry.record_event(site.device, EventKind.SYSTEM, "offline", "", CONFIG)
    found = [(one["code"], one["name"], one["type"]) for one in await told(site)]
    assert found == [
        ("offline", "Offline", "warning"),
        ("undeclared", "undeclared", "info"),
        ("hot", "Too hot", "critical"),
    ]


async def test_events_of_a_device_that_is_gone_are_told_as_they_are(site: Site) -> None:
    log(site, "hot")
    site.registry.remove("greenhouse", CONFIG)
    assert [(one["name"], one["type"]) for one in await told(site)] == [("hot", "info")]


async def test_the_latest_open_one_is_resolved_by_a_person(site: Site) -> None:
    log(site, "hot", "hot")
    site.clock.advance(5)
    assert await resolve(site, {"device": "greenhouse", "code": "hot"}) == (204, "")
    end, latest, first = await told(site)
    assert (end["kind"], end["description"]) == ("resolved", "")
    assert latest["resolved_ms"] == site.clock.now_ms()
    assert latest["resolved_by"] == end["origin"]
    assert latest["resolved_by"].startswith("api:")
    assert (first["resolved_ms"], first["resolved_by"]) == (None, None)
    assert await resolve(site, {"device": "greenhouse", "code": "hot"}) == (204, "")
    assert all(one["resolved_ms"] for one in (await told(site))[2:])


async def test_all_open_ones_are_resolved_at_once(site: Site) -> None:
    log(site, "hot", "hot", "door")
    body = {"device": "greenhouse", "code": "hot", "all": True}
    assert await resolve(site, body) == (204, "")
    assert [one["code"] for one in await told(site, "?open=1")] == ["door"]


async def test_open_are_grave_ones_that_nobody_resolved(site: Site) -> None:
    log(site, "door", "hot", "tick", "undeclared", "hot")
    await resolve(site, {"device": "greenhouse", "code": "hot"})
    assert [one["code"] for one in await told(site, "?open=1")] == ["hot", "door"]
    assert [one["code"] for one in await told(site, "?open=1&limit=1")] == ["hot"]
    assert [one["code"] for one in await told(site, "?open=1&device=greenhouse")] == ["hot", "door"]
    assert len(await told(site, "?open=0")) == 6


async def test_what_is_open_is_found_behind_thousands_of_others(site: Site) -> None:
    log(site, "hot", *["tick"] * 2500)
    assert [one["code"] for one in await told(site, "?open=1")] == ["hot"]
    assert await resolve(site, {"device": "greenhouse", "code": "hot"}) == (204, "")
    assert await told(site, "?open=1") == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"device": "greenhouse", "code": "door"}, (409, "request.conflict")),
        ({"device": "greenhouse", "code": ""}, (409, "request.conflict")),
        ({"device": "nobody", "code": "hot"}, (404, "device.unknown")),
        ({"device": "greenhouse"}, (400, "request.invalid")),
        ({"device": "greenhouse", "code": "hot", "all": "yes"}, (400, "request.invalid")),
        ({"device": "greenhouse", "code": "hot", "every": True}, (400, "request.invalid")),
    ],
)
async def test_what_cannot_be_resolved_is_refused(
    site: Site, body: dict[str, Any], found: tuple[int, str]
) -> None:
    log(site, "hot")
    assert await resolve(site, body) == found
    assert [one["kind"] for one in await told(site)] == ["logged"]


async def test_who_may_only_look_resolves_nothing(site: Site) -> None:
    log(site, "hot")
    body = {"device": "greenhouse", "code": "hot"}
    assert (await resolve(site, body, VIEWER))[0] == 403


async def test_a_word_for_open_that_is_none_is_refused(site: Site) -> None:
    answer = await site.request("GET", "/api/v1/events?open=yes", bearer=VIEWER)
    assert (answer.status, answer.json["error"]["code"]) == (400, "request.invalid")


async def test_a_scope_sees_and_resolves_its_own_devices_only(site: Site) -> None:
    site.add_device("shed", "shed-token", DeviceSource.COMMAND)
    log(site, "hot")
    made = {"name": "scoped", "role": "operator", "devices": ["shed"]}
    answer = await site.request("POST", "/api/v1/api-tokens", made, bearer=ADMIN)
    scoped = str(answer.json["token"])
    assert await told(site, "?open=1", scoped) == []
    body = {"device": "greenhouse", "code": "hot"}
    assert (await resolve(site, body, scoped))[0] in (403, 404)
