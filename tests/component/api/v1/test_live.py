"""Changes as they happen, over WebSocket and as lines."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from blynk_gateway.api.accounts.digests import digest_of
from blynk_gateway.core.change import EventKind, Intent
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.ports import ApiToken
from tests.helpers.http import ADMIN, CONFIG, TOKEN, VIEWER, Site
from tests.helpers.patience import PATIENCE_S


@asynccontextmanager
async def connected(
    site: Site, token: str = VIEWER
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"http://127.0.0.1:{site.port}/api/v1/ws"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=headers) as ws:
        yield ws


@asynccontextmanager
async def lines(site: Site, query: str = "") -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    try:
        writer.write(
            f"GET /api/v1/changes{query} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {VIEWER}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert b"Transfer-Encoding: chunked" in head
        yield reader
    finally:
        writer.close()
        await writer.wait_closed()


async def next_lines(reader: asyncio.StreamReader) -> list[dict[str, Any]]:
    """The lines of the next chunk."""
    size = int(await reader.readline(), 16)
    chunk = await reader.readexactly(size)
    await reader.readexactly(2)
    return [json.loads(line) for line in chunk.splitlines()]


def write(site: Site, pin: str, *value: str) -> None:
    site.store.write("greenhouse", pin, value, CONFIG, Intent.REPORT)


async def test_websocket_sends_the_snapshot_then_changes_in_order(site: Site) -> None:
    write(site, "V0", "1")
    async with connected(site) as ws:
        snapshot = await ws.receive_json()
        assert snapshot["type"] == "snapshot"
        assert [pin["address"] for pin in snapshot["pins"]] == ["greenhouse/V0"]
        assert [device["slug"] for device in snapshot["devices"]] == ["greenhouse"]
        for number in range(5):
            write(site, "V0", str(number))
        changes = [await ws.receive_json() for _ in range(5)]
    assert [change["value"] for change in changes] == [[str(number)] for number in range(5)]
    first = snapshot["seq"] + 1
    assert [change["seq"] for change in changes] == list(range(first, first + 5))
    assert changes[0]["type"] == "pin"
    assert changes[0]["intent"] == "report"


async def test_websocket_tells_every_kind_of_change(site: Site) -> None:
    async with connected(site) as ws:
        await ws.receive_json()
        site.registry.set_property(site.device, "V1", "color", ("red",), CONFIG)
        site.registry.set_metadata(site.device, "Bed", "3", CONFIG)
        site.registry.connected(site.device, CONFIG)
        site.registry.record_event(site.device, EventKind.LOGGED, "hot", "", CONFIG)
        site.add_device("shed", "shed-token", DeviceSource.COMMAND)
        site.registry.remove("shed", CONFIG)
        types = [(await ws.receive_json())["type"] for _ in range(6)]
    assert types == ["property", "metadata", "status", "event", "definition", "definition"]
    assert "shed-token" not in str(types)


async def test_points_of_the_past_are_not_told_as_changes(site: Site) -> None:
    write(site, "V0", "1")
    async with connected(site) as ws:
        await ws.receive_json()
        site.store.write("greenhouse", "V0", ("0",), CONFIG, Intent.PAST, 5)
        write(site, "V0", "2")
        assert (await ws.receive_json())["value"] == ["2"]


async def test_sender_sees_its_own_write_land(site: Site) -> None:
    async with connected(site) as ws:
        await ws.receive_json()
        await site.request("PUT", "/api/v1/pins/greenhouse/V0", {"value": "1"}, bearer=ADMIN)
        assert (await ws.receive_json())["origin"] == "api:admin"


async def test_app_counts_as_connected_while_its_websocket_is_open(site: Site) -> None:
    async with connected(site) as ws:
        await ws.receive_json()
        assert (await site.request("GET", f"/{TOKEN}/isAppConnected")).text == "true"
    async with asyncio.timeout(PATIENCE_S):
        while (await site.request("GET", f"/{TOKEN}/isAppConnected")).text == "true":
            pass


async def test_client_that_falls_behind_gets_the_latest_of_each_pin(site: Site) -> None:
    async with connected(site) as ws:
        await ws.receive_json()
        for number in range(1000):
            write(site, f"V{number % 2}", str(number % 2))
        last = site.bus.next_seq - 1
        seen: list[int] = []
        while not seen or seen[-1] != last:
            seen.append((await ws.receive_json())["seq"])
    assert seen == sorted(seen)
    assert len(seen) < 1000


async def test_plain_request_for_the_websocket_is_refused(site: Site) -> None:
    answer = await site.request("GET", "/api/v1/ws", bearer=VIEWER)
    assert (answer.status, answer.json["error"]["code"]) == (400, "request.invalid")


async def test_stop_closes_websockets_and_streams(site: Site) -> None:
    async with connected(site) as ws, lines(site) as reader:
        await ws.receive_json()
        async with asyncio.timeout(PATIENCE_S):
            await site.api.stop()
        assert (await ws.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert await reader.read() in (b"", b"0\r\n\r\n")


async def test_lines_begin_with_one_for_each_known_wanted_pin(site: Site) -> None:
    write(site, "V0", "1")
    write(site, "V1", "1")
    write(site, "V10", "a", "ü")
    async with lines(site, "?pins=greenhouse/v10,greenhouse/V1,greenhouse/V99") as reader:
        snapshot = await next_lines(reader)
        assert [line["address"] for line in snapshot] == ["greenhouse/V1", "greenhouse/V10"]
        assert snapshot[1] == {
            "seq": site.store.get("greenhouse", "V10").seq,
            "address": "greenhouse/V10",
            "value": ["a", "ü"],
            "at_ms": site.clock.now_ms(),
            "origin": "snapshot",
            "intent": "sync",
        }
        write(site, "V0", "not wanted")
        write(site, "V99", "new")
        (line,) = await next_lines(reader)
        assert (line["address"], line["value"]) == ("greenhouse/V99", ["new"])
        assert (line["origin"], line["intent"]) == ("gateway:config", "report")


async def test_lines_without_choice_are_of_all_pins(site: Site) -> None:
    async with lines(site) as reader:
        write(site, "V0", "1")
        (line,) = await next_lines(reader)
        assert line["address"] == "greenhouse/V0"


@pytest.mark.parametrize("pins", ["V1", "greenhouse/X1", "greenhouse/V1,"])
async def test_malformed_address_is_refused(site: Site, pins: str) -> None:
    answer = await site.request("GET", f"/api/v1/changes?pins={pins}", bearer=VIEWER)
    assert (answer.status, answer.json["error"]["code"]) == (404, "pin.unknown")


async def test_stream_ends_when_its_client_goes_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.api.v1.live.LOOK_EVERY_S", 0.01)
    async with lines(site):
        assert len(site.loaded._live._mailboxes) == 1
    async with asyncio.timeout(PATIENCE_S):
        while site.loaded._live._mailboxes:
            await site.request("GET", "/")


async def test_streams_are_limited(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blynk_gateway.api.v1.live.MAX_CLIENTS", 1)
    async with lines(site):
        answer = await site.request("GET", "/api/v1/changes", bearer=VIEWER)
    assert (answer.status, answer.json["error"]["code"]) == (503, "live.too_many")


async def test_streams_tell_nothing_out_of_scope(site: Site) -> None:
    site.add_device("shed", "shed-token", DeviceSource.COMMAND)
    await site.journal.add_api_token(ApiToken("s", "viewer", digest_of("scoped"), 0, ("shed",)))
    write(site, "V0", "1")
    async with connected(site, "scoped") as ws:
        snapshot = await ws.receive_json()
        assert [device["slug"] for device in snapshot["devices"]] == ["shed"]
        assert snapshot["pins"] == []
        write(site, "V0", "2")
        site.registry.set_metadata(site.device, "Bed", "3", CONFIG)
        site.registry.record_event(site.device, EventKind.LOGGED, "hot", "", CONFIG)
        site.registry.connected(site.device, CONFIG)
        site.store.write("shed", "V0", ("3",), CONFIG, Intent.REPORT)
        assert (await ws.receive_json())["address"] == "shed/V0"


async def test_streams_end_with_their_token(site: Site) -> None:
    async with connected(site, ADMIN) as ws, lines(site) as reader:
        await ws.receive_json()
        for name in ("viewer", "admin"):
            await site.request("DELETE", f"/api/v1/api-tokens/{name}", bearer=ADMIN)
        closed = await ws.receive(timeout=PATIENCE_S)
        assert closed.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert closed.data == 4401
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.readuntil(b"\r\n\r\n") == b"0\r\n\r\n"
