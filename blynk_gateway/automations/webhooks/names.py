"""Looks up the addresses of names for aiohttp, which would do it in threads that all share."""

import socket
from typing import TYPE_CHECKING

from aiohttp.abc import AbstractResolver

from blynk_gateway.runtime.lookups import Address, Lookups

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult

MAX_LOOKUPS = 32
"""At the same time."""


class Names(AbstractResolver):
    """Meets aiohttp's interface, which looks up each name once at a time."""

    def __init__(self) -> None:
        self._lookups = Lookups(MAX_LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> "list[ResolveResult]":
        """The addresses of a host.

        Raises:
            OSError: it has none.
        """
        found = await self._lookups.find(
            host, port, family=family, kind=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
        return [_result(host, port, info[0], info[2], info[4]) for info in found]

    async def close(self) -> None:
        """Nothing is kept."""


def _result(host: str, port: int, family: int, protocol: int, address: Address) -> "ResolveResult":
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
