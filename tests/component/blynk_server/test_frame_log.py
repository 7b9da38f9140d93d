import asyncio
import ssl
from pathlib import Path

import pytest

from blynk_gateway.blynk_server import frame_log
from blynk_gateway.blynk_server.frame_log import MAX_FRAMES, MAX_TEXT, FrameLog
from blynk_gateway.core.ports import FrameRecord
from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import encode_frame, encode_response
from tests.helpers.devices import LOOPBACK, OTHER_TOKEN, Bench, Peer, running
from tests.helpers.wire import TOKEN

SLUG = "greenhouse"
MASKED = f"{TOKEN[:4]}…"


def watched(bench: Bench, after: int = 0) -> list[FrameRecord]:
    return bench.server.frames(SLUG, after)[1]


def told(frames: list[FrameRecord]) -> list[tuple[str, str, int, str]]:
    return [(one.direction, one.command, one.id, one.text) for one in frames]


def vw(pin: int, value: bytes, message_id: int = 3) -> bytes:
    return encode_frame(Command.HARDWARE, message_id, b"vw\0%d\0%s" % (pin, value))


async def test_both_directions_are_told_from_the_first_question_on(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            peer.write_pin(1, "before")
            await peer.fence()
            assert bench.server.frames(SLUG, 0) == (0, [])
            peer.write_pin(5, "21.5", "", "b")
            peer.send(encode_frame(Command.PING, 4))
            await peer.fence()
            bench.command("V6", "7")
            await peer.receive()
            frames = watched(bench)
            # How TCP cuts it decides what is read before something is answered.
            assert [one for one in told(frames) if one[0] == "in"] == [
                ("in", "hardware", 3, "vw · 5 · 21.5 ·  · b"),
                ("in", "ping", 4, ""),
                ("in", "ping", 999, ""),
            ]
            *answers, command = [one for one in told(frames) if one[0] == "out"]
            assert answers == [
                ("out", "response", 4, "200 OK"),
                ("out", "response", 999, "200 OK"),
            ]
            assert (command[1], command[3]) == ("hardware", "vw · 6 · 7")
            assert [one.n for one in frames] == [1, 2, 3, 4, 5, 6]
            assert (frames[0].length, frames[-1].length) == (12, 6)
            assert {one.peer for one in frames} == {frames[0].peer}
            assert frames[0].peer.startswith("127.0.0.1:")
            # And from there on only what is new.
            last, rest = bench.server.frames(SLUG, frames[3].n)
            assert (last, rest) == (frames[-1].n, frames[4:])


async def test_a_tap_that_begins_within_a_frame_begins_at_its_border(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            frame = vw(1, b"x" * 50)
            peer.send(frame[:20])
            await bench.reached(
                lambda: any(one.wire.unfinished for one in bench.server._context.connections)
            )
            watched(bench)
            peer.send(frame[20:] + vw(2, b"y"))
            await peer.fence()
            assert told(watched(bench))[:2] == [
                ("in", "hardware", 3, "vw · 1 · " + "x" * 50),
                ("in", "hardware", 3, "vw · 2 · y"),
            ]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_frames_in_small_pieces_are_whole(tmp_path: Path, size: int) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            watched(bench)
            sent = vw(1, b"a") + encode_response(9, 200) + vw(2, b"b")
            for start in range(0, len(sent), size):
                peer.send(sent[start : start + size])
                await asyncio.sleep(0)
            await peer.fence()
            assert told(watched(bench))[:3] == [
                ("in", "hardware", 3, "vw · 1 · a"),
                ("in", "response", 9, "200 OK"),
                ("in", "hardware", 3, "vw · 2 · b"),
            ]


@pytest.mark.parametrize(
    ("command", "name"), [(Command.LOGIN, "login"), (Command.HW_LOGIN, "hw_login")]
)
async def test_a_login_is_told_with_its_token_masked(
    tmp_path: Path, command: Command, name: str
) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        watched(bench)
        async with await bench.log_in(command=command) as peer:
            # A second one on the same connection, and one of a bridge to another device.
            peer.send(encode_frame(Command.HW_LOGIN, 7, TOKEN.encode()))
            peer.send(encode_frame(Command.BRIDGE, 8, b"64\0i\0" + OTHER_TOKEN.encode()))
            await peer.fence()
            frames = watched(bench)
            assert told(frames)[0] == ("in", name, 1, MASKED)
            assert frames[0].length == len(TOKEN)
            assert ("out", "response", 1, "200 OK") in told(frames)
            assert ("in", "hw_login", 7, MASKED) in told(frames)
            assert ("in", "bridge", 8, f"64 · i · {OTHER_TOKEN[:4]}…") in told(frames)
            assert TOKEN not in repr(frames)
            assert OTHER_TOKEN not in repr(frames)


async def test_what_comes_behind_a_login_in_one_piece_is_told_too(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        watched(bench)
        async with await bench.connect() as peer:
            peer.send(encode_frame(Command.HW_LOGIN, 1, TOKEN.encode()) + vw(1, b"a") + b"\x14\0")
            await bench.reached(lambda: len(watched(bench)) == 3)
            peer.send(b"\x09\0\x06vw\x002\x00b")
            await bench.reached(lambda: bench.value("V2") == ("b",))
            ins = [one for one in told(watched(bench)) if one[0] == "in"]
            assert ins[1:] == [
                ("in", "hardware", 3, "vw · 1 · a"),
                ("in", "hardware", 9, "vw · 2 · b"),
            ]


async def test_tls_and_websocket_links_are_told_as_well(tmp_path: Path) -> None:
    class Sink:
        def send_frames(self, frames: list[bytes]) -> None:
            pass

        def close(self) -> None:
            pass

    async with running(Bench(tmp_path, listen_tls=(LOOPBACK,))) as bench:
        bench.add()
        await bench.reached(lambda: bool(bench.server.tls_addresses))
        watched(bench)
        async with await bench.connect(
            ssl.create_default_context(cafile=tmp_path / "tls" / "ca.pem")
        ) as peer:
            await peer.log_in()
            peer.write_pin(1, "tls")
            await peer.fence()
        link = bench.server.open_link(Sink(), "10.0.0.9:1234")
        link.received(encode_frame(Command.HW_LOGIN, 1, TOKEN.encode()) + vw(1, b"web"))
        assert "vw · 1 · tls" in {one.text for one in watched(bench)}
        (web,) = [one for one in watched(bench) if one.text == "vw · 1 · web"]
        assert web.peer == "10.0.0.9:1234"
        link.lost()


async def test_other_devices_are_not_told_of(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        bench.add("other", OTHER_TOKEN)
        async with await bench.log_in(OTHER_TOKEN) as other:
            watched(bench)
            other.write_pin(1, "a")
            await other.fence()
            assert watched(bench) == []
            assert all(one.tap is None for one in bench.server._context.connections)


async def test_texts_are_short_printable_and_of_any_bytes(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            watched(bench)
            peer.send(vw(1, "ä".encode() * 5000))
            peer.send(vw(2, b"\xff\x1b[31m\n<b>"))
            peer.send(encode_frame(98, 4, b"odd"))
            peer.send(encode_response(5, 1234))
            await peer.fence()
            long, odd, unknown, answer = watched(bench)[:4]
            assert long.text == "vw · 1 · " + "ä" * (MAX_TEXT - 9) + "…"
            assert long.length == 10_005
            assert odd.text == "vw · 2 · \ufffd\ufffd[31m\ufffd<b>"
            assert (unknown.command, unknown.text) == ("98", "odd")
            assert answer.text == "1234"


async def test_garbage_ends_the_connection_and_raises_nothing(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            watched(bench)
            peer.send(vw(1, b"a") + b"\xff" * 5000)
            await peer.ended()
            assert [one.text for one in watched(bench) if one.direction == "in"] == ["vw · 1 · a"]


async def test_only_the_latest_frames_are_kept(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            watched(bench)
            for number in range(MAX_FRAMES + 10):
                peer.write_pin(1, str(number))
            await peer.fence()
            frames = watched(bench)
            assert len(frames) == MAX_FRAMES
            assert frames[-1].n == bench.server.frames(SLUG, 0)[0] == MAX_FRAMES + 12


async def test_nothing_is_kept_any_more_when_nobody_asks(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        context = bench.server._context
        context.frames = FrameLog(watch_s=0.05)
        bench.add()
        async with await bench.log_in() as peer:
            watched(bench)
            peer.write_pin(1, "a")
            await peer.fence()
            (connection,) = context.connections
            await bench.reached(lambda: connection.tap is None)
            last, frames = bench.server.frames(SLUG, 0)
            assert (last, frames) == (3, [])
            # Numbers go on, so that whoever asks for what is behind one misses nothing.
            peer.write_pin(1, "b")
            await bench.reached(lambda: bool(watched(bench, last)))
            assert watched(bench, last)[0].n == 4


async def test_a_question_keeps_it_going(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        watched(bench)
        ring = bench.server._context.frames._rings[SLUG]
        first = ring.timer
        assert first is not None
        watched(bench)
        assert first.cancelled()
        assert ring.timer is not first


async def test_the_device_not_asked_for_the_longest_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_log, "MAX_WATCHED", 2)
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            for slug in (SLUG, "a", SLUG, "b"):
                bench.server.frames(slug, 0)
            (connection,) = bench.server._context.connections
            assert list(bench.server._context.frames._rings) == [SLUG, "b"]
            for slug in ("a", "b"):
                bench.server.frames(slug, 0)
            assert connection.tap is None
            await peer.fence()


async def test_a_stop_lets_go_of_everything(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with running(bench):
        bench.add()
        watched(bench)
        ring = bench.server._context.frames._rings[SLUG]
    assert bench.server._context.frames._rings == {}
    assert ring.timer is not None
    assert ring.timer.cancelled()


async def test_a_wrong_login_is_no_devices(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        watched(bench)
        async with await Peer.connect(bench.server.addresses[0]) as peer:
            peer.send(encode_frame(Command.HW_LOGIN, 1, b"x" * 32))
            await peer.receive()
            assert watched(bench) == []
