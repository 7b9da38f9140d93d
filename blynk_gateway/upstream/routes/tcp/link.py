"""One connection to one server: bytes, the timer, and its end.

1. Everything runs on the loop's thread. One timer serves all deadlines of the protocol; it is moved
   only when something becomes due earlier.
2. A server that says more than any has to say is read no faster, so that the devices here are
   served meanwhile.
3. A server that is silent for longer than the heartbeat is given up, and one that does not take
   what it is sent: no more than `MAX_UNSENT_BYTES` wait for it.
4. Any end goes through `end`, which may run twice; the first reason stands.
"""

import asyncio
from collections.abc import Callable

from blynk_gateway.core.clock import Clock
from blynk_gateway.core.quota import TokenBucket
from blynk_gateway.errors import PeerError, RemoteProtocolError
from blynk_gateway.protocol.client import LOGIN_TIMEOUT_S, ClientConnection
from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.events import (
    ClientEvent,
    LoggedIn,
    LoginRefused,
    Redirected,
    TimedOut,
    TimeoutReason,
)
from blynk_gateway.runtime.logs import safe
from blynk_gateway.upstream.route import Moved, Place, ServerDown, ServerRefused
from blynk_gateway.upstream.routes.tcp.dialing import place_text
from blynk_gateway.upstream.routes.tls import explained

MAX_UNSENT_BYTES = 4 * 1024 * 1024
"""More than the largest batch: a server makes us answer, and does not read the answers."""

MESSAGES_PER_SECOND = 1000
MESSAGES_BURST = 5000
"""Read from one server, many times what apps write: some two percent of a core."""

MAX_HOST_LENGTH = 253
MAX_PORT = 65_535

_BUFFER = memoryview(bytearray(16 * 1024))
"""What all links read into; its content is used up before the next read."""

_FIRST = frozenset(
    {
        Command.RESPONSE,
        Command.PING,
        Command.BRIDGE,
        Command.INTERNAL,
        Command.HARDWARE,
        Command.REDIRECT,
        Command.DEBUG_PRINT,
    }
)
"""Types that a server may send at all; the first byte of anything else is none of them."""

_TLS_ALERT = b"\x15\x03"

_SHOWN_BYTES = 40
"""Of what is no Blynk: enough for people to see what it is."""


class NotBlynk(ServerDown):
    """Something else than a Blynk server answers there."""

    code = "upstream.not_blynk"
    hint = (
        "Check `server` with its port, and `tls`; where a Wi-Fi asks for a login first, log in"
        " there: its page is all that can be reached until then."
    )


