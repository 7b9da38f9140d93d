"""Listening sockets, and who holds an address that we cannot have."""

import asyncio
import errno
import socket
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from blynk_gateway.config.options import Address
from blynk_gateway.errors import GatewayError

BACKLOG = 4096
"""Connections the kernel keeps for us: a thousand devices come back at once after a power cut, and
one that finds the queue full tries again after a second only."""

ACCEPTS_PER_TURN = 64
"""Connections accepted before others get their turn of the loop; some 5 ms."""

ExceptionHandler: TypeAlias = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]

_LISTENING = "0A"
_PROC = Path("/proc")

# What asyncio says when descriptors run out.
_ACCEPT_MESSAGE = "socket.accept() out of system resource"


class AddressUnavailable(GatewayError):
    """An address to listen on is taken, not this machine's, or not permitted."""

    code = "server.address"
    hint = "Stop the other program, or change server.listen or server.listen_tls."


Listeners: TypeAlias = dict[Address, list[socket.socket]]
"""Sockets by the address asked for; a name may stand for several."""


def bind_new(addresses: Sequence[Address], have: Container[Address], key: str) -> Listeners:
    """Sockets bound to the addresses that we do not have yet, not listening.

    Args:
        key: the option they come from, for the error.

    Raises:
        AddressUnavailable: one of them cannot be had; none is bound then.
    """
    listeners: Listeners = {}
    try:
        for address in addresses:
            if address not in have:
                listeners[address] = _bind(address, addresses, key)
    except AddressUnavailable:
        close_all(listeners)
        raise
    return listeners


def close_all(listeners: Listeners) -> None:
    """Close sockets that nobody serves."""
    for sockets in listeners.values():
        for sock in sockets:
            sock.close()


def bound_address(sock: socket.socket) -> Address:
    """Where a socket is bound."""
    host, port, *_ = sock.getsockname()
    return Address(host, port)


def _bind(address: Address, addresses: Sequence[Address], key: str) -> list[socket.socket]:
    try:
        found = socket.getaddrinfo(
            address.host or None,
            address.port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
    except OSError as error:
        raise AddressUnavailable(
            f"{key}: {address.host!r} is no address of this machine ({error.strerror});"
            " expected an IP address or a name"
        ) from None
    sockets: list[socket.socket] = []
    for family, kind, protocol, _, where in dict.fromkeys(found):
        sock = socket.socket(family, kind, protocol)
        sockets.append(sock)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                # `::` serves IPv4 too, unless that has an entry of its own.
                is_alone = Address("0.0.0.0", address.port) not in addresses  # noqa: S104  compared only
                is_dual = address.host == "::" and is_alone
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not is_dual))
            sock.bind(where)
        except OSError as error:
            for one in sockets:
                one.close()
            raise AddressUnavailable(_explain(address, key, error)) from None
    return sockets


def _explain(address: Address, key: str, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"{key}: {address} is in use by {_holder(address.port)}; expected a free port"
        case errno.EACCES:
            return (
                f"{key}: {address} is not permitted; expected a port from 1024 on, or the"
                " capability CAP_NET_BIND_SERVICE"
            )
        case errno.EADDRNOTAVAIL:
            return f"{key}: {address} is no address of this machine; expected one of its own"
        case _:
            return f"{key}: cannot listen on {address}: {error.strerror}"


def _holder(port: int) -> str:
    """The process that listens on a port, as far as we may look."""
    links = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in _PROC.glob("[0-9]*"):
        try:
            if any(str(file.readlink()) in links for file in (process / "fd").iterdir()):
                name = (process / "comm").read_text().strip()
                return f"process {process.name} ({name})"
        except OSError:
            # Another user's process, or one that just ended.
            continue
    return "another program"


def _listening_inodes(port: int) -> list[str]:
    inodes: list[str] = []
    for table in ("net/tcp", "net/tcp6"):
        try:
            lines = (_PROC / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, local, _, state, *rest = line.split()
            if state == _LISTENING and int(local.rpartition(":")[2], 16) == port:
                inodes.append(rest[5])
    return inodes


class AcceptErrors:
    """Takes what asyncio reports about failed accepts: one line instead of a traceback.

    asyncio itself pauses accepting for a second when descriptors run out, so nothing spins.
    """

    def __init__(self, report: Callable[[Exception], None]) -> None:
        self._report = report
        self._previous: ExceptionHandler | None = None

    def install(self) -> None:
        """Stand before the loop's exception handler."""
        loop = asyncio.get_running_loop()
        self._previous = loop.get_exception_handler()
        loop.set_exception_handler(self._handle)

    def remove(self) -> None:
        """Put the former handler back, if nobody came after us."""
        loop = asyncio.get_running_loop()
        if loop.get_exception_handler() == self._handle:
            loop.set_exception_handler(self._previous)

    def _handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        message = str(context.get("message", ""))
        error = context.get("exception")
        if message.startswith(_ACCEPT_MESSAGE) and isinstance(error, Exception):
            self._report(error)
        elif self._previous is not None:
            self._previous(loop, context)
        else:
            loop.default_exception_handler(context)
