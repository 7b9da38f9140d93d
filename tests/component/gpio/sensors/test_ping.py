"""Machines that answer, and those that do not, with real echo requests."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from blynk_gateway.config.gpio.sensors import PingOptions
from blynk_gateway.errors import HardwareError
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sensors import ping
from blynk_gateway.gpio.sensors.ping import Ping, ask, is_answer
from blynk_gateway.runtime.lookups import Found, Lookups
from tests.helpers.gpio import Rig
from tests.helpers.own_network import NOBODY, allow, be_silent, own_network
from tests.helpers.patience import PATIENCE_S

MARK = b"0123456789abcdef"
ANSWER = b"\x00\x00\x12\x34\x56\x78\x00\x01" + MARK

NOWHERE = "192.0.2.1"
"""Nobody has it. Source: RFC 5737."""


@pytest.fixture(autouse=True)
def is_own() -> Iterator[bool]:
    """Whether the network is one of our own."""
    with own_network() as is_own:
        yield is_own


def silent_host(is_own: bool) -> str:
    """Of a machine that can be reached and answers nothing, as far as this network has one."""
    if is_own:
        be_silent()
    return "127.0.0.1" if is_own else NOWHERE


def forbid(is_own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the kernel allow nobody to ping, or say so in its place."""
    if is_own:
        allow(NOBODY)
    else:
        refuse(PermissionError(errno.EACCES, "Permission denied"), monkeypatch)


def refuse(error: OSError, monkeypatch: pytest.MonkeyPatch, *families: int) -> None:
    """Have the kernel give no sockets for ICMP, of these families or of none."""

    class Socket(socket.socket):
        def __init__(
            self, family: int = -1, kind: int = -1, proto: int = -1, fileno: int | None = None
        ) -> None:
            protocols = (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6)
            if proto in protocols and family in (families or (socket.AF_INET, socket.AF_INET6)):
                raise error
            super().__init__(family, kind, proto, fileno)

    monkeypatch.setattr(socket, "socket", Socket)