class Link(asyncio.BufferedProtocol):
    """Meets `asyncio.BufferedProtocol`; lives once.

    Args:
        client: not connected yet.
        take: gets what the server says after the login.

    Attributes:
        where: the place as text.
        redirected: where the server sent us.
        error: why it has ended, None before.
        on_end: called once, with the reason.
    """

    def __init__(
        self,
        place: Place,
        client: ClientConnection,
        clock: Clock,
        take: Callable[[ClientEvent], None],
    ) -> None:
        self.place = place
        self.where = place_text(place)
        self.client = client
        self.redirected: Place | None = None
        self.error: PeerError | None = None
        self.on_end: Callable[[PeerError], None] | None = None
        self._clock = clock
        self._take_event = take
        self._judged = asyncio.Event()
        self._closed = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._has_heard = False
        self._intake = TokenBucket(MESSAGES_PER_SECOND, MESSAGES_BURST, clock.monotonic())
        self._metered = 0
        self._rest: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    async def log_in(self) -> None:
        """Return when the server has taken our token.

        Raises:
            Moved: it sent us elsewhere, to `redirected`.
            ServerRefused: it does not know the token.
            ServerDown: the connection has ended otherwise.
        """
        await self._judged.wait()
        if self.error is not None:
            raise self.error

    def flush(self) -> None:
        """Write what is queued."""
        transport = self._transport
        # A TLS transport that is closing cannot be asked for its buffer. Its end is on the way.
        if self.error is not None or transport is None or transport.is_closing():
            return
        now = self._clock.monotonic()
        frames = self.client.data_to_send(now)
        if frames:
            transport.write(b"".join(frames))
            if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
                self.end(self._down("it does not take what it is sent; expected it to read"))
        self._arm(now)

    def end(self, error: PeerError) -> None:
        """End it at once."""
        if self.error is not None:
            return
        self.error = error
        self._judged.set()
        for timer in (self._timer, self._rest):
            if timer is not None:
                timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        if self.on_end is not None:
            self.on_end(error)

    async def close(self) -> None:
        """End it and wait until its socket is closed. May be repeated."""
        self.end(self._down("closed by this gateway"))
        if self._transport is not None:
            await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Log in."""
        assert isinstance(transport, asyncio.Transport), "a stream has both directions"
        self._transport = transport
        if self.error is not None:
            transport.abort()
            return
        self.client.connect(self._clock.monotonic())
        self.flush()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  asyncio's signature
        """Where to read to."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Handle what was read."""
        if self.error is not None:
            return
        data = _BUFFER[:nbytes]
        if not self._has_heard:
            self._has_heard = True
            if data[0] not in _FIRST:
                self.end(self._not_blynk(bytes(data[:_SHOWN_BYTES])))
                return
        now = self._clock.monotonic()
        try:
            self._take(self.client.receive_data(data, now))
        except RemoteProtocolError as error:
            self._fail(error)
        self.flush()
        self._meter(now)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed; the reason may be known already."""
        self._closed.set()
        if exc is not None:
            self.end(explained(exc, self.where))
        elif self.client.is_logged_in:
            self.end(self._down("it closed the connection; expected it to stay"))
        else:
            self.end(self._down("it closed the connection; expected an answer to the login"))

    def _take(self, events: list[ClientEvent]) -> None:
        for event in events:
            match event:
                case LoggedIn():
                    self._judged.set()
                case LoginRefused(status):
                    self.end(self._refused(status))
                case Redirected(host, port):
                    self._redirect(Place(host, port))
                case TimedOut(reason):
                    self.end(self._silent(reason))
                case _:
                    self._take_event(event)
            if self.error is not None:
                return

    def _meter(self, now: float) -> None:
        received = self.client.messages_received
        pause_s = self._intake.charge(received - self._metered, now)
        self._metered = received
        if pause_s and self.error is None:
            assert self._transport is not None, "something was read from it"
            self._transport.pause_reading()
            loop = asyncio.get_running_loop()
            self._rest = loop.call_later(pause_s, self._transport.resume_reading)

    def _redirect(self, place: Place) -> None:
        if not (0 < len(place.host) <= MAX_HOST_LENGTH and 0 < place.port <= MAX_PORT):
            self.end(self._down(f"it sends us to {place_text(place)}; expected host and port"))
            return
        self.redirected = place
        self.end(Moved(f"{self.where}: it sends us to {place_text(place)}"))

    def _refused(self, status: int) -> PeerError:
        if status == Status.INVALID_TOKEN:
            return ServerRefused(
                f"{self.where}: it does not know the token; expected one of its own"
            )
        return self._down(f"it refused the login by status {status}; expected 200")

    def _silent(self, reason: TimeoutReason) -> ServerDown:
        if reason is TimeoutReason.LOGIN:
            return self._down(f"no answer to the login within {LOGIN_TIMEOUT_S:g} s; expected one")
        return self._down(f"silent for {self.client.patience_s:g} s; expected a sign of life")

    def _not_blynk(self, first: bytes) -> ServerDown:
        if first.startswith(_TLS_ALERT):
            return NotBlynk(f"{self.where}: it speaks TLS; expected none, as `tls: false` says")
        found = safe(first.decode("latin-1"))
        return NotBlynk(f"{self.where}: it said {found!r}; expected a Blynk server")

    def _fail(self, error: RemoteProtocolError) -> None:
        self.end(self._down(f"it broke the protocol: {safe(str(error), 200)}"))

    def _down(self, text: str) -> ServerDown:
        return ServerDown(f"{self.where}: {text}")

    def _arm(self, now: float) -> None:
        """Have the timer go off when the protocol wants it, or earlier."""
        due = None if self.error is not None else self.client.next_timeout(now)
        if due is None or (self._timer is not None and self._timer_at <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, due - now), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        try:
            self._take(self.client.handle_timeout(self._clock.monotonic()))
        except RemoteProtocolError as error:
            self._fail(error)
        self.flush()
