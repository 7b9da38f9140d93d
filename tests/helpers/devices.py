"""A real device server with a real core on loopback, and devices that speak to it byte by byte."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from blynk_gateway.blynk_server.server import BlynkServer
from blynk_gateway.config.options import Address, QuotaOptions, ServerOptions, TlsOptions
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.clock import Clock, SystemClock
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import Device
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.notifications import Notifier
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import HEADER, encode_frame
from blynk_gateway.runtime.descriptors import Descriptors
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import trusted
from tests.helpers.patience import PATIENCE_S
from tests.helpers.wire import CPP_INFO, TOKEN, Frame

OTHER_TOKEN = "fedcba9876543210fedcba9876543210"
NO_QUOTA = QuotaOptions(messages_per_second=0)
LOOPBACK = Address("127.0.0.1", 0)
API = Origin(OriginKind.API, "test")


class Echo(asyncio.Protocol):
    """Stands in for HTTP: says what it was given, upside down."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data[::-1])


class Bench:
    """Core and server, joined as in the gateway but without history."""

    def __init__(  # noqa: PLR0913  what any test of the server may want otherwise
        self,
        data_dir: Path,
        *,
        quota: QuotaOptions = NO_QUOTA,
        listen_tls: tuple[Address, ...] = (),
        tls: TlsOptions | None = None,
        clock: Clock | None = None,
        http: Callable[[], asyncio.Protocol] = Echo,
        login_timeout_s: float = 2 * PATIENCE_S,
        sniff_timeout_s: float = 2 * PATIENCE_S,
        notifier: Notifier | None = None,
        descriptors: Descriptors | None = None,
        listen: Address = LOOPBACK,
    ) -> None:
        self.clock = clock or SystemClock()
        self.parts = Parts.new(
            self.clock, Zone.of("Europe/Berlin"), trusted(self.clock), descriptors
        )
        self.bus = self.parts.bus
        self.store = self.parts.store
        self.registry = self.parts.registry
        self.pairing = self.parts.pairing
        self.gate = self.parts.gate
        self.health = self.parts.health
        self.changes = Mailbox(1_000_000, Overflow.CONFLATE)
        self.bus.subscribe(self.changes, origin=None, echo=True)
        self.options = ServerOptions((listen,), listen_tls, tls or TlsOptions(), quota)
        self.server = BlynkServer(
            self.options,
            self.parts,
            data_dir,
            http,
            notifier=notifier,
            login_timeout_s=login_timeout_s,
            sniff_timeout_s=sniff_timeout_s,
        )

    def add(self, slug: str = "greenhouse", token: str = TOKEN, *datastreams: Datastream) -> Device:
        """Add a device."""
        return self.registry.add(
            DeviceDefinition(
                slug, slug.title(), token, datastreams={d.pin: d for d in datastreams}
            ),
            API,
        )

    def command(self, pin: str, *value: str, slug: str = "greenhouse") -> None:
        """Write a pin as a person would."""
        self.store.write(slug, pin, value, API, Intent.COMMAND)

    def value(self, pin: str, slug: str = "greenhouse") -> tuple[str, ...]:
        """The current value of a pin, `()` for none."""
        state = self.store.find(slug, pin)
        return () if state is None else state.value

    async def reached(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110  nothing signals what tests look at
                await asyncio.sleep(0.002)

    async def connect(self, context: ssl.SSLContext | None = None) -> "Peer":
        """A new connection, silent so far; over TLS if a context is given."""
        server = self.server
        return await Peer.connect(
            server.tls_addresses[0] if context else server.addresses[0], context
        )

    async def log_in(
        self,
        token: str = TOKEN,
        info: bytes | None = CPP_INFO,
        command: Command = Command.HW_LOGIN,
    ) -> "Peer":
        """A new connection that is logged in and told its info."""
        peer = await self.connect()
        await peer.log_in(token, info, command)
        return peer


class Peer:
    """The far end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, address: Address, context: ssl.SSLContext | None = None) -> Self:
        """A new connection, silent so far; over TLS if a context is given."""
        name = "localhost" if context else None
        return cls(*await asyncio.open_connection(*address, ssl=context, server_hostname=name))

    async def log_in(
        self,
        token: str = TOKEN,
        info: bytes | None = CPP_INFO,
        command: Command = Command.HW_LOGIN,
    ) -> None:
        """Log in and tell the info, both accepted."""
        self.send(encode_frame(command, 1, token.encode()))
        assert await self.receive() == Frame(Command.RESPONSE, 1, b"200")
        if info is not None:
            self.send(encode_frame(Command.INTERNAL, 2, info))
            assert await self.receive() == Frame(Command.RESPONSE, 2, b"200")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Put bytes on the wire."""
        self.writer.write(data)

    def write_pin(self, pin: int, *value: str, message_id: int = 3) -> None:
        """A `vw`."""
        body = "\0".join(("vw", str(pin), *value)).encode()
        self.send(encode_frame(Command.HARDWARE, message_id, body))

    async def receive(self) -> Frame:
        """The next frame."""
        async with asyncio.timeout(PATIENCE_S):
            command, message_id, length = HEADER.unpack(await self.reader.readexactly(5))
            if command == Command.RESPONSE:
                return Frame(command, message_id, b"%d" % length)
            return Frame(command, message_id, await self.reader.readexactly(length))

    async def fence(self, message_id: int = 999) -> list[Frame]:
        """Ping, and return every other frame that came before the answer."""
        frames: list[Frame] = []
        self.send(encode_frame(Command.PING, message_id))
        while True:
            frame = await self.receive()
            if frame == Frame(Command.RESPONSE, message_id, b"200"):
                return frames
            frames.append(frame)

    async def ended(self) -> bytes:
        """Everything up to the end of the connection, whichever way it ends."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    def close(self) -> None:
        """Go away."""
        self.writer.close()


@asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[Bench]:
    """The bench with its server started, stopped at the end."""
    await bench.server.start()
    try:
        yield bench
    finally:
        await bench.server.stop()
