"""Wakes a thread that waits for a socket."""

import contextlib
import select
import socket


class Stopped(Exception):
    """The connection is wanted no more."""


class Waker:
    """Belongs to one thread, which waits; every other may wake or stop it."""

    def __init__(self) -> None:
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)
        self.is_stopped = False

    def wake(self) -> None:
        """Let the next or present wait end. May be repeated, also after `close`."""
        # Full: enough to wake it. Closed: nobody is left to wake.
        with contextlib.suppress(OSError):
            self._outer.send(b"\0")

    def stop(self) -> None:
        """Let every wait end with `Stopped`."""
        self.is_stopped = True
        self.wake()

    def wait(self, sock: socket.socket | None, mask: int, timeout_s: float) -> int:
        """What of `mask` (of `select.poll`) the socket is ready for; 0 when woken or too late.

        Faults of the socket are told even if they were not asked for.

        Args:
            sock: None to wait for being woken alone.

        Raises:
            Stopped: we were.
        """
        if self.is_stopped:
            raise Stopped
        poll = select.poll()
        poll.register(self._inner, select.POLLIN)
        if sock is not None:
            poll.register(sock, mask)
        found = dict(poll.poll(max(0, round(timeout_s * 1000))))
        if self._inner.fileno() in found:
            with contextlib.suppress(BlockingIOError):
                self._inner.recv(4096)
        if self.is_stopped:
            raise Stopped
        return 0 if sock is None else found.get(sock.fileno(), 0)

    def close(self) -> None:
        """Free both ends."""
        self._inner.close()
        self._outer.close()
