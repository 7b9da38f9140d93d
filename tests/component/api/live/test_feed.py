"""Dashboards on real sockets: what they are told, when, and what ends them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import aiohttp
import pytest

from blynk_gateway.api.accounts.digests import digest_of
from blynk_gateway.api.live import feed
from blynk_gateway.api.live.meter import SHARE
from blynk_gateway.core.change import EventKind, Intent
from blynk_gateway.core.datastream import Template
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.ports import ApiToken
from tests.helpers.http import ADMIN, CONFIG, TOKEN, VIEWER, Site
from tests.helpers.patience import PATIENCE_S

SCOPED = "scoped-secret"


@asynccontextmanager
async def dashboard(
    site: Site, token: str = VIEWER, every_ms: int = 50
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A connected one that got its hello."""
    url = f"http://127.0.0.1:{site.port}/api/v1/ws?every_ms={every_ms}"
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=headers) as ws:
        hello = await ws.receive_json(timeout=PATIENCE_S)
        assert hello["type"] == "hello"
        yield ws


async def watch(
    ws: aiohttp.ClientWebSocketResponse, *pins: str, each: tuple[str, ...] = ()
) -> Json:
    """Watch pins of `greenhouse` and return those that are told."""
    await ws.send_json(
        {
            "type": "watch",
            "pins": [f"greenhouse/{pin}" for pin in pins],
            "each": [f"greenhouse/{pin}" for pin in each],
        }
    )
    return (await told(ws, "pins"))["pins"]


