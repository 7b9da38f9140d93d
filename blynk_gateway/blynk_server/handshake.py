"""A connection to a TLS port until its handshake is done.

The handshake is ours and not the listener's, so that those in the middle of one are counted and
can be cut like all others that wait, and so that one that fails has its line in the log.
"""

import asyncio
import ssl
from collections.abc import Callable

from blynk_gateway.blynk_server.carriers import CLOSE_TIMEOUT_S, peer_of
from blynk_gateway.blynk_server.context import Context
from blynk_gateway.blynk_server.sniff import Sniffer, note_refused
from blynk_gateway.runtime.tasks import spawn

HANDSHAKE_TIMEOUT_S = 10.0
"""An ESP8266 needs about two seconds."""


class Handshake(asyncio.Protocol):
    """Shakes hands, then leaves the transport to a `Sniffer`.

    Args:
        http: makes the protocol for connections that speak HTTP.
    """

    __slots__ = (
        "_context",
        "_early",
        "_http",
        "_is_over",
        "_task",
        "_tls",
        "_transport",
        "host",
        "peer",
    )

    def __init__(
        self, context: Context, tls: ssl.SSLContext, http: Callable[[], asyncio.Protocol]
    ) -> None:
        self._context = context
        self._tls = tls
        self._http = http
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._early = bytearray()
        self._is_over = False
        self.peer = self.host = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection was accepted."""
        assert isinstance(transport, asyncio.Transport), "listeners make stream transports"
        self._transport = transport
        self.peer, self.host = peer_of(transport)
        context = self._context
        if not context.admission.enter(self, self.host):
            self.cut("there are too many connections")
            return
        context.handshakes.enter(self, self.host)
        # The first bytes are for TLS.
        transport.pause_reading()
        self._task = spawn(self._shake_hands(transport), name="tls handshake")

    def data_received(self, data: bytes) -> None:
        """Keep what came right behind the handshake."""
        self._early += data

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """The peer went away."""
        self._leave()

    def cut(self, reason: str) -> None:
        """End it at once."""
        if self._is_over:
            return
        self._leave()
        note_refused(self._context, self.peer, self.host, reason)
        if self._transport is not None:
            self._transport.abort()

    async def _shake_hands(self, transport: asyncio.Transport) -> None:
        if transport.is_closing():
            return
        try:
            secure = await asyncio.get_running_loop().start_tls(
                transport,
                self,
                self._tls,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S,
                ssl_shutdown_timeout=CLOSE_TIMEOUT_S,
            )
        except OSError as error:
            self.cut(f"TLS handshake failed: {_reason(error)}")
            return
        # None if it was cut, or lost just now.
        if secure is None or secure.is_closing() or self._is_over:
            self._leave()
            return
        self._leave()
        sniffer = Sniffer(self._context, self._http)
        secure.set_protocol(sniffer)
        sniffer.connection_made(secure)
        _feed(secure, memoryview(self._early))

    def _leave(self) -> None:
        self._is_over = True
        self._context.admission.leave(self, self.host)
        self._context.handshakes.leave(self, self.host)


def _feed(transport: asyncio.Transport, data: memoryview) -> None:
    """Give bytes to the protocol of a transport, which may change meanwhile."""
    while data:
        protocol = transport.get_protocol()
        if not isinstance(protocol, asyncio.BufferedProtocol):
            assert isinstance(protocol, asyncio.Protocol), "there are two kinds for streams"
            protocol.data_received(bytes(data))
            return
        buffer = memoryview(protocol.get_buffer(len(data)))
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        protocol.buffer_updated(size)
        data = data[size:]


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return str(error) or "the peer went away"
