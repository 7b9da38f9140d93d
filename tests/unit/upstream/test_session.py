"""One connection: settling, and what is done after it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from blynk_gateway.config.upstream.options import BudgetOptions, Via
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventKind, Intent
from blynk_gateway.core.datastream import Authority, Datastream
from blynk_gateway.errors import HistoryError
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.upstream import session as session_module
from blynk_gateway.upstream.arrivals import Arrivals
from blynk_gateway.upstream.lanes.pace import Pace
from blynk_gateway.upstream.route import ServerDown
from blynk_gateway.upstream.session import Session
from blynk_gateway.upstream.standing import Standing
from tests.helpers.mqtt import reached
from tests.helpers.upstream import BOARD, Below, FakeRoute, mapped, mapping, upstream

V1 = PinAddress("house", "V1")


class World(Below):
    def __init__(self, *datastreams: Datastream, **options: object) -> None:
        super().__init__(upstream(**{"rate": 0, **options}), *datastreams)  # type: ignore[arg-type]
        self.route = FakeRoute()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Serve a connection until the block ends; then it is lost."""
        pace = Pace(self.parts.upstream.rate, self.clock.monotonic())
        arrivals = self.arrivals = Arrivals(self.parts)
        session = Session(self.parts, self.route, pace, arrivals)
        serving = spawn(session.run(), name="session")
        try:
            yield
        finally:
            await cancel(serving)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(one.pin, one.value[0]) for one in self.route.live]


def stream(authority: Authority) -> Datastream:
    return Datastream("V1", "Point", authority=authority)


async def test_at_the_first_connection_both_ends_agree() -> None:
    world = World(stream(Authority.GATEWAY))
    world.write("V1", "1")
    await world.committed()
    world.route.above = {"V1": ("2",), "V7": ("9",)}
    async with world.connected():
        await reached(lambda: world.told == [("V1", "1")] and world.value("V2") == ("9",))


async def test_the_cloud_stands_where_it_has_authority() -> None:
    world = World(stream(Authority.CLOUD))
    world.write("V1", "1")
    await world.committed()
    world.route.above = {"V1": ("2",)}
    async with world.connected():
        await reached(lambda: world.route.past)
    assert world.value("V1") == ("2",)
    # The point of the backlog may be newer than the value above: that has to be newer still.
    kinds = [call[0] for call in world.route.calls]
    assert kinds.index("live") < kinds.index("past")
    assert world.told == [("V1", "2")]


async def test_after_a_break_the_newest_stands() -> None:
    world = World(stream(Authority.NEWEST))
    world.write("V1", "1")
    async with world.connected():
        await reached(lambda: world.standing.agreed.get(V1) == ("1",))
    world.route.above["V1"] = ("2",)
    async with world.connected():
        await reached(lambda: world.value("V1") == ("2",))
    world.write("V1", "3")
    async with world.connected():
        await reached(lambda: world.route.above["V1"] == ("3",))


async def test_what_is_equal_costs_nothing() -> None:
    world = World()
    world.write("V1", "1")
    async with world.connected():
        await reached(lambda: world.route.past)
    world.route.above["V1"] = ("1.0",)
    world.route.live.clear()
    async with world.connected():
        await reached(lambda: len(world.route.of("ask")) == 2)
        await asyncio.sleep(0)
    assert world.told == []


@pytest.mark.parametrize("dead_band", [0.0, 1.0])
async def test_what_is_equal_goes_up_before_a_backlog(dead_band: float) -> None:
    one = mapping(mapped("house/V1", dead_band=dead_band), mapped("house/V2", "V7"))
    world = World(devices={"house": one})
    world.write("V2", "5")
    async with world.connected():
        await reached(lambda: world.standing.progress.done == world.bus.next_seq - 1)
    for number in (1, 2, 1):
        world.write("V1", str(number))
    world.route.above["V1"] = ("1",)
    world.route.live.clear()
    world.route.past.clear()
    world.route.calls.clear()
    async with world.connected():
        await reached(lambda: len(world.route.past) == 3)
    kinds = [call[0] for call in world.route.calls]
    assert kinds.index("live") < kinds.index("past")
    assert world.told == [("V1", "1")]


async def test_without_a_backlog_what_is_equal_does_not_go_up() -> None:
    world = World(backlog=None)
    world.write("V1", "1")
    await world.committed()
    world.route.above = {"V1": ("1",)}
    async with world.connected():
        await reached(lambda: world.standing.progress.done == world.bus.next_seq - 1)
    assert world.told == []