def find(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[Any, ...]) -> None:
    """Have every name stand for these addresses; change it by another call."""

    def found(*_: object, **__: object) -> Found:
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        kinds = [socket.AF_INET6 if ":" in one[0] else socket.AF_INET for one in addresses]
        return [
            (family, socket.SOCK_DGRAM, socket.IPPROTO_UDP, "", address)
            for family, address in zip(kinds, addresses, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def options(host: str = "127.0.0.1", every_ms: int = 20) -> PingOptions:
    return PingOptions(name="router", type="ping", pin="V1", host=host, every_ms=every_ms)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_this_machine_answers(host: str) -> None:
    assert await ask(Lookups(1), host, 5) is True


async def test_machine_that_says_nothing_does_not_answer(is_own: bool) -> None:
    async with asyncio.timeout(PATIENCE_S):
        assert await ask(Lookups(1), silent_host(is_own), 0.05) is False


@pytest.mark.parametrize("host", [NOWHERE, "2001:db8::1", "fe80::1", "255.255.255.255"])
async def test_machine_without_a_way_to_it_does_not_answer(host: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        assert await ask(Lookups(1), host, 0.05) is False


async def test_unknown_name_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    find(monkeypatch)
    assert await ask(Lookups(1), "router.lan", 5) is False


async def test_name_that_is_looked_up_for_too_long_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ping, "LOOKUP_S", 0.02)
    busy = Lookups(0)
    async with asyncio.timeout(PATIENCE_S):
        assert await ask(busy, "127.0.0.1", 5) is False


async def test_first_address_with_a_way_to_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody may ask all machines at once, so that this is refused at once.
    find(monkeypatch, ("255.255.255.255", 0), ("127.0.0.1", 0))
    assert await ask(Lookups(1), "router.lan", 5) is True


async def test_system_without_ipv6_asks_by_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    find(monkeypatch, ("::1", 0, 0, 0), ("127.0.0.1", 0))
    none = OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
    refuse(none, monkeypatch, socket.AF_INET6)
    assert await ask(Lookups(1), "router.lan", 5) is True
    find(monkeypatch, ("::1", 0, 0, 0))
    assert await ask(Lookups(1), "router.lan", 5) is False


async def test_many_at_a_time_get_their_own_answers() -> None:
    lookups = Lookups(4)
    async with asyncio.timeout(20):
        asked = await asyncio.gather(*(ask(lookups, "127.0.0.1", 10) for _ in range(50)))
    assert asked == [True] * 50


@pytest.mark.parametrize(
    ("packet", "is_one"),
    [
        (ANSWER, True),
        (ANSWER[:-1], False),
        (ANSWER + b"x", False),
        (b"\x03" + ANSWER[1:], False),
        (b"\x00\x01" + ANSWER[2:], False),
        (ANSWER[:7] + b"\x02" + MARK, False),
        (ANSWER[:8] + MARK[::-1], False),
        (b"", False),
        (b"\x00" * 7, False),
    ],
)
def test_only_the_answer_to_this_request_counts(packet: bytes, is_one: bool) -> None:
    assert is_answer(packet, 0, MARK) is is_one


async def test_peripheral_reports_at_start_and_each_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def counted(lookups: Lookups, host: str, timeout_s: float) -> bool:
        is_up = await ask(lookups, host, timeout_s)
        asked.append(host)
        return is_up

    monkeypatch.setattr(ping, "ask", counted)
    find(monkeypatch, ("127.0.0.1", 0))
    with Rig() as rig:
        one = Ping(options("router.lan"), rig.host)
        assert not one.actual
        one.open(Opening.START)
        await rig.reached(lambda: rig.values("V1") == ["1"])
        before = len(asked)
        await rig.reached(lambda: len(asked) > before + 1)
        assert rig.values("V1") == ["1"]
        find(monkeypatch)
        await rig.reached(lambda: rig.values("V1") == ["1", "0"])
        assert one.actual == ("0",)
        await one.close()
        await one.close()
        assert not one.actual


async def test_close_does_not_wait_for_an_answer(is_own: bool) -> None:
    with Rig() as rig:
        asked = replace(options(silent_host(is_own)), timeout_ms=int(2000 * PATIENCE_S))
        one = Ping(asked, rig.host)
        one.open(Opening.START)
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_S):
            await one.close()
        assert rig.values("V1") == []


@pytest.mark.parametrize(
    "host", ["", "-f", "--flood", "a b", "a;b", "router\n", "a" * 254, "$(id)", "/etc"]
)
async def test_host_that_is_no_name_or_address_does_not_open(host: str) -> None:
    with Rig() as rig, pytest.raises(HardwareError, match="Correct `host`"):
        Ping(options(host), rig.host).open(Opening.START)


@pytest.mark.parametrize("host", ["router.lan", "192.168.1.1", "::1", "fe80::1%eth0", "my_pc"])
async def test_names_and_addresses_of_all_kinds_open(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(monkeypatch, ("127.0.0.1", 0))
    with Rig() as rig:
        one = Ping(options(host), rig.host)
        one.open(Opening.START)
        await rig.reached(lambda: rig.values("V1") == ["1"])
        await one.close()


async def test_system_that_lets_nobody_ping_is_an_error_with_a_remedy(
    is_own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(is_own, monkeypatch)
    with (
        Rig() as rig,
        pytest.raises(HardwareError, match=r"denied[\s\S]*Set net\.ipv4\.ping_group"),
    ):
        Ping(options(), rig.host).open(Opening.START)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (PermissionError(errno.EPERM, "Operation not permitted"), "ping_group_range"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
    ],
)
async def test_sockets_that_are_refused_later_are_a_failure_of_the_peripheral(
    error: OSError, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Rig() as rig:
        one = Ping(options(), rig.host)
        one.open(Opening.START)
        await rig.reached(lambda: rig.values("V1") == ["1"])
        refuse(error, monkeypatch)
        await rig.reached(lambda: len(rig.failures) == 1)
        assert rig.failures[0][0] == "router"
        assert fault in str(rig.failures[0][1])
        await one.close()
        assert rig.values("V1") == ["1"]
