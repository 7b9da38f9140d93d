"""The device protocol inside WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from blynk_gateway.api.carrier import MAX_MESSAGE_BYTES, MAX_QUEUED_BYTES
from tests.helpers.http import VIEWER, Site
from tests.helpers.patience import PATIENCE_S
from tests.helpers.ports import MemoryLink


@asynccontextmanager
async def connected(
    site: Site, path: str = "/websockets"
) -> AsyncIterator[tuple[aiohttp.ClientWebSocketResponse, MemoryLink]]:
    url = f"http://127.0.0.1:{site.port}{path}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as ws:
        yield ws, await site.links.opened.get()


@pytest.mark.parametrize("path", ["/websockets", "/websocket", "/websockets/", "/websocket/x"])
async def test_bytes_pass_both_ways_one_frame_a_message(site: Site, path: str) -> None:
    async with connected(site, path) as (ws, link):
        assert link.peer == "127.0.0.1"
        await ws.send_bytes(b"\x1d\x00\x01")
        await ws.send_bytes(b"\x00\x20")
        assert [await link.chunks.get(), await link.chunks.get()] == [b"\x1d\x00\x01", b"\x00\x20"]
        link.sink.send_frames([b"one", b"two"])
        link.sink.send_frames([b"three"])
        assert [await ws.receive_bytes() for _ in range(3)] == [b"one", b"two", b"three"]


async def test_largest_frame_fits_into_a_message(site: Site) -> None:
    async with connected(site) as (ws, link):
        await ws.send_bytes(bytes(5 + 65_535))
        assert len(await link.chunks.get()) == 5 + 65_535


async def test_message_that_is_too_long_ends_the_connection(site: Site) -> None:
    async with connected(site) as (ws, link):
        await ws.send_bytes(bytes(MAX_MESSAGE_BYTES + 1))
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        await link.ended.wait()
        assert link.chunks.empty()


async def test_text_message_ends_the_connection(site: Site) -> None:
    async with connected(site) as (ws, link):
        await ws.send_str("hello")
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        await link.ended.wait()


async def test_nothing_is_read_while_the_link_is_not_ready(site: Site) -> None:
    async with connected(site) as (ws, link):
        link.may_go_on.clear()
        await ws.send_bytes(b"1")
        await ws.send_bytes(b"2")
        assert await link.chunks.get() == b"1"
        # A whole request later the second message has had every chance to be read.
        await site.request("GET", "/")
        assert link.chunks.empty()
        link.may_go_on.set()
        assert await link.chunks.get() == b"2"


async def test_close_sends_what_is_queued_first(site: Site) -> None:
    async with connected(site) as (ws, link):
        link.sink.send_frames([b"last words"])
        link.sink.close()
        link.sink.close()
        assert await ws.receive_bytes() == b"last words"
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        await link.ended.wait()


async def test_peer_that_does_not_read_is_cut(site: Site) -> None:
    async with connected(site) as (ws, link):
        link.sink.send_frames([bytes(1000)] * (MAX_QUEUED_BYTES // 1000 + 1))
        link.sink.send_frames([b"not sent any more"])
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        await link.ended.wait()


async def test_link_learns_that_its_peer_is_gone(site: Site) -> None:
    async with connected(site) as (ws, link):
        await ws.close()
        async with asyncio.timeout(PATIENCE_S):
            await link.ended.wait()


async def test_plain_request_is_refused(site: Site) -> None:
    answer = await site.request("GET", "/websockets")
    assert (answer.status, answer.text) == (400, "Expected a WebSocket handshake.")


async def test_stop_closes_carried_connections(site: Site) -> None:
    async with connected(site) as (ws, link):
        stopping = asyncio.gather(asyncio.wait_for(site.api.stop(), 4), ws.receive())
        _, message = await stopping
        assert message.type is aiohttp.WSMsgType.CLOSE
        await link.ended.wait()


@pytest.mark.parametrize("path", ["/websockets", "/api/v1/ws", "/api/v1/ws?every_ms=100"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Upgrade": "websocke\x80", "Sec-WebSocket-Key": "A" * 22 + "=="},
        {"Upgrade": "websocket", "Sec-WebSocket-Key": "A\xbd\xb7" + "A" * 19 + "=="},
    ],
    ids=["upgrade", "key"],
)
async def test_handshake_of_bytes_that_are_no_text_is_refused(
    site: Site, path: str, headers: dict[str, str]
) -> None:
    headers = {**headers, "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    lines = [f"GET {path} HTTP/1.1", "Host: gateway.test", f"Authorization: Bearer {VIEWER}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    data = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
    assert (await site.raw(data)).startswith(b"HTTP/1.1 400 ")
    assert "http_faults" not in site.health.counters