@pytest.mark.parametrize("is_long", [False, True])
async def test_after_a_restart_pins_of_the_backlog_go_up_first_or_all_of_a_long_one(
    *, is_long: bool
) -> None:
    world = World()
    world.write("V2", "2")
    done = world.bus.next_seq - 1
    world.write("V1", "0")
    world.write("V1", "1")
    world.trail.batch = 1 if is_long else 1000
    await world.committed()
    world.parts.standing = Standing(
        {"progress": {"done": done, "ranges": []}}, world.bus.next_seq - 1
    )
    world.parts.noticed.latest.clear()
    world.route.above = {"V1": ("1",), "V7": ("2",)}
    async with world.connected():
        await reached(lambda: len(world.route.past) == 2)
    assert world.told == [("V1", "1"), ("V7", "2")][: 2 if is_long else 1]


async def test_live_values_go_first_and_then_what_was_missed() -> None:
    world = World()
    async with world.connected():
        await reached(lambda: world.route.of("ask"))
    for number in range(20):
        world.write("V1", str(number))
    async with world.connected():
        await reached(lambda: len(world.route.past) == 20)
    assert world.told == [("V1", "19")]
    kinds = [call[0] for call in world.route.calls]
    assert kinds.index("live") < kinds.index("past")
    assert [one.value[0] for one in world.route.past] == [str(number) for number in range(20)]
    assert world.standing.progress.backlog() is None


async def test_live_values_do_not_wait_for_the_backlog_nor_keep_it_from_ending() -> None:
    world = World()
    async with world.connected():
        await reached(lambda: world.route.of("ask"))
    world.route.max_past = 10
    for number in range(200):
        world.write("V2", str(number))
    world.route.max_live = 1
    async with world.connected():
        await reached(lambda: world.told == [("V7", "199")])
        for number in range(100):
            world.write("V1", str(number))
        await reached(lambda: len(world.route.past) >= 200 and len(world.told) >= 101)
    kinds = [call[0] for call in world.route.calls if call[0] in ("live", "past")]
    most = session_module.LIVE_IN_A_ROW
    assert "live" in kinds[:2]
    gaps = "".join("L" if kind == "live" else "p" for kind in kinds).split("p")
    assert max(map(len, gaps[:10])) <= most


async def test_news_go_up() -> None:
    world = World()
    async with world.connected():
        await reached(lambda: world.route.of("ask"))
        world.registry.record_event(world.device, EventKind.LOGGED, "hot", "", BOARD)
        world.registry.set_property(world.device, "V1", "color", ("#111",), BOARD)
        world.catch_up()
        await reached(lambda: world.route.of("event") and world.route.of("property"))


async def test_a_command_that_is_refused_here_is_put_right_above() -> None:
    world = World(Datastream("V1", "Reading", is_writable=False))
    world.write("V1", "21")
    async with world.connected():
        await reached(lambda: world.told == [("V1", "21")])
        world.route.above["V1"] = ("99",)
        world.arrivals.written("V1", ("99",))
        await reached(lambda: world.route.above["V1"] == ("21",))


async def test_both_ends_agree_after_writes_that_crossed() -> None:
    world = World()
    async with world.connected():
        await reached(lambda: world.route.of("ask"))
        world.route.gate.clear()
        world.write("V1", "below")
        await asyncio.sleep(0)
        world.arrivals.written("V1", ("above",))
        world.route.above["V1"] = ("above",)
        world.catch_up()
        world.route.gate.set()
        await reached(lambda: world.standing.progress.done == world.bus.next_seq - 1)
    assert world.value("V1") == world.route.above["V1"] == ("above",)


@pytest.mark.parametrize(("offset_ms", "word"), [(60_000, "ahead of"), (-3_600_000, "behind")])
async def test_clocks_that_differ_are_told(offset_ms: int, word: str) -> None:
    world = World()
    world.route.time_ms = world.clock.now_ms() + offset_ms
    async with world.connected():
        await reached(lambda: world.parts.component in world.parts.health.components)
    found = world.parts.health.components[world.parts.component]
    assert found.state is HealthState.DEGRADED
    assert f"{abs(offset_ms) // 1000} s {word} ours" in found.detail
    assert world.standing.clock_offset_ms == offset_ms


async def test_clocks_that_agree_are_no_news() -> None:
    world = World()
    world.route.time_ms = world.clock.now_ms() + 900
    async with world.connected():
        await reached(lambda: world.standing.clock_offset_ms == 900)
        await reached(lambda: world.route.of("ask"))
    assert not world.parts.health.components


async def test_a_spent_budget_is_not_overdrawn_by_connecting() -> None:
    world = World(budget=BudgetOptions(day=100))
    world.parts.budget.spend(100, world.clock.now_ms())
    world.write("V1", "1", Intent.COMMAND)
    async with world.connected():
        await reached(lambda: world.trail.committed)
        await asyncio.sleep(0)
    assert world.route.calls == []
    (state,) = world.budget.states(world.clock.now_ms())
    assert state.spent == 100


