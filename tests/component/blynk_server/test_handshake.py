import asyncio
import gc
import logging
import socket
import ssl
from asyncio import sslproto
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blynk_gateway.blynk_server.admission import Admission
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.devices import LOOPBACK, Bench, Peer, running
from tests.helpers.wire import TOKEN


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A server that accepts TLS."""
    async with running(Bench(tmp_path, listen_tls=(LOOPBACK,))) as bench:
        bench.add()
        await bench.reached(lambda: bool(bench.server.tls_addresses))
        yield bench


@pytest.fixture
def trusting(bench: Bench, tmp_path: Path) -> ssl.SSLContext:
    """What a client needs that trusts the gateway's own authority."""
    return ssl.create_default_context(cafile=tmp_path / "tls" / "ca.pem")


async def connect_raw(bench: Bench) -> Peer:
    """A connection to the TLS port that does not speak TLS by itself."""
    return await Peer.connect(bench.server.tls_addresses[0], None)


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [vars(one)["reason"] for one in caplog.records if one.message == "connection refused"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "http request"),
        (encode_frame(29, 1, TOKEN.encode()), "TLS handshake failed: "),
        (b"\x16\x03\x01\xff\xff" + b"z" * 500, "TLS handshake failed: "),
    ],
)
async def test_what_is_no_tls_is_closed_with_one_line(
    bench: Bench, caplog: pytest.LogCaptureFixture, data: bytes, reason: str
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        async with await connect_raw(bench) as peer:
            peer.send(data)
            assert (await peer.ended())[:1] in (b"", b"\x15")
    await bench.reached(lambda: bench.server.connections == 0)
    (line,) = refusals(caplog)
    assert reason in line
    assert [one for one in caplog.records if one.exc_info] == []


async def test_a_client_that_does_not_trust_the_certificate_has_its_line(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    address = bench.server.tls_addresses[0]

    def connect() -> None:
        # Blocking, because asyncio's client goes away without the alert.
        with socket.create_connection(address) as plain, pytest.raises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")

    await asyncio.to_thread(connect)
    await bench.reached(lambda: bool(refusals(caplog)))
    assert refusals(caplog) == ["TLS handshake failed: tlsv1 alert unknown ca"]


async def test_a_client_that_leaves_in_its_handshake_is_forgotten(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    peer = await connect_raw(bench)
    await bench.reached(lambda: bench.server.connections == 1)
    peer.close()
    await bench.reached(lambda: bench.server.connections == 0)
    assert refusals(caplog) == ["TLS handshake failed: the peer went away"]


async def test_unfinished_handshakes_keep_nobody_out(
    bench: Bench, trusting: ssl.SSLContext
) -> None:
    bench.server._context.handshakes = Admission(3)
    silent = [await connect_raw(bench) for _ in range(5)]
    await bench.reached(lambda: bench.server.connections == 3)
    assert [await one.ended() for one in silent[:2]] == [b"", b""]
    async with await bench.connect(trusting) as peer:
        await peer.log_in()
        assert await peer.fence() == []
        # One had to go for it.
        assert bench.server.connections == 3
    for one in silent:
        one.close()
    await bench.reached(lambda: bench.server.connections == 0)


async def test_what_comes_right_behind_the_handshake_is_heard(
    bench: Bench, trusting: ssl.SSLContext
) -> None:
    login = encode_frame(29, 1, TOKEN.encode())
    writes = b"".join(encode_frame(20, 2, b"vw\x001\x00%d" % number) for number in range(3000))
    reader, writer = await connect_at_once(bench, trusting, login + writes)
    assert await reader.readexactly(5) == b"\0\0\1\0\xc8"
    await bench.reached(lambda: bench.value("V1") == ("2999",))
    writer.close()
    reader, writer = await connect_at_once(bench, trusting, b"GET /")
    assert await reader.readexactly(5) == b"/ TEG"
    writer.close()


async def test_a_stop_ends_unfinished_handshakes(bench: Bench) -> None:
    peer = await connect_raw(bench)
    await bench.reached(lambda: bench.server.connections == 1)
    await bench.server.stop()
    assert await peer.ended() == b""
    peer.close()


async def connect_at_once(
    bench: Bench, context: ssl.SSLContext, data: bytes
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, with the last bytes of the handshake and `data` in one segment."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    reader, writer = await asyncio.open_connection(*bench.server.tls_addresses[0])
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            writer.write(outgoing.read())
            incoming.write(await reader.read(65536))
    tls.write(data)
    writer.write(outgoing.read())
    plain = asyncio.StreamReader()
    while not (answer := _read(tls)):
        incoming.write(await reader.read(65536))
    plain.feed_data(answer)
    return plain, writer


def _read(tls: ssl.SSLObject) -> bytes:
    try:
        return tls.read(65536)
    except ssl.SSLWantReadError:
        return b""


async def test_a_connection_that_ended_leaves_no_buffer_of_tls_to_the_garbage(
    bench: Bench, trusting: ssl.SSLContext
) -> None:
    def served() -> int:
        found = (one for one in gc.get_objects() if isinstance(one, sslproto.SSLProtocol))
        return sum(one._server_side for one in found)

    gc.collect()
    gc.disable()
    try:
        before = served()
        for _ in range(3):
            peer = await bench.connect(trusting)
            await peer.log_in()
            peer.close()
            await peer.writer.wait_closed()
        await bench.reached(lambda: bench.server.connections == 0)
        await bench.reached(lambda: served() == before)
    finally:
        gc.enable()
