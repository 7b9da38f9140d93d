"""Makes requests. Nothing it raises or logs holds an address: it may hold a secret."""

import os
import socket
import ssl
from typing import NamedTuple

import aiohttp
from yarl import URL

from blynk_gateway.automations.webhooks.names import Names
from blynk_gateway.automations.webhooks.request import Request
from blynk_gateway.errors import PeerDown
from blynk_gateway.runtime.connection_faults import CONNECTION_FAULTS
from blynk_gateway.runtime.logs import safe

MAX_REASON = 200


class Answer(NamedTuple):
    """What came back.

    Attributes:
        body: its first bytes.
        is_whole: whether that is all.
        retry_after, location: headers, empty if they are not there.
    """

    status: int
    reason: str
    body: bytes
    is_whole: bool
    retry_after: str
    location: str


class Calls:
    """All requests of all webhooks. No request waits for another."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request, timeout_s: float, max_bytes: int) -> Answer:
        """Send a request and read the answer.

        Raises:
            PeerDown: none came; the message is for people.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Webhooks are few, and one that hangs must not keep another from its connection.
                connector=aiohttp.TCPConnector(limit=0, resolver=Names()),
                cookie_jar=aiohttp.DummyCookieJar(),
                # What is packed may be as large as it likes when it is unpacked.
                auto_decompress=False,
                # ~/.netrc and proxies are not what the file says.
                trust_env=False,
            )
        try:
            async with self._session.request(
                request.method,
                URL(request.url, encoded=True),
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as response:
                found = bytearray()
                while len(found) <= max_bytes:
                    chunk = await response.content.read(max_bytes + 1 - len(found))
                    if not chunk:
                        break
                    found += chunk
                is_whole = len(found) <= max_bytes
                if not is_whole:
                    # Else all that is left would be read to use the connection again.
                    response.close()
                return Answer(
                    response.status,
                    response.reason or "",
                    bytes(found[:max_bytes]),
                    is_whole,
                    response.headers.get("Retry-After", ""),
                    response.headers.get("Location", ""),
                )
        except TimeoutError:
            raise PeerDown(f"{request.place}: no answer within {timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PeerDown(f"{request.place}: {_explained(error)}") from None

    async def close(self) -> None:
        """End everything. May be repeated."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _explained(error: BaseException) -> str:  # noqa: PLR0911  one kind after another
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate will not do ({safe(error.verify_message, MAX_REASON)})"
    if isinstance(error, ssl.SSLError):
        return "it speaks no TLS; expected it to, or http:// in the address"
    if isinstance(error, socket.gaierror) or "name resolution" in str(error).lower():
        return "its name has no address"
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return "it ended the connection"
    if isinstance(error, aiohttp.ClientResponseError | ValueError):
        return "it answered with something that is no HTTP"
    number = getattr(error, "errno", None)
    if number in CONNECTION_FAULTS:
        return CONNECTION_FAULTS[number]
    return os.strerror(number).lower() if number else "no connection came about"
