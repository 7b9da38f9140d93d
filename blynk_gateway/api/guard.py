"""What the HTTP library does not do itself: deadlines, and errors that repeat no secret."""

import asyncio
import logging

from aiohttp import web

from blynk_gateway.api.replies import device_text

log = logging.getLogger(__name__)

HEAD_WITHIN_S = 10.0
"""Time for the first request's head: a slow network takes one second, a slow-loris for ever."""

READ_WITHIN_S = 10.0
"""Time a peer may leave our send buffer full. A display that sleeps longer connects again."""

CONTROL_READ_WITHIN_S = 600.0
"""Likewise on the control socket: `history … | less` and `backup - | gpg -c` wait for a person."""


_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class WireHandler(web.RequestHandler):
    """aiohttp's protocol object with an error of ours for what is no HTTP request.

    Its own repeats the line that was sent, with the token in it, and names versions.
    """

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Log as aiohttp does, and answer in our words."""
        super().handle_error(request, status, exc, message)
        answer = device_text(
            "The request is malformed; expected HTTP/1.1, lines of at most 16 KiB and an address"
            " whose characters outside ASCII are percent-encoded.",
            status,
        )
        answer.headers["Server"] = "blynk-gateway"
        answer.force_close()
        return answer


class GuardedProtocol(asyncio.Protocol):
    """Passes everything to an HTTP handler and cuts the connection when a deadline passes.

    Args:
        handler: aiohttp's protocol object.
        is_control: the peer is a command on this machine.

    Attributes:
        has_answered: the head of the present request's answer was sent.
    """

    __slots__ = ("_handler", "_head", "_is_control", "_stall", "_transport", "has_answered")

    def __init__(self, handler: asyncio.Protocol, *, is_control: bool = False) -> None:
        self._handler = handler
        self._is_control = is_control
        self._transport: asyncio.BaseTransport | None = None
        self._head: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self.has_answered = False

    def request_began(self) -> None:
        """The head of a request is complete."""
        self.has_answered = False
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def answer_began(self) -> None:
        """The head of its answer is sent."""
        self.has_answered = True

    def cut(self) -> None:
        """End the connection at once; what was not sent is not sent any more."""
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock for the first request."""
        self._transport = transport
        self._head = asyncio.get_running_loop().call_later(HEAD_WITHIN_S, self.cut)
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass on; refuse what the handler's parser stumbles over."""
        try:
            self._handler.data_received(data)
        except ValueError:
            # aiohttp before 3.9 lets the complaints of its URL parser through.
            if isinstance(self._transport, asyncio.WriteTransport):
                self._transport.write(_BAD_REQUEST)
                self._transport.close()

    def eof_received(self) -> bool | None:
        """Pass on."""
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        """Start the clock for a peer that does not read."""
        within_s = CONTROL_READ_WITHIN_S if self._is_control else READ_WITHIN_S
        self._stall = asyncio.get_running_loop().call_later(within_s, self._cut_stalled, within_s)
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._cancel_stall()
        self._handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self.request_began()
        self._cancel_stall()
        self._transport = None
        self._handler.connection_lost(exc)

    def _cut_stalled(self, within_s: float) -> None:
        log.info("client cut", extra={"reason": f"it read nothing for {within_s:g} s"})
        self.cut()

    def _cancel_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
