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
from tests.helpers.mqtt import reached
from tests.helpers.upstream import BOARD, Below, FakeRoute, upstream

V1 = PinAddress("house", "V1")


class World(Below):
    def __init__(self, *datastreams: Datastream, **options: object) -> None:
        super().__init__(upstream(**{"rate": 0, **options}), *datastreams)  # type: ignore[arg-type]
        self.route = FakeRoute()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Serve a connection until the block ends; then it is lost."""
        pace = Pace(self.parts.upstream.rate, self.clock.monotonic())
        arrivals = self.arrivals = Arrivals(self.parts, self._tell_again)
        session = self.session = Session(self.parts, self.route, pace, arrivals)
        serving = spawn(session.run(), name="session")
        try:
            yield
        finally:
            await cancel(serving)

    def _tell_again(self, address: PinAddress) -> None:
        self.session.tell(address)

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
        await reached(lambda: world.value("V1") == ("2",))
        assert world.told == []


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
    await world.committed()
    world.route.above = {"V1": ("1.0",)}
    async with world.connected():
        await reached(lambda: world.standing.agreed.get(V1) == ("1",))
    assert world.told == []


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
    (state,) = world.parts.budget.states(world.clock.now_ms())
    assert state.spent == 100


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
    session = Session(world.parts, world.route, pace, Arrivals(world.parts, lambda address: None))
    world.route.faults = [ServerDown("gone")]
    with pytest.raises(ServerDown):
        await session.run()


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
