"""Requests to what is no proper server."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blynk_gateway.automations.webhooks.calls import Calls
from blynk_gateway.automations.webhooks.hiding import Hiding
from blynk_gateway.automations.webhooks.request import Request
from blynk_gateway.errors import PeerDown
from tests.helpers.authority import Authority
from tests.helpers.particle import Particle, Reply


def request_to(url: str) -> Request:
    return Request("GET", url, {}, None, "", "nas", Hiding([]))


@asynccontextmanager
async def answering(
    answer: bytes, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Callable[[str], str]]:
    """A server that says this to whoever connects, and ends the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield lambda scheme: f"{scheme}://127.0.0.1:{port}/"


async def complaint_of(url: str, timeout_s: float = 5.0) -> str:
    calls = Calls()
    try:
        with pytest.raises(PeerDown) as caught:
            await calls.send(request_to(url), timeout_s, 1000)
    finally:
        await calls.close()
        await calls.close()
    return str(caught.value)


async def test_nothing_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert await complaint_of(f"http://127.0.0.1:{port}/") == "nas: nothing listens there"


async def test_a_name_without_an_address() -> None:
    assert await complaint_of("http://nowhere.invalid/") == "nas: its name has no address"


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [(b"", "nas: it ended the connection"), (b"hello\r\n\r\n", "nas: it answered with something")],
)
async def test_no_http(answer: bytes, complaint: str) -> None:
    async with answering(answer) as url:
        assert (await complaint_of(url("http"))).startswith(complaint)


async def test_a_way_that_there_is_not() -> None:
    # Nobody may connect to it.
    complaint = await complaint_of("http://255.255.255.255/")
    assert complaint.startswith("nas: ")
    assert "255" not in complaint


async def test_no_tls() -> None:
    async with answering(b"hello\r\n\r\n") as url:
        assert (await complaint_of(url("https"))).startswith("nas: it speaks no TLS")


async def test_a_certificate_that_nobody_signed_whom_we_know(tmp_path: Path) -> None:
    identity = Authority(tmp_path, "nobody").issue("server", "127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(identity.cert, identity.key)
    async with answering(b"HTTP/1.1 200 OK\r\n\r\n", tls) as url:
        assert (await complaint_of(url("https"))).startswith("nas: its certificate will not do (")


async def test_a_body_that_ends_too_soon() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc") as url:
        assert await complaint_of(url("http")) == "nas: it ended the connection"


async def test_a_body_without_end_is_cut_and_one_that_is_packed_stays_so() -> None:
    calls = Calls()
    async with Particle("t") as server:
        server.replies.append(Reply(200, b"x" * 5_000_000))
        answer = await calls.send(request_to(f"{server.url}/"), 5.0, 1000)
        assert (len(answer.body), answer.is_whole) == (1000, False)
        packed = gzip.compress(b"x" * 1_000_000)
        server.replies.append(Reply(200, packed, {"Content-Encoding": "gzip"}))
        answer = await calls.send(request_to(f"{server.url}/"), 5.0, 10_000)
        assert answer.body == packed
    await calls.close()
