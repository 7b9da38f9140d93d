"""Whatever happened before: when all is quiet, every dashboard has the present value of each pin.

Dashboards on real sockets change what they watch, read slowly, and come and go while pins, modes,
properties and definitions change in any order. They keep what they are told as the page does.
"""

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from blynk_gateway.api.live import feed
from blynk_gateway.core.change import Intent
from blynk_gateway.core.datastream import Template
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.value import printable_value
from tests.helpers.http import CONFIG, DATASTREAMS, VIEWER, Site
from tests.helpers.patience import PATIENCE_S

PINS = [f"V{number}" for number in (0, *range(7, 30))]
DIRECT = ["D5", "D6"]
ADDRESSES = [f"greenhouse/{pin}" for pin in PINS + DIRECT]
PAGES = 6
STEPS = 300


class Page:
    """What a page knows. It takes messages by the rules of `core/live.js`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.watched: set[str] = set()
        self.pins: dict[str, Json] = {}
        self.is_slow = False

    async def watch(self, pins: set[str], each: set[str]) -> None:
        self.watched = pins | each
        self.pins = {address: pin for address, pin in self.pins.items() if address in self.watched}
        message = {"type": "watch", "pins": sorted(pins - each), "each": sorted(each)}
        await self.socket.send_json(message)

    async def read(self) -> None:
        async for received in self.socket:
            message = received.json()
            for pin in message.get("pins", ()):
                self.pins[pin["address"]] = pin
            for change in message.get("changes", ()):
                self._take(change)
            if self.is_slow:
                await asyncio.sleep(0.1)

    def _take(self, change: Json) -> None:
        empty: Json = {"seq": 0, "value": [], "properties": {}}
        pin: Any = self.pins.setdefault(change["address"], empty)
        if "value" not in change:
            pin["properties"] = {**pin["properties"], **change["properties"]}
        elif change["seq"] > pin["seq"]:
            pin.update(value=change["value"], seq=change["seq"])


class Storm:
    """Does one thing after the other, by chance."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site = site
        self.random = random.Random(seed)  # noqa: S311  a test, repeated by its seed
        self.count = 0

    def change(self) -> None:
        site, chance = self.site, self.random
        self.count += 1
        for _ in range(chance.choice((1, 3, 40))):
            value = f"{self.count} {'x' * chance.choice((1, 500))}"
            pin = chance.choice(PINS)
            site.store.write("greenhouse", pin, (value,), CONFIG, Intent.REPORT)
        pin = chance.choice(PINS)
        match chance.randrange(12):
            case 0:
                site.registry.set_property(site.device, pin, "label", (str(self.count),), CONFIG)
            case 1:
                mode = chance.choice((PinMode.IN, PinMode.OUT))
                site.store.set_mode("greenhouse", chance.choice(DIRECT), DirectPin(mode), CONFIG)
            case 2:
                streams = DATASTREAMS if chance.random() < 0.5 else {}
                site.registry.use_templates({"climate": Template("climate", streams)})
            case 3:
                name = f"Greenhouse {self.count}"
                site.registry.redefine(replace(site.device.definition, name=name), CONFIG)
            case _:
                pass


class Pages:
    """The dashboards that are open."""

    def __init__(self, site: Site, session: aiohttp.ClientSession) -> None:
        self._url = f"http://127.0.0.1:{site.port}/api/v1/ws"
        self._session = session
        self.open: dict[Page, asyncio.Task[None]] = {}

    async def add(self, every_ms: int) -> None:
        headers = {"Authorization": f"Bearer {VIEWER}"}
        socket = await self._session.ws_connect(f"{self._url}?every_ms={every_ms}", headers=headers)
        page = Page(socket)
        self.open[page] = asyncio.create_task(page.read())

    async def close(self, page: Page) -> None:
        task = self.open.pop(page)
        await page.socket.close()
        await task


async def act(storm: Storm, pages: Pages) -> None:
    """One thing that a person does, by chance, or something of the house."""
    chance = storm.random
    page = chance.choice(list(pages.open))
    match chance.randrange(20):
        case 0:
            await pages.close(page)
            await pages.add(chance.choice((50, 100, 300)))
        case 1:
            page.is_slow = not page.is_slow
        case 2 | 3 | 4:
            pins = set(chance.sample(ADDRESSES, chance.randrange(len(ADDRESSES))))
            await page.watch(pins, set(chance.sample(ADDRESSES, 2)))
        case 5 | 6 | 7:
            await asyncio.sleep(chance.choice((0, 0.02, 0.12)))
        case _:
            storm.change()


def present(site: Site, address: str) -> Json:
    """What a page has to know of a pin."""
    pin = address.partition("/")[2]
    state = site.store.find("greenhouse", pin)
    properties = {
        name: list(value) for (owner, name), value in site.device.properties.items() if owner == pin
    }
    if state is None:
        return [], None, None, properties
    mode = None if state.direct is None else str(state.direct.mode)
    stream = None if state.datastream is None else state.datastream.name
    return printable_value(state.shown), mode, stream, properties


def shown(page: Page, address: str) -> Json:
    """What it does know."""
    pin = page.pins.get(address, {})
    stream = pin.get("datastream")
    name = None if stream is None else stream["name"]
    return pin.get("value", []), pin.get("mode"), name, pin.get("properties", {})


@pytest.mark.parametrize("seed", range(4))
async def test_when_all_is_quiet_every_page_has_what_is(
    site: Site, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(feed, "ALIVE_EVERY_S", 0.3)
    storm = Storm(site, seed)
    await site.request("GET", "/api/health")
    async with aiohttp.ClientSession() as session:
        pages = Pages(site, session)
        for _ in range(PAGES):
            await pages.add(storm.random.choice((50, 100, 300)))
        for _ in range(STEPS):
            await act(storm, pages)
        for page in pages.open:
            page.is_slow = False
        # The last answers are on their way, or a difference shows that stays.
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while differences(site, pages):  # noqa: ASYNC110  pages tell nobody
                    await asyncio.sleep(0.05)
        assert differences(site, pages) == []
        for page in list(pages.open):
            await pages.close(page)


def differences(site: Site, pages: Pages) -> list[Json]:
    """Pins that a page that watches them does not know as they are."""
    return [
        (address, found, expected)
        for page in pages.open
        for address in sorted(page.watched)
        if (found := shown(page, address)) != (expected := present(site, address))
    ]
