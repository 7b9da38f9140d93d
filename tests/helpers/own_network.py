"""A network with nothing in it but this machine, for tests of what the kernel answers."""

import ctypes
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1

EVERYBODY = "0 2147483647"
NOBODY = "1 0"

NO_PING = (
    "echo requests are not allowed here, and neither is a network of our own; run the tests as"
    f' root, or allow them: sudo sysctl net.ipv4.ping_group_range="{EVERYBODY}"'
)


@contextmanager
def own_network() -> Iterator[bool]:
    """Give this thread, and those it starts, a network in which everybody may ping.

    Yields whether that can be; else, the machine's own is used, and must let us ping.
    """
    with Path("/proc/thread-self/ns/net").open("rb") as before:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET) != 0:
            assert ctypes.get_errno() == errno.EPERM
            try:
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()
            except PermissionError:
                pytest.fail(NO_PING)
            yield False
            return
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
            allow(EVERYBODY)
            yield True
        finally:
            assert libc.setns(before.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


def allow(groups: str) -> None:
    """Say who may send echo requests in a network of our own."""
    Path("/proc/sys/net/ipv4/ping_group_range").write_text(groups)


def be_silent() -> None:
    """Have the machine answer nothing in a network of our own."""
    Path("/proc/sys/net/ipv4/icmp_echo_ignore_all").write_text("1")
