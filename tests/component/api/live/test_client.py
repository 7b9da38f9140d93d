"""A dashboard that does not read: it holds nobody up, misses nothing for good, and is cut."""

import asyncio
import base64
import json
import struct

import pytest

from blynk_gateway.api.live import client
from blynk_gateway.core.change import Intent
from blynk_gateway.core.json_text import Json
from tests.helpers.http import CONFIG, VIEWER, Site
from tests.helpers.patience import PATIENCE_S

HANDSHAKE = (
    "GET /api/v1/ws?every_ms=50 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    f"Sec-WebSocket-Key: {base64.b64encode(b'k' * 16).decode()}\r\n"
    f"Authorization: Bearer {VIEWER}\r\n\r\n"
)
LONG = "x" * 1000
PINS = [f"V{number}" for number in range(250)]


async def opened(site: Site) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A dashboard with small buffers that watches all pins."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=4096)
    writer.write(HANDSHAKE.encode())
    await reader.readuntil(b"\r\n\r\n")
    pins = [f"greenhouse/{pin}" for pin in PINS]
    text = json.dumps({"type": "watch", "pins": pins}).encode()
    writer.write(struct.pack(">BBH4x", 0x81, 0xFE, len(text)) + text)
    return reader, writer


async def message(reader: asyncio.StreamReader) -> Json:
    """The next text message."""
    size = (await reader.readexactly(2))[1]
    if size == 126:
        (size,) = struct.unpack(">H", await reader.readexactly(2))
    elif size == 127:
        (size,) = struct.unpack(">Q", await reader.readexactly(8))
    return json.loads(await reader.readexactly(size))


def write_all(site: Site, number: int) -> None:
    for pin in PINS[8:]:
        value = (f"{number} {LONG}",)
        site.store.write("greenhouse", pin, value, CONFIG, Intent.REPORT)


async def stall(site: Site) -> int:
    """Write until the dashboard has unread bytes on this side; how often that took."""
    for number in range(200):
        write_all(site, number)
        await asyncio.sleep(0.06)
        (one,) = site.loaded._live._feed.clients
        if one.unread_bytes:
            return number
    raise AssertionError("its buffers take everything")


async def test_slow_dashboard_gets_the_latest_and_nothing_piles_up(site: Site) -> None:
    reader, writer = await opened(site)
    number = await stall(site)
    (one,) = site.loaded._live._feed.clients
    unread = one.unread_bytes
    for later in range(number + 1, number + 6):
        write_all(site, later)
        await asyncio.sleep(0.06)
    assert one.unread_bytes <= unread
    latest = f"{number + 5} {LONG}"
    found: dict[str, str] = {}
    async with asyncio.timeout(PATIENCE_S):
        while [found.get(f"greenhouse/{pin}") for pin in PINS[8:]] != [latest] * len(PINS[8:]):
            for change in (await message(reader)).get("changes", []):
                found[change["address"]] = change["value"][0]
    writer.close()
    await writer.wait_closed()


async def test_dashboard_that_never_reads_is_cut(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "STALLED_AFTER_S", 0.2)
    _, writer = await opened(site)
    await stall(site)
    async with asyncio.timeout(PATIENCE_S):
        while site.loaded._live._feed.clients:
            await site.request("GET", "/api/health")
    assert site.health.counters["live_clients_cut"] == 1
    writer.close()
