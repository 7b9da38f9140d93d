"""How many connections may be open, and who has to go when there are too many.

A connection that neither logged in nor spoke HTTP yet costs its peer nothing, so thousands of them
must not keep out a device that does log in: at the limit the peer with most of them loses its
oldest one.
"""

import asyncio
import resource
from typing import Protocol
from weakref import WeakSet

MAX_CONNECTIONS = 12_000
"""Of all kinds; about 200 MiB if all are devices, which a Raspberry Pi can spare."""

HTTP_PERCENT = 50
"""Of the connections that may speak HTTP, for which nobody has to log in. The others are left to
devices, whoever asks for pages."""

RESERVED_FILES = 200
"""Descriptors kept for the database, listeners, subprocesses and uploads."""


class Waiting(Protocol):
    """A connection that has not said yet what it wants."""

    def cut(self, reason: str) -> None:
        """End it at once; it leaves the admission by itself."""


class Admission:
    """Counts connections: those that wait, by the peer's host, logged-in ones, and HTTP.

    Args:
        limit: of all of them together.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._waiting: dict[str, dict[Waiting, None]] = {}
        self._waiting_count = 0
        self._devices = 0
        self._http: WeakSet[asyncio.BaseTransport] = WeakSet()

    @property
    def count(self) -> int:
        """Open connections."""
        # A closed transport may live on for a while in a cycle of references.
        is_open = (not transport.is_closing() for transport in self._http)
        return self._waiting_count + self._devices + sum(is_open)

    def enter(self, waiting: Waiting, host: str) -> bool:
        """Let a new connection wait, at the cost of another if need be; False: there is no room."""
        at_most = self._waiting_count + self._devices + len(self._http)
        if at_most >= self.limit and not self._make_room():
            return False
        self._waiting.setdefault(host, {})[waiting] = None
        self._waiting_count += 1
        return True

    def replace(self, old: Waiting, new: Waiting, host: str) -> None:
        """One connection goes on as another object, and still waits."""
        self.leave(old, host)
        self._waiting.setdefault(host, {})[new] = None
        self._waiting_count += 1

    def leave(self, waiting: Waiting, host: str) -> None:
        """A connection does not wait any more. It need not have waited."""
        others = self._waiting.get(host)
        if others is None or waiting not in others:
            return
        del others[waiting]
        self._waiting_count -= 1
        if not others:
            del self._waiting[host]

    def cut_waiting(self, reason: str) -> None:
        """End every connection that waits."""
        for waiting in [one for host in self._waiting.values() for one in host]:
            waiting.cut(reason)

    def device_came(self) -> None:
        """A connection is logged in."""
        self._devices += 1

    def device_went(self) -> None:
        """A logged-in connection ended."""
        self._devices -= 1

    def http_came(self, transport: asyncio.BaseTransport) -> bool:
        """A connection speaks HTTP; False: there is no room for it.

        It counts for as long as its transport is open.
        """
        most = max(1, self.limit * HTTP_PERCENT // 100)
        if len(self._http) >= most:
            self._forget_closed()
        if len(self._http) >= most:
            return False
        self._http.add(transport)
        return True

    def _forget_closed(self) -> None:
        self._http = WeakSet(one for one in self._http if not one.is_closing())

    def _make_room(self) -> bool:
        self._forget_closed()
        if self.count < self.limit:
            return True
        if not self._waiting:
            return False
        busiest = max(self._waiting.values(), key=len)
        next(iter(busiest)).cut("room was needed for new connections")
        return True


def connection_limit() -> int:
    """Raise the limit of open files as far as allowed; returns what that leaves for us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):
            # Above what the kernel allows for one process: the soft limit stays.
            pass
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, soft - RESERVED_FILES))
