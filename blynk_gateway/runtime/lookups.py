"""Looks up the addresses of names in threads of its own.

While no name server answers, a lookup takes half a minute, and nothing ends it before. In the
threads that everything else of the gateway shares, a handful of them would hold up every page and
the stop. Here they are few, and none keeps the program from ending.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from typing import Any

Address = tuple[Any, ...]
"""What a socket of its family connects to."""

Found = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, Address]]
"""What `socket.getaddrinfo` answers with."""

MAX_LABEL = 63
"""Bytes between two dots of a name, RFC 1035."""


class Lookups:
    """Lookups that share a number of places.

    Args:
        at_once: how many there may be at the same time; one thread takes some 100 KB.
    """

    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)

    async def find(
        self, host: str, port: int, *, kind: int, family: int = socket.AF_UNSPEC, flags: int = 0
    ) -> Found:
        """What `socket.getaddrinfo` says.

        Raises:
            OSError: the name has no address, or it is no name.
        """
        loop = asyncio.get_running_loop()
        await self._places.acquire()
        answer: asyncio.Future[Found | OSError] = loop.create_future()

        def take(found: Found | OSError) -> None:
            # Only now: a thread goes on, whether anybody still waits for it or not.
            self._places.release()
            if not answer.done():
                answer.set_result(found)

        def work() -> None:
            found = _look_up(host, port, family, kind, flags)
            # The gateway may have stopped meanwhile.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(take, found)

        try:
            Thread(target=work, name="name lookup", daemon=True).start()
        except RuntimeError as error:
            self._places.release()
            raise OSError(f"no thread for a lookup: {error}") from None
        found = await answer
        if isinstance(found, OSError):
            raise found
        return found


def in_ascii(host: str) -> str | bytes:
    """A host as `socket.getaddrinfo` is to have it.

    For a text Python loads what names of other scripts need, 350 KB for good.
    """
    # It refuses empty and long labels, unlike the system.
    labels = host.removesuffix(".").split(".")
    is_plain = host.isascii() and all(0 < len(one) <= MAX_LABEL for one in labels)
    return host.encode() if is_plain else host


def _look_up(host: str, port: int, family: int, kind: int, flags: int) -> Found | OSError:
    try:
        return socket.getaddrinfo(in_ascii(host), port, family, kind, flags=flags)
    except OSError as error:
        return error
    except UnicodeError:
        return socket.gaierror(socket.EAI_NONAME, "no name of a host")
