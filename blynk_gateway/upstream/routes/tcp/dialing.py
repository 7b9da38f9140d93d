"""Connections to one host and port, plain or over TLS, and why there is none."""

import asyncio
import re
import ssl

from blynk_gateway.runtime.logs import safe
from blynk_gateway.upstream.route import Place, ServerDown
from blynk_gateway.upstream.routes.tls import TlsFailed, explained

CONNECT_S = 8.0
"""For name, connection and TLS together; the second try of a lost SYN comes after 1 s, the third
after 3 s, so that two losses in a row are survived."""

HANDSHAKE_S = 5.0
"""For TLS alone: a small Pi takes half a second, a bad mobile network a few round trips."""

_ATTEMPT_DELAY_S = 0.25
"""Before the next address of a name is tried beside the one before. Source: RFC 8305."""

_ERRNO = re.compile(r"\[Errno (\d+)\]")


def place_text(place: Place) -> str:
    """`fra1.blynk.cloud:443`, fit for logs and people."""
    host = safe(place.host)
    return f"[{host}]:{place.port}" if ":" in host else f"{host}:{place.port}"


async def dial(
    place: Place, context: ssl.SSLContext | None, protocol: asyncio.BaseProtocol
) -> None:
    """Connect a protocol; the name is looked up anew each time.

    Args:
        context: verifies certificate and host name; None for no TLS.

    Raises:
        ServerDown: there is no connection; says what failed.
    """
    where = place_text(place)
    try:
        async with asyncio.timeout(CONNECT_S):
            await asyncio.get_running_loop().create_connection(
                lambda: protocol,
                place.host,
                place.port,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_S if context else None,
                happy_eyeballs_delay=_ATTEMPT_DELAY_S,
            )
    except ConnectionAbortedError:
        # So asyncio calls a handshake that takes too long.
        raise TlsFailed(f"{where}: no answer to our hello; expected TLS 1.2 or newer") from None
    except OSError as error:
        raise explained(_single(error), where) from error
    except ValueError:
        raise ServerDown(f"{where}: that is no host name; expected one") from None


def _single(error: OSError) -> OSError:
    """The error of one address for those of several, which asyncio makes into a text."""
    if error.errno is not None or type(error) is not OSError:
        return error
    found = _ERRNO.search(str(error))
    return error if found is None else OSError(int(found[1]), "")
