from pathlib import Path

import pytest

from blynk_gateway.core.change import Intent, PastChange, PinChange
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.devices import API, OTHER_TOKEN, Bench, running
from tests.helpers.wire import TOKEN, Frame


def hardware(body: bytes, message_id: int = 3) -> bytes:
    return encode_frame(20, message_id, body)


async def test_a_second_write_of_an_equal_value_is_a_change(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.write_pin(5, "1")
            peer.write_pin(5, "1")
            await peer.fence()
            written = [one for one in bench.changes.drain() if isinstance(one, PinChange)]
            assert [one.value for one in written] == [("1",), ("1",)]


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
            assert [one.body for one in frames[300:]] == [
                b"pm\x004\0out",
                b"dw\x004\x001",
                b"pm\x002\0pwm",
                b"aw\x002\x0077",
            ]
            assert 0 not in {one.message_id for one in frames}


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


async def test_every_value_is_logged_at_debug_with_its_device_and_pin(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with running(Bench(tmp_path)) as bench:
        bench.add("greenhouse")
        async with await bench.log_in() as peer:
            peer.write_pin(5, "21.5\x07")
            await peer.fence()
            bench.command("V6", "1")
            await peer.fence()
    told = [
        (one.msg, vars(one)["device"], vars(one)["pin"], vars(one)["value"])
        for one in caplog.records
        if one.msg in ("device wrote", "value sent")
    ]
    assert told == [
        ("device wrote", "greenhouse", "V5", "21.5\N{REPLACEMENT CHARACTER}"),
        ("value sent", "greenhouse", "V6", "1"),
    ]


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


async def test_a_group_of_the_past_is_kept_and_newer_values_stand(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.command("V1", "now")
        bench.command("D4", "1")
        now_ms = bench.clock.now_ms()
        async with await bench.log_in() as peer:
            await peer.fence()
            bench.changes.drain()
            peer.send(encode_frame(21, 4, b"t\0%d" % (now_ms - 60_000)))
            peer.write_pin(1, "then")
            peer.send(hardware(b"dw\x004\x000"))
            peer.send(encode_frame(21, 5, b"e"))
            assert await peer.fence() == []
        assert [bench.value(pin) for pin in ("V1", "D4")] == [("now",), ("1",)]
        past = [one for one in bench.changes.drain() if isinstance(one, PastChange)]
        assert [(one.pin, one.value, one.at_ms, one.intent) for one in past] == [
            ("V1", ("then",), now_ms - 60_000, Intent.PAST),
            ("D4", ("0",), now_ms - 60_000, Intent.PAST),
        ]


@pytest.mark.parametrize("opening", [b"b", b"t\x001"], ids=["none", "absurd"])
async def test_a_group_with_our_time_is_of_now_whatever_stands(
    tmp_path: Path, opening: bytes
) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        ahead_ms = bench.clock.now_ms() + 60_000
        bench.store.write("greenhouse", "V1", ("x",), API, Intent.REPORT, ahead_ms)
        async with await bench.log_in() as peer:
            peer.send(encode_frame(21, 4, opening))
            peer.write_pin(1, "y")
            await peer.fence()
        assert bench.value("V1") == ("y",)


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


async def test_reports_of_direct_pins_are_stored_under_their_own_letter(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.send(hardware(b"dw\x004\x001") + hardware(b"aw\x004\x00512"))
            peer.write_pin(4, "x")
            assert await peer.fence() == []
            assert bench.value("D4") == ("1",)
            assert bench.value("A4") == ("512",)
            assert bench.value("V4") == ("x",)
            written = [one for one in bench.changes.drain() if isinstance(one, PinChange)]
            assert {one.intent for one in written} == {Intent.REPORT}


async def test_an_analog_report_is_of_the_digital_pin_that_has_pulse_width(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.store.set_mode("greenhouse", "D4", DirectPin(PinMode.PWM), API)
        async with await bench.log_in() as peer:
            peer.send(hardware(b"aw\x004\x0099"))
            await peer.fence()
            assert bench.value("D4") == ("99",)
            assert bench.value("A4") == ()


async def test_a_digital_pin_with_pulse_width_is_written_by_aw(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.store.set_mode("greenhouse", "D4", DirectPin(PinMode.PWM), API)
        async with await bench.log_in() as peer:
            await peer.fence()
            bench.command("D4", "200")
            assert [one.body for one in await peer.fence()] == [b"aw\x004\x00200"]


async def test_bridged_commands_keep_their_op_and_the_senders_id(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.add("target", OTHER_TOKEN)
        bench.store.set_mode("target", "D4", DirectPin(PinMode.PWM), API)
        async with await bench.log_in() as peer, await bench.log_in(OTHER_TOKEN) as target:
            await target.fence()
            peer.send(encode_frame(15, 6, b"64\0i\0" + OTHER_TOKEN.encode()))
            peer.send(encode_frame(15, 7, b"64\0aw\x004\x0077"))
            peer.send(encode_frame(15, 8, b"64\0aw\x009\x0066"))
            peer.send(encode_frame(15, 9, b"64\0dw\x004\x001"))
            assert await peer.fence() == [Frame(0, 6, b"200")]
            frames = await target.fence()
            assert [one for one in frames if one.command == 15] == [
                Frame(15, 7, b"aw\x004\x0077"),
                Frame(15, 8, b"aw\x009\x0066"),
                Frame(15, 9, b"dw\x004\x001"),
            ]
            assert [one.body for one in frames] == [
                b"aw\x004\x0077",
                b"pm\x009\0pwm",
                b"aw\x009\x0066",
                b"pm\x004\0out",
                b"dw\x004\x001",
            ]
            assert bench.value("D4", "target") == ("1",)
            assert bench.value("A9", "target") == ("66",)


@pytest.mark.parametrize("last", [PinMode.OUT, PinMode.PULL_UP])
async def test_a_command_whose_mode_was_changed_at_once_is_not_sent_by_another_op(
    tmp_path: Path, last: PinMode
) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            bench.store.set_mode("greenhouse", "D5", DirectPin(PinMode.PWM), API)
            bench.command("D5", "5")
            bench.store.set_mode("greenhouse", "D5", DirectPin(last), API)
            frames = [frame.body for frame in await peer.fence()]
            assert b"pm\x005\0" + last.encode() in frames
            assert not [body for body in frames if body[:2] in (b"dw", b"aw")]
