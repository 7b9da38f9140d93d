"""What a route to a server above is made of in a test, and servers that behave as they are told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from blynk_gateway.config.options import Address
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.upstream.options import (
    MappedPin,
    MappingOptions,
    UpstreamOptions,
    UpstreamTlsOptions,
)
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.clock import Clock, SystemClock
from blynk_gateway.core.value import PinValue
from blynk_gateway.upstream.route import Place, RouteSetup
from tests.helpers.devices import Peer
from tests.helpers.patience import PATIENCE_S
from tests.helpers.wire import TOKEN

PINS = ("V1", "V2", "V3")


@dataclass
class MemoryBelow:
    """Meets `upstream.route.Below`; keeps what came down."""

    writes: list[tuple[str, PinValue]] = field(default_factory=list)
    metadata: list[tuple[str, str]] = field(default_factory=list)
    apps: list[bool] = field(default_factory=list)

    def written(self, pin: str, value: PinValue) -> None:
        self.writes.append((pin, value))

    def metadata_set(self, field: str, value: str) -> None:
        self.metadata.append((field, value))

    def app_changed(self, is_active: bool) -> None:
        self.apps.append(is_active)


@dataclass
class Ground:
    """Below a route: what came down, and the places that it keeps."""

    below: MemoryBelow = field(default_factory=MemoryBelow)
    places: list[Place | None] = field(default_factory=list)

    def setup(
        self,
        address: Address,
        *,
        pins: tuple[str, ...] = PINS,
        ca: Path | None = None,
        heartbeat_ms: int = 45_000,
        clock: Clock | None = None,
        remembered: Place | None = None,
        any_port: bool = False,
    ) -> RouteSetup:
        """What a route to a server is made of; over TLS if an authority is given."""
        mapped = tuple(MappedPin(PinAddress("greenhouse", pin), pin) for pin in pins)
        return RouteSetup(
            upstream=UpstreamOptions(
                "above",
                address.host,
                None if any_port else address.port,
                tls=None if ca is None else UpstreamTlsOptions(ca),
                heartbeat_ms=heartbeat_ms,
            ),
            mapping=MappingOptions("greenhouse", Secret(TOKEN), mapped),
            below=self.below,
            clock=clock or SystemClock(),
            remembered=remembered,
            remember=self.places.append,
            datastream_of=lambda pin: None,
            spent_more=lambda messages: None,
        )


Script = Callable[[Peer], Awaitable[None]]


class ScriptedServer:
    """Follows a script on each connection, and closes it at its end.

    Attributes:
        address: where it listens.
        accepted: how many connections there were.
    """

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        self.address = Address("127.0.0.1", 0)
        self.accepted = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, *self.address, ssl=self._context)
        self.address = Address("127.0.0.1", self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        # Waited for from before: up to Python 3.11 a closed server is not waited for.
        closing = asyncio.create_task(self._server.wait_closed(), name="scripted server closes")
        await asyncio.sleep(0)
        self._server.close()
        for task in self._tasks:
            task.cancel()
        async with asyncio.timeout(PATIENCE_S):
            await closing

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.create_task(self._run(Peer(reader, writer)), name="scripted server")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, peer: Peer) -> None:
        # A script that is left alone by its client has nothing more to say.
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                await self._script(peer)
            except asyncio.CancelledError:
                peer.writer.transport.abort()
                raise
            finally:
                peer.close()


@asynccontextmanager
async def scripted(
    script: Script, context: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedServer]:
    """A server that follows a script, stopped at the end."""
    server = ScriptedServer(script, context)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def reached(condition: Callable[[], object]) -> None:
    """Return when the condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  nothing signals what tests look at
            await asyncio.sleep(0.002)


async def silence(peer: Peer) -> None:
    """Read everything and say nothing."""
    while await peer.reader.read(65_536):
        pass
