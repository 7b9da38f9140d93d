"""Listening sockets, and who holds an address that we cannot have."""

import asyncio
import errno
import socket
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from blynk_gateway.blynk_server.kept_sockets import SOCKET_UNIT, Endpoint, KeptSockets
from blynk_gateway.config.options import Address
from blynk_gateway.errors import GatewayError
from blynk_gateway.runtime.lookups import in_ascii

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
    hint = "Change server.listen or server.listen_tls, or free the address."


Listeners: TypeAlias = dict[Address, list[socket.socket]]
"""Sockets by the address asked for; a name may stand for several."""


class Listener(socket.socket):
    """A socket whose queue is ours to choose.

    To asyncio the length of the queue is also how many connections it accepts in a row.
    """

    def listen(self, _backlog: int = BACKLOG, /) -> None:
        """Have the kernel keep `BACKLOG` connections, whatever is asked for."""
        super().listen(BACKLOG)


def bind_new(
    addresses: Sequence[Address], have: Container[Address], key: str, kept: KeptSockets
) -> Listeners:
    """Sockets for the addresses that we do not have yet: bound, or listening since before.

    Args:
        key: the option they come from, for the error.

    Raises:
        AddressUnavailable: one of them cannot be had; none is bound then.
    """
    listeners: Listeners = {}
    try:
        for address in addresses:
            if address not in have:
                listeners[address] = _bind(address, addresses, key, kept)
    except AddressUnavailable:
        close_all(listeners)
        raise
    return listeners


def endpoints(addresses: Sequence[Address], key: str) -> list[Endpoint]:
    """What sockets for these addresses are bound to.

    Raises:
        AddressUnavailable: one of them is none.
    """
    return [one for address in addresses for one in _resolve(address, addresses, key)]


def refuse_twice(listeners: Iterable[tuple[Address, list[socket.socket]]]) -> None:
    """See to it that no two addresses, which may be names, stand for the same.

    Raises:
        AddressUnavailable: two do. The kernel would take both until they listen, and one that was
            handed over would be served as both.
    """
    seen: dict[object, Address] = {}
    for address, sockets in listeners:
        for where in [sock.getsockname() for sock in sockets]:
            if where in seen:
                raise AddressUnavailable(
                    f"{address} and {seen[where]} are the same address; expected one of them"
                )
            seen[where] = address


def close_all(listeners: Listeners) -> None:
    """Close sockets that nobody serves."""
    for sockets in listeners.values():
        for sock in sockets:
            sock.close()


def bound_address(sock: socket.socket) -> Address:
    """Where a socket is bound."""
    host, port, *_ = sock.getsockname()
    return Address(host, port)


def _resolve(address: Address, addresses: Sequence[Address], key: str) -> list[Endpoint]:
    try:
        found = socket.getaddrinfo(
            in_ascii(address.host) or None,
            address.port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
    except OSError as error:
        raise AddressUnavailable(
            f"{key}: {address.host!r} is no address of this machine ({error.strerror});"
            " expected an IP address or a name"
        ) from None
    # `::` serves IPv4 too, unless that has an entry of its own.
    is_alone = Address("0.0.0.0", address.port) not in addresses  # noqa: S104  compared only
    is_dual = address.host == "::" and is_alone
    return [
        Endpoint(family, where, family == socket.AF_INET6 and not is_dual)
        for family, _, _, _, where in dict.fromkeys(found)
    ]


def _bind(
    address: Address, addresses: Sequence[Address], key: str, kept: KeptSockets
) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    for endpoint in _resolve(address, addresses, key):
        is_v6 = endpoint.family == socket.AF_INET6
        known = kept.take(endpoint)
        sock = Listener(endpoint.family, socket.SOCK_STREAM, fileno=known)
        sockets.append(sock)
        try:
            sock.setblocking(False)
            if known is None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if is_v6:
                    sock.setsockopt(
                        socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(endpoint.is_only_v6)
                    )
                sock.bind(endpoint.where)
        except OSError as error:
            for one in sockets:
                one.close()
            raise AddressUnavailable(_explain(address, key, error, kept)) from None
    return sockets


def _explain(address: Address, key: str, error: OSError, kept: KeptSockets) -> str:
    rival = kept.find_rival(address.port)
    match error.errno:
        case errno.EADDRINUSE if rival is not None:
            return (
                f"{key}: {address} is in use by {SOCKET_UNIT}, which listens on {rival}; expected"
                f" the same address in both: sudo systemctl edit {SOCKET_UNIT}"
            )
        case errno.EADDRINUSE if _listens(_PROC / "self", _links(address.port)):
            return (
                f"{key}: {address} is, at least in part, what the gateway listens on now; expected"
                " a restart in place of a reload: sudo systemctl restart blynk-gateway"
            )
        case errno.EADDRINUSE:
            return f"{key}: {address} is in use by {_holder(address.port)}; expected a free port"
        case errno.EACCES:
            return (
                f"{key}: {address} is not permitted; expected a port from 1024 on, one that"
                f" {SOCKET_UNIT} opens, or the capability CAP_NET_BIND_SERVICE"
            )
        case errno.EADDRNOTAVAIL:
            return f"{key}: {address} is no address of this machine; expected one of its own"
        case _:
            return f"{key}: cannot listen on {address}: {error.strerror}"


def _holder(port: int) -> str:
    """The process that listens on a port, as far as we may look."""
    links = _links(port)
    for process in _PROC.glob("[0-9]*"):
        try:
            if _listens(process, links):
                name = (process / "comm").read_text().strip()
                return f"process {process.name} ({name})"
        except OSError:
            # Another user's process, or one that just ended.
            continue
    return "another program"


def _links(port: int) -> set[str]:
    """What the kernel shows in place of a file for sockets that listen on a port."""
    return {f"socket:[{inode}]" for inode in _listening_inodes(port)}


def _listens(process: Path, links: set[str]) -> bool:
    """Whether a process has one of them open.

    Raises:
        OSError: it may not be looked at, or is gone.
    """
    for file in (process / "fd").iterdir():
        # What we list our own with is closed by now.
        with suppress(FileNotFoundError):
            if str(file.readlink()) in links:
                return True
    return False


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
