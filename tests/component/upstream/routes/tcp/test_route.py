"""A device's route to a real server of ours, and to servers that do what ours never does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.config.options import QuotaOptions
from blynk_gateway.core.change import EventChange, EventKind, PastChange, PinChange, PropertyChange
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.device import Device
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.errors import PeerError
from blynk_gateway.protocol.client import ClientConnection
from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.frames import encode_frame, encode_response
from blynk_gateway.upstream.route import (
    Moved,
    Past,
    PastFull,
    Place,
    Refusal,
    Route,
    ServerDown,
    TooFast,
    Write,
)
from blynk_gateway.upstream.routes.tcp import exchange, route
from blynk_gateway.upstream.routes.tcp.route import TcpRoute
from tests.helpers.above import Ground, Script, ScriptedServer, reached, scripted, silence
from tests.helpers.devices import API, LOOPBACK, Bench, Peer, running
from tests.helpers.patience import PATIENCE_S
from tests.helpers.wire import TOKEN, Frame, hardware, response


class AheadClock(SystemClock):
    """The real time and some more."""

    def __init__(self, ahead_ms: int) -> None:
        self._ahead_ms = ahead_ms

    def now_ms(self) -> int:
        return super().now_ms() + self._ahead_ms


class World:
    """A gateway above with one device, and a route to it."""

    def __init__(self, bench: Bench, device: Device) -> None:
        self.bench = bench
        self.device = device
        self.ground = Ground()

    def route(self, **options: Any) -> TcpRoute:  # noqa: ANN401  those of `Ground.setup`
        return TcpRoute(self.ground.setup(self.bench.server.addresses[0], **options))

    def changes(self) -> list[tuple[str, tuple[str, ...], int]]:
        """Values that arrived: pin, value, UTC ms."""
        return [
            (one.pin, one.value, one.at_ms)
            for one in self.bench.changes.drain()
            if isinstance(one, PinChange | PastChange)
        ]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    number = Datastream("V2", "Number", DatastreamType.INT)
    async with running(Bench(tmp_path)) as bench:
        yield World(bench, bench.add("greenhouse", TOKEN, number))


@asynccontextmanager
async def opened(made: TcpRoute) -> AsyncIterator[TcpRoute]:
    await made.open()
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def against(
    script: Script, ground: Ground | None = None
) -> AsyncIterator[tuple[TcpRoute, ScriptedServer]]:
    """A route to a server that takes the login and then follows a script."""

    async def whole(peer: Peer) -> None:
        await take_login(peer)
        await script(peer)

    async with scripted(whole) as server:
        made = TcpRoute((ground or Ground()).setup(server.address))
        async with opened(made):
            yield made, server


async def take_login(peer: Peer) -> None:
    assert await peer.receive() == Frame(Command.HW_LOGIN, 1, TOKEN.encode())
    peer.send(encode_response(1, Status.OK))
    info = await peer.receive()
    assert info.command == Command.INTERNAL
    peer.send(encode_response(info.message_id, Status.OK))


async def answer(peer: Peer, refusing: Callable[[Frame], int | None]) -> None:
    """Answer pings by 200, and other frames as a test says."""
    while True:
        frame = await peer.receive()
        if frame.command == Command.PING:
            peer.send(response(frame.message_id))
        elif (status := refusing(frame)) is not None:
            peer.send(response(frame.message_id, status))


async def end_of(made: Route) -> PeerError:
    async with asyncio.timeout(PATIENCE_S):
        return await made.ended()


async def test_live_values_are_there_in_their_order_when_they_are_acknowledged(
    world: World,
) -> None:
    async with opened(world.route()) as made:
        writes = [Write("V1", (str(number),)) for number in range(99)]
        writes.append(Write("V3", ("1", "", "zwei €")))
        assert made.cost_of_live(writes) == 100
        assert await made.send_live(writes) == []
        told = world.changes()
        assert [one[:2] for one in told] == [(one.pin, one.value) for one in writes]
        assert await made.send_live([]) == []


async def test_points_of_the_past_come_with_their_times_and_change_nothing_that_stands(
    world: World,
) -> None:
    now_ms = world.bench.clock.now_ms()
    async with opened(world.route()) as made:
        await made.send_live([Write("V1", ("now",))])
        world.changes()
        points = [
            Past(now_ms - 9000, "V1", ("a",)),
            Past(now_ms - 9000, "V2", ("1",)),
            Past(now_ms - 8000, "V1", ("b", "c")),
        ]
        # Two groups, each with a frame before and behind it.
        assert made.cost_of_past(points) == 3 + 4
        assert await made.send_past(points) == []
        assert world.changes() == [(pin, value, at_ms) for at_ms, pin, value in points]
        assert world.bench.value("V1") == ("now",)
        assert await made.send_past([]) == []
        # The last group is closed.
        await made.send_live([Write("V1", ("later",))])
        ((_, _, at_ms),) = world.changes()
        assert at_ms >= now_ms


async def test_a_refused_value_is_named_and_the_others_arrive(world: World) -> None:
    async with opened(world.route()) as made:
        refusals = await made.send_live(
            [
                Write("V2", ("x",)),
                Write("V2", ("2",)),
                Write("V1", ("x" * 40_000,)),
                Write("V3", ()),
            ]
        )
        assert refusals == [
            Refusal(0, "status 2: Malformed or unsupported."),
            Refusal(2, "longer than 32000 bytes"),
            Refusal(3, "no value"),
        ]
        assert [one[:2] for one in world.changes()] == [("V2", ("2",))]
        at_ms = world.bench.clock.now_ms() - 5000
        past = [Past(at_ms, "V1", ("1",)), Past(at_ms, "V2", ("y",)), Past(at_ms, "V1", ())]
        assert [one.at for one in await made.send_past(past)] == [1, 2]
        assert world.changes() == [("V1", ("1",), at_ms)]
        # Nothing is sent for what cannot be sent.
        assert await made.send_live([Write("V1", ())]) == [Refusal(0, "no value")]


@pytest.mark.parametrize("ahead_ms", [4_000, 3_600_000, -3_600_000])
async def test_points_of_the_past_stay_past_for_a_server_with_another_time(
    ahead_ms: int, world: World
) -> None:
    clock = AheadClock(ahead_ms)
    async with opened(world.route(clock=clock)) as made:
        await made.send_live([Write("V1", ("now",))])
        world.changes()
        at_ms = [clock.now_ms() - age_ms for age_ms in (5000, 5000, 1000)]
        points = [Past(one, "V1", (str(number),)) for number, one in enumerate(at_ms)]
        assert await made.send_past(points) == []
        assert world.bench.value("V1") == ("now",)
        told = [one.at_ms for one in world.bench.changes.drain() if isinstance(one, PastChange)]
    moved = [ours - theirs for ours, theirs in zip(at_ms, told, strict=True)]
    # All by as much. Times that are earlier there do no harm as they are.
    assert len(set(moved)) == 1
    assert moved[0] == 0 if ahead_ms < 0 else 0 <= moved[0] - ahead_ms < 1000


async def test_a_point_that_is_too_old_to_be_believed_does_not_go_up(world: World) -> None:
    month_ago_ms = world.bench.clock.now_ms() - 31 * 86_400_000
    async with opened(world.route()) as made:
        points = [Past(month_ago_ms + later, "V1", (str(later),)) for later in (-1, 1, 120_000)]
        refusals = await made.send_past(points)
        assert [(one.at, one.reason) for one in refusals] == [
            (at, "older than a month") for at in (0, 1)
        ]
        assert world.changes() == [("V1", ("120000",), points[2].at_ms)]


async def test_a_server_that_tells_no_time_gets_no_points_of_the_past(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    frames: list[Frame] = []

    async def script(peer: Peer) -> None:
        while True:
            frames.append(await peer.receive())

    monkeypatch.setattr(route, "ANSWER_S", 0.05)
    async with against(script) as (made, _):
        for _ in range(2):
            with pytest.raises(PastFull, match="it tells no time"):
                await made.send_past([Past(1, "V1", ("1",))])
    assert {(one.command, one.body) for one in frames} == {(Command.INTERNAL, b"utc\0time")}
    assert caplog.text.count("backlog waits") == 1


async def test_a_server_without_groups_refuses_all_points_of_each() -> None:
    async def script(peer: Peer) -> None:
        question = await peer.receive()
        told = b"utc\0time\0%d" % SystemClock().now_ms()
        peer.send(encode_frame(Command.INTERNAL, question.message_id, told))
        await answer(
            peer, lambda frame: 2 if frame.command == Command.GROUP and frame.body != b"e" else None
        )

    async with against(script) as (made, _):
        now_ms = SystemClock().now_ms()
        refusals = await made.send_past([Past(now_ms - ago, "V1", ("1",)) for ago in (2, 1)])
        assert [one.at for one in refusals] == [0, 1]


async def test_what_stands_above_is_told_and_nothing_else_is_waited_for(world: World) -> None:
    bench = world.bench
    bench.command("V1", "a", "b")
    bench.store.set_mode("greenhouse", "D5", DirectPin(PinMode.OUT), API)
    bench.store.set_mode("greenhouse", "D6", DirectPin(PinMode.PWM), API)
    bench.command("D5", "1")
    bench.command("D6", "128")
    pins = ("V1", "V2", "D5", "D6", "A0")
    async with opened(world.route(pins=pins)) as made:
        assert await made.send_live([Write("A0", ("512",))]) == []
        world.ground.below.writes.clear()
        assert await made.ask([*pins, "V77"]) == {
            "V1": ("a", "b"),
            "D5": ("1",),
            "D6": ("128",),
            "A0": ("512",),
        }
        assert await made.ask(["V2"]) == {}
        assert await made.ask([]) == {}
    assert world.ground.below.writes == []


async def test_commands_from_above_come_down_in_order_under_the_names_of_the_mapping(
    world: World,
) -> None:
    bench, below = world.bench, world.ground.below
    bench.store.set_mode("greenhouse", "D6", DirectPin(PinMode.PWM), API)
    bench.command("D6", "11")
    async with opened(world.route(pins=("V1", "D6"))) as made:
        # At a login our server sets the outputs of a board: that is no command.
        assert await made.ask(["D6"]) == {"D6": ("11",)}
        bench.command("V1", "1")
        bench.command("D6", "77")
        bench.command("V1", "2", "3")
        await made.ask(["V3"])
        assert below.writes == [("V1", ("1",)), ("D6", ("77",)), ("V1", ("2", "3"))]


async def test_direct_pins_obey_after_a_ping_though_nothing_was_ever_asked() -> None:
    async def script(peer: Peer) -> None:
        # What a server sets at a login, and a command.
        peer.send(hardware(b"dw\x005\x001", 3) + response(3) + hardware(b"dw\x005\x000", 4))
        await silence(peer)

    ground = Ground()
    async with against(script, ground):
        await reached(lambda: ground.below.writes)
        assert ground.below.writes == [("D5", ("0",))]


async def test_a_command_in_the_midst_of_a_sync_is_no_answer_to_it() -> None:
    async def script(peer: Peer) -> None:
        sync = await peer.receive()
        peer.send(hardware(b"vw\x001\0command", 3))
        peer.send(hardware(b"vw\x001\0first line", sync.message_id))
        peer.send(hardware(b"vw\x001\0last line", sync.message_id))
        peer.send(hardware(b"vw\x002\0not asked for", sync.message_id))
        peer.send(response((await peer.receive()).message_id))
        await peer.receive()
        peer.send(hardware(b"vw\x001\0afterwards", sync.message_id))
        await answer(peer, lambda frame: None)

    ground = Ground()
    async with against(script, ground) as (made, _):
        assert await made.ask(["V1"]) == {"V1": ("last line",)}
        assert ground.below.writes == [("V1", ("command",)), ("V2", ("not asked for",))]
        # Nor is one afterwards, whatever its id.
        ground.below.writes.clear()
        await made.send_live([Write("V3", ("1",))])
        assert ground.below.writes == [("V1", ("afterwards",))]


async def test_a_command_behind_the_answer_to_a_sync_is_what_stands() -> None:
    async def script(peer: Peer) -> None:
        sync, digital = await peer.receive(), await peer.receive()
        peer.send(hardware(b"vw\x001\0old", sync.message_id) + hardware(b"vw\x001\0new", 3))
        peer.send(hardware(b"dw\x005\x000", digital.message_id))
        # In mode `pwm`, as it is for an A pin.
        peer.send(hardware(b"aw\x005\x001", 4))
        peer.send(response((await peer.receive()).message_id))
        await silence(peer)

    ground = Ground()
    async with against(script, ground) as (made, _):
        assert await made.ask(["V1", "D5"]) == {"V1": ("new",), "D5": ("1",)}
        assert ground.below.writes == [("V1", ("new",))]


async def test_late_answers_to_a_sync_that_was_given_up_are_no_commands() -> None:
    is_given_up = asyncio.Event()

    async def script(peer: Peer) -> None:
        sync, ping = await peer.receive(), await peer.receive()
        is_asked.set()
        await is_given_up.wait()
        peer.send(hardware(b"vw\x001\0late", sync.message_id) + response(ping.message_id))
        await answer(peer, lambda frame: None)

    ground, is_asked = Ground(), asyncio.Event()
    async with against(script, ground) as (made, _):
        asking = asyncio.create_task(made.ask(["V1"]))
        await is_asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        is_given_up.set()
        assert await made.send_live([Write("V2", ("1",))]) == []
        assert ground.below.writes == []


async def test_the_servers_clock_and_metadata_are_told(world: World) -> None:
    world.bench.registry.set_metadata(world.device, "Location", "cellar", API)
    async with opened(world.route()) as made:
        now_ms = await made.ask_time()
        assert now_ms is not None
        assert abs(now_ms - world.bench.clock.now_ms()) < 2000
        assert await made.ask_metadata("Location") == "cellar"
        await made.set_metadata("Location", "roof")
        assert world.device.metadata["Location"] == "roof"


@pytest.mark.parametrize(
    "said",
    [b"utc\0time\0soon", b"utc\0time\0" + b"9" * 16, b"utc\0iso\0" + b"1", b"", None],
)
async def test_a_server_without_a_clock_is_not_waited_for_long(
    said: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(peer: Peer) -> None:
        for _ in range(2):
            question = await peer.receive()
            if said is not None:
                peer.send(encode_frame(Command.INTERNAL, question.message_id, said))
        await silence(peer)

    monkeypatch.setattr(route, "ANSWER_S", 0.05)
    async with against(script) as (made, _):
        assert await made.ask_time() is None
        assert await made.ask_metadata("time") is None


async def test_a_refused_question_is_answered_by_nothing_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(peer: Peer) -> None:
        await answer(peer, lambda frame: 2)

    monkeypatch.setattr(route, "ANSWER_S", 2 * PATIENCE_S)
    async with against(script) as (made, _):
        async with asyncio.timeout(PATIENCE_S):
            assert await made.ask_time() is None


async def test_properties_and_events_arrive_and_what_is_not_known_is_let_go(
    world: World,
) -> None:
    async with opened(world.route()) as made:
        await made.set_property("V1", "labels", ("an", "aus"))
        # What the server refuses, and what cannot be said at all.
        await made.set_property("V1", "x" * 5000, ("1",))
        await made.set_property("D1", "color", ("#23C48E",))
        await made.set_metadata("Auth Token", "stolen")
        await made.log_event("hot", "too hot")
        await made.log_event("cold", "")
        await made.clear_event("hot", is_all=True)
        await made.clear_event("cold", is_all=False)
    changes = world.bench.changes.drain()
    properties = [one for one in changes if isinstance(one, PropertyChange)]
    assert [(one.pin, one.name, one.value) for one in properties] == [
        ("V1", "labels", ("an", "aus"))
    ]
    events = [one for one in changes if isinstance(one, EventChange)]
    assert [(one.kind, one.code, one.description) for one in events if one.code != "online"][
        -4:
    ] == [
        (EventKind.LOGGED, "hot", "too hot"),
        (EventKind.LOGGED, "cold", ""),
        (EventKind.RESOLVED, "hot", "all"),
        (EventKind.RESOLVED, "cold", ""),
    ]


async def test_what_else_a_server_says_comes_down_or_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def script(peer: Peer) -> None:
        said = [b"acon", b"adis\0", b"meta\0Name\0a\0b", b"meta\0Name", b"", b"x"]
        said += [b"ota\0http://example.com/token", b"dbg\0reboot", b"vfs\0"] * 2
        for body in said:
            peer.send(encode_frame(Command.INTERNAL, 7777, body))
        peer.send(encode_frame(Command.DEBUG_PRINT, 1, b"hello"))
        peer.send(hardware(b"vr\x001") + hardware(b"pm\x005\0out"))
        await answer(peer, lambda frame: None)

    ground = Ground()
    caplog.set_level("INFO")
    async with against(script, ground) as (made, _):
        await made.send_live([Write("V1", ("1",))])
        assert ground.below.apps == [True, False]
        assert ground.below.metadata == [("Name", "a\0b")]
        assert ground.below.writes == []
    kinds = [vars(one)["kind"] for one in caplog.records if "ignored" in one.message]
    assert sorted(kinds) == [
        "DebugPrinted",
        "PinModesSet",
        "PinReadRequested",
        "dbg",
        "internal",
        "ota",
        "vfs",
    ]


async def test_after_a_flood_nothing_of_the_batch_counts_and_the_route_goes_on() -> None:
    async def script(peer: Peer) -> None:
        writes = [await peer.receive() for _ in range(3)]
        # Its id need not be that of any frame of ours.
        peer.send(response(1, Status.QUOTA_LIMIT) + response(writes[1].message_id, 2))
        peer.send(response((await peer.receive()).message_id))
        await answer(peer, lambda frame: None)

    async with against(script) as (made, _):
        with pytest.raises(TooFast, match="too many messages") as caught:
            await made.send_live([Write("V1", (str(number),)) for number in range(3)])
        assert caught.value.retry_after_s == 60
        assert await made.send_live([Write("V1", ("1",))]) == []


async def test_a_flood_over_the_quota_of_a_real_server_is_told(tmp_path: Path) -> None:
    quota = QuotaOptions(messages_per_second=5, burst=5)
    async with running(Bench(tmp_path, quota=quota)) as bench:
        world = World(bench, bench.add())
        writes = [Write("V1", (str(number),)) for number in range(100)]
        # At once on the next connection too: else what is dropped there would count as told.
        for _ in range(2):
            async with opened(world.route()) as made:
                with pytest.raises(TooFast):
                    await made.send_live(writes)


@pytest.mark.parametrize("is_ping_refused", [False, True])
async def test_a_server_that_drops_pings_in_a_flood_is_not_waited_for_long_nor_talked_to_any_more(
    is_ping_refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(peer: Peer) -> None:
        write, ping = await peer.receive(), await peer.receive()
        peer.send(response((ping if is_ping_refused else write).message_id, 1))
        await silence(peer)

    monkeypatch.setattr(exchange, "AFTER_FLOOD_S", 2 * PATIENCE_S if is_ping_refused else 0.05)
    async with against(script) as (made, _):
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(TooFast):
                await made.send_live([Write("V1", ("1",))])
        if is_ping_refused:
            assert made._error is None
        else:
            assert "an answer to a ping" in str(await end_of(made))


@pytest.mark.parametrize("status", [Status.NOT_AUTHENTICATED, Status.INVALID_TOKEN])
async def test_a_server_that_does_not_know_us_any_more_ends_the_route(status: Status) -> None:
    async def script(peer: Peer) -> None:
        peer.send(response((await peer.receive()).message_id, status))
        await silence(peer)

    async with against(script) as (made, _):
        with pytest.raises(ServerDown, match=f"status {status:d}; expected to be logged in"):
            await made.send_live([Write("V1", ("1",))])
        with pytest.raises(ServerDown):
            await made.ask(["V1"])


async def test_a_ping_that_is_never_answered_ends_the_route_though_the_server_talks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(peer: Peer) -> None:
        while True:
            peer.send(encode_frame(Command.PING, 1))
            await peer.receive()

    async with against(script) as (made, _):
        monkeypatch.setattr(ClientConnection, "patience_s", 0.1)
        with pytest.raises(ServerDown, match=r"no answer within 0.1 s"):
            await made.send_live([Write("V1", ("1",))])
        assert isinstance(await end_of(made), ServerDown)


async def test_a_server_that_closes_ends_the_route_and_whatever_waits_for_it() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()

    async with against(script) as (made, _):
        with pytest.raises(ServerDown):
            await made.send_live([Write("V1", ("1",))])
        error = await end_of(made)
        assert isinstance(error, ServerDown)
        with pytest.raises(ServerDown) as caught:
            await made.ask_time()
        assert caught.value is error


async def test_a_redirect_after_the_login_is_remembered_and_ends_the_route() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        peer.send(encode_frame(Command.REDIRECT, 1, b"fra1.example.com\x008080"))
        await silence(peer)

    ground = Ground()
    async with against(script, ground) as (made, _):
        with pytest.raises(Moved, match=r"it sends us to fra1\.example\.com:8080"):
            await made.send_live([Write("V1", ("1",))])
        assert ground.places == [Place("fra1.example.com", 8080)]


async def test_calls_at_the_same_time_take_turns(world: World) -> None:
    async with opened(world.route()) as made:
        calls = [made.send_live([Write("V1", (str(number),))] * 3) for number in range(5)]
        results = await asyncio.gather(*calls, made.ask(["V1"]), made.ask_time())
        assert results[:5] == [[]] * 5
        assert results[5] == {"V1": ("4",)}
        told = [value for _, (value,), _ in world.changes()]
        assert told == [str(number) for number in range(5) for _ in range(3)]


async def test_a_closed_route_says_so_to_all_and_may_be_closed_again(world: World) -> None:
    made = world.route()
    await made.open()
    sending = asyncio.create_task(made.ask(["V1"]))
    await asyncio.sleep(0)
    await made.close()
    await made.close()
    with pytest.raises(ServerDown, match="closed by this gateway"):
        await sending
    assert "closed by this gateway" in str(await end_of(made))
    await world.bench.reached(lambda: not world.device.is_online)


async def test_a_route_closed_before_it_is_open_does_not_open(world: World) -> None:
    made = world.route()
    await made.close()
    with pytest.raises(ServerDown, match="closed by this gateway"):
        await made.open()
    await world.bench.reached(lambda: world.bench.server.connections == 0)


async def test_it_all_goes_over_tls_as_well(tmp_path: Path) -> None:
    async with running(Bench(tmp_path, listen_tls=(LOOPBACK,))) as bench:
        await bench.reached(lambda: bool(bench.server.tls_addresses))
        ground, device = Ground(), bench.add()
        address = bench.server.tls_addresses[0]
        made = TcpRoute(ground.setup(address, ca=tmp_path / "tls" / "ca.pem"))
        async with opened(made):
            writes = [Write("V1", ("x" * 1000,)), Write("V2", ("2",))] * 50
            assert await made.send_live(writes) == []
            assert await made.ask(["V2"]) == {"V2": ("2",)}
            bench.command("V3", "1")
            await bench.reached(lambda: ground.below.writes == [("V3", ("1",))])
        await bench.reached(lambda: not device.is_online)


async def test_place_and_token_are_told_as_they_may_be(world: World) -> None:
    async with opened(world.route()) as made:
        assert made.place == "{}:{}".format(*world.bench.server.addresses[0])
        assert TOKEN not in repr(made)
        meets: Route = made
        assert meets.max_live >= 100
