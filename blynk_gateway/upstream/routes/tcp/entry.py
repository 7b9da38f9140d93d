"""The way to the server that takes us: the place remembered, the ports, redirects."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from blynk_gateway.errors import PeerError
from blynk_gateway.protocol.client import DEFAULT_INFO, MIN_HEARTBEAT_S, ClientConnection
from blynk_gateway.protocol.events import ClientEvent
from blynk_gateway.upstream.route import Moved, Place, RouteSetup, ServerDown
from blynk_gateway.upstream.routes import tls
from blynk_gateway.upstream.routes.tcp.dialing import dial, place_text
from blynk_gateway.upstream.routes.tcp.link import Link

if TYPE_CHECKING:
    import ssl

log = logging.getLogger(__name__)

OPEN_S = 20.0
"""For everything. Each place has deadlines of its own."""

REMEMBERED_S = 9.0
"""For the place remembered: less than half, so that the configured one still has its turn."""

MAX_REDIRECTS = 5
"""The vendor's cloud needs one."""

_PLAIN_PORTS = frozenset({80, 8080})
"""What a redirect names even to those who came by TLS. Source: the Java server's setting
`force.port.80.for.redirect`, and the library's default for a redirect without a port."""


class Entry:
    """Finds and opens the connection of one route.

    Args:
        take: gets what the server says after the login.
    """

    def __init__(self, setup: RouteSetup, take: Callable[[ClientEvent], None]) -> None:
        self._setup = setup
        self._take = take
        self._context: ssl.SSLContext | None = None

    async def open(self) -> Link:
        """A link that is logged in.

        Raises:
            ServerRefused: the token is not valid there.
            ServerDown: there is none; says why, of each place that was tried.
        """
        upstream = self._setup.upstream
        configured = [Place(upstream.host, port) for port in upstream.ports]
        try:
            async with asyncio.timeout(OPEN_S):
                if upstream.tls is not None:
                    self._context = await tls.context(upstream.tls)
                link = await self._try_remembered()
                return link or await self._follow(configured)
        except TimeoutError:
            where = place_text(configured[0])
            raise ServerDown(f"{where}: no connection within {OPEN_S:g} s; expected one") from None

    async def _try_remembered(self) -> Link | None:
        place = self._setup.remembered
        if place is None:
            return None
        try:
            async with asyncio.timeout(REMEMBERED_S):
                return await self._follow(self._ports_of(place))
        except (PeerError, TimeoutError) as error:
            values = {"place": place_text(place), "reason": error}
            log.debug("the remembered server does not take us", extra=values)
            self._setup.remember(None)
            return None

    async def _follow(self, places: Sequence[Place]) -> Link:
        """Log in at the first of some places that answers, or where it sends us."""
        been: set[Place] = set()
        while True:
            link = await self._try_each(places)
            if link.error is None:
                if been:
                    self._setup.remember(link.place)
                return link
            assert link.redirected is not None, "a link has ended by a redirect, or it is an error"
            been.add(link.place)
            target = place_text(link.redirected)
            log.info("sent to another server", extra={"place": link.where, "target": target})
            places = [one for one in self._ports_of(link.redirected) if one not in been]
            if not places or len(been) > MAX_REDIRECTS:
                raise ServerDown(
                    f"{link.where}: it sends us to {target}, in a circle; expected a server that"
                    f" takes us after {MAX_REDIRECTS} redirects at most"
                )

    async def _try_each(self, places: Sequence[Place]) -> Link:
        """The link of the first place that takes us or sends us on."""
        faults: list[ServerDown] = []
        for place in places:
            try:
                return await self._try(place)
            except ServerDown as error:
                faults.append(error)
                if isinstance(error, tls.NameUnknown):
                    break
        # With several, the one that got furthest says what to do.
        telling = next((error for error in faults if type(error) is not ServerDown), faults[0])
        raise type(telling)("; ".join(map(str, faults)))

    async def _try(self, place: Place) -> Link:
        link = Link(place, self._client(), self._setup.clock, self._take)
        try:
            await dial(place, self._context, link)
            await link.log_in()
        except Moved:
            return link
        except BaseException as error:
            link.end(error if isinstance(error, PeerError) else ServerDown("given up"))
            raise
        return link

    def _client(self) -> ClientConnection:
        """As the stock library on Linux; keys in its order."""
        mapping, upstream = self._setup.mapping, self._setup.upstream
        heartbeat_s = max(MIN_HEARTBEAT_S, upstream.heartbeat_ms // 1000)
        info = {**DEFAULT_INFO, "h-beat": str(heartbeat_s)}
        if mapping.template_id is not None:
            info |= {"fw-type": mapping.template_id, "tmpl": mapping.template_id}
        return ClientConnection(mapping.token.reveal(), info)

    def _ports_of(self, place: Place) -> list[Place]:
        """Where to knock if that is where we were sent; TLS is never left."""
        upstream = self._setup.upstream
        if upstream.tls is None or place.port not in _PLAIN_PORTS:
            return [place]
        return [Place(place.host, port) for port in upstream.ports]