async def told(ws: aiohttp.ClientWebSocketResponse, kind: str) -> Json:
    """The next message of a type."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = await ws.receive_json()
            if message["type"] == kind:
                return message


def write(site: Site, pin: str, *value: str) -> None:
    site.store.write("greenhouse", pin, value, CONFIG, Intent.REPORT)


async def test_hello_tells_the_devices(site: Site) -> None:
    url = f"http://127.0.0.1:{site.port}/api/v1/ws?every_ms=100"
    headers = {"Authorization": f"Bearer {VIEWER}"}
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=headers) as ws:
        hello = await ws.receive_json()
    assert [device["slug"] for device in hello["devices"]] == ["greenhouse"]
    assert hello["now_ms"] == site.clock.now_ms()


async def test_watched_pins_are_told_then_their_changes(site: Site) -> None:
    write(site, "V0", "1")
    async with dashboard(site) as ws:
        (pin,) = await watch(ws, "V0", "V200")
        assert (pin["address"], pin["value"]) == ("greenhouse/V0", ["1"])
        write(site, "V0", "2")
        write(site, "V9", "not watched")
        write(site, "V0", "3")
        message = await told(ws, "changes")
        (change,) = message["changes"]
        assert change == {
            "address": "greenhouse/V0",
            "value": ["3"],
            "at_ms": site.clock.now_ms(),
            "seq": site.bus.next_seq - 1,
        }
        write(site, "V200", "first ever")
        (change,) = (await told(ws, "changes"))["changes"]
        assert change["address"] == "greenhouse/V200"


async def test_every_value_is_told_in_order_where_each_counts(site: Site) -> None:
    write(site, "V0", "0")
    async with dashboard(site) as ws:
        await watch(ws, each=("V0",))
        for number in range(20):
            write(site, "V0", str(number))
        found: list[str] = []
        while len(found) < 20:
            found += [one["value"][0] for one in (await told(ws, "changes"))["changes"]]
    assert found == [str(number) for number in range(20)]


async def test_only_what_is_new_in_a_watch_is_told_again(site: Site) -> None:
    write(site, "V0", "1")
    write(site, "V9", "1")
    async with dashboard(site) as ws:
        await watch(ws, "V0")
        (pin,) = await watch(ws, "V0", "V9")
        assert pin["address"] == "greenhouse/V9"
        write(site, "V0", "2")
        assert (await told(ws, "changes"))["changes"][0]["value"] == ["2"]


async def test_devices_events_and_properties_are_told(site: Site) -> None:
    async with dashboard(site) as ws:
        await watch(ws, "V1")
        site.registry.connected(site.device, CONFIG)
        assert (await told(ws, "device"))["device"]["online"] is True
        site.registry.record_event(site.device, EventKind.LOGGED, "hot", "", CONFIG)
        assert (await told(ws, "event"))["event"]["code"] == "hot"
        site.registry.set_property(site.device, "V1", "color", ("#112233",), CONFIG)
        (change,) = (await told(ws, "changes"))["changes"]
        assert change == {"address": "greenhouse/V1", "properties": {"color": ["#112233"]}}
        site.add_device("shed", "shed-token", DeviceSource.COMMAND)
        assert (await told(ws, "device"))["device"]["slug"] == "shed"
        site.registry.remove("shed", CONFIG)
        assert (await told(ws, "device_removed"))["slug"] == "shed"
        site.registry.disconnected(site.device, CONFIG)


async def test_pin_with_properties_alone_is_told_without_a_value(site: Site) -> None:
    site.registry.set_property(site.device, "V200", "url", ("http://cam/1",), CONFIG)
    async with dashboard(site) as ws:
        (pin,) = await watch(ws, "V200", "V201")
        assert (pin["address"], pin["value"]) == ("greenhouse/V200", [])
        assert pin["properties"] == {"url": ["http://cam/1"]}
        site.registry.set_property(site.device, "V201", "label", ("Door",), CONFIG)
        (change,) = (await told(ws, "changes"))["changes"]
        assert change == {"address": "greenhouse/V201", "properties": {"label": ["Door"]}}


async def test_point_of_the_past_is_not_told(site: Site) -> None:
    write(site, "V0", "1")
    async with dashboard(site) as ws:
        await watch(ws, "V0")
        site.store.write("greenhouse", "V0", ("0",), CONFIG, Intent.PAST, 5)
        write(site, "V0", "2")
        assert (await told(ws, "changes"))["changes"][0]["value"] == ["2"]


async def test_pin_is_told_whole_when_a_reload_gave_it_another_datastream(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "ALIVE_EVERY_S", 0.05)
    async with dashboard(site) as ws:
        (pin,) = await watch(ws, "V1")
        assert pin["datastream"]["name"] == "Fan"
        site.registry.use_templates({"climate": Template("climate", {})})
        write(site, "V1", "1")
        assert (await told(ws, "pins"))["pins"][0]["datastream"] is None


async def test_silence_is_broken_by_a_sign_of_life(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "ALIVE_EVERY_S", 0.05)
    async with dashboard(site) as ws:
        assert (await told(ws, "alive"))["now_ms"] == site.clock.now_ms()


@pytest.mark.parametrize(
    "text", ["no json", "{}", '{"type": "watch", "pins": ["x"]}', '{"type": "ä", "x": "ö"}']
)
async def test_bad_message_ends_the_connection_with_a_reason(site: Site, text: str) -> None:
    async with dashboard(site) as ws:
        await ws.send_str(text)
        closed = await ws.receive(timeout=PATIENCE_S)
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1008)
        assert closed.extra


async def test_bytes_and_too_long_messages_end_the_connection(site: Site) -> None:
    async with dashboard(site) as ws:
        await ws.send_bytes(b"{}")
        assert (await ws.receive(timeout=PATIENCE_S)).data == 1008
    async with dashboard(site) as ws:
        await ws.send_str(" " * 70_000)
        assert (await ws.receive(timeout=PATIENCE_S)).data == 1009


@pytest.mark.parametrize("pace", ["0", "49", "5001", "x", "nan", ""])
async def test_absurd_pace_is_refused(site: Site, pace: str) -> None:
    answer = await site.request("GET", f"/api/v1/ws?every_ms={pace}", bearer=VIEWER)
    assert (answer.status, answer.json["error"]["code"]) == (400, "request.invalid")


async def test_dashboards_are_limited(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MAX_CLIENTS", 1)
    async with dashboard(site):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with dashboard(site):
                pass
    assert refused.value.status == 503


async def test_nothing_runs_without_dashboards(site: Site) -> None:
    await site.request("GET", "/api/health")
    before = len(site.bus._everyone)
    async with dashboard(site), dashboard(site):
        assert len(site.bus._everyone) == before + 1
        assert (await site.request("GET", f"/{TOKEN}/isAppConnected")).text == "true"
    async with asyncio.timeout(PATIENCE_S):
        while len(site.bus._everyone) > before:
            await site.request("GET", "/api/health")
    assert site.loaded._live._feed._task is None


async def test_scope_hides_other_devices_and_pins(site: Site) -> None:
    site.add_device("shed", "shed-token", DeviceSource.COMMAND)
    await site.journal.add_api_token(ApiToken("s", "viewer", digest_of(SCOPED), 0, ("shed",)))
    write(site, "V0", "1")
    async with dashboard(site, SCOPED) as ws:
        await ws.send_json({"type": "watch", "pins": ["greenhouse/V0", "shed/V0"]})
        site.registry.record_event(site.device, EventKind.LOGGED, "secret", "", CONFIG)
        write(site, "V0", "2")
        site.store.write("shed", "V0", ("3",), CONFIG, Intent.REPORT)
        message = await ws.receive_json(timeout=PATIENCE_S)
        assert "greenhouse" not in str(message)
        assert "secret" not in str(message)


async def test_revoked_token_ends_the_connection(site: Site) -> None:
    async with dashboard(site, ADMIN) as ws:
        answer = await site.request("DELETE", "/api/v1/api-tokens/admin", bearer=ADMIN)
        assert answer.status == 204
        closed = await ws.receive(timeout=PATIENCE_S)
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 4401)


async def test_stop_closes_dashboards(site: Site) -> None:
    async with dashboard(site) as ws:
        async with asyncio.timeout(PATIENCE_S):
            closed, _ = await asyncio.gather(ws.receive(), site.api.stop())
        assert closed.data == 1001


async def test_second_dashboard_hides_no_reload_from_the_first(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "ALIVE_EVERY_S", 0.3)
    async with dashboard(site) as first, dashboard(site) as second:
        await watch(first, "V1")
        site.registry.use_templates({"climate": Template("climate", {})})
        write(site, "V1", "1")
        await watch(second, "V1", "V2")
        assert (await told(first, "pins"))["pins"][0]["datastream"] is None


async def test_answers_to_greedy_dashboards_leave_the_loop_to_devices(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = [f"V{number}" for number in range(10, 240)]
    for pin in pins:
        write(site, pin, "0")
    # Each piece of work takes 10 ms by this clock.
    monkeypatch.setattr(site.clock, "monotonic", count(0, 0.01).__next__)
    async with dashboard(site) as ws:
        began = asyncio.get_running_loop().time()
        found = len(await watch(ws, *pins))
        while found < len(pins):
            found += len((await told(ws, "pins"))["pins"])
        pieces = len(pins) // feed.PINS_AT_ONCE
        assert asyncio.get_running_loop().time() - began >= pieces * 0.01 * (1 / SHARE - 1)


async def test_dashboard_that_went_away_delays_nobody(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PINS_AT_ONCE", 1)
    pins = [f"V{number}" for number in range(10, 240)]
    for pin in pins:
        write(site, pin, "0")
    monkeypatch.setattr(site.clock, "monotonic", count(0, 0.01).__next__)
    async with dashboard(site) as first:
        await watch(first, *pins)
        transport = first._writer.transport
        transport.abort()
    async with asyncio.timeout(PATIENCE_S):
        while site.loaded._live._feed.clients:
            await site.request("GET", "/api/health")
