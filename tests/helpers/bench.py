"""A daemon with one device, "bench", and ways to talk to it as integration tests do."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.helpers.patience import PATIENCE_S
from tests.helpers.processes import GatewayProcess

TOKEN = "4ae3851817194e2596cf1b7103603ef8"
CONFIG = {"devices": {"bench": {"name": "Bench", "token": TOKEN}}}

# Debug mode is for the test's own event loop; elsewhere its warnings would look like complaints.
ENVIRONMENT = {**os.environ, "PYTHONASYNCIODEBUG": ""}

_POLL_S = 0.02


@dataclass
class Http:
    """Both dialects of the device HTTP API, for the device "bench"."""

    session: aiohttp.ClientSession

    async def get(self, path: str) -> str:
        """Body of a GET that succeeds."""
        async with self.session.get(path) as answer:
            text = await answer.text()
            assert answer.status == 200, text
            return text

    async def body(self, path: str) -> str:
        """Body of a GET, whatever its status."""
        async with self.session.get(path) as answer:
            return await answer.text()

    async def legacy_value(self, pin: str) -> object:
        """A pin's value by `/{token}/get/{pin}`, or the text of its refusal."""
        body = await self.body(f"/{TOKEN}/get/{pin}")
        return json.loads(body) if body.startswith("[") else body


@dataclass
class Finished:
    """A command that ended."""

    code: int
    out: str
    err: str


async def command(gateway: GatewayProcess, *arguments: str) -> Finished:
    """Run `blynk-gateway` with the daemon's configuration and data directory."""
    process = await asyncio.create_subprocess_exec(
        *command_line(gateway, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


def command_line(gateway: GatewayProcess, *arguments: str) -> list[str]:
    places = ["--config", str(gateway.config_path), "--data-dir", str(gateway.data_dir)]
    return [sys.executable, "-m", "blynk_gateway", *places, *arguments]


async def eventually(probe: Callable[[], Awaitable[Any]], expected: object) -> None:
    """Return when `probe` gives `expected`."""
    found: object = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = await probe()
                if found == expected:
                    return
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise AssertionError(f"still {found!r} after {PATIENCE_S} s, not {expected!r}") from None
