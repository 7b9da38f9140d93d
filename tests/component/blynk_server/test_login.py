import asyncio
from pathlib import Path

import pytest

from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.devices import Bench, running
from tests.helpers.wire import TOKEN, Frame


def hardware(body: bytes, message_id: int = 3) -> bytes:
    return encode_frame(Command.HARDWARE, message_id, body)


async def test_a_session_byte_by_byte_is_understood(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.connect() as peer:
            session = encode_frame(29, 1, TOKEN.encode()) + hardware(b"vw\x005\x007", 2)
            for byte in session:
                peer.send(bytes([byte]))
                await peer.writer.drain()
                await asyncio.sleep(0)
            assert await peer.receive() == Frame(0, 1, b"200")
            assert await peer.fence() == []
            assert bench.value("V5") == ("7",)


async def test_writes_behind_the_login_in_one_segment_count(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.connect() as peer:
            peer.send(encode_frame(2, 7, TOKEN.encode()) + hardware(b"vw\x005\x007"))
            assert await peer.receive() == Frame(0, 7, b"200")
            await peer.fence()
            assert bench.value("V5") == ("7",)


async def test_an_unknown_token_gets_status_9_then_a_close_and_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Bench(tmp_path)) as bench:
        peers = [await bench.connect() for _ in range(3)]
        for peer in peers:
            peer.send(encode_frame(29, 1, b"nobody-knows-this-token"))
        for peer in peers:
            assert await peer.ended() == b"\0\0\1\0\x09"
            peer.close()
        refused = [line for line in caplog.records if line.message == "login refused"]
        assert [vars(line)["token"] for line in refused] == ["nobo…"]
        assert "nobody" not in caplog.text
        assert [(one.token, one.attempts) for one in bench.pairing.refused] == [
            ("nobody-knows-this-token", 3)
        ]


async def test_while_pairing_is_open_an_unknown_token_becomes_a_device(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.pairing.open(60)
        async with await bench.log_in("fresh-token") as peer:
            peer.write_pin(1, "2")
            await peer.fence()
            assert bench.value("V1", "device-1") == ("2",)


async def test_a_device_that_does_not_log_in_is_closed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, login_timeout_s=0.05)
    async with running(bench), await bench.connect() as peer:
        peer.send(b"\x1d\0\1")
        assert await peer.ended() == b""


async def test_the_unseen_end_of_a_refused_login_holds_back_no_other_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with running(Bench(tmp_path)) as bench:
        async with await bench.connect() as peer:
            peer.send(encode_frame(29, 1, b"nobody-knows-this-token"))
            assert await peer.ended() == b"\0\0\1\0\x09"
        async with await bench.connect() as peer:
            peer.send(encode_frame(29, 1, b"x" * 257))
            assert await peer.ended() == b""
        lines = [one for one in caplog.records if one.message == "connection closed before login"]
        assert [vars(one)["reason"].partition(".")[0] for one in lines] == [
            "protocol error: login of 257 bytes"
        ]
