"""One mapping's connections and the pauses between them."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from blynk_gateway.config.upstream.options import BacklogOptions
from blynk_gateway.core.change import Intent
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.upstream import MappingStatus
from blynk_gateway.core.value import PinValue
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.upstream import worker as worker_module
from blynk_gateway.upstream.route import Moved, Place, RouteSetup, ServerDown, ServerRefused
from blynk_gateway.upstream.worker import Worker
from tests.helpers.mqtt import reached
from tests.helpers.upstream import Below, FakeRoute, upstream


class World(Below):
    """A worker whose routes are kept in `routes`; `prepare` is called with each new one."""

    def __init__(self, *datastreams: Datastream, **options: object) -> None:
        super().__init__(upstream(**{"rate": 0, **options}), *datastreams)  # type: ignore[arg-type]
        self.routes: list[FakeRoute] = []
        self.prepare: Callable[[FakeRoute], None] = lambda route: None
        self.worker = Worker(self.parts, self._make)

    def _make(self, setup: RouteSetup) -> FakeRoute:
        route = FakeRoute(setup)
        self.prepare(route)
        self.routes.append(route)
        return route

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.worker.start()
        try:
            yield
        finally:
            await self.worker.stop()

    @property
    def status(self) -> MappingStatus:
        return self.worker.state().status

    @property
    def health(self) -> HealthState:
        return self.parts.health.components[self.parts.component].state


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "RETRY_S", 0.001)
    monkeypatch.setattr(worker_module, "MAX_RETRY_S", 0.001)


async def test_a_mapping_connects_and_says_where() -> None:
    world = World()
    async with world.running():
        await reached(lambda: world.status is MappingStatus.CONNECTED)
        state = world.worker.state()
        assert (state.device, state.place, state.detail) == ("house", "cloud.example:443", "")
        assert world.health is HealthState.OK
    assert world.routes[0].is_closed


async def test_a_server_that_is_away_is_asked_again() -> None:
    world = World()

    def prepare(route: FakeRoute) -> None:
        route.opening = ServerDown("nobody there") if len(world.routes) < 3 else None

    world.prepare = prepare
    async with world.running():
        await reached(lambda: world.worker.state().detail.startswith("nobody there. "))
        assert world.health is HealthState.DEGRADED
        await reached(lambda: world.status is MappingStatus.CONNECTED)
    assert len(world.routes) == 4
    assert all(route.is_closed for route in world.routes)


async def test_a_token_that_is_refused_stops_the_mapping() -> None:
    world = World()

    def prepare(route: FakeRoute) -> None:
        route.opening = ServerRefused("it does not know the token")

    world.prepare = prepare
    async with world.running():
        await reached(lambda: world.worker.is_stopped)
        await asyncio.sleep(0.02)
        assert len(world.routes) == 1
        assert world.health is HealthState.FAILED
        assert "token" in world.worker.state().detail


async def test_a_connection_that_ends_is_made_anew() -> None:
    world = World()
    async with world.running():
        await reached(lambda: world.routes and world.routes[0].of("ask"))
        world.routes[0].end(ServerDown("reset"))
        await reached(lambda: len(world.routes) == 2 and world.status is MappingStatus.CONNECTED)


async def test_being_sent_elsewhere_is_followed_at_once_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "RETRY_S", 1000.0)
    monkeypatch.setattr(worker_module, "MAX_RETRY_S", 1000.0)
    world = World()

    def prepare(route: FakeRoute) -> None:
        route.opening = Moved("elsewhere")
        assert route.setup is not None
        route.setup.remember(Place("other.example", 9443))

    world.prepare = prepare
    async with world.running():
        await reached(lambda: world.parts.component in world.parts.health.components)
    assert len(world.routes) == worker_module.MAX_MOVES + 1
    assert world.routes[1].setup is not None
    assert world.routes[1].setup.remembered == Place("other.example", 9443)


async def test_a_bug_of_ours_is_told_and_does_not_end_it() -> None:
    world = World()

    def prepare(route: FakeRoute) -> None:
        route.opening = ZeroDivisionError() if not world.routes else None

    world.prepare = prepare
    async with world.running():
        await reached(lambda: world.status is MappingStatus.CONNECTED)
    assert len(world.routes) == 2
    assert "ZeroDivisionError" in world.parts.health.last_error


async def test_a_route_that_cannot_be_made_or_closed_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    faults = [OSError("of the first one")]

    def prepare(route: FakeRoute) -> None:
        if faults:
            raise faults.pop()

    async def close(route: FakeRoute) -> None:
        if route is world.routes[0]:
            raise OSError("of the second one")

    world.prepare = prepare
    monkeypatch.setattr(FakeRoute, "close", close)
    async with world.running():
        await reached(lambda: world.routes and world.routes[0].of("ask"))
        world.routes[0].end(ServerDown("reset"))
        await reached(lambda: len(world.routes) == 2 and world.status is MappingStatus.CONNECTED)


async def test_a_connection_that_breaks_while_something_is_sent_is_no_fault_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    async with world.running():
        await reached(lambda: world.routes and world.routes[0].of("ask"))
        world.routes[0].faults = [ServerDown("reset")]
        world.write("V1", "1")
        await reached(lambda: len(world.routes) == 2)
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


async def test_a_login_that_takes_long_to_fail_does_not_count_as_a_connection_that_lasted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    def no_pause(_: float, most_s: float) -> float:
        pauses.append(most_s)
        return 0.0

    monkeypatch.setattr(random, "uniform", no_pause)
    monkeypatch.setattr(worker_module, "MAX_RETRY_S", 300.0)
    world = World()

    def prepare(route: FakeRoute) -> None:
        route.opening = ServerDown("no answer to the login")
        world.clock.advance(60)

    world.prepare = prepare
    async with world.running():
        await reached(lambda: len(pauses) >= 5)
    assert pauses[:5] == sorted(set(pauses[:5]))


async def test_what_was_told_right_before_the_end_is_told_again() -> None:
    world = World()
    async with world.running():
        await reached(lambda: world.routes and world.routes[0].of("ask"))
        world.write("V1", "1")
        await reached(lambda: world.routes[0].live)
        world.routes[0].end(ServerDown("crashed"))
        await reached(lambda: len(world.routes) == 2 and world.routes[1].past)
    assert [one.value for one in world.routes[1].past] == [("1",)]


async def test_what_waits_is_counted_while_the_server_is_away() -> None:
    world = World()

    def prepare(route: FakeRoute) -> None:
        route.opening = ServerDown("away")

    world.prepare = prepare
    for number in range(7):
        world.write("V1", str(number))
    await world.committed()
    async with world.running():
        await reached(lambda: world.worker.state().backlog_points == 7)


async def test_what_gets_too_old_meanwhile_is_let_go() -> None:
    world = World(backlog=BacklogOptions(keep_ms=60_000))

    def prepare(route: FakeRoute) -> None:
        route.opening = ServerRefused("no")

    world.prepare = prepare
    world.write("V1", "1")
    await world.committed()
    world.clock.advance(120)
    async with world.running():
        await reached(lambda: world.worker.state().given_up == 1)
    assert world.standing.progress.backlog() is None


async def test_without_a_backlog_nothing_is_kept_for_a_server_that_is_away() -> None:
    world = World(backlog=None)

    def prepare(route: FakeRoute) -> None:
        route.opening = ServerRefused("no")

    world.prepare = prepare
    world.write("V1", "1")
    await world.committed()
    async with world.running():
        await reached(lambda: world.standing.progress.done == world.bus.next_seq - 1)
    assert world.standing.progress.backlog() is None


async def test_apps_are_gone_with_the_connection() -> None:
    world = World()
    async with world.running():
        await reached(lambda: world.status is MappingStatus.CONNECTED)
        setup = world.routes[0].setup
        assert setup is not None
        setup.below.app_changed(True)
    assert world.apps.told == [("house", True), ("house", False)]


async def test_a_route_learns_what_is_known_of_a_pin() -> None:
    datastream = Datastream("V2", "Level")
    world = World(datastream)
    async with world.running():
        await reached(lambda: world.routes)
        setup = world.routes[0].setup
    assert setup is not None
    assert setup.datastream_of("V7") == datastream
    assert setup.datastream_of("V9") is None


async def test_a_quiet_mapping_is_done_with_everything() -> None:
    world = World()
    world.write("V9", "1")
    world.worker.advance(world.catch_up())
    assert world.standing.progress.done == world.bus.next_seq - 1
    world.write("V1", "1", Intent.COMMAND)
    before = world.standing.progress.done
    world.worker.advance(world.catch_up())
    assert world.standing.progress.done == before


async def test_what_waits_is_not_known_before_it_is_counted_anew() -> None:
    world = World()
    seen: list[int | None] = []

    def prepare(route: FakeRoute) -> None:
        ask = route.ask

        async def look(pins: Sequence[str]) -> Mapping[str, PinValue]:
            seen.append(world.worker.state().backlog_points)
            return await ask(pins)

        route.ask = look  # type: ignore[method-assign]

    world.prepare = prepare
    world.standing.waiting = 0
    async with world.running():
        await reached(lambda: world.worker.state().backlog_points == 0 and seen)
    assert seen == [None]
