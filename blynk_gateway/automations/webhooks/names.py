"""Looks up the addresses of names in threads of its own.

While no name server answers, a lookup takes half a minute, and nothing ends it before. In the
threads that everything else of the gateway shares, as aiohttp does it, a handful of them would hold
up every page and the stop. Here they are few, and none keeps the program from ending.
"""

import asyncio
import socket
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from aiohttp.abc import AbstractResolver

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult

MAX_LOOKUPS = 32
"""At the same time. One thread takes some 100 KB."""


class Names(AbstractResolver):
    """Meets aiohttp's interface, which looks up each name once at a time."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(MAX_LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> "list[ResolveResult]":
        """The addresses of a host.

        Raises:
            OSError: it has none.
        """
        loop = asyncio.get_running_loop()
        await self._places.acquire()
        answer: asyncio.Future[list[ResolveResult] | OSError] = loop.create_future()

        def take(found: "list[ResolveResult] | OSError") -> None:
            # Only now: a thread goes on, whether anybody still waits for it or not.
            self._places.release()
            if not answer.done():
                answer.set_result(found)

        def work() -> None:
            found = _look_up(host, port, family)
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

    async def close(self) -> None:
        """Nothing is kept."""


def _look_up(host: str, port: int, family: socket.AddressFamily) -> "list[ResolveResult] | OSError":
    try:
        infos = socket.getaddrinfo(
            host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
        return [_result(host, port, info[0], info[2], info[4]) for info in infos]
    except OSError as error:
        return error
    except UnicodeError:
        return socket.gaierror(socket.EAI_NONAME, "no name of a host")


def _result(
    host: str, port: int, family: int, protocol: int, address: "tuple[Any, ...]"
) -> "ResolveResult":
    # By getnameinfo, as an address of the link alone needs its interface: `fe80::1%eth0`.
    number, _ = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
    return {
        "hostname": host,
        "host": number,
        "port": port,
        "family": family,
        "proto": protocol,
        "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    }
