"""Looking names up, with name servers that do not answer."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from blynk_gateway.automations.webhooks.calls import Calls
from blynk_gateway.automations.webhooks.names import MAX_LOOKUPS, Names
from blynk_gateway.errors import PeerDown
from tests.component.automations.webhooks.test_calls import answering, request_to
from tests.helpers.patience import PATIENCE_S


@pytest.fixture
def no_answer(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Semaphore]:
    """Each lookup of a name lasts until the test ends; counts those that began."""
    over = threading.Event()
    begun = threading.Semaphore(0)

    def hang(*_: object, **__: object) -> list[object]:
        begun.release()
        over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield begun
    over.set()


async def test_a_name_of_this_machine() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") as url:
        calls = Calls()
        address = url("http").replace("127.0.0.1", "localhost")
        answer = await calls.send(request_to(address), 5.0, 1000)
        await calls.close()
    assert answer.body == b"hi"


async def test_an_address_of_the_link_keeps_its_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    name = socket.if_indextoname(1)
    found = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 1))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [found])
    (result,) = await Names().resolve("nas.local", 80, socket.AF_UNSPEC)
    assert (result["host"], result["port"]) == (f"fe80::1%{name}", 80)


async def test_what_is_no_name() -> None:
    with pytest.raises(OSError, match="no name of a host"):
        await Names().resolve("x" * 64 + ".example.org")


async def test_lookups_that_hang_hold_nothing_else_up(no_answer: threading.Semaphore) -> None:
    calls = Calls()
    requests = [
        calls.send(request_to(f"http://h{number}.example.org/"), 0.2, 1000)
        for number in range(MAX_LOOKUPS + 5)
    ]
    async with asyncio.timeout(PATIENCE_S):
        results = await asyncio.gather(*requests, return_exceptions=True)
        assert {str(one) for one in results} == {"nas: no answer within 0.2 s"}
        assert all(isinstance(one, PeerDown) for one in results)
        # The threads of everything else are free, and so many are busy as may be.
        assert await asyncio.to_thread(lambda: 1) == 1
        await calls.close()
    begun = sum(no_answer.acquire(blocking=False) for _ in range(MAX_LOOKUPS + 5))
    assert begun == MAX_LOOKUPS
    assert all(one.daemon for one in threading.enumerate() if one.name == "name lookup")
