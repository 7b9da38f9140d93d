"""People and programs around the devices: who sets values, and a dashboard that watches."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from bench.mqtt_wire import Client
from bench.soak.devices import SoakDevice, token_of
from bench.soak.faults import BROKER_FREEZE, BROKER_KILL
from bench.soak.ledger import COUNTED, SHOWN, Command, Drop, Ledger
from bench.soak.wire import OK
from bench.soak.world import World

EVERY_S = 0.25
STEADY_S = 1.0
ROUTES = ("api", "http", "mqtt")
WATCHED = 50
RETRY_S = 0.5
SILENT_S = 30.0
"""The gateway says something every 5 s."""


async def set_values(
    the: World, ledger: Ledger, devices: Sequence[SoakDevice], numbers: random.Random
) -> None:
    """Set a value of some device that is there, several times a second, until cancelled."""
    number = 0
    while True:
        await asyncio.sleep(numbers.uniform(0, 2 * EVERY_S))
        there = [one for one in devices if one.is_there]
        if not there:
            continue
        number += 1
        device = numbers.choice(there)
        route = numbers.choice(ROUTES)
        if route == "mqtt" and _broker_is_away(ledger):
            continue
        noted = ledger.command(device.slug, f"c{number}", route, device.connection)
        try:
            await _set(the, noted)
        except (OSError, aiohttp.ClientError):
            # Nobody was told that it was taken.
            ledger.withdraw(noted)


def _broker_is_away(ledger: Ledger) -> bool:
    now = time.monotonic()
    return any(
        window.kind in (BROKER_KILL, BROKER_FREEZE) and window.well > now - STEADY_S
        for window in ledger.windows
    )


async def _set(the: World, command: Command) -> None:
    if command.route == "api":
        await the.ask(f"/api/v1/pins/{command.slug}/{SHOWN}", {"value": command.value})
    elif command.route == "http":
        target = f"/{token_of(command.slug)}/update/{SHOWN}?value={command.value}"
        async with (
            asyncio.timeout(SILENT_S),
            the.door.session.get(f"http://127.0.0.1:{the.door.port}{target}") as answer,
        ):
            if answer.status != OK:
                raise ConnectionError(f"{answer.status}")
    else:
        topic = f"blynk/{command.slug}/{SHOWN.lower()}/set"
        await asyncio.to_thread(_publish, the.broker.port, topic, command.value)


def _publish(port: int, topic: str, value: str) -> None:
    client = Client(port, f"soak-{value}")
    with contextlib.closing(client):
        client.send([(topic, value)])


class Dashboard:
    """A browser that shows a page of pins.

    Attributes:
        view: what it shows now, by address.
    """

    def __init__(self, the: World, ledger: Ledger, slugs: Sequence[str]) -> None:
        self.view: dict[str, list[str]] = {}
        self._the = the
        self._ledger = ledger
        self._pins = [f"{slug}/{COUNTED}" for slug in slugs[:WATCHED]]

    async def watch(self) -> None:
        """Show what comes, and connect again when that ends, until cancelled."""
        while True:
            try:
                await self._show()
            except (OSError, aiohttp.ClientError) as error:
                self._ledger.drops.append(Drop(time.monotonic(), "dashboard", str(error)))
            await asyncio.sleep(RETRY_S)

    async def _show(self) -> None:
        url = f"http://127.0.0.1:{self._the.door.port}/api/v1/ws?every_ms=100"
        head = {"Authorization": f"Bearer {self._the.api_token}"}
        async with self._the.door.session.ws_connect(url, headers=head, max_msg_size=0) as socket:
            await socket.send_json({"type": "watch", "pins": self._pins})
            while True:
                async with asyncio.timeout(SILENT_S):
                    message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise ConnectionResetError(f"the dashboard was cut: {message.data}")
                self._take(json.loads(message.data))

    def _take(self, message: Mapping[str, Any]) -> None:
        for one in (*message.get("pins", ()), *message.get("changes", ())):
            if "value" in one:
                self.view[one["address"]] = one["value"]
