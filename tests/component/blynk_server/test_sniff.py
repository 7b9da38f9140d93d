from pathlib import Path

import pytest

from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.devices import Bench, running
from tests.helpers.wire import TOKEN


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.1\r\n", b"options *"])
async def test_a_letter_first_is_handed_to_http_with_every_byte(
    tmp_path: Path, request_line: bytes
) -> None:
    async with running(Bench(tmp_path)) as bench:
        async with await bench.connect() as peer:
            peer.send(request_line)
            assert await peer.reader.readexactly(len(request_line)) == request_line[::-1]
            peer.send(b"more")
            assert await peer.reader.readexactly(4) == b"erom"
            assert bench.server.connections == 1
        await bench.reached(lambda: bench.server.connections == 0)


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (b"\x16\x03\x01\x02\x00\x01", "it speaks TLS to a plain port"),
        (b"\x00\x01\x02", "its first byte is 0"),
        (b"\xff" * 40_000, "its first byte is 255"),
        (b"123", "its first byte is 49"),
    ],
)
async def test_anything_else_is_closed_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, first: bytes, reason: str
) -> None:
    async with running(Bench(tmp_path)) as bench:
        for _ in range(3):
            async with await bench.connect() as peer:
                peer.send(first)
                assert await peer.ended() == b""
        refused = [one for one in caplog.records if one.message == "connection refused"]
        assert len(refused) == 1
        assert vars(refused[0])["reason"].startswith(reason)
        assert bench.server.connections == 0


async def test_a_connection_that_says_nothing_is_closed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, sniff_timeout_s=0.05)
    async with running(bench), await bench.connect() as peer:
        assert await peer.ended() == b""


async def test_a_connection_that_leaves_without_a_word_is_forgotten(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        peer = await bench.connect()
        await bench.reached(lambda: bench.server.connections == 1)
        peer.close()
        await bench.reached(lambda: bench.server.connections == 0)


async def test_thousands_of_half_open_logins_do_not_keep_a_device_out(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.server._context.admission.limit = 100
        strangers = [await bench.connect() for _ in range(150)]
        for number, stranger in enumerate(strangers):
            if number % 2:
                stranger.send(b"\x1d")
        async with await bench.log_in() as device:
            assert await device.fence() == []
            assert bench.server.connections <= 100
            # The oldest had to go, the newest are still there.
            assert await strangers[0].ended() == b""
            strangers[-1].send(b"\0\1\0\x20" + TOKEN.encode())
            assert (await strangers[-1].receive()).body == b"200"
        for stranger in strangers:
            stranger.close()


async def test_a_server_full_of_devices_refuses_others(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.server._context.admission.limit = 1
        async with await bench.log_in() as device, await bench.connect() as other:
            other.send(encode_frame(29, 1, TOKEN.encode()))
            assert await other.ended() == b""
            assert await device.fence() == []


async def test_pages_without_a_login_do_not_keep_a_device_out(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.server._context.admission.limit = 20
        visitors = [await bench.connect() for _ in range(30)]
        for visitor in visitors:
            visitor.send(b"GET / HTTP/1.1\r\n")
        await bench.reached(lambda: bench.server.connections == 10)
        async with await bench.log_in() as device:
            assert await device.fence() == []
        for visitor in visitors:
            visitor.close()
