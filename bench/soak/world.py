"""The gateway as it is installed, a broker, a gateway above, and all that they need."""

import asyncio
import contextlib
import json
import os
import ssl
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from bench.soak.devices import slug_of, token_of
from bench.soak.ledger import COUNTED
from bench.soak.wire import Door
from tests.helpers.broker import Broker
from tests.helpers.processes import GatewayProcess

ROGUES = 20
"""Devices that behave badly; they are not counted among the others."""

MAPPED = 5
"""Devices that the gateway above knows too."""

LINKED, RULED = "V30", "V31"
"""Pins of the first and third device that follow the counting pin of the second and third."""

ASK_S = 30.0
TOKEN_NAME = "soak"  # noqa: S105 - a name
COMMIT_EVERY_S = 1.0
"""The default."""


_END = b"\0end of the log\n"


def rogue_slug(number: int) -> str:
    """The name of a device that behaves badly."""
    return f"rogue-{number}"


def configuration(devices: int, broker_port: int, above_port: int) -> dict[str, Any]:
    """What the daemon is started with; everything else is as by default."""
    slugs = [slug_of(number) for number in range(devices)]
    everybody = [*slugs, *(rogue_slug(number) for number in range(ROGUES))]
    mapped = slugs[:MAPPED]
    return {
        "devices": {slug: {"token": token_of(slug), "template": "soak"} for slug in everybody},
        "templates": {
            "soak": {"datastreams": {pin: {"type": "int"} for pin in (COUNTED, LINKED, RULED)}},
        },
        "mqtt": {"host": "127.0.0.1", "port": broker_port},
        "links": [{"from": f"{slugs[1]}/{COUNTED}", "to": f"{slugs[0]}/{LINKED}"}],
        "automations": [
            {
                "name": "Follow the count",
                "when": {"pin": f"{slugs[2]}/{COUNTED}", "changes": True},
                "then": [{"set": {f"{slugs[2]}/{RULED}": "{value}"}}],
            }
        ],
        "upstream": {
            "above": {
                "server": f"127.0.0.1:{above_port}",
                "tls": False,
                "rate": 0,
                "devices": {slug: {"token": token_of(slug), "pins": [COUNTED]} for slug in mapped},
            }
        },
    }


def configuration_above() -> dict[str, Any]:
    """That of the gateway above."""
    slugs = [slug_of(number) for number in range(MAPPED)]
    return {
        "server": {"quota": {"messages_per_second": 0}},
        "devices": {slug: {"token": token_of(slug)} for slug in slugs},
    }


class Line(NamedTuple):
    """A line of the log, and when it came."""

    at: float
    text: str


class SoakedGateway(GatewayProcess):
    """A gateway whose log goes through a pipe: it is no file, so no limit on files stops it.

    Attributes:
        lines: the log so far, of all starts.
    """

    def __init__(self, directory: Path, config: dict[str, Any]) -> None:
        super().__init__(directory, config, tls=True)
        self.lines: list[Line] = []
        self.log_path = directory / "log.pipe"
        os.mkfifo(self.log_path)
        # For writing too: so there is no end when the daemon has gone.
        self._pipe = os.open(self.log_path, os.O_RDWR)
        self._copy = directory / "gateway.log"
        self._reader = threading.Thread(target=self._read, name="log of the gateway", daemon=True)
        self._reader.start()

    @property
    def log(self) -> str:
        """Everything the daemon wrote so far, all starts together."""
        return "\n".join(line.text for line in self.lines)

    def close(self) -> None:
        """End what reads the log, when all of it is read."""
        os.write(self._pipe, _END)
        self._reader.join()
        os.close(self._pipe)

    def _read(self) -> None:
        with os.fdopen(self._pipe, "rb", closefd=False) as pipe, self._copy.open("w") as copy:
            for line in iter(pipe.readline, _END):
                text = line.decode(errors="replace").rstrip("\n")
                self.lines.append(Line(time.monotonic(), text))
                copy.write(f"{text}\n")
                copy.flush()


class World:
    """What the soak is about.

    Attributes:
        config: of the gateway, as it should be.
        api_token: of an admin.
    """

    def __init__(
        self,
        gateway: SoakedGateway,
        above: GatewayProcess,
        broker: Broker,
        door: Door,
        config: dict[str, Any],
    ) -> None:
        self.gateway = gateway
        self.above = above
        self.broker = broker
        self.door = door
        self.config = config
        self.api_token = ""

    async def ask(self, target: str, body: object = None, method: str | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Ask the gateway as an admin, over its port.

        Raises:
            OSError, aiohttp.ClientError: it is not there, or says no.
        """
        async with (
            asyncio.timeout(ASK_S),
            self.door.session.request(
                method or ("GET" if body is None else "PUT"),
                f"http://127.0.0.1:{self.door.port}{target}",
                headers={"Authorization": f"Bearer {self.api_token}"},
                json=body,
            ) as answer,
        ):
            answer.raise_for_status()
            return await answer.json(content_type=None)

    async def health(self) -> dict[str, Any]:
        """Components and counters.

        Raises:
            OSError, aiohttp.ClientError: it is not there.
        """
        found: dict[str, Any] = await self.ask("/api/health")
        return found

    async def is_well(self) -> bool:
        """Whether the gateway says that nothing is wrong."""
        with contextlib.suppress(OSError, aiohttp.ClientError):
            return bool((await self.health())["status"] == "ok")
        return False


@contextlib.asynccontextmanager
async def world(directory: Path, devices: int) -> AsyncIterator[World]:
    """Everything is there; at the end it is taken down, whatever state it is in."""
    for name in ("gateway", "above"):
        (directory / name).mkdir(parents=True)
    async with contextlib.AsyncExitStack() as stack:
        broker = stack.enter_context(Broker())
        above = GatewayProcess(directory / "above", configuration_above())
        config = configuration(devices, broker.port, above.port)
        gateway = SoakedGateway(directory / "gateway", config)
        stack.callback(gateway.close)
        for one in (above, gateway):
            stack.push_async_callback(_end, one)
            await one.start()
        await gateway.wait_for_log("tls=True", within_s=30)
        authority = ssl.create_default_context(cafile=gateway.data_dir / "tls" / "ca.pem")
        assert gateway.tls_port is not None
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        door = Door(gateway.port, gateway.tls_port, authority, session)
        the = World(gateway, above, broker, door, config)
        the.api_token = await _api_token(gateway.control_path)
        yield the


async def _end(gateway: GatewayProcess) -> None:
    if gateway.is_running:
        await gateway.kill()


async def _api_token(control: Path) -> str:
    body = json.dumps({"name": TOKEN_NAME, "role": "admin"})
    connector = aiohttp.UnixConnector(str(control))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post(
            "http://localhost/api/v1/api-tokens",
            data=body,
            headers={"Content-Type": "application/json"},
        ) as answer,
    ):
        answer.raise_for_status()
        token: str = (await answer.json())["token"]
        return token
