"""Looking names up, with name servers that do not answer."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from blynk_gateway.runtime.lookups import Lookups, in_ascii
from tests.helpers.patience import PATIENCE_S


@pytest.fixture
def no_answer(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Each lookup of a name lasts until this is set."""
    over = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield over
    over.set()


async def test_a_name_of_this_machine() -> None:
    found = await Lookups(1).find("localhost", 80, kind=socket.SOCK_STREAM, family=socket.AF_INET)
    assert [(one[0], one[1], one[4]) for one in found] == [
        (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 80))
    ]


async def test_what_is_no_name() -> None:
    with pytest.raises(socket.gaierror, match="no name of a host"):
        await Lookups(1).find("x" * 64 + ".example.org", 80, kind=socket.SOCK_STREAM)


async def test_lookup_nobody_waits_for_keeps_its_place_until_it_ends(
    no_answer: threading.Event,
) -> None:
    lookups = Lookups(1)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await lookups.find("router.lan", 0, kind=socket.SOCK_DGRAM)
    threads = [one for one in threading.enumerate() if one.name == "name lookup"]
    assert [one.daemon for one in threads] == [True]
    no_answer.set()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(socket.gaierror, match="Temporary failure"):
            await lookups.find("router.lan", 0, kind=socket.SOCK_DGRAM)


async def test_machine_without_room_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    lookups = Lookups(1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", full)
        with pytest.raises(OSError, match="no thread for a lookup"):
            await lookups.find("localhost", 0, kind=socket.SOCK_DGRAM)
    async with asyncio.timeout(PATIENCE_S):
        assert await lookups.find("localhost", 0, kind=socket.SOCK_DGRAM)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::1", "nas.local.", "x" * 63 + ".org"])  # noqa: S104  not bound
def test_ascii_needs_no_tables(host: str) -> None:
    assert in_ascii(host) == (host.encode() or host)


@pytest.mark.parametrize("host", ["höhle.local", "a..b", "x" * 64 + ".org"])
def test_what_python_changes_or_refuses_is_left_to_it(host: str) -> None:
    assert in_ascii(host) == host
