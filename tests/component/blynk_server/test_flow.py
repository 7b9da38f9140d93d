import array
import asyncio
import fcntl
import socket
import termios
from pathlib import Path

import pytest

from blynk_gateway.blynk_server import flow
from blynk_gateway.blynk_server.carriers import TcpConnection
from blynk_gateway.core.change import StatusChange
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.devices import OTHER_TOKEN, Bench, running
from tests.helpers.patience import PATIENCE_S
from tests.helpers.wire import BLYNKLIB_INFO, TOKEN, Frame


def hardware(body: bytes, message_id: int = 3) -> bytes:
    return encode_frame(Command.HARDWARE, message_id, body)


def unread(bench: Bench) -> int:
    """Bytes of the only device that wait in the kernel."""
    (connection,) = bench.server._context.connections
    assert isinstance(connection, TcpConnection)
    count = array.array("i", [0])
    fcntl.ioctl(connection._transport.get_extra_info("socket").fileno(), termios.FIONREAD, count)
    return count[0]


async def test_a_silent_device_is_closed_and_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.protocol.server.MIN_IDLE_S", 0.05)
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        info = b"ver\x001\0h-beat\x001\0buff-in\x00256\0build\0x"
        monkeypatch.setattr("blynk_gateway.protocol.server.HEARTBEATS_UNTIL_IDLE", 0.05)
        async with await bench.log_in(info=info) as peer:
            assert await peer.ended() == b""
            assert not device.is_online
        told = [one.is_online for one in bench.changes.drain() if isinstance(one, StatusChange)]
        assert (True in told, told[-1]) == (True, False)


async def test_commands_wait_until_the_info_is_answered(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in(info=None) as peer:
            bench.command("V1", "1")
            # Only pings are answered as yet.
            assert await peer.fence() == []
            peer.send(encode_frame(17, 2, b"ver\x001\0h-beat\x0010\0buff-in\x00256\0build\0x"))
            assert await peer.receive() == Frame(0, 2, b"200")
            assert (await peer.receive()).body == b"vw\x001\x001"


async def test_blynklib_gets_one_frame_per_segment(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        for pin in range(5):
            bench.command(f"V{pin}", str(pin))
        async with await bench.log_in(info=BLYNKLIB_INFO, command=Command.LOGIN) as peer:
            peer.send(encode_frame(16, 9, b""))
            arrivals: list[bytes] = []
            async with asyncio.timeout(PATIENCE_S):
                while len(arrivals) < 5:
                    arrivals.append(await peer.reader.read(1024))
            assert arrivals == [encode_frame(20, 9, b"vw\0%d\0%d" % (pin, pin)) for pin in range(5)]


async def test_a_closed_gate_stops_reading_and_loses_nothing(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            bench.gate.close()
            peer.write_pin(1, "a")
            await bench.reached(lambda: unread(bench) > 0)
            # A loop that were told of them would have read them by its next turn.
            for _ in range(3):
                await asyncio.sleep(0)
            assert unread(bench) > 0
            assert bench.value("V1") == ()
            bench.gate.open()
            await bench.reached(lambda: bench.value("V1") == ("a",))


async def test_silence_while_the_gate_is_closed_is_not_held_against_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.protocol.server.DEFAULT_IDLE_S", 1.0)
    monkeypatch.setattr(flow, "RESUME_GRACE_S", 0.1)
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        async with await bench.log_in(info=b"ver\x001\0buff-in\x00256\0build\0x") as peer:
            bench.gate.close()
            peer.write_pin(1, "a")
            (connection,) = bench.server._context.connections
            too_late = bench.clock.monotonic() + 1.0
            # Its timer has gone off after it would have been idle for too long.
            await bench.reached(lambda: connection._timer_at > too_late + flow.RESUME_GRACE_S)
            assert device.is_online
            bench.gate.open()
            await bench.reached(lambda: bench.value("V1") == ("a",))


async def test_a_closed_gate_costs_a_silent_device_one_look_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.protocol.server.DEFAULT_IDLE_S", 0.5)
    monkeypatch.setattr(flow, "RESUME_GRACE_S", 0.1)
    looks: list[float] = []

    def look(connection: flow.Flow) -> None:
        looks.append(bench.clock.monotonic())
        on_timer(connection)

    on_timer = flow.Flow._on_timer
    monkeypatch.setattr(flow.Flow, "_on_timer", look)
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in(info=b"ver\x001\0buff-in\x00256\0build\0x"):
            bench.gate.close()
            await bench.reached(lambda: len(looks) >= 4)
            assert looks[3] - looks[0] >= 0.25


async def test_a_device_that_does_not_read_is_cut_and_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.blynk_server.carriers.MAX_UNSENT_BYTES", 4096)
    async with running(Bench(tmp_path)) as bench:
        device = bench.add()
        bench.add("other", OTHER_TOKEN)
        # Sets its receive buffer, so that little fits into the kernel, and reads nothing.
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(tuple(bench.server.addresses[0]))
            deaf.send(encode_frame(29, 1, TOKEN.encode()))
            deaf.send(encode_frame(17, 2, b"ver\x001.0.0\0buff-in\x004096\0build\0x"))
            await bench.reached(lambda: device.info != ())
            async with await bench.log_in(OTHER_TOKEN) as other:
                for _ in range(20_000):
                    bench.command("V1", "x" * 1000)
                    await asyncio.sleep(0)
                    if not device.is_online:
                        break
                assert not device.is_online
                assert await other.fence() == []
