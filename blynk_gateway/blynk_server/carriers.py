"""What carries a device connection: a TCP or TLS transport, or another adapter's link."""

import asyncio

from blynk_gateway.blynk_server.connection import DeviceConnection
from blynk_gateway.blynk_server.context import Context
from blynk_gateway.blynk_server.flow import MAX_UNSENT_BYTES
from blynk_gateway.core.ports import MessageSink

CLOSE_TIMEOUT_S = 3.0
"""For the peer to take what was written before a close."""


def peer_of(transport: asyncio.BaseTransport) -> tuple[str, str]:
    """The peer's address with port, for logs, and without."""
    address = transport.get_extra_info("peername")
    if not address:
        return "unknown", "unknown"
    host = str(address[0]).removeprefix("::ffff:")
    return (f"[{host}]:{address[1]}" if ":" in host else f"{host}:{address[1]}"), host


class _Gone(asyncio.Transport):
    """Stands in for a transport that is no more."""

    def is_closing(self) -> bool:
        return True

    def abort(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0


_GONE = _Gone()


class TcpConnection(DeviceConnection, asyncio.BufferedProtocol):
    """A device on a transport. All of them read into one buffer, used up at once."""

    __slots__ = ("_transport",)

    def __init__(self, context: Context, transport: asyncio.Transport) -> None:
        super().__init__(context, *peer_of(transport))
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  asyncio's signature
        """Where to read to."""
        return self.context.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Handle what was read."""
        self.take(self.context.buffer[:nbytes])

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is closed; the device may have been told before."""
        closed = self.context.closing.pop(self._transport, None)
        if closed is not None and not closed.done():
            closed.set_result(None)
        self._end("closed by the device" if exc is None else f"connection lost: {exc}")
        # That of TLS refers to this, and has a large buffer: in a cycle it would stay until
        # garbage is collected, which in a quiet house is seldom.
        self._transport = _GONE

    @property
    def _is_behind(self) -> bool:
        # As in `_transmit`.
        return self._transport.is_closing() or self._transport.get_write_buffer_size() > 0

    def _transmit(self, frames: list[bytes]) -> bool:
        transport = self._transport
        # A TLS transport that is closing cannot be asked for its buffer. Its end is on the way.
        if not transport.is_closing():
            if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
                return False
            transport.write(b"".join(frames))
        return True

    def _close_carrier(self, *, at_once: bool) -> None:
        transport = self._transport
        if at_once:
            transport.abort()
            return
        if transport.is_closing():
            return
        transport.close()
        if transport.get_write_buffer_size():
            loop = asyncio.get_running_loop()
            self.context.closing[transport] = loop.create_future()
            loop.call_later(CLOSE_TIMEOUT_S, transport.abort)

    def _pause_carrier(self) -> None:
        self._transport.pause_reading()

    def _resume_carrier(self) -> None:
        self._transport.resume_reading()

    def _stop_waiting(self) -> None:
        self.context.admission.leave(self, self.host)


class LinkConnection(DeviceConnection):
    """A device on another adapter's carrier; meets `core.ports.DeviceLink`."""

    __slots__ = ("_ready", "_sink")

    def __init__(self, context: Context, sink: MessageSink, peer: str) -> None:
        self._sink = sink
        self._ready = asyncio.Event()
        self._ready.set()
        super().__init__(context, peer, peer.rpartition(":")[0] or peer)

    def received(self, data: bytes) -> None:
        """Bytes came in, in chunks of any size."""
        # In pieces of the size a socket would give: the quota slows down before it refuses.
        size = len(self.context.buffer)
        for start in range(0, len(data), size):
            self.take(data[start : start + size])

    def lost(self) -> None:
        """The carrier is gone. May be called twice."""
        self._end("closed by the device")

    async def ready(self) -> None:
        """Return when more bytes may be given."""
        await self._ready.wait()

    @property
    def _is_behind(self) -> bool:
        # The sink does not tell; it closes a connection that takes nothing.
        return False

    def _transmit(self, frames: list[bytes]) -> bool:
        self._sink.send_frames(frames)
        return True

    def _close_carrier(self, *, at_once: bool) -> None:  # noqa: ARG002  the sink knows one way
        self._ready.set()
        self._sink.close()

    def _pause_carrier(self) -> None:
        self._ready.clear()

    def _resume_carrier(self) -> None:
        self._ready.set()

    def _stop_waiting(self) -> None:
        """Nothing to do: its transport is counted as HTTP."""
