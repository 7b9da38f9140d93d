"""A service manager as far as it keeps descriptors: a real datagram socket, read on the loop."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Self

import pytest

from blynk_gateway.runtime.descriptors import Descriptors
from blynk_gateway.runtime.sdnotify import ServiceManager


class DescriptorStore:
    """Listens at `$NOTIFY_SOCKET` while its context is open.

    Attributes:
        stored: descriptors by name.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stored: dict[str, int] = {}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().add_reader(self._socket, self._take)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        for fd in self.stored.values():
            os.close(fd)

    def descriptors(self, *given: tuple[str, int]) -> Descriptors:
        """What a process has that is started now.

        Args:
            given: name and descriptor of what a socket unit listens on.
        """
        found = [(name, os.dup(fd)) for name, fd in (*self.stored.items(), *given)]
        return Descriptors(ServiceManager(), found)

    async def told(self) -> None:
        """Return when everything sent so far is in `stored`."""
        await asyncio.sleep(0.01)

    def _take(self) -> None:
        text, files, _, _ = socket.recv_fds(self._socket, 1000, 4)
        match text.decode().split("\n"):
            case ["FDSTORE=1", name, *_]:
                (self.stored[name.removeprefix("FDNAME=")],) = files
            case ["FDSTOREREMOVE=1", name]:
                os.close(self.stored.pop(name.removeprefix("FDNAME=")))
            case _:
                # A barrier is passed when what came with it is closed.
                for fd in files:
                    os.close(fd)


def close_copies(descriptors: Descriptors) -> None:
    """Close what a process that ended would close."""
    for fd in (*descriptors.kept("").values(), *(fd for _, fd in descriptors.given)):
        os.close(fd)
