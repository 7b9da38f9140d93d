"""The first byte of a connection tells what it is; whoever speaks that takes over its transport.

Source: blynk-protocol §9.2. No command of a device that may come first is a letter.
"""

import asyncio
import logging
import string
from collections.abc import Callable

from blynk_gateway.blynk_server.carriers import TcpConnection, peer_of
from blynk_gateway.blynk_server.context import Context
from blynk_gateway.protocol.commands import LOGINS
from blynk_gateway.runtime.logs import safe

_HTTP = frozenset(string.ascii_letters.encode())
_LOGINS = frozenset(map(int, LOGINS))
_TLS_HANDSHAKE = 0x16


class Sniffer(asyncio.BufferedProtocol):
    """A connection until its first byte.

    Args:
        http: makes the protocol for connections that speak HTTP.
    """

    __slots__ = ("_context", "_http", "_is_over", "_timer", "_transport", "host", "peer")

    def __init__(self, context: Context, http: Callable[[], asyncio.Protocol]) -> None:
        self._context = context
        self._http = http
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False
        self.peer = self.host = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection was accepted, and its TLS handshake done."""
        assert isinstance(transport, asyncio.Transport), "listeners make stream transports"
        self._transport = transport
        self.peer, self.host = peer_of(transport)
        if not self._context.admission.enter(self, self.host):
            self.cut("there are too many connections")
            return
        self._timer = asyncio.get_running_loop().call_later(
            self._context.sniff_timeout_s, self._time_out
        )

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  asyncio's signature
        """Where to read to."""
        return self._context.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand the transport over by the first byte, and all bytes with it."""
        transport = self._transport
        if self._is_over or transport is None:
            return
        data = self._context.buffer[:nbytes]
        first = data[0]
        if first in _LOGINS:
            device = TcpConnection(self._context, transport)
            self._context.admission.replace(self, device, self.host)
            self._hand_over(transport, device)
            device.take(data)
        elif first in _HTTP:
            if not self._context.admission.http_came(transport):
                self.cut("there are too many HTTP connections")
                return
            http = self._http()
            self._context.admission.leave(self, self.host)
            self._hand_over(transport, http)
            http.connection_made(transport)
            http.data_received(bytes(data))
        elif first == _TLS_HANDSHAKE:
            self.cut("it speaks TLS to a plain port; TLS is at server.listen_tls")
        else:
            self.cut(f"its first byte is {first}; expected a Blynk login (2, 29) or HTTP")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """The peer went away without a word."""
        self._leave()

    def cut(self, reason: str) -> None:
        """End it at once."""
        if self._is_over:
            return
        self._leave()
        note_refused(self._context, self.peer, self.host, reason)
        if self._transport is not None:
            self._transport.abort()

    def _hand_over(self, transport: asyncio.Transport, protocol: asyncio.BaseProtocol) -> None:
        self._leave()
        transport.set_protocol(protocol)

    def _time_out(self) -> None:
        self.cut(f"it sent nothing in {self._context.sniff_timeout_s:g} s")

    def _leave(self) -> None:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        self._context.admission.leave(self, self.host)


def note_refused(context: Context, peer: str, host: str, reason: str) -> None:
    """Count and log a connection that ended before it was known what it is."""
    context.health.count("connections_refused")
    context.log_limited(
        logging.INFO, "connection refused", host, reason, peer=peer, reason=safe(reason, 200)
    )
