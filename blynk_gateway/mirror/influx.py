"""Points to whatever takes InfluxDB's line protocol over HTTP: InfluxDB, VictoriaMetrics, QuestDB.

The number of a change gives its time the digits below a millisecond. So two points of one
millisecond are two there, and a point that is sent twice replaces itself. Protocol:
https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/
"""

import base64
import re
from http import HTTPStatus
from urllib.parse import unquote, urlsplit, urlunsplit

import aiohttp

from blynk_gateway.config.secret import Secret
from blynk_gateway.core.feed import FeedBatch
from blynk_gateway.errors import PeerError
from blynk_gateway.formats.plain import PlainValue
from blynk_gateway.formats.text import MEASUREMENT, influx_field
from blynk_gateway.mirror.sink import (
    CONNECT_TIMEOUT_S,
    TIMEOUT_S,
    Piece,
    PointsRefused,
    PointsTooOld,
    ServerDown,
    ServerRefused,
    TooManyPoints,
    encoded_by_stream,
    in_parts,
    place_of,
    said,
)

MAX_ANSWER_BYTES = 4096
"""Of an error that are read."""

MAX_RETRY_AFTER_S = 600.0

_NS_PER_MS = 1_000_000

# The first of version 1, the second of later ones. They say it only if there is nothing else to
# say, so they took all others.
_TOO_OLD = re.compile(
    r"points beyond retention policy dropped=(\d+)|dropped (\d+) points outside retention policy"
)

_BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_REFUSED: dict[int, type[PointsRefused]] = {
    HTTPStatus.BAD_REQUEST: PointsRefused,
    HTTPStatus.UNPROCESSABLE_ENTITY: PointsRefused,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooManyPoints,
}
_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "check the user, password or token",
    HTTPStatus.FORBIDDEN: "give its user or token the right to write there",
    HTTPStatus.NOT_FOUND: "make the database there, or mend the path of `url`",
}


class InfluxSink:
    """Meets `mirror.sink.Sink`.

    Args:
        url: where points are posted to; a user in it logs in with the password.
        token: of version 2 and 3.
        gateway: tells this gateway's points from others'.
    """

    def __init__(
        self, url: str, password: Secret | None, token: Secret | None, gateway: str
    ) -> None:
        self.place = place_of(url)
        parts = urlsplit(url)
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self._headers = {"Content-Type": "text/plain; charset=utf-8"}
        if token is not None:
            self._headers["Authorization"] = f"Token {token.reveal()}"
        elif password is not None:
            login = f"{unquote(parts.username or '')}:{password.reveal()}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
        self._gateway = gateway
        self._session: aiohttp.ClientSession | None = None

    def encode(self, batch: FeedBatch, texts: frozenset[int]) -> list[bytes]:
        """Lines."""
        keys = {
            stream: f"{MEASUREMENT},device={device},gateway={self._gateway},pin={pin} ".encode()
            for stream, (device, pin) in batch.names.items()
        }
        values = encoded_by_stream(_value, batch, texts)
        rows: list[bytes] = []
        for part in in_parts(batch):
            rows += [
                b"%b%b %d\n"
                % (
                    keys[stream],
                    values[stream][text],
                    at_ms * _NS_PER_MS + seq % _NS_PER_MS,
                )
                for stream, at_ms, seq, text in part
            ]
        return rows

    async def open(self) -> None:
        """Post nothing, to see what the server says.

        Raises:
            ServerDown, ServerRefused: as `Sink` has it.
        """
        try:
            await self._post(b"")
        except PointsRefused:
            # To some servers nothing is a fault; they let us in all the same.
            return

    async def send(self, piece: Piece) -> None:
        """Post points.

        Raises:
            ServerDown, ServerRefused, PointsRefused: as `Sink` has it.
        """
        await self._post(b"".join(piece.rows))

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, body: bytes) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        try:
            # A redirect would make a GET of it.
            async with self._session.post(
                self._url, data=body, headers=self._headers, allow_redirects=False
            ) as response:
                if response.status // 100 == HTTPStatus.OK // 100:
                    return
                answer = await response.content.read(MAX_ANSWER_BYTES)
        except (aiohttp.ClientConnectorCertificateError, aiohttp.InvalidURL) as error:
            raise ServerRefused(f"{self.place}: {said(str(error))}") from error
        except (aiohttp.ClientError, OSError) as error:
            text = said(str(error)) or f"no answer within {TIMEOUT_S:.0f} s"
            raise ServerDown(f"{self.place}: {text}") from error
        raise self._fault(response, answer)

    def _fault(self, response: aiohttp.ClientResponse, answer: bytes) -> PeerError:
        status = response.status
        text = said(answer.decode("utf-8", "replace"))
        message = f"{self.place}: HTTP {status} ({text or response.reason}); expected 204"
        if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ServerDown(message, _retry_after_s(response))
        if status in _REFUSED and (too_old := _TOO_OLD.search(text)):
            return PointsTooOld(message, int(too_old[1] or too_old[2]))
        if status in _REFUSED:
            return _REFUSED[status](message)
        place = response.headers.get("Location")
        advice = f"it says to use {said(place_of(place))}" if place else _ADVICE.get(status, "")
        return ServerRefused(f"{message}: {advice}" if advice else message)


def _retry_after_s(response: aiohttp.ClientResponse) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), MAX_RETRY_AFTER_S) if text.isdecimal() else 0.0


def _value(value: PlainValue) -> bytes:
    return influx_field(value).encode()
