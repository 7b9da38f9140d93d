"""What a device with direct pins is sent, frame by frame."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.change import Intent, ModeChange, Origin, OriginKind, PinChange
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.device import Device
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame, encode_response
from tests.helpers.devices import API, Bench, Peer, running
from tests.helpers.patience import PATIENCE_S
from tests.helpers.wire import BLYNKLIB_INFO, CPP_INFO, TOKEN, Frame

PIBLYNK_INFO = b"h-beat\x0010\0dev\0RPi\0cpu\0BCM2835"
NODE_RED_INFO = b"ver\x000.6.1\0h-beat\x0015\0buff-in\x0032767\0dev\0node-red"
SMALL_INFO = b"ver\x001.0.0\0h-beat\x0010\0buff-in\x0040\0build\0x"

OUT = DirectPin(PinMode.OUT)
IN = DirectPin(PinMode.IN)
PWM = DirectPin(PinMode.PWM)
GPIO = Origin(OriginKind.GPIO)
FAST = DirectPin(PinMode.IN, 50)


def declare(bench: Bench, **pins: DirectPin) -> Device:
    """A device that has these pins."""
    return bench.registry.add(DeviceDefinition("greenhouse", "G", TOKEN, pins=pins), API)


def redeclare(bench: Bench, **pins: DirectPin) -> None:
    """The same device with these pins instead."""
    bench.registry.redefine(DeviceDefinition("greenhouse", "G", TOKEN, pins=pins), API)
    bench.server.apply_definitions()


def learn(bench: Bench, pin: str, direct: DirectPin) -> None:
    bench.store.set_mode("greenhouse", pin, direct, API)


async def bodies(peer: Peer) -> list[bytes]:
    """What came up to now."""
    return [frame.body for frame in await peer.fence()]


async def test_the_first_command_sets_the_mode_before_the_value(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            bench.command("D8", "1")
            bench.command("A3", "128")
            bench.command("D8", "0")
            assert await bodies(peer) == [
                b"pm\x008\0out",
                b"dw\x008\x001",
                b"pm\x003\0pwm",
                b"aw\x003\x00128",
                b"dw\x008\x000",
            ]


async def test_modes_then_outputs_then_questions_follow_the_answer_to_the_info(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, D8=OUT, D5=PWM, D4=DirectPin(PinMode.PULL_UP), A0=IN, D9=OUT)
        bench.command("D8", "1")
        bench.command("D5", "200")
        bench.command("V1", "x")
        async with await bench.connect() as peer:
            peer.send(encode_frame(Command.HW_LOGIN, 1, TOKEN.encode()))
            assert await peer.receive() == Frame(Command.RESPONSE, 1, b"200")
            # A ping is answered during the hold: had anything else been sent, it were here.
            assert await peer.fence() == []
            peer.send(encode_frame(Command.INTERNAL, 2, CPP_INFO))
            assert await peer.receive() == Frame(Command.RESPONSE, 2, b"200")
            frames = await peer.fence()
            assert [frame.body for frame in frames] == [
                b"pm\x004\0pu\x005\0pwm\x008\0out\x009\0out\x000\0in",
                b"aw\x005\x00200",
                b"dw\x008\x001",
                b"dr\x004",
                b"ar\x000",
            ]
            assert {frame.command for frame in frames} == {Command.HARDWARE}
            assert 0 not in {frame.message_id for frame in frames}


async def test_learned_pins_are_set_up_again_at_each_login(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            bench.command("D8", "1")
            await peer.fence()
        for _ in range(2):
            async with await bench.log_in() as peer:
                assert await bodies(peer) == [b"pm\x008\0out", b"dw\x008\x001"]


async def test_commands_before_the_info_are_replayed_once_and_behind_the_mode(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, D8=OUT)
        async with await bench.log_in(info=None) as peer:
            bench.command("D8", "0")
            bench.command("D8", "1")
            bench.command("D9", "1")
            bench.command("V1", "v")
            assert await peer.fence() == []
            peer.send(encode_frame(Command.INTERNAL, 2, CPP_INFO))
            assert await bodies(peer) == [
                b"200",
                b"vw\x001\0v",
                b"pm\x008\0out\x009\0out",
                b"dw\x008\x001",
                b"dw\x009\x001",
            ]


async def test_a_read_before_the_info_is_asked_once_and_behind_the_mode(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, D4=DirectPin(PinMode.PULL_UP))
        async with await bench.log_in(info=None) as peer, asyncio.TaskGroup() as tasks:
            reads = [
                tasks.create_task(bench.server.read_pin("greenhouse", pin), name=f"read {pin}")
                for pin in ("D4", "D7")
            ]
            assert await peer.fence() == []
            peer.send(encode_frame(Command.INTERNAL, 2, CPP_INFO))
            assert await bodies(peer) == [b"200", b"pm\x004\0pu", b"dr\x004", b"dr\x007"]
            for body in (b"dw\x004\x001", b"dw\x007\x000"):
                peer.send(encode_frame(Command.HARDWARE, 9, body))
            assert [await read for read in reads] == [True, True]


async def test_a_read_before_the_info_of_a_device_without_modes_is_asked(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in(info=None) as peer, asyncio.TaskGroup() as tasks:
            read = tasks.create_task(bench.server.read_pin("greenhouse", "A0"), name="read")
            assert await peer.fence() == []
            peer.send(encode_frame(Command.INTERNAL, 2, CPP_INFO))
            assert await bodies(peer) == [b"200", b"ar\x000"]
            peer.send(encode_frame(Command.HARDWARE, 9, b"aw\x000\x00512"))
            assert await read


async def test_a_sync_in_one_segment_with_the_info_is_answered_behind_the_modes(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, D5=PWM)
        bench.command("D5", "7")
        async with await bench.log_in(info=None) as peer:
            sync = encode_frame(Command.SYNC, 9, b"dr\x005")
            peer.send(encode_frame(Command.INTERNAL, 2, CPP_INFO) + sync)
            assert await peer.fence() == [
                Frame(Command.RESPONSE, 2, b"200"),
                Frame(Command.HARDWARE, 1, b"pm\x005\0pwm"),
                Frame(Command.HARDWARE, 2, b"aw\x005\x007"),
                Frame(Command.HARDWARE, 9, b"aw\x005\x007"),
            ]


async def test_without_an_info_the_end_of_the_hold_sets_up_the_pins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.protocol.server.HOLD_S", 0.05)
    async with running(Bench(tmp_path)) as bench:
        declare(bench, D8=OUT)
        async with await bench.log_in(info=None) as peer:
            assert (await peer.receive()).body == b"pm\x008\0out"


async def test_a_write_in_place_of_the_info_sets_up_the_pins(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, D8=OUT)
        async with await bench.log_in(info=None) as peer:
            peer.write_pin(1, "x")
            await bench.reached(lambda: bench.value("V1") == ("x",))
            assert await bodies(peer) == [b"pm\x008\0out"]


async def test_devices_without_direct_pins_are_sent_nothing_of_the_kind(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.command("V1", "x")
        async with await bench.log_in() as peer:
            assert await peer.fence() == []


async def test_modes_are_cut_into_frames_that_fit_the_devices_buffer(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, **{f"D{number}": OUT for number in range(10, 18)})
        async with await bench.log_in(info=SMALL_INFO) as peer:
            frames = await bodies(peer)
            assert all(len(body) + 5 <= 40 for body in frames)
            pairs = [tuple(body.split(b"\0")[1:]) for body in frames]
            sent = [pair[at : at + 2] for pair in pairs for at in range(0, len(pair), 2)]
            assert sent == [(b"%d" % number, b"out") for number in range(10, 18)]


async def test_the_first_use_of_all_pins_at_once_arrives(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            pins = [pin for pin, kind in PIN_NAMES.items() if kind is not PinKind.ANALOG]
            for pin in pins:
                bench.command(pin, "1")
            # An A pin is the same pin of the board as the D pin of that number.
            assert len(await bodies(peer)) == len(pins) + 256


async def test_what_was_reported_before_a_pin_became_an_output_is_not_replayed(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = declare(bench, D4=DirectPin(PinMode.PULL_UP))
        async with await bench.log_in() as peer:
            await bodies(peer)
            peer.send(encode_frame(Command.HARDWARE, 7, b"dw\x004\x001"))
            await bench.reached(lambda: bench.value("D4") == ("1",))
        await bench.reached(lambda: not device.is_online)
        bench.registry.redefine(replace(device.definition, pins={"D4": OUT}), API)
        async with await bench.log_in() as peer:
            assert await bodies(peer) == [b"pm\x004\x00out"]
        bench.command("D4", "1")
        await bench.reached(lambda: not device.is_online)
        async with await bench.log_in() as peer:
            assert await bodies(peer) == [b"pm\x004\x00out", b"dw\x004\x001"]


async def test_what_no_buffer_holds_is_told_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = declare(bench, D8=OUT)
        bench.command("D8", "1")
        tiny = SMALL_INFO.replace(b"\x0040", b"\x0011")
        async with await bench.log_in(info=tiny) as peer:
            assert await bodies(peer) == [b"dw\x008\x001"]
            assert device.is_online
            assert any(line.startswith("value not sent") for line in caplog.messages)


async def test_piblynk_gets_out_in_place_of_the_mode_it_raises_on(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, D5=PWM, D4=DirectPin(PinMode.PULL_UP))
        bench.command("D5", "9")
        async with await bench.log_in(info=PIBLYNK_INFO, command=Command.LOGIN) as peer:
            assert await bodies(peer) == [b"pm\x004\0pu\x005\0out", b"aw\x005\x009", b"dr\x004"]
            bench.command("A7", "1")
            assert await bodies(peer) == [b"pm\x007\0out", b"aw\x007\x001"]


async def test_blynklib_gets_each_frame_in_a_segment_of_its_own(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, D8=OUT, A0=IN)
        bench.command("D8", "1")
        async with await bench.log_in(info=BLYNKLIB_INFO, command=Command.LOGIN) as peer:
            async with asyncio.timeout(PATIENCE_S):
                arrivals = [await peer.reader.read(1024) for _ in range(3)]
            assert [one[5:] for one in arrivals] == [
                b"pm\x008\0out\x000\0in",
                b"dw\x008\x001",
                b"ar\x000",
            ]


async def test_an_a_pin_does_not_change_the_mode_of_the_d_pin_of_its_number(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, D8=OUT, A8=IN)
        async with await bench.log_in() as peer:
            assert await bodies(peer) == [b"pm\x008\0out", b"ar\x008"]


async def test_a_value_that_does_not_suit_the_mode_is_not_replayed(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        learn(bench, "D5", PWM)
        bench.command("D5", "200")
        learn(bench, "D5", OUT)
        async with await bench.log_in() as peer:
            assert await bodies(peer) == [b"pm\x005\0out"]


async def test_a_mode_changed_in_mid_session_goes_out_before_what_follows(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            learn(bench, "D5", PWM)
            bench.command("D5", "200")
            learn(bench, "D4", IN)
            assert await bodies(peer) == [
                b"pm\x005\0pwm",
                b"aw\x005\x00200",
                b"pm\x004\0in",
                b"dr\x004",
            ]


async def test_pins_declared_otherwise_by_a_reload_reach_a_connected_device(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, D8=OUT, D4=FAST, A0=FAST)
        async with await bench.log_in() as peer:
            assert (await bodies(peer))[0] == b"pm\x004\0in\x008\0out\x000\0in"
            redeclare(bench, D8=OUT, D9=OUT, A0=FAST)
            async with asyncio.timeout(PATIENCE_S):
                while (await peer.receive()).body != b"pm\x009\0out":
                    continue
            # Three turns of A0, and none of D4.
            assert [(await peer.receive()).body for _ in range(3)] == [b"ar\x000"] * 3


async def test_pins_declared_before_the_info_are_set_up_once(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench)
        async with await bench.log_in(info=None) as peer:
            redeclare(bench, D8=OUT)
            assert await peer.fence() == []
            peer.send(encode_frame(Command.INTERNAL, 2, CPP_INFO))
            assert await bodies(peer) == [b"200", b"pm\x008\0out"]


async def test_a_device_removed_by_a_reload_is_disconnected_at_once(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, A0=FAST)
        async with await bench.log_in() as peer:
            bench.registry.remove("greenhouse", API)
            bench.server.apply_definitions()
            await peer.ended()


async def test_an_input_is_asked_in_its_rhythm_and_its_answers_are_stored(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, A0=FAST, D4=FAST)
        async with await bench.log_in() as peer:
            assert (await peer.receive()).body == b"pm\x004\0in\x000\0in"
            at_s: list[float] = []
            for level in range(4):
                asked = {(frame := await peer.receive()).body: frame for _ in range(2)}
                assert set(asked) == {b"dr\x004", b"ar\x000"}
                at_s.append(bench.clock.monotonic())
                for body, answer in ((b"dr\x004", b"dw\x004\0"), (b"ar\x000", b"aw\x000\0")):
                    text = answer + b"%d" % level
                    peer.send(encode_frame(20, asked[body].message_id, text))
            await bench.reached(lambda: bench.value("D4") == bench.value("A0") == ("3",))
            readings = [
                (one.pin, one.value[0])
                for one in bench.changes.drain()
                if isinstance(one, PinChange)
            ]
            assert readings == [(pin, str(level)) for level in range(4) for pin in ("D4", "A0")]
            # Never early; how late is the machine's affair.
            assert at_s[3] - at_s[0] >= 3 * 0.05 - 0.01


async def test_nothing_is_asked_after_the_device_went(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = declare(bench, A0=FAST)

        def polls() -> int:
            timers = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
            return sum("Polls" in repr(one) for one in timers if not one.cancelled())

        async with await bench.log_in() as peer:
            await peer.fence()
            assert polls() == 1
        await bench.reached(lambda: not device.is_online)
        assert polls() == 0


async def test_a_device_that_cannot_read_a_pin_is_told_of_once_and_not_asked_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with running(Bench(tmp_path)) as bench:
        declare(bench, A0=FAST, D4=FAST)
        async with await bench.log_in() as peer:
            assert (await peer.receive()).body.startswith(b"pm")
            for _ in range(2):
                frame = await peer.receive()
                if frame.body == b"ar\x000":
                    peer.send(encode_response(frame.message_id, 2))
            await peer.fence()
            # Three turns of D4, and none of A0.
            assert [(await peer.receive()).body for _ in range(3)] == [b"dr\x004"] * 3
            lines = [line for line in caplog.messages if line.startswith("the device cannot read")]
            assert len(lines) == 1


async def test_an_error_to_something_else_does_not_end_the_asking(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, A0=FAST)
        async with await bench.log_in() as peer:
            assert (await peer.receive()).body.startswith(b"pm")
            question = await peer.receive()
            peer.send(encode_frame(20, question.message_id, b"aw\x000\x001"))
            # Answered already: this is about another frame that happens to have its id.
            peer.send(encode_response(question.message_id, 2))
            peer.send(encode_response(4711, 2))
            assert (await peer.receive()).body == b"ar\x000"


async def test_a_device_that_is_not_read_from_is_not_asked(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, A0=FAST)
        async with await bench.log_in() as peer:
            await peer.fence()
            bench.gate.close()
            (connection,) = bench.server._context.connections
            assert not connection.may_ask()
            bench.gate.open()
            assert connection.may_ask()
            assert (await peer.receive()).body == b"ar\x000"


async def test_a_device_that_does_not_take_what_it_is_sent_is_not_asked(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = declare(bench)
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(tuple(bench.server.addresses[0]))
            deaf.send(encode_frame(Command.HW_LOGIN, 1, TOKEN.encode()))
            deaf.send(encode_frame(Command.INTERNAL, 2, CPP_INFO))
            await bench.reached(lambda: device.info != ())
            (connection,) = bench.server._context.connections
            async with asyncio.timeout(PATIENCE_S):
                while connection.may_ask():
                    bench.command("V1", "x" * 1000)
                    await asyncio.sleep(0)
            assert device.is_online
        await bench.reached(lambda: not device.is_online)


async def test_a_paced_client_is_not_asked_faster_than_it_is_sent(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        pins = {f"A{number}": FAST for number in range(6)}
        declare(bench, **pins)
        async with await bench.log_in(info=BLYNKLIB_INFO, command=Command.LOGIN) as peer:
            (connection,) = bench.server._context.connections
            # Six questions each 50 ms, of which one can be sent.
            for _ in range(15):
                await peer.receive()
                assert connection.wire.backlog <= 2 * len(pins)


async def test_node_red_survives_that_it_refuses_everything(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        device = declare(bench, D8=OUT, A0=FAST)
        bench.command("D8", "1")
        async with await bench.log_in(info=NODE_RED_INFO) as peer:
            frames = [await peer.receive() for _ in range(3)]
            for frame in frames[1:]:
                peer.send(encode_response(frame.message_id, 2))
            assert await peer.fence() == []
            assert device.is_online


OWN_TOKEN = "own-token-of-the-gateway-itself-x"


def add_own(bench: Bench, **pins: DirectPin) -> Mailbox:
    """The gateway's own device with D5, D6 and A0; what its hardware has to obey."""
    definition = DeviceDefinition(
        "pi",
        "Pi",
        OWN_TOKEN,
        DeviceSource.GATEWAY,
        pins=pins,
        open_pins=frozenset({"D5", "D6", "A0"}),
    )
    bench.registry.add(definition, API)
    orders = Mailbox(1000, Overflow.CLOSE)
    bench.bus.subscribe_commands(orders, device="pi", origin=GPIO)
    return orders


