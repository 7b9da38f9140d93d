import logging
from pathlib import Path

import pytest

from blynk_gateway.blynk_server.connection import MAX_COMMANDS
from blynk_gateway.core.change import PropertyChange
from blynk_gateway.errors import DeviceError
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.devices import API, OTHER_TOKEN, Bench, running
from tests.helpers.wire import Frame


def hardware(body: bytes, message_id: int = 3) -> bytes:
    return encode_frame(Command.HARDWARE, message_id, body)


async def test_a_written_pin_is_stored_without_an_answer(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.write_pin(5, "21.5")
            peer.write_pin(6, "1", "", "b")
            assert await peer.fence() == []
            assert bench.value("V5") == ("21.5",)
            assert bench.value("V6") == ("1", "", "b")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x64\0\1\0\0",
        b"\x1d\0\1\xff\xff" + b"x" * 70_000,
        b"\xff" * 5000,
    ],
    ids=["impossible type", "second login of 64 KiB", "noise"],
)
async def test_garbage_after_login_ends_one_connection_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.add("other", OTHER_TOKEN)
        async with await bench.log_in() as peer, await bench.log_in(OTHER_TOKEN) as other:
            caplog.clear()
            peer.send(garbage + b"\xff" * 10)
            await peer.ended()
            assert await other.fence() == []
            problems = [one for one in caplog.records if one.levelno >= logging.WARNING]
            assert [one.message for one in problems] == ["device disconnected"]


async def test_writes_before_a_fault_in_the_same_segment_count(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.send(hardware(b"vw\x001\x00a") + b"\xff" * 20)
            await peer.ended()
            assert bench.value("V1") == ("a",)


async def test_odd_but_legal_frames_do_not_end_the_connection(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.send(encode_frame(98, 4, b"unknown type"))
            peer.send(b"\x14\0\0\0\x06vw\x001\x00a")
            peer.send(b"\x06\0\0\0\0")
            assert await peer.receive() == Frame(0, 1, b"200")
            peer.send(hardware(b"vw\x002\x00\xff\xfe"))
            assert await peer.fence() == []
            assert bench.value("V1") == ("a",)
            assert bench.value("V2") == ("\udcff\udcfe",)


async def test_too_many_commands_at_once_cut_the_device(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        async with await bench.log_in() as peer:
            for number in range(MAX_COMMANDS + 1):
                bench.command("V1", str(number))
            await peer.ended()
            assert not device.is_online
            assert "device disconnected" in caplog.messages


async def test_two_connections_of_one_token_both_get_commands_and_no_reports(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        async with await bench.log_in() as first, await bench.log_in() as second:
            first.write_pin(1, "a")
            await first.fence()
            bench.command("V2", "b")
            assert [one.body for one in await first.fence()] == [b"vw\x002\x00b"]
            assert [one.body for one in await second.fence()] == [b"vw\x002\x00b"]
            first.close()
            await bench.reached(lambda: device.connections == 1)
            assert device.is_online
            second.close()
            await bench.reached(lambda: not device.is_online)


async def test_a_removed_device_is_disconnected(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            bench.registry.remove("greenhouse", API)
            peer.write_pin(1, "a")
            assert await peer.ended() == b""
            with pytest.raises(DeviceError):
                bench.store.get("greenhouse", "V1")


async def test_properties_of_several_pins_are_set_and_acknowledged(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        async with await bench.log_in() as peer:
            peer.send(encode_frame(19, 8, b"1\x002\0color\0#23C48E"))
            assert await peer.receive() == Frame(0, 8, b"200")
            assert device.properties == {
                ("V1", "color"): ("#23C48E",),
                ("V2", "color"): ("#23C48E",),
            }
            assert sum(isinstance(one, PropertyChange) for one in bench.changes.drain()) == 2
