"""Messages to systemd: ready, reloading, stopping, status line, watchdog, kept descriptors.

The protocol is one datagram to the socket named by `$NOTIFY_SOCKET`; without that variable, as on a
terminal, everything here does nothing. Source: man 3 sd_notify, man 3 sd_watchdog_enabled.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from blynk_gateway.runtime.tasks import cancel, spawn

log = logging.getLogger(__name__)

SEND_WITHIN_S: Final = 0.25
"""How long a message that must arrive may wait for room in the manager's queue."""

BARRIER_S: Final = 1.0
"""How long to wait for the manager to have worked through what it was told."""

PATIENCE_S: Final = 20.0
PATIENCE_EVERY_S: Final = 5.0
PATIENCE_AT_MOST_S: Final = 1800.0
"""How long the manager is asked to wait each time, how often, and for how long in all. A database
of a gigabyte is checked and brought to a new schema in minutes, from a slow card; a start that
takes longer will not end."""


class ServiceManager:
    """The service manager that started us, if any."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the zero byte of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address

    @property
    def is_there(self) -> bool:
        """Whether anybody reads what is told here."""
        return bool(self._address)

    @property
    def watchdog_s(self) -> float | None:
        """How long we may be silent before we count as hung, None for as long as we like."""
        text = os.environ.get("WATCHDOG_USEC", "")
        # Another process may have the variables of its parent.
        is_ours = os.environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        if not (self._address and is_ours and text.isdecimal() and int(text)):
            return None
        return int(text) / 1_000_000

    def ready(self, status: str) -> None:
        """We serve now."""
        self._tell("READY=1", f"STATUS={_shown(status)}")

    def status(self, text: str) -> None:
        """How we are, in one line for people."""
        self._send(f"STATUS={_shown(text)}")

    def reloading(self, monotonic_s: float) -> None:
        """We read our configuration again; `ready` follows."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={int(monotonic_s * 1_000_000)}")

    def stopping(self) -> None:
        """We are on our way out."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """We are not hung: to be said more often than every `watchdog_s`."""
        self._send("WATCHDOG=1")

    @asynccontextmanager
    async def patience(self) -> AsyncIterator[None]:
        """Have the manager wait for what is done within, as long as the loop runs."""
        if not self._address:
            yield
            return
        asking = spawn(self._ask_for_patience(), name="patience")
        try:
            yield
        finally:
            await cancel(asking)

    async def _ask_for_patience(self) -> None:
        for _ in range(round(PATIENCE_AT_MOST_S / PATIENCE_EVERY_S)):
            self._send(f"EXTEND_TIMEOUT_USEC={int(PATIENCE_S * 1_000_000)}")
            # Of a restart within the process the manager knows nothing, and its watchdog goes on.
            self.alive()
            await asyncio.sleep(PATIENCE_EVERY_S)

    def keep(self, name: str, fd: int) -> None:
        """Have a copy of a descriptor kept, and handed over to the next process of the service.

        Args:
            name: printable ASCII without a colon; several descriptors may have the same.
        """
        # Not polled: the manager would forget a descriptor at its first hang-up.
        self._tell("FDSTORE=1", f"FDNAME={name}", "FDPOLL=0", fd=fd)

    async def forget(self, name: str) -> None:
        """Have all kept descriptors of this name closed, and wait until that is done.

        That is when the manager says so, and after `BARRIER_S` at the latest. Newer ones close in
        the background, a moment after: what must be free is to be tried again.
        """
        if not self._address:
            return
        self._tell("FDSTOREREMOVE=1", f"FDNAME={name}")
        seen = asyncio.Event()
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        loop = asyncio.get_running_loop()
        try:
            try:
                self._tell("BARRIER=1", fd=writing)
            finally:
                os.close(writing)
            # Its end comes when the manager closes its copy of the other end.
            loop.add_reader(reading, seen.set)
            async with asyncio.timeout(BARRIER_S):
                await seen.wait()
        except TimeoutError:
            log.warning("service manager does not answer", extra={"forgotten": name})
        finally:
            loop.remove_reader(reading)
            os.close(reading)

    def _tell(self, *lines: str, fd: int | None = None) -> None:
        """Send what must arrive: wait a moment for room, and complain if there is none."""
        try:
            self._try_to_send(lines, SEND_WITHIN_S, fd)
        except OSError as error:
            log.warning(
                "service manager not reached", extra={"message_lost": lines[0], "error": error}
            )

    def _send(self, *lines: str) -> None:
        """Send what is said again soon: at once or not at all."""
        try:
            self._try_to_send(lines, 0, None)
        except OSError:
            # Nobody listens, or not fast enough; the next one tells the same.
            return

    def _try_to_send(self, lines: tuple[str, ...], within_s: float, fd: int | None) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(within_s)
            # Only of a connected socket the kernel tells when its other end has room.
            channel.connect(self._address)
            datagram = "\n".join(lines).encode()
            socket.send_fds(channel, [datagram], [] if fd is None else [fd])


def _shown(text: str) -> str:
    """What may stand in a status: a line break would begin another message to the manager."""
    return "".join(char if char.isprintable() else " " for char in text)
