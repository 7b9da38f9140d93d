"""The device protocol inside WebSocket, `/websockets`: one frame a message out, any chunks in.

Source: blynk-protocol §9.2 and §18.2.
"""

import asyncio
from collections import deque

from aiohttp import WSMsgType, web

from blynk_gateway.api.faults import Refusal
from blynk_gateway.api.services import Services
from blynk_gateway.runtime.tasks import cancel, spawn

MAX_MESSAGE_BYTES = 5 + 65_535 + 1024
"""One whole frame and some headroom for a client that puts several into a message."""

MAX_QUEUED_BYTES = 256 * 1024
"""Bytes on their way to one device; one that does not read so much is cut."""

CLOSE_WITHIN_S = 2.0


class WebSocketSink:
    """The far side of one WebSocket; frames queue here until the socket takes them."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._work = asyncio.Event()
        self.is_closing = False

    def send_frames(self, frames: list[bytes]) -> None:
        """Queue frames; beyond `MAX_QUEUED_BYTES` the connection is closed instead."""
        if self.is_closing:
            return
        self._frames.extend(frames)
        self._size += sum(map(len, frames))
        if self._size > MAX_QUEUED_BYTES:
            self._frames.clear()
            self.is_closing = True
        self._work.set()

    def close(self) -> None:
        """Close after what is queued."""
        self.is_closing = True
        self._work.set()

    async def run(self) -> None:
        """Send what is queued until closed."""
        try:
            while True:
                await self._work.wait()
                self._work.clear()
                while self._frames:
                    frame = self._frames.popleft()
                    self._size -= len(frame)
                    await self._socket.send_bytes(frame)
                if self.is_closing:
                    async with asyncio.timeout(CLOSE_WITHIN_S):
                        await self._socket.close()
                    return
        except (ConnectionError, TimeoutError):
            # The peer went away, or leaves our close unanswered: the reading side notices.
            return


class Carrier:
    """Serves `/websockets`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sinks: set[WebSocketSink] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Carry one device connection until either side closes."""
        socket = web.WebSocketResponse(
            timeout=CLOSE_WITHIN_S, max_msg_size=MAX_MESSAGE_BYTES, compress=False
        )
        if not is_handshake(socket, request):
            raise Refusal("Expected a WebSocket handshake.", 400)
        await socket.prepare(request)
        sink = WebSocketSink(socket)
        link = self._services.links.open_link(sink, request.remote or "")
        self._sinks.add(sink)
        sender = spawn(sink.run(), name="websocket sender")
        try:
            async for message in socket:
                if message.type is not WSMsgType.BINARY:
                    break
                link.received(message.data)
                await link.ready()
        finally:
            self._sinks.discard(sink)
            link.lost()
            await cancel(sender)
        await socket.close()
        return socket

    def close(self) -> None:
        """Close all connections."""
        for sink in self._sinks:
            sink.close()


def is_handshake(socket: web.WebSocketResponse, request: web.Request) -> bool:
    """Whether a request opens a WebSocket."""
    try:
        return socket.can_prepare(request).ok
    except ValueError:
        # aiohttp stumbles over headers that are no text: a key, or one that it complains of.
        return False
