"""Open descriptors that outlive the process: listening sockets, and lines that outputs hold.

1. Under systemd a copy of each is in the service's descriptor store, which hands them to the next
   process, however this one ended; a service that is stopped for good loses them. Between two
   processes nothing is closed: connections queue, and outputs stay as they are.
2. A process that begins anew by itself passes its own copies on, in the same way: without systemd
   this works too.
3. What a socket unit hands over is systemd's own, and is never told to be forgotten.

Source: man 3 sd_listen_fds, man 3 sd_pid_notify_with_fds.
"""

import fcntl
import logging
import os
from collections.abc import Iterable, MutableMapping

from blynk_gateway.runtime.sdnotify import ServiceManager

log = logging.getLogger(__name__)

FIRST = 3
"""The number of the first descriptor handed over, behind the three standard streams."""

LISTEN = "listen-"
"""Begins the names of listening sockets."""

LINE = "gpio-"
"""Begins the names of lines."""

_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")


class Descriptors:
    """Copies of what is to be kept; who uses a descriptor has one of its own.

    Args:
        manager: told what to keep; None where nothing is to outlive this process.
        found: names and descriptors that this process was started with; ours from now on.

    Attributes:
        given: copies of what a socket unit handed over, which that keeps open itself.
    """

    def __init__(
        self, manager: ServiceManager | None = None, found: Iterable[tuple[str, int]] = ()
    ) -> None:
        self._manager = manager
        self._kept: dict[str, int] = {}
        self.given: list[tuple[str, int]] = []
        for name, fd in found:
            self._take_in(name, fd)

    @classmethod
    def handed_over(
        cls, manager: ServiceManager, environment: MutableMapping[str, str] = os.environ
    ) -> "Descriptors":
        """With what this process was started with; to be called once.

        Args:
            environment: loses the variables that say so, which are not for our children.
        """
        pid, count, names, _ = (environment.pop(name, "") for name in _VARIABLES)
        if pid != str(os.getpid()) or not count.isdecimal():
            return cls(manager)
        named = [*names.split(":"), *[""] * int(count)]
        return cls(manager, zip(named, range(FIRST, FIRST + int(count)), strict=False))

    def kept(self, prefix: str) -> dict[str, int]:
        """The copies of one kind by their names, for the caller to look at or copy again."""
        return {name: fd for name, fd in self._kept.items() if name.startswith(prefix)}

    def keep(self, name: str, fd: int) -> None:
        """Have a descriptor outlive this process under a name that nothing else has.

        Args:
            name: begins with `LISTEN` or `LINE`; printable ASCII without a colon.
        """
        assert name.startswith((LISTEN, LINE)), "what is handed over is known by its name"
        if self._manager is not None and name not in self._kept:
            self._kept[name] = _copy(fd)
            self._manager.keep(name, fd)

    async def forget(self, name: str) -> None:
        """Have it close as soon as nobody here uses it. There need not be one."""
        kept = self._kept.pop(name, None)
        if kept is not None:
            os.close(kept)
            assert self._manager is not None, "without a manager nothing is kept"
            await self._manager.forget(name)

    def close(self) -> None:
        """Close the copies of this process, which ends for good; systemd does so with its own."""
        while self._kept:
            os.close(self._kept.popitem()[1])

    def pass_on(self, environment: MutableMapping[str, str] = os.environ) -> None:
        """Have the program that this process becomes find everything, as from systemd.

        Whatever else has the numbers from `FIRST` on is closed: to be called right before.
        """
        everything = [*self._kept.items(), *self.given]
        if not everything:
            return
        above = FIRST + len(everything)
        safe = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, above) for _, fd in everything]
        for number, fd in enumerate(safe, start=FIRST):
            os.dup2(fd, number, inheritable=True)
        environment["LISTEN_PID"] = str(os.getpid())
        environment["LISTEN_FDS"] = str(len(everything))
        environment["LISTEN_FDNAMES"] = ":".join(name for name, _ in everything)

    def _take_in(self, name: str, fd: int) -> None:
        try:
            os.set_inheritable(fd, False)
        except OSError as error:
            log.warning("descriptor not handed over", extra={"descriptor": name, "error": error})
            return
        if not name.startswith((LISTEN, LINE)):
            self.given.append((name, fd))
        elif name not in self._kept:
            self._kept[name] = fd
        else:
            os.close(fd)


def _copy(fd: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FIRST)
