"""Three ways to carry the frames of a device: TCP, TLS and WebSocket."""

import asyncio
import contextlib
import socket
import ssl
import struct
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

import aiohttp

LEGACY_LOGIN, PING, SYNC, INTERNAL, PROPERTY, HARDWARE, EVENT_LOG = 2, 6, 16, 17, 19, 20, 64
LOGIN, RESPONSE, GROUP = 29, 0, 21
OK = 200
CONNECT_S = 30.0
"""For a handshake when 500 devices come back at once on two slow cores."""

_HEAD = struct.Struct(">BHH")
_READ_BYTES = 1 << 16


class Frame(NamedTuple):
    """A message; of a response the body is its status as text."""

    command: int
    message_id: int
    body: bytes


def frame(command: int, message_id: int, *parts: str) -> bytes:
    """A message on the wire."""
    body = "\0".join(parts).encode()
    return _HEAD.pack(command, message_id, len(body)) + body


class Frames:
    """Cuts what comes into messages."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The messages that are whole now."""
        data = self._rest + data
        found = []
        at = 0
        while at + _HEAD.size <= len(data):
            command, message_id, size = _HEAD.unpack_from(data, at)
            if command == RESPONSE:
                found.append(Frame(command, message_id, b"%d" % size))
                at += _HEAD.size
                continue
            end = at + _HEAD.size + size
            if end > len(data):
                break
            found.append(Frame(command, message_id, data[at + _HEAD.size : end]))
            at = end
        self._rest = data[at:]
        return found


@dataclass(frozen=True)
class Door:
    """Where devices come in.

    Attributes:
        authority: what the gateway's certificate is checked with.
        session: makes WebSockets.
    """

    port: int
    tls_port: int
    authority: ssl.SSLContext
    session: aiohttp.ClientSession

    async def open(self, carrier: str) -> "Carrier":
        """Connect by `tcp`, `tls`, `ws` or `wss`.

        Raises:
            OSError, aiohttp.ClientError: it is not there.
        """
        async with asyncio.timeout(CONNECT_S):
            if carrier in ("ws", "wss"):
                port = self.tls_port if carrier == "wss" else self.port
                return await WebSocket.open(self, f"{carrier}://localhost:{port}/websockets")
            if carrier == "tls":
                return Stream(
                    *await asyncio.open_connection(
                        "127.0.0.1", self.tls_port, ssl=self.authority, server_hostname="localhost"
                    )
                )
            return Stream(*await asyncio.open_connection("127.0.0.1", self.port))


class Carrier(Protocol):
    """A connection that carries bytes."""

    async def send(self, data: bytes) -> None:
        """Send; returns when the kernel has room for more."""

    async def receive(self) -> bytes:
        """What came, b"" when it is over."""

    async def close(self) -> None:
        """End it politely."""


class Stream:
    """TCP or TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send; returns when the kernel has room for more."""
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self) -> bytes:
        """What came, b"" when it is over."""
        return await self.reader.read(_READ_BYTES)

    async def close(self) -> None:
        """End it politely."""
        self.writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self.writer.wait_closed()

    def reset(self) -> None:
        """Vanish: the far end gets an RST, and what it had sent is lost."""
        plain: Any = self.writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class WebSocket:
    """A WebSocket of binary messages."""

    def __init__(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket_

    @classmethod
    async def open(cls, door: Door, url: str) -> Self:
        """Connect."""
        secure: Any = door.authority if url.startswith("wss") else True
        return cls(await door.session.ws_connect(url, ssl=secure, max_msg_size=0))

    async def send(self, data: bytes) -> None:
        """Send; returns when the kernel has room for more."""
        await self._socket.send_bytes(data)

    async def receive(self) -> bytes:
        """What came, b"" when it is over."""
        message = await self._socket.receive()
        return message.data if message.type is aiohttp.WSMsgType.BINARY else b""

    async def close(self) -> None:
        """End it politely."""
        with contextlib.suppress(OSError, TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(1):
                await self._socket.close()


async def until_ok(carrier: Carrier, frames: Frames, message_id: int) -> list[Frame]:
    """Return when a message is answered with 200, with whatever else came.

    Raises:
        ConnectionError: it is refused, or the connection ended.
    """
    others: list[Frame] = []
    while True:
        data = await carrier.receive()
        if not data:
            raise ConnectionError(f"ended before message {message_id} was answered")
        answered = False
        for one in frames.feed(data):
            if (one.command, one.message_id) != (RESPONSE, message_id):
                others.append(one)
            elif one.body != b"%d" % OK:
                raise ConnectionError(f"message {message_id} answered with {one.body.decode()}")
            else:
                answered = True
        if answered:
            return others
