"""A kernel with GPIO chips, as far as `gpio.chip` asks it: each ioctl is answered here."""

import errno
import os
import socket
from pathlib import Path

import pytest

from blynk_gateway.gpio.lines import chip


class FakeKernel:
    """Chips that are files in a directory, and claimed lines that are sockets.

    Attributes:
        dev: the directory.
        levels: of the lines; None for one that cannot be read.
        refuse: raised when a chip is opened.
        driven: line and level of everything that outputs were told, as they were claimed or later.
        requests: line, flags, debounce in µs and size of the buffer of every claim.
        claimed: line and our end of each claimed one; what is sent there is what the line tells.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, dev: Path) -> None:
        self.dev = dev
        self.levels: dict[int, int | None] = {}
        self.driven: list[tuple[int, int]] = []
        self.refuse: OSError | None = None
        self.requests: list[tuple[int, int, int, int]] = []
        self.claimed: list[tuple[int, socket.socket]] = []
        self._chips: dict[int, tuple[str, int]] = {}
        self._held: dict[int, tuple[str, int]] = {}
        self._lines: dict[int, int] = {}
        self._real_open = os.open
        monkeypatch.setattr("blynk_gateway.gpio.lines.chip.os.open", self._open)
        monkeypatch.setattr("blynk_gateway.gpio.lines.chip.fcntl.ioctl", self._ioctl)

    @property
    def path(self) -> str:
        """Of chip 0."""
        return str(self.dev / "gpiochip0")

    def add_chip(self, number: int, label: str, lines: int) -> None:
        """Put in a chip."""
        path = self.dev / f"gpiochip{number}"
        path.touch()
        self._chips[path.stat().st_ino] = (label, lines)

    def hold(self, line: int, consumer: str, flags: int) -> None:
        """Have somebody else hold a line."""
        self._held[line] = (consumer, flags | chip.FLAG_USED)

    def open_lines(self) -> list[int]:
        """The lines whose descriptor was not closed."""
        opened = []
        for line, far in self.claimed:
            far.setblocking(False)
            try:
                is_closed = far.recv(1) == b""
            except BlockingIOError:
                is_closed = False
            except ConnectionResetError:
                # With something unread.
                is_closed = True
            if not is_closed:
                opened.append(line)
        return opened

    def close(self) -> None:
        """Close our end of the claimed lines."""
        for _, far in self.claimed:
            far.close()

    def _open(self, path: str, flags: int, *more: int) -> int:
        if self.refuse is not None and "gpiochip" in str(path):
            raise self.refuse
        return self._real_open(path, flags, *more)

    def _ioctl(self, descriptor: int, number: int, request: bytes) -> bytes:
        if number in (chip.GET_LINE_VALUES, chip.SET_LINE_VALUES):
            return self._values(descriptor, number, request)
        inode = os.fstat(descriptor).st_ino
        if inode not in self._chips:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))
        label, lines = self._chips[inode]
        if number == chip.GET_CHIP_INFO:
            return chip.CHIP_INFO.pack(b"gpiochip", label.encode(), lines)
        if number == chip.GET_LINE_INFO:
            line = chip.LINE_INFO.unpack(request)[2]
            self._check(line, lines)
            ours = (
                (chip.CONSUMER.decode(), chip.FLAG_USED) if line in self.open_lines() else ("", 0)
            )
            consumer, flags = self._held.get(line, ours)
            return chip.LINE_INFO.pack(f"GPIO{line}".encode(), consumer.encode(), line, 0, flags)
        assert number == chip.GET_LINE
        return self._claim(request, lines)

    def _claim(self, request: bytes, lines: int) -> bytes:
        fields = list(chip.LINE_REQUEST.unpack(request))
        line, flags, attributes = fields[0], fields[65], fields[66:70]
        self._check(line, lines)
        if line in self._held or line in self.open_lines():
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        debounce_us = attributes[2] if attributes[:2] == [1, chip.ATTRIBUTE_DEBOUNCE] else 0
        assert fields[70] == 1, "one line is asked for"
        self.requests.append((line, flags, debounce_us, fields[71]))
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.claimed.append((line, far))
        fields[-1] = near.detach()
        # A copy of a descriptor is the same line.
        self._lines[os.fstat(fields[-1]).st_ino] = line
        if flags & chip.FLAG_OUTPUT:
            assert attributes[0] == 1, "an output has its level at once"
            assert attributes[1] == chip.ATTRIBUTE_LEVELS
            self._drive(line, attributes[2])
        return chip.LINE_REQUEST.pack(*fields)

    def _values(self, descriptor: int, number: int, request: bytes) -> bytes:
        line = self._lines.get(os.fstat(descriptor).st_ino)
        if line is None:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))
        asked, mask = chip.LINE_VALUES.unpack(request)
        assert mask == 1, "one line is asked for"
        level = self.levels.get(line, 0)
        if level is None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if number == chip.SET_LINE_VALUES:
            self._drive(line, asked)
            return request
        return chip.LINE_VALUES.pack(level, 1)

    def _drive(self, line: int, level: int) -> None:
        self.levels[line] = level
        self.driven.append((line, level))

    @staticmethod
    def _check(line: int, lines: int) -> None:
        if line >= lines:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
