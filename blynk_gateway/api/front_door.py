"""The door of the HTTP side: light, because most of the time nobody speaks HTTP.

What answers requests is `app.HttpSite`, which brings an HTTP library of many megabytes. It is
imported when the first bytes of HTTP arrive. Connections wait here until it is there.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from blynk_gateway.api.faults import ControlSocketUnusable
from blynk_gateway.api.services import Services
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.tasks import cancel, spawn

if TYPE_CHECKING:
    from blynk_gateway.api.app import HttpSite

log = logging.getLogger(__name__)

HTTP_COMPONENT = "http"

_PRIVATE_MASK = 0o177

Entrance: TypeAlias = "Callable[[HttpSite], asyncio.Protocol]"
"""Which of a site's protocols a connection gets."""


class HttpApi:
    """Everything that the gateway serves over HTTP, loaded when it is first asked for."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._site: HttpSite | None = None
        self._lobby = _Lobby(self._begin_loading)
        self._loading: asyncio.Task[None] | None = None
        self._control_server: asyncio.Server | None = None
        self._control_path: Path | None = None

    def make_protocol(self) -> asyncio.Protocol:
        """A protocol object for one connection that speaks HTTP."""
        return self._enter(lambda site: site.make_public())

    async def serve_control(self, path: Path) -> None:
        """Answer on a Unix socket that only this user and root may open.

        Raises:
            ControlSocketUnusable: it cannot be made there.
        """
        try:
            listener = _private_socket(path)
        except OSError as error:
            raise ControlSocketUnusable(
                f"{path}: the control socket cannot be opened ({error.strerror or error});"
                " expected a directory that may be written"
            ) from error
        self._control_path = path
        self._control_server = await asyncio.get_running_loop().create_unix_server(
            lambda: self._enter(lambda site: site.make_control()), sock=listener
        )

    async def stop(self) -> None:
        """End all connections and take no more. May be called twice."""
        if self._control_server is not None:
            self._control_server.close()
        if self._control_path is not None:
            self._control_path.unlink(missing_ok=True)
        self._control_server = self._control_path = None
        if self._loading is not None:
            await cancel(self._loading)
        self._lobby.close()
        if self._site is not None:
            await self._site.stop()
            self._site = None

    def _enter(self, entrance: Entrance) -> asyncio.Protocol:
        if self._site is not None:
            return entrance(self._site)
        return _WaitingProtocol(self._lobby, entrance)

    def _begin_loading(self) -> None:
        if self._loading is None:
            self._loading = spawn(self._load(), name="http load")

    async def _load(self) -> None:
        clock = self._services.clock
        began = clock.monotonic()
        try:
            # In a thread, because it takes seconds on a small board, and devices go on.
            make_site = await asyncio.to_thread(_import_site)
            site = make_site(self._services)
            await site.start()
        except Exception as error:
            log.exception("HTTP could not be loaded")
            self._services.health.report(
                HTTP_COMPONENT,
                HealthState.FAILED,
                f"it could not be loaded ({error}), so that HTTP is not served; mend the"
                " installation of blynk-gateway and its packages, and restart it",
            )
            self._lobby.close()
            return
        self._site = site
        log.debug("HTTP loaded", extra={"ms": round((clock.monotonic() - began) * 1000)})
        self._lobby.hand_over(site)


class _Lobby:
    """The connections that wait for the site.

    Args:
        begin: called whenever one of them has said something.
    """

    def __init__(self, begin: Callable[[], None]) -> None:
        self.begin = begin
        self._waiting: dict[_WaitingProtocol, None] = {}
        self._is_closed = False

    def enter(self, connection: "_WaitingProtocol") -> None:
        """Let a connection wait, or end it if there is nothing to wait for any more."""
        if self._is_closed:
            connection.close()
        else:
            self._waiting[connection] = None

    def leave(self, connection: "_WaitingProtocol") -> None:
        """A connection does not wait any more. It need not have waited."""
        self._waiting.pop(connection, None)

    def hand_over(self, site: "HttpSite") -> None:
        """Send every connection on, in the order they came."""
        loop = asyncio.get_running_loop()
        for connection in self._waiting:
            # Each by itself: a fault in one must not hold up the others.
            loop.call_soon(connection.hand_over, site)

    def close(self) -> None:
        """End every connection, and those that still come."""
        self._is_closed = True
        for connection in self._waiting:
            connection.close()


class _WaitingProtocol(asyncio.Protocol):
    """One connection until the site is there. Keeps its first bytes; the kernel keeps the rest."""

    __slots__ = ("_entrance", "_lobby", "_received", "_transport")

    def __init__(self, lobby: _Lobby, entrance: Entrance) -> None:
        self._lobby = lobby
        self._entrance = entrance
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait; one that says nothing may be a mere look whether somebody listens."""
        assert isinstance(transport, asyncio.Transport), "listeners make stream transports"
        self._transport = transport
        self._lobby.enter(self)

    def data_received(self, data: bytes) -> None:
        """Keep what came, and read no more."""
        self._received += data
        if self._transport is not None:
            self._transport.pause_reading()
        self._lobby.begin()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """The peer went away, or it was closed."""
        self._transport = None
        self._lobby.leave(self)

    def hand_over(self, site: "HttpSite") -> None:
        """Give transport and bytes to the site's protocol."""
        self._lobby.leave(self)
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        protocol = self._entrance(site)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        # Before the bytes: what they begin may have to pause it again.
        transport.resume_reading()
        if self._received:
            protocol.data_received(self._received)

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.close()


def _import_site() -> "type[HttpSite]":
    # Half of the memory of an idle daemon on a small Pi would be this import.
    from blynk_gateway.api.app import HttpSite  # noqa: PLC0415  see above

    return HttpSite


def _private_socket(path: Path) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        # Of a gateway that was killed; a running one holds the lock of the data directory.
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Private from its first moment on: between `bind` and `chmod` others could connect.
    before = os.umask(_PRIVATE_MASK)
    try:
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener
