import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blynk_gateway.blynk_server import reading
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.errors import UnknownDevice, UnknownPin
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame, encode_response
from tests.helpers.devices import API, Bench, Peer, running
from tests.helpers.patience import PATIENCE_S
from tests.helpers.wire import Frame

if TYPE_CHECKING:
    from blynk_gateway.core.ports import PinReader


async def answer(peer: Peer, question: bytes, value: bytes) -> None:
    """Wait for the question and answer it with its id."""
    frame = await peer.receive()
    assert (frame.command, frame.body) == (Command.HARDWARE, question)
    peer.send(encode_frame(20, frame.message_id, value))


@pytest.mark.parametrize(
    ("pin", "question", "reply", "value"),
    [("D4", b"dr\x004", b"dw\x004\x001", "1"), ("A0", b"ar\x000", b"aw\x000\x00512", "512")],
)
async def test_a_read_without_a_mode_asks_and_sets_no_mode(
    tmp_path: Path, pin: str, question: bytes, reply: bytes, value: str
) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        reader: PinReader = bench.server
        async with await bench.log_in() as peer, asyncio.TaskGroup() as tasks:
            read = tasks.create_task(reader.read_pin("greenhouse", pin), name="read")
            await answer(peer, question, reply)
            assert await read
            assert bench.value(pin) == (value,)
            assert bench.store.get("greenhouse", pin).direct is None
            assert await peer.fence() == []


async def test_reads_at_the_same_time_ask_once(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer, asyncio.TaskGroup() as tasks:
            reads = [
                tasks.create_task(bench.server.read_pin("greenhouse", "D4"), name=f"read {number}")
                for number in range(5)
            ]
            await answer(peer, b"dr\x004", b"dw\x004\x001")
            assert [await read for read in reads] == [True] * 5
            assert await peer.fence() == []


async def test_silence_is_no_value_after_a_while_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "READ_TIMEOUT_S", 0.05)
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            assert not await bench.server.read_pin("greenhouse", "D4")
            # The next one asks again.
            assert not await bench.server.read_pin("greenhouse", "D4")
            assert [one.body for one in await peer.fence()] == [b"dr\x004"] * 2
            # A late answer is a report like any other.
            peer.send(encode_frame(20, 5, b"dw\x004\x001"))
            await peer.fence()
            assert bench.value("D4") == ("1",)


async def test_a_refusal_ends_the_wait_when_every_connection_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "READ_TIMEOUT_S", 2 * PATIENCE_S)
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with (
            await bench.log_in() as first,
            await bench.log_in() as second,
            asyncio.TaskGroup() as tasks,
        ):
            read = tasks.create_task(bench.server.read_pin("greenhouse", "A0"), name="read")
            frame = await first.receive()
            first.send(encode_response(frame.message_id, 2))
            await first.fence()
            assert not read.done()
            await answer(second, b"ar\x000", b"aw\x000\x007")
            assert await read

            read = tasks.create_task(bench.server.read_pin("greenhouse", "A0"), name="again")
            for peer in (first, second):
                frame = await peer.receive()
                peer.send(encode_response(frame.message_id, 2))
            async with asyncio.timeout(PATIENCE_S):
                assert not await read


async def test_a_read_before_the_info_waits_for_it(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in(info=None) as peer, asyncio.TaskGroup() as tasks:
            read = tasks.create_task(bench.server.read_pin("greenhouse", "D4"), name="read")
            assert await peer.fence() == []
            peer.send(encode_frame(17, 2, b"ver\x001\0h-beat\x0010\0buff-in\x00256\0build\0x"))
            assert await peer.receive() == Frame(0, 2, b"200")
            await answer(peer, b"dr\x004", b"dw\x004\x001")
            assert await read


async def test_an_offline_device_answers_nothing(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        assert not await bench.server.read_pin("greenhouse", "D4")


async def test_a_pulse_width_output_is_not_asked_for_a_level(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.store.set_mode("greenhouse", "D4", DirectPin(PinMode.PWM), API)
        async with await bench.log_in() as peer:
            await peer.fence()
            assert not await bench.server.read_pin("greenhouse", "D4")
            assert await peer.fence() == []


async def test_an_analog_answer_belongs_to_the_pin_that_was_asked(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.store.set_mode("greenhouse", "D4", DirectPin(PinMode.PWM), API)
        async with await bench.log_in() as peer, asyncio.TaskGroup() as tasks:
            await peer.fence()
            read = tasks.create_task(bench.server.read_pin("greenhouse", "A4"), name="read")
            await answer(peer, b"ar\x004", b"aw\x004\x00300")
            assert await read
            assert bench.value("A4") == ("300",)
            assert bench.value("D4") == ()


async def test_an_analog_answer_to_a_digital_question_is_its_answer(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer, asyncio.TaskGroup() as tasks:
            read = tasks.create_task(bench.server.read_pin("greenhouse", "D4"), name="read")
            await answer(peer, b"dr\x004", b"aw\x004\x001")
            assert await read
            assert bench.value("D4") == ("1",)
            assert bench.value("A4") == ()


async def test_what_is_no_direct_pin_of_a_device_cannot_be_read(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        for pin in ("V1", "D256", "x"):
            with pytest.raises(UnknownPin, match="expected a pin D<n> or A<n>"):
                await bench.server.read_pin("greenhouse", pin)
        with pytest.raises(UnknownDevice):
            await bench.server.read_pin("nobody", "D4")
