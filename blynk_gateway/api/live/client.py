"""One dashboard at the other end of a WebSocket: what it watches, and what it was told."""

import asyncio
from collections.abc import Iterable

from aiohttp import web

from blynk_gateway.api.live.watch import Watch
from blynk_gateway.api.v1.route import Caller
from blynk_gateway.runtime.tasks import spawn

STALLED_AFTER_S = 10.0
"""A client that read nothing for so long is gone, or will not catch up."""

FULL_BYTES = 256 * 1024
"""Unread bytes at which the answer to a `watch` waits."""

LOOK_EVERY_S = 0.05


class Client:
    """A dashboard.

    Args:
        every_s: it is told of changes at most so often.

    Attributes:
        since: the tick up to which it was told everything.
        is_ready: it got its first message.
        due_at: monotonic time of its next turn.
        said_at: monotonic time of what was last said to it.
    """

    def __init__(
        self, request: web.Request, socket: web.WebSocketResponse, caller: Caller, every_s: float
    ) -> None:
        self.request = request
        self.socket = socket
        self.caller = caller
        self.every_s = every_s
        self.watch = Watch(scope=caller.scope)
        self.since = 0
        self.is_ready = False
        self.due_at = 0.0
        self.said_at = 0.0
        self._behind_since: float | None = None
        self._ending: asyncio.Task[bool] | None = None

    @property
    def unread_bytes(self) -> int:
        """Bytes that were given to the transport, and not taken by the peer's side yet."""
        transport = self.request.transport
        return 0 if transport is None else transport.get_write_buffer_size()

    def is_gone(self) -> bool:
        """Whether nobody hears any more what is said."""
        transport = self.request.transport
        return transport is None or transport.is_closing() or self.socket.closed

    def say(self, frames: Iterable[bytes], now: float) -> None:
        """Send whole frames, without waiting.

        They go past aiohttp's writer, which would frame the same message for each client anew. As
        it writes a frame in one go too, frames never mix.
        """
        transport = self.request.transport
        if transport is None or self.is_gone():
            return
        for frame in frames:
            transport.write(frame)
            self.said_at = now

    def reads(self, now: float) -> bool:
        """Whether it has read all that was said; one that does not for too long is cut."""
        if not self.unread_bytes:
            self._behind_since = None
            return True
        if self._behind_since is None:
            self._behind_since = now
        return False

    def is_stalled(self, now: float) -> bool:
        """Whether it read nothing for too long."""
        return self._behind_since is not None and now - self._behind_since > STALLED_AFTER_S

    async def drain(self) -> None:
        """Wait until it has read most of what was said."""
        while self.unread_bytes > FULL_BYTES:  # noqa: ASYNC110  transports tell of no such moment
            await asyncio.sleep(LOOK_EVERY_S)

    def end(self, code: int, reason: bytes) -> None:
        """Begin to close the WebSocket; `ended` waits for it. Only the first call counts."""
        if self._ending is None:
            closing = self.socket.close(code=code, message=reason)
            self._ending = spawn(closing, name="api dashboard close")

    async def ended(self) -> None:
        """Wait until a close that was begun is done."""
        if self._ending is not None:
            await asyncio.wait([self._ending])

    def cut(self) -> None:
        """End the connection at once."""
        if self.request.transport is not None:
            self.request.transport.abort()
