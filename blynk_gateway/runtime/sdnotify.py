"""Messages to systemd: ready, reloading, stopping, status line.

The protocol is one datagram to the socket named by `$NOTIFY_SOCKET` (man 3 sd_notify); without that
variable, as on a terminal, everything here does nothing.
"""

import os
import socket


class ServiceManager:
    """The service manager that started us, if any."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the zero byte of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self, status: str) -> None:
        """We serve now."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self, monotonic_s: float) -> None:
        """We read our configuration again; `ready` follows."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(monotonic_s * 1_000_000)}")

    def stopping(self) -> None:
        """We are on our way out."""
        self._send("STOPPING=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            try:
                channel.sendto("\n".join(lines).encode(), self._address)
            except OSError:
                # Nobody listens, or not fast enough; there is no one else to tell.
                return
