"""Whether a machine answers in the network, asked by an echo request of our own.

By the kernel's datagram sockets for ICMP, which need no rights: the kernel numbers each socket,
does the checksums, and hands it the answers to its own requests alone. Source: icmp(7).
"""

import asyncio
import errno
import os
import re
import socket
import struct

from blynk_gateway.config.gpio.sensors import PingOptions
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HardwareError
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.peripheral import Opening, Peripheral
from blynk_gateway.gpio.sampling import Schedule
from blynk_gateway.runtime.lookups import Lookups
from blynk_gateway.runtime.tasks import cancel, spawn

LOOKUP_S = 3.0
"""To look the name up, before `timeout_ms` begins."""

_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,252}")
"""A name or an address of IPv4 or IPv6, with an interface."""

_HEAD = struct.Struct("!BBHHH")
"""Type, code, checksum, number of the socket, number of the request."""

_KINDS = {
    # Protocol, type of the request, type of the answer. Source: RFC 792, RFC 4443.
    socket.AF_INET: (socket.IPPROTO_ICMP, 8, 0),
    socket.AF_INET6: (socket.IPPROTO_ICMPV6, 128, 129),
}

_NUMBER = 1
_MARK_BYTES = 16
_ANSWER_BYTES = 2048


class Ping(Peripheral[PingOptions]):
    """`ping`: 1 while `host` answers, else 0."""

    def __init__(self, options: PingOptions, host: Host) -> None:
        super().__init__(options, host)
        self._task: asyncio.Task[None] | None = None
        self._actual: PinValue = ()
        # One, so that those of a dead name server do not pile up.
        self._lookups = Lookups(1)

    @property
    def actual(self) -> PinValue:
        """What was found last; `()` before the first answer."""
        return self._actual

    def open(self, opening: Opening) -> None:  # noqa: ARG002  the network does not care
        """Begin to ask.

        Raises:
            HardwareError: the host is no name or address, or the system lets this user not ask.
            OSError: there is no socket to be had.
        """
        if not _HOST.fullmatch(self.options.host):
            raise HardwareError(
                f"{self.options.host[:40]!r} is no name or address of a machine;"
                " expected one such as router.lan. Correct `host`"
            )
        # Here, so that a refusal is one fault until it is over. The right is the same for IPv6.
        sock = _new_socket(socket.AF_INET)
        if sock is not None:
            sock.close()
        self._task = spawn(self._run(), name=f"gpio-{self.options.name}")

    async def close(self) -> None:
        """Ask no more. May be called twice."""
        task, self._task = self._task, None
        self._actual = ()
        if task is not None:
            await cancel(task)

    async def _run(self) -> None:
        options = self.options
        schedule = Schedule(options.every_ms / 1000, self.host.clock.monotonic())
        while True:
            try:
                is_up = await ask(self._lookups, options.host, options.timeout_ms / 1000)
            except (HardwareError, OSError) as error:
                self.host.failed(options.name, error)
                return
            value = (str(int(is_up)),)
            if value != self._actual:
                self._actual = value
                self.host.report(options.pin, value)
            await asyncio.sleep(schedule.advance(self.host.clock.monotonic()))


async def ask(lookups: Lookups, host: str, timeout_s: float) -> bool:
    """Send one echo request, to the first address that there is a way to.

    Args:
        timeout_s: how long to wait for the answer.

    Returns:
        Whether it was answered in time.

    Raises:
        HardwareError: the system does not let this user send any.
        OSError: there is no socket to be had.
    """
    try:
        async with asyncio.timeout(LOOKUP_S):
            found = await lookups.find(host, 0, kind=socket.SOCK_DGRAM)
    except (socket.gaierror, TimeoutError):
        # An unknown name, or no answer about it.
        return False
    for family, _, _, _, address in found:
        sock = _new_socket(family)
        if sock is None:
            continue
        with sock:
            # To connect sends nothing; it chooses the way, if there is one.
            if sock.connect_ex(address) == 0:
                return await _is_answered(sock, timeout_s)
    return False


def _new_socket(family: socket.AddressFamily) -> socket.socket | None:
    """A socket for echo requests; None where the system does without this family.

    Raises:
        HardwareError: the system does not let this user have one.
        OSError: there is none to be had.
    """
    try:
        return socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, _KINDS[family][0])
    except PermissionError as error:
        raise HardwareError(
            f"this user may not ping: {error.strerror}; expected its group to be within"
            " net.ipv4.ping_group_range."
            ' Set net.ipv4.ping_group_range="0 2147483647" by sysctl'
        ) from None
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            return None
        raise


async def _is_answered(sock: socket.socket, timeout_s: float) -> bool:
    loop = asyncio.get_running_loop()
    _, request, reply = _KINDS[socket.AddressFamily(sock.family)]
    # A late answer to an earlier socket of the same number is not taken for one to this.
    mark = os.urandom(_MARK_BYTES)
    try:
        async with asyncio.timeout(timeout_s):
            await loop.sock_sendall(sock, _HEAD.pack(request, 0, 0, 0, _NUMBER) + mark)
            while not is_answer(await loop.sock_recv(sock, _ANSWER_BYTES), reply, mark):
                pass
    except OSError:
        # Nothing in time, or the network said that it goes no further.
        return False
    return True


def is_answer(packet: bytes, reply: int, mark: bytes) -> bool:
    """Whether a packet answers the request with this mark, by a message of the type `reply`."""
    if len(packet) != _HEAD.size + len(mark):
        return False
    kind, code, _, _, number = _HEAD.unpack_from(packet)
    return (kind, code, number, packet[_HEAD.size :]) == (reply, 0, _NUMBER, mark)