def told(orders: Mailbox) -> list[tuple[str, str]]:
    """Modes and commands in their order."""
    return [
        (one.pin, str(one.direct.mode) if isinstance(one, ModeChange) else one.value[0])
        for one in orders.drain()
        if isinstance(one, ModeChange | PinChange)
    ]


async def test_a_client_with_the_gateways_token_commands_its_pins(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        orders = add_own(bench)
        async with await bench.log_in(OWN_TOKEN) as peer:
            for body in (b"vw\x001\0x", b"dw\x005\x001", b"aw\x005\x00200", b"dw\x005\x000"):
                peer.send(encode_frame(20, 7, body))
            assert await peer.fence() == []
            changes = [one for one in bench.changes.drain() if isinstance(one, PinChange)]
            assert {one.intent for one in changes} == {Intent.COMMAND}
            assert told(orders) == [
                ("V1", "x"),
                ("D5", "out"),
                ("D5", "1"),
                ("D5", "pwm"),
                ("D5", "200"),
                ("D5", "out"),
                ("D5", "0"),
            ]


async def test_a_client_with_the_gateways_token_is_not_taken_for_the_gateway(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path)) as bench:
        add_own(bench, D5=OUT, D6=IN)
        bench.command("D5", "1", slug="pi")
        async with await bench.log_in(OWN_TOKEN) as peer:
            # No modes, no replay, no questions: its pins are its own. Nor is its info the Pi's.
            assert await peer.fence() == []
            assert bench.registry.get("pi").info == ()
            assert not await bench.server.read_pin("pi", "D6")
            bench.store.set_mode("pi", "D6", IN, GPIO)
            assert await peer.fence() == []


