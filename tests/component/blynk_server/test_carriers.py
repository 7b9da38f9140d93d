import asyncio
import socket
import struct
from pathlib import Path

import pytest

from blynk_gateway.blynk_server.carriers import TcpConnection
from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.devices import Bench, running
from tests.helpers.patience import PATIENCE_S
from tests.helpers.wire import CPP_INFO, TOKEN


def hardware(body: bytes, message_id: int = 3) -> bytes:
    return encode_frame(Command.HARDWARE, message_id, body)


class ListSink:
    """A WebSocket's far side."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.is_closed = False

    def send_frames(self, frames: list[bytes]) -> None:
        self.frames += frames

    def close(self) -> None:
        self.is_closed = True


async def test_a_reset_connection_leaves_no_trace(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        with socket.socket() as peer:
            peer.connect(tuple(bench.server.addresses[0]))
            peer.send(encode_frame(29, 1, TOKEN.encode()))
            await bench.reached(lambda: device.is_online)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await bench.reached(lambda: bench.server.connections == 0)
        assert not device.is_online


async def test_a_link_is_a_device_connection_on_another_carrier(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        sink = ListSink()
        link = bench.server.open_link(sink, "10.0.0.1:5")
        link.received(encode_frame(29, 1, TOKEN.encode()) + encode_frame(17, 2, CPP_INFO))
        bench.command("V1", "1")
        await asyncio.sleep(0)
        assert sink.frames == [
            b"\0\0\1\0\xc8",
            b"\0\0\2\0\xc8",
            encode_frame(20, 1, b"vw\x001\x001"),
        ]
        bench.gate.close()
        waiting = asyncio.ensure_future(link.ready())
        await asyncio.sleep(0)
        assert not waiting.done()
        bench.gate.open()
        async with asyncio.timeout(PATIENCE_S):
            await waiting
        link.lost()
        link.lost()
        assert not device.is_online
        assert sink.is_closed


async def test_a_long_message_on_a_link_is_metered_in_pieces(tmp_path: Path) -> None:
    quota = QuotaOptions(messages_per_second=100, burst=200)
    async with running(Bench(tmp_path, quota=quota)) as bench:
        bench.add()
        link = bench.server.open_link(ListSink(), "10.0.0.1:5")
        link.received(encode_frame(29, 1, TOKEN.encode()) + hardware(b"vw\x001\x00a") * 300)
        waiting = asyncio.ensure_future(link.ready())
        await asyncio.sleep(0)
        assert not waiting.done()
        assert bench.health.counters["quota_refused_messages"] == 0
        link.lost()
        async with asyncio.timeout(PATIENCE_S):
            await waiting


async def test_a_peer_that_never_takes_the_rest_is_cut_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.blynk_server.carriers.CLOSE_TIMEOUT_S", 0.05)
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(tuple(bench.server.addresses[0]))
            deaf.send(encode_frame(29, 1, TOKEN.encode()) + encode_frame(17, 2, CPP_INFO))
            await bench.reached(lambda: device.info != ())
            closing = bench.server._context.closing
            for connection in list(bench.server._context.connections):
                assert isinstance(connection, TcpConnection)
                connection._transport.write(b"x" * 20_000_000)
                connection.close("test")
            assert len(closing) == 1
            await bench.reached(lambda: not closing)
