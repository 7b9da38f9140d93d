import logging
from pathlib import Path

import pytest

from blynk_gateway.core.change import PinChange, PropertyChange
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.errors import DeviceError
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.devices import API, OTHER_TOKEN, Bench, running
from tests.helpers.wire import TOKEN, Frame


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


async def test_a_second_write_of_an_equal_value_is_a_change(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.write_pin(5, "1")
            peer.write_pin(5, "1")
            await peer.fence()
            written = [one for one in bench.changes.drain() if isinstance(one, PinChange)]
            assert [one.value for one in written] == [("1",), ("1",)]


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


async def test_values_that_are_too_long_or_of_the_wrong_type_are_answered_by_2(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add("greenhouse", TOKEN, Datastream("V1", "Count", DatastreamType.INT))
        async with await bench.log_in() as peer:
            peer.send(hardware(b"vw\x001\x00many", 8))
            assert await peer.receive() == Frame(0, 8, b"2")
            peer.send(hardware(b"vw\x002\x00" + b"x" * 1025, 9))
            assert await peer.receive() == Frame(0, 9, b"2")
            peer.send(hardware(b"vw\x002\x00" + b"x" * 65_530, 10))
            assert await peer.receive() == Frame(0, 10, b"2")
            assert await peer.fence() == []
            assert bench.value("V1") == bench.value("V2") == ()


async def test_commands_reach_the_device_in_order(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            for number in range(300):
                bench.command("V1", str(number))
            bench.command("D4", "1")
            bench.command("A2", "77")
            frames = await peer.fence()
            assert [one.body for one in frames[:300]] == [
                b"vw\x001\0%d" % number for number in range(300)
            ]
            assert [one.body for one in frames[300:]] == [b"dw\x004\x001", b"aw\x002\x0077"]
            assert 0 not in {one.message_id for one in frames}


async def test_too_many_commands_at_once_cut_the_device(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        async with await bench.log_in() as peer:
            for number in range(1025):
                bench.command("V1", str(number))
            await peer.ended()
            assert not device.is_online
            assert "device disconnected" in caplog.messages


async def test_a_body_beyond_the_devices_buffer_is_not_sent_but_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        info = b"ver\x001.0.0\0h-beat\x0010\0buff-in\x00256\0build\0x"
        async with await bench.log_in(info=info) as peer:
            bench.command("V1", "x" * 300)
            bench.command("V1", "y")
            assert [one.body for one in await peer.fence()] == [b"vw\x001\x00y"]
            assert any(line.startswith("value not sent") for line in caplog.messages)


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


async def test_group_writes_share_the_time_the_device_gives(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            at_ms = bench.clock.now_ms() - 86_400_000
            peer.send(encode_frame(21, 4, b"t\0%d" % at_ms))
            peer.write_pin(1, "a")
            peer.write_pin(2, "b")
            peer.send(encode_frame(21, 5, b"e"))
            peer.write_pin(3, "c")
            await peer.fence()
            assert bench.store.get("greenhouse", "V1").at_ms == at_ms
            assert bench.store.get("greenhouse", "V2").at_ms == at_ms
            assert bench.store.get("greenhouse", "V3").at_ms > at_ms


async def test_a_group_time_in_the_future_is_replaced_by_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.send(encode_frame(21, 4, b"t\0%d" % (bench.clock.now_ms() + 600_000)))
            peer.write_pin(1, "a")
            await peer.fence()
            assert bench.store.get("greenhouse", "V1").at_ms <= bench.clock.now_ms()
            assert any(line.startswith("the device's time") for line in caplog.messages)


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