async def test_a_client_with_the_gateways_token_sees_its_pins_change(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        add_own(bench, D5=PWM, D6=IN)
        async with (
            await bench.log_in(OWN_TOKEN) as peer,
            await bench.log_in(OWN_TOKEN) as other,
        ):
            bench.store.write("pi", "D6", ("1",), GPIO, Intent.REPORT)
            bench.store.write("pi", "A0", ("0.5",), GPIO, Intent.REPORT)
            bench.command("D5", "77", slug="pi")
            other.write_pin(1, "x")
            await other.fence()
            frames = await peer.fence()
            assert [frame.body for frame in frames] == [
                b"dw\x006\x001",
                b"aw\x000\x000.5",
                b"aw\x005\x0077",
                b"vw\x001\0x",
            ]
            assert {frame.command for frame in frames} == {Command.HARDWARE}


@pytest.mark.parametrize(
    "body",
    [
        b"dw\x007\x001",
        b"dw\x006\x001",
        b"aw\x006\x001",
        b"aw\x005\x00256",
        b"aw\x005\0on",
        b"pm\x005\0sideways",
        b"pm\x007\0out",
        b"pm\x005",
        b"pm\x006\0out",
    ],
    ids=[
        "line not open",
        "input",
        "input by aw",
        "out of range",
        "no number",
        "unknown mode",
        "mode of a line not open",
        "no mode",
        "declared",
    ],
)
async def test_what_the_gateways_pins_refuse_is_answered_by_2_and_changes_nothing(
    tmp_path: Path, body: bytes
) -> None:
    async with running(Bench(tmp_path)) as bench:
        orders = add_own(bench, D6=IN)
        bench.command("D5", "1", slug="pi")
        orders.drain()
        async with await bench.log_in(OWN_TOKEN) as peer:
            peer.send(encode_frame(20, 9, body))
            assert await peer.fence() == [Frame(Command.RESPONSE, 9, b"2")]
            assert told(orders) == []


async def test_modes_and_reads_of_the_gateways_pins_are_served(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        orders = add_own(bench)
        bench.store.write("pi", "A0", ("512",), GPIO, Intent.REPORT)
        orders.drain()
        async with await bench.log_in(OWN_TOKEN) as peer:
            peer.send(encode_frame(20, 4, b"pm\x005\0pwm\x006\0pu"))
            peer.send(encode_frame(20, 5, b"aw\x005\x009"))
            peer.send(encode_frame(20, 6, b"dr\x005"))
            peer.send(encode_frame(20, 7, b"ar\x000"))
            peer.send(encode_frame(20, 8, b"dr\x006"))
            assert await peer.fence() == [
                Frame(Command.HARDWARE, 6, b"aw\x005\x009"),
                Frame(Command.HARDWARE, 7, b"aw\x000\x00512"),
                Frame(Command.RESPONSE, 8, b"17"),
            ]
            assert told(orders) == [("D5", "pwm"), ("D6", "pu"), ("D5", "9")]


async def test_modes_and_reads_from_other_devices_are_ignored(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        declare(bench, D5=OUT)
        bench.command("D5", "1")
        async with await bench.log_in() as peer:
            await peer.fence()
            peer.send(encode_frame(20, 4, b"pm\x005\0pwm"))
            peer.send(encode_frame(20, 6, b"dr\x005"))
            assert await peer.fence() == []
            assert bench.store.get("greenhouse", "D5").direct == OUT


@pytest.mark.parametrize("bad", [b"\x007\0out", b"\x006\0bogus"])
async def test_of_several_modes_none_is_set_if_one_is_refused(tmp_path: Path, bad: bytes) -> None:
    async with running(Bench(tmp_path)) as bench:
        orders = add_own(bench)
        async with await bench.log_in(OWN_TOKEN) as peer:
            peer.send(encode_frame(20, 4, b"pm\x005\0out" + bad))
            assert await peer.fence() == [Frame(Command.RESPONSE, 4, b"2")]
            assert told(orders) == []


async def test_a_client_with_the_gateways_token_gets_inputs_by_sync_all_too(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        add_own(bench)
        bench.store.set_mode("pi", "D6", DirectPin(PinMode.PULL_UP), API)
        bench.store.write("pi", "D6", ("1",), GPIO, Intent.REPORT)
        async with await bench.log_in(OWN_TOKEN) as peer:
            peer.send(encode_frame(Command.SYNC, 5, b""))
            assert await peer.fence() == [Frame(Command.HARDWARE, 5, b"dw\x006\x001")]
