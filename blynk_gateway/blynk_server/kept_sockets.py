"""Listening sockets that outlive the process: what a gateway is to listen on may be open already.

1. A socket is known by what it is bound to. Who listened before, the last process or a socket unit
   of systemd, is all the same.
2. One of the last process that no option names any more is shut before others are bound: it may be
   in their way. One of a socket unit is systemd's, and stays.
"""

import contextlib
import logging
import os
import socket
from collections.abc import Collection
from typing import Any, NamedTuple

from blynk_gateway.config.options import Address
from blynk_gateway.runtime.descriptors import LISTEN, Descriptors

log = logging.getLogger(__name__)

SOCKET_UNIT = "blynk-gateway.socket"


class Endpoint(NamedTuple):
    """What a socket is bound to.

    Attributes:
        where: host and port, of IPv6 also flow and scope.
        is_only_v6: whether IPv4 has no part in an IPv6 socket.
    """

    family: int
    where: tuple[Any, ...]
    is_only_v6: bool


class KeptSockets:
    """Those handed over, and those to hand over."""

    def __init__(self, descriptors: Descriptors) -> None:
        self._descriptors = descriptors

    def take(self, endpoint: Endpoint) -> int | None:
        """A descriptor, for the caller to close, of who listens there already; None for none."""
        given = [fd for _, fd in self._descriptors.given]
        for fd in (*self._descriptors.kept(LISTEN).values(), *given):
            if find_endpoint(fd) == endpoint:
                return os.dup(fd)
        return None

    def keep(self, sock: socket.socket) -> None:
        """Have a socket that listens outlive this process, unless a socket unit sees to that."""
        endpoint = find_endpoint(sock.fileno())
        if all(find_endpoint(fd) != endpoint for _, fd in self._descriptors.given):
            host, port, *_ = sock.getsockname()
            # A name has no colons.
            name = f"{LISTEN}{host.replace(':', '.')}-{port}"
            self._descriptors.keep(name, sock.fileno())

    async def forget_others(self, wanted: Collection[Endpoint | None]) -> None:
        """Have nobody listen but at these; what a socket unit does elsewhere is told to people."""
        for name, fd in self._descriptors.kept(LISTEN).items():
            if find_endpoint(fd) not in wanted:
                sock = _open(fd)
                if sock is not None:
                    with sock, contextlib.suppress(OSError):
                        # That ends it in every copy: systemd closes its own a moment later.
                        sock.shutdown(socket.SHUT_RDWR)
                await self._descriptors.forget(name)
        for name, fd in self._descriptors.given:
            if (endpoint := find_endpoint(fd)) not in wanted:
                where = "none" if endpoint is None else Address(*endpoint.where[:2])
                log.warning(
                    "socket unit listens where the configuration does not",
                    extra={"unit": name, "address": where},
                )

    def find_rival(self, port: int) -> Address | None:
        """Where a socket unit listens at this port."""
        for _, fd in self._descriptors.given:
            endpoint = find_endpoint(fd)
            if endpoint is not None and endpoint.where[1] == port:
                return Address(*endpoint.where[:2])
        return None


def find_endpoint(fd: int) -> Endpoint | None:
    """Where a socket listens; None for one that does not, or not to TCP, and for other files."""
    sock = _open(fd)
    if sock is None:
        return None
    with sock:
        is_v6 = sock.family == socket.AF_INET6
        if not (is_v6 or sock.family == socket.AF_INET) or sock.type != socket.SOCK_STREAM:
            return None
        if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return None
        is_only_v6 = is_v6 and bool(sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY))
        return Endpoint(sock.family, sock.getsockname(), is_only_v6)


def _open(fd: int) -> socket.socket | None:
    copy = os.dup(fd)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        # No socket at all.
        os.close(copy)
        return None
