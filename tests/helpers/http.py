"""The whole HTTP side on a real socket, and a plain client that shows every byte of an answer."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from blynk_gateway.api import HttpApi
from blynk_gateway.api.accounts.digests import digest_of
from blynk_gateway.api.accounts.people import People
from blynk_gateway.api.app import HttpSite
from blynk_gateway.api.dashboards import Dashboards
from blynk_gateway.api.services import Services
from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.datastream import Datastream, DatastreamType, Template
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.json_text import Json
from blynk_gateway.core.ports import ApiToken
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted
from tests.helpers.dashboards import MemoryDashboards
from tests.helpers.patience import PATIENCE_S
from tests.helpers.ports import (
    MemoryAccounts,
    MemoryBackups,
    MemoryCertificates,
    MemoryFrames,
    MemoryGpio,
    MemoryHistory,
    MemoryJournal,
    MemoryLinks,
)

TOKEN = "4ae3851817194e2596cf1b7103603ef8"
"""Auth token of the device `greenhouse`."""

VIEWER, OPERATOR, ADMIN = "viewer-secret", "operator-secret", "admin-secret"
"""API tokens of one role each."""

DATASTREAMS = {
    stream.pin: stream
    for stream in (
        Datastream("V1", "Fan", DatastreamType.INT, minimum=0, maximum=1, default=("0",)),
        Datastream("V2", "Set point", DatastreamType.DOUBLE, minimum=5, maximum=30),
        Datastream("V3", "Temperature", DatastreamType.DOUBLE, is_writable=False),
        Datastream("V4", "Place", DatastreamType.LOCATION),
        Datastream("V5", "Mode", DatastreamType.ENUM, labels=((0, "off"), (1, "auto"))),
        Datastream("V6", "Alarm", DatastreamType.BOOL),
        Datastream("V7", "Note", DatastreamType.STRING),
    )
}

CONFIG = Origin(OriginKind.GATEWAY, "config")


class Answer(NamedTuple):
    """One HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Json:
        return json.loads(self.body)


class Site:
    """A gateway's HTTP side with one device, `greenhouse`."""

    def __init__(self, data_dir: Path) -> None:
        self.clock = FakeClock()
        self.parts = Parts.new(self.clock, Zone.of("Europe/Berlin"), trusted(self.clock))
        self.health = self.parts.health
        self.bus = self.parts.bus
        self.gate = self.parts.gate
        self.store = self.parts.store
        self.registry = self.parts.registry
        self.pairing = self.parts.pairing
        self.zone = self.parts.zone
        self.journal = MemoryJournal(self.bus)
        self.accounts = MemoryAccounts()
        self.people = People.kept_in(self.accounts, self.clock)
        self.links = MemoryLinks()
        self.history = MemoryHistory()
        self.backups = MemoryBackups()
        self.gpio = MemoryGpio(self.store)
        self.frames = MemoryFrames()
        self.certificates = MemoryCertificates()
        self.dashboard_table = MemoryDashboards()
        self.dashboards = Dashboards(self.parts, self.dashboard_table)
        self.services = Services.beside(
            self.parts,
            journal=self.journal,
            tokens=self.journal,
            accounts=self.people,
            links=self.links,
            gpio=self.gpio,
            history=self.history,
            backups=self.backups,
            reader=self.gpio,
            data_dir=data_dir,
            frames=self.frames,
            certificates=self.certificates,
            dashboards=self.dashboards,
        )
        self.api = HttpApi(self.services)
        self.port = 0
        self.registry.use_templates({"climate": Template("climate", DATASTREAMS)})
        self.device = self.registry.add(
            DeviceDefinition("greenhouse", "Greenhouse", TOKEN, template="climate"), CONFIG
        )

    @property
    def loaded(self) -> HttpSite:
        """What answers requests; there is none before the first one."""
        assert self.api._site is not None
        return self.api._site

    async def request(
        self,
        method: str,
        path: str,
        body: Json = None,
        *,
        bearer: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request on a connection of its own.

        Args:
            body: bytes and text as they are, anything else as JSON, with that content type.
        """
        lines = [f"{method} {path} HTTP/1.1", "Host: gateway.test"]
        sent = dict(headers or {})
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer}"
        if body is not None:
            if not isinstance(body, bytes | str):
                body = json.dumps(body)
            data = body if isinstance(body, bytes) else body.encode()
            sent.setdefault("Content-Type", "application/json")
            sent["Content-Length"] = str(len(data))
        else:
            data = b""
        lines += [f"{name}: {value}" for name, value in sent.items()]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
            return await read_answer(reader)
        finally:
            writer.close()
            await writer.wait_closed()

    async def raw(self, data: bytes) -> bytes:
        """Send bytes and the end of them; everything that came back until the close."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(data)
            async with asyncio.timeout(PATIENCE_S):
                return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def value(self, pin: str) -> tuple[str, ...]:
        """The present value of a pin of `greenhouse`."""
        return self.store.get("greenhouse", pin).value

    def add_device(self, slug: str, token: str, source: DeviceSource) -> None:
        self.registry.add(DeviceDefinition(slug, slug.title(), token, source), CONFIG)


@asynccontextmanager
async def serving(data_dir: Path) -> AsyncIterator[Site]:
    """A site on a free port, with one API token of each role."""
    site = Site(data_dir)
    for role, token in (("viewer", VIEWER), ("operator", OPERATOR), ("admin", ADMIN)):
        await site.journal.add_api_token(ApiToken(role, role, digest_of(token), 0))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(site.api.make_protocol, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        await site.api.stop()
        await server.wait_closed()


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """One response with a length, or in chunks."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {}
    for line in head[1:-2]:
        name, _, value = line.partition(": ")
        headers[name] = value
    status = int(head[0].split(" ")[1])
    if headers.get("Transfer-Encoding") == "chunked":
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
        return Answer(status, headers, body)
    length = int(headers.get("Content-Length", "0"))
    return Answer(status, headers, await reader.readexactly(length))
