"""Requests to the server's HTTP interface: `https://SERVER/external/api/…?token=…`.

Addresses hold the token, and the library's errors hold addresses: none of either is passed on.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from blynk_gateway.core.value import encode_value
from blynk_gateway.upstream.route import Place, RouteSetup, ServerDown
from blynk_gateway.upstream.routes.https.answers import Answer, portal, text_of
from blynk_gateway.upstream.routes.tls import context, explained

TIMEOUT_S = 20.0
CONNECT_TIMEOUT_S = 10.0

SLOWEST = 4096
"""Bytes a second that a line must carry at least; a long body may take that much longer."""

MAX_REDIRECTS = 5
MAX_CONNECTIONS = 2

MAX_BODY_BYTES = 64 * 1024
MAX_VALUES_BYTES = 2 * 1024 * 1024
"""Of an answer; the second of one with the values of all pins."""

_MOVED = 308
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_HALF_SECOND_MS = 500
"""What is cut off a time in whole seconds, on average."""


class HttpsCalls:
    """Makes the requests of one device."""

    def __init__(self, setup: RouteSetup) -> None:
        self._setup = setup
        self._token = setup.mapping.token.reveal()
        self._scheme = "http" if setup.upstream.tls is None else "https"
        self._session: aiohttp.ClientSession | None = None
        self._told: tuple[int, float] | None = None
        self._answered = 0
        self.place = Place(setup.upstream.host, setup.upstream.ports[0])

    @property
    def place_text(self) -> str:
        """The server in use, for people."""
        return _text(self.place)

    async def open(self, place: Place) -> None:
        """Send what follows to this place.

        Raises:
            ServerDown: what is needed for TLS is not there.
        """
        self.place = place
        if self._session is not None:
            return
        tls = self._setup.upstream.tls
        if tls is None:
            connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS)
        else:
            connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ssl=await context(tls))
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            # What is packed may be as large as it likes when it is unpacked.
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
        )

    async def close(self) -> None:
        """End everything. May be repeated."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(self, path: str, *fields: tuple[str, str], limit: int = MAX_BODY_BYTES) -> str:
        """Ask for something.

        Args:
            fields: names and values of the query, besides the token.
            limit: bytes of the answer.

        Raises:
            PeerError: as `answers.text_of`, and `ServerDown` where no answer came.
        """
        return await self._call("GET", self._target(path, fields), None, limit)

    async def tell(self, path: str, *fields: tuple[str, str]) -> None:
        """Say something; raises as `get`."""
        target = self._target(path, fields)
        self._check_done(await self._call("GET", target, None, MAX_BODY_BYTES))

    async def give(self, path: str, *fields: tuple[str, str], body: bytes) -> None:
        """Hand over JSON; raises as `get`."""
        target = self._target(path, fields)
        self._check_done(await self._call("POST", target, body, MAX_BODY_BYTES))

    @contextmanager
    def planned(self, requests: int) -> Iterator[None]:
        """Tell what is spent beyond these requests, as where parts of one are tried again."""
        before = self._answered
        try:
            yield
        finally:
            more = self._answered - before - requests
            if more > 0:
                self._setup.spent_more(more)

    def time_ms(self) -> int | None:
        """UTC at the server now, from what its last answer said; right to a second."""
        if self._told is None:
            return None
        at_ms, then = self._told
        return at_ms + round((self._setup.clock.monotonic() - then) * 1000)

    def _target(self, path: str, fields: Iterable[tuple[str, str]]) -> str:
        return f"{path}?{query_text([('token', self._token), *fields])}"

    def _check_done(self, text: str) -> None:
        if text.strip() not in ("OK", ""):
            raise portal(self.place_text, "something that is neither OK nor nothing")

    async def _call(self, method: str, target: str, body: bytes | None, limit: int) -> str:
        place = first = self.place
        for _ in range(1 + MAX_REDIRECTS):
            answer = await self._tried(method, place, target, body, limit)
            if answer.status == _MOVED:
                place = self._next_place(place, answer.location)
                continue
            self._answered += 1
            text = text_of(answer, _text(place), self._token)
            if place != first:
                self.place = place
                self._setup.remember(place)
            return text
        raise ServerDown(f"{_text(place)}: it sends us on and on; expected an answer")

    async def _tried(
        self, method: str, place: Place, target: str, body: bytes | None, limit: int
    ) -> Answer:
        try:
            return await self._exchange(method, place, target, body, limit)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if not _is_cut(error):
                raise _explained(error, _text(place)) from None
        # Most likely it was idle for so long that the server closed the connection.
        try:
            return await self._exchange(method, place, target, body, limit)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _explained(error, _text(place)) from None

    async def _exchange(
        self, method: str, place: Place, target: str, body: bytes | None, limit: int
    ) -> Answer:
        if self._session is None:
            raise ServerDown(f"{_text(place)}: the connection was closed")
        url = URL(f"{self._scheme}://{_text(place)}/external/api/{target}", encoded=True)
        total_s = TIMEOUT_S + len(body or b"") / SLOWEST
        async with self._session.request(
            method,
            url,
            data=body,
            headers=None if body is None else {"Content-Type": "application/json"},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=total_s, sock_connect=CONNECT_TIMEOUT_S),
        ) as response:
            headers = response.headers
            self._hear_time(headers.get("Date", ""))
            found = bytearray()
            async for chunk in response.content.iter_any():
                found += chunk
                if len(found) > limit:
                    raise ServerDown(
                        f"{_text(place)}: an answer of more than {limit} bytes; expected fewer"
                    )
            return Answer(
                response.status,
                bytes(found),
                headers.get("Content-Type", ""),
                headers.get("Location", ""),
                headers.get("Retry-After", ""),
            )

    def _hear_time(self, date: str) -> None:
        try:
            at_s = parsedate_to_datetime(date).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            return
        self._told = round(at_s * 1000) + _HALF_SECOND_MS, self._setup.clock.monotonic()

    def _next_place(self, place: Place, location: str) -> Place:
        scheme, host, port = _origin(location)
        if not _HOST.fullmatch(host):
            raise ServerDown(f"{_text(place)}: it sends us on, but nowhere; expected a server")
        if scheme != self._scheme:
            other = "without TLS" if self._scheme == "https" else "with TLS"
            raise ServerDown(
                f"{_text(place)}: it sends us to {host} {other}; expected {self._scheme}://"
            )
        return Place(host, port or (443 if self._scheme == "https" else 80))


def query_text(fields: Iterable[tuple[str, str]]) -> str:
    """Fields as they stand in an address; bytes that are no UTF-8 stay what they are."""
    return "&".join(
        f"{quote(name)}={quote(encode_value((text,)), safe='')}" for name, text in fields
    )


def _origin(location: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address, as far as it is one."""
    try:
        parts = urlsplit(location)
        found = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return "", "", None
    return found


def _text(place: Place) -> str:
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{host}:{place.port}"


def _is_cut(error: Exception) -> bool:
    """Whether a connection ended that was there."""
    return isinstance(
        error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError
    ) and not isinstance(error, aiohttp.ClientConnectorError)


def _explained(error: Exception, place: str) -> ServerDown:
    """What the library's error is made of; its own text may hold the address."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return explained(error.certificate_error, place)
    if isinstance(error, aiohttp.ClientConnectorError):
        return explained(error.os_error, place)
    if isinstance(error, aiohttp.ClientResponseError | ValueError):
        return portal(place, "something that is no HTTP")
    return explained(error, place)