async def test_what_could_not_be_settled_for_want_of_messages_is_settled_later() -> None:
    world = World(stream(Authority.CLOUD), budget=BudgetOptions(day=100))
    world.parts.budget.spend(100, world.clock.now_ms())
    world.route.above = {"V1": ("2",)}
    async with world.connected():
        await reached(lambda: world.trail.committed or not world.parts.wake.is_set())
        world.clock.advance(86_400)
        world.parts.wake.set()
        await reached(lambda: world.value("V1") == ("2",))


async def test_both_ends_agree_though_nothing_can_be_committed() -> None:
    world = World(stream(Authority.CLOUD))
    world.route.above = {"V1": ("2",)}
    world.trail.fault = HistoryError("disk full")
    async with world.connected():
        await reached(lambda: world.value("V1") == ("2",))


async def test_a_value_refused_above_does_not_bring_the_old_one_back() -> None:
    world = World(via=Via.HTTPS, poll_ms=1)
    world.write("V1", "1")
    async with world.connected():
        await reached(lambda: world.standing.agreed.get(V1) == ("1",))
        world.route.refused = {"V1"}
        world.write("V1", "2")
        await reached(lambda: world.standing.given_up)
        asked = len(world.route.of("ask"))
        world.clock.advance(1)
        world.parts.wake.set()
        await reached(lambda: len(world.route.of("ask")) > asked)
        await asyncio.sleep(0)
    assert world.value("V1") == ("2",)


async def test_a_poll_takes_a_command_though_ours_did_not_leave_its_dead_band() -> None:
    one = mapping(mapped("house/V1", dead_band=1.0))
    world = World(devices={"house": one}, via=Via.HTTPS, poll_ms=1)
    world.write("V1", "20")
    async with world.connected():
        await reached(lambda: world.standing.agreed.get(V1) == ("20",))
        world.write("V1", "20.5")
        await reached(lambda: world.standing.merged)
        world.route.above["V1"] = ("25",)
        world.clock.advance(1)
        world.parts.wake.set()
        await reached(lambda: world.value("V1") == ("25",))
    assert world.route.above["V1"] == ("25",)


async def test_a_server_that_tells_nothing_is_asked_now_and_then() -> None:
    world = World(via=Via.HTTPS, poll_ms=1)
    world.write("V1", "1")
    async with world.connected():
        await reached(lambda: world.standing.agreed.get(V1) == ("1",))
        world.route.above["V1"] = ("2",)
        world.clock.advance(1)
        world.parts.wake.set()
        await reached(lambda: world.value("V1") == ("2",))
        world.write("V1", "3")
        await reached(lambda: world.route.above["V1"] == ("3",))
    assert world.value("V1") == ("3",)


async def test_a_lost_connection_ends_the_session() -> None:
    world = World()
    pace = Pace(0, world.clock.monotonic())
    session = Session(world.parts, world.route, pace, Arrivals(world.parts))
    gone = ServerDown("gone")
    world.route.faults = [gone]
    assert await session.run() is gone


async def test_a_journal_that_cannot_be_read_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session_module, "RETRY_S", 0.001)
    monkeypatch.setattr("blynk_gateway.upstream.ascent.RETRY_S", 0.001)
    world = World()
    async with world.connected():
        await reached(lambda: world.route.of("ask"))
        world.trail.fault = HistoryError("disk full")
        world.write("V1", "1")
        await reached(lambda: world.told == [("V1", "1")])
    assert world.trail.fault is None


async def test_with_few_messages_questions_and_values_take_turns() -> None:
    world = World(via=Via.HTTPS, poll_ms=60_000, budget=BudgetOptions(day=1000))
    pace = Pace(10, world.clock.monotonic())
    session = Session(world.parts, world.route, pace, Arrivals(world.parts))
    await session._begin()
    for second in range(6000):
        world.write("V1", str(second))
        await world.committed()
        session._ascent._committed = world.trail.committed
        while await session._step() is None:
            pass
        world.clock.advance(1)
    (state,) = world.budget.states(world.clock.now_ms())
    assert state.spent > 40
    questions, values = len(world.route.of("ask")), len(world.route.of("live"))
    assert abs(questions - values) <= 2


async def test_little_is_committed_for_a_server_that_stalls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    commit = world.trail.commit

    async def slow_commit(seq: int) -> int:
        newest = world.bus.next_seq - 1
        for _ in range(3):
            await asyncio.sleep(0)
        world.trail.committed = max(world.trail.committed, min(seq, newest))
        return world.trail.committed

    monkeypatch.setattr(world.trail, "commit", slow_commit)
    async with world.connected():
        await reached(lambda: world.route.of("ask"))
        world.route.gate.clear()
        for number in range(100):
            world.write("V1", str(number))
            await asyncio.sleep(0)
        assert 0 < world.trail.committed < world.bus.next_seq - 50
        monkeypatch.setattr(world.trail, "commit", commit)
        world.route.gate.set()
        await reached(lambda: world.value("V1") == world.route.above.get("V1"))
