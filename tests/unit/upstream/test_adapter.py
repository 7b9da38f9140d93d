"""All servers above, as the configuration says."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from blynk_gateway.config.upstream.options import BudgetOptions, UpstreamOptions
from blynk_gateway.core.change import Intent
from blynk_gateway.core.upstream import MappingStatus
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HistoryError
from blynk_gateway.upstream import adapter as adapter_module
from blynk_gateway.upstream.adapter import UpstreamAdapter
from blynk_gateway.upstream.route import RouteSetup, ServerDown, ServerRefused
from blynk_gateway.upstream.routes.making import Routes
from tests.helpers.mqtt import reached
from tests.helpers.upstream import BOARD, Below, FakeRoute, mapped, mapping, upstream

OPTIONS = upstream(rate=0)
CLOUD = {"cloud": OPTIONS}


class World(Below):
    """An adapter whose routes are kept in `routes`, by server and device."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(OPTIONS)
        self.routes: list[FakeRoute] = []
        self.opening: Exception | None = None
        self.refused = "house"
        monkeypatch.setattr(Routes, "make", self._make)
        self.adapter = UpstreamAdapter(self.parts, self.trail, self.apps)

    def _make(self, setup: RouteSetup) -> FakeRoute:
        route = FakeRoute(setup)
        route.opening = self.opening if setup.mapping.slug == self.refused else None
        self.routes.append(route)
        return route

    @asynccontextmanager
    async def running(self, options: Mapping[str, UpstreamOptions] = CLOUD) -> AsyncIterator[None]:
        self.adapter.hold(options)
        self.adapter.start(options)
        try:
            yield
        finally:
            await self.adapter.close()

    async def connected(self, count: int = 1) -> None:
        """Return when so many mappings have settled."""
        await reached(lambda: sum(bool(route.of("ask")) for route in self.routes) >= count)

    def status(self) -> MappingStatus | None:
        """Of the only mapping; None if it is not there yet."""
        states = self.adapter.state()
        return states[0].mappings[0].status if states else None

    def standing_of(self, key: str) -> int:
        """How far a mapping is."""
        workers = (one for server in self.adapter._servers.values() for one in server.workers)
        return next(one.parts.standing.progress.done for one in workers if one.parts.key == key)

    @property
    def arrived(self) -> set[PinValue]:
        """All values that went up, live or late."""
        live = {one.value for route in self.routes for one in route.live}
        return live | {one.value for route in self.routes for one in route.past}

    def report(self, value: str) -> None:
        self.store.write("house", "V1", (value,), BOARD, Intent.REPORT)
        self.trail.changes += self._journal.drain()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


async def test_changes_go_up_as_they_happen(world: World) -> None:
    async with world.running():
        await world.connected()
        world.report("1")
        await reached(lambda: [one.value for one in world.routes[0].live] == [("1",)])
        (state,) = world.adapter.state()
        assert state.mappings[0].sent == 1
    assert world.trail.is_closed


async def test_without_servers_above_nothing_is_held(world: World) -> None:
    async with world.running({}):
        assert world.trail.held == {"upstream": None}
        assert world.adapter.state() == []
    async with world.running({"cloud": replace(OPTIONS, enabled=False)}):
        assert world.trail.held == {"upstream": None}


async def test_everything_is_held_until_the_places_are_known(world: World) -> None:
    world.adapter.hold(CLOUD)
    assert world.trail.held == {"upstream": 0}


async def test_places_are_kept_at_the_end_and_found_at_the_start(world: World) -> None:
    async with world.running():
        await world.connected()
        world.report("1")
        await reached(lambda: world.standing_of("cloud/house") == world.bus.next_seq - 1)
    assert world.trail.notes.keys() == {"cloud", "cloud/house"}
    done = world.bus.next_seq - 1
    assert world.trail.notes["cloud/house"]["progress"]["done"] == done
    world.report("2")
    await world.trail.commit(1 << 40)
    async with world.running():
        await reached(lambda: world.routes[-1].past)
        assert [one.value for one in world.routes[-1].past] == [("2",)]


async def test_places_are_kept_now_and_then(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter_module, "SAVE_EVERY_S", 0.001)
    async with world.running():
        await world.connected()
        world.report("1")
        done = world.bus.next_seq - 1
        await reached(
            lambda: world.trail.notes.get("cloud/house", {}).get("progress", {}).get("done") == done
        )
        await reached(lambda: world.trail.held["upstream"] == done)


async def test_a_disk_that_fails_does_not_end_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter_module, "RETRY_S", 0.001)
    monkeypatch.setattr(adapter_module, "SAVE_EVERY_S", 0.001)
    world.trail.fault = HistoryError("full")
    async with world.running():
        await world.connected()
        world.trail.fault = HistoryError("full")
        await reached(lambda: world.trail.notes)


async def test_a_reload_touches_only_what_changed(world: World) -> None:
    two = {**CLOUD, "other": replace(OPTIONS, name="other")}
    async with world.running(two):
        await world.connected(2)
        world.adapter.reconfigure({**two, "other": replace(two["other"], rate=5)})
        await world.connected(3)
        assert [route.is_closed for route in world.routes] == [False, True, False]
        world.adapter.reconfigure(CLOUD)
        await reached(lambda: world.routes[2].is_closed)
        assert [state.name for state in world.adapter.state()] == ["cloud"]
        assert not world.routes[0].is_closed


async def test_a_reload_without_servers_ends_all(world: World) -> None:
    async with world.running():
        await world.connected()
        world.adapter.reconfigure({})
        assert world.adapter.state() == []
        await reached(lambda: world.routes[0].is_closed)
        await reached(lambda: world.trail.held == {"upstream": None})
        assert not any("upstream" in name for name in world.parts.health.components)
        world.adapter.reconfigure(CLOUD)
        await world.connected(2)


@pytest.mark.parametrize("is_at_start", [False, True])
async def test_a_server_that_was_switched_off_begins_anew_but_for_what_it_spent(
    world: World, *, is_at_start: bool
) -> None:
    options = replace(OPTIONS, budget=BudgetOptions(month=1000))
    off = {"cloud": replace(options, enabled=False)}
    async with world.running({"cloud": options}):
        await world.connected()
        spent = world.adapter.state()[0].budgets[0].spent
        if not is_at_start:
            world.adapter.reconfigure(off)
            await reached(lambda: world.trail.notes.keys() == {"cloud"})
    async with world.running(off):
        await reached(lambda: world.trail.notes.keys() == {"cloud"})
        # Nothing is held now: of what happens, a part may be gone later.
        world.report("1")
        world.adapter.reconfigure({"cloud": options})
        await world.connected(2)
        assert world.standing_of("cloud/house") == world.bus.next_seq - 1
        assert world.adapter.state()[0].budgets[0].spent > spent > 0


async def test_a_place_is_kept_from_the_first_moment_on(world: World) -> None:
    world.opening = ServerDown("away")
    async with world.running():
        await reached(lambda: world.trail.notes.keys() == {"cloud", "cloud/house"})


async def test_a_reload_asks_again_who_refused_us(world: World) -> None:
    world.opening = ServerRefused("no such token")
    async with world.running():
        await reached(lambda: world.status() is MappingStatus.STOPPED)
        world.opening = None
        world.adapter.reconfigure(CLOUD)
        await reached(lambda: world.status() is MappingStatus.CONNECTED)


async def test_who_refused_one_device_keeps_its_others_at_a_reload(world: World) -> None:
    world.opening, world.refused = ServerRefused("no such token"), "shed"
    shed = mapping(mapped("shed/V1"), slug="shed")
    both = {"cloud": replace(OPTIONS, devices={**OPTIONS.devices, "shed": shed})}
    async with world.running(both):
        await world.connected()
        await reached(lambda: world.adapter.state()[0].mappings[1].status is MappingStatus.STOPPED)
        world.opening = None
        world.adapter.reconfigure(both)
        await world.connected(2)
        assert [route.is_closed for route in world.routes] == [False, True, False]


async def test_what_happens_during_a_reload_goes_up(world: World) -> None:
    async with world.running():
        await world.connected()
        world.report("1")
        world.adapter.reconfigure({"cloud": replace(OPTIONS, rate=1000)})
        world.report("2")
        await reached(lambda: world.arrived >= {("1",), ("2",)})


async def test_two_servers_hear_of_what_the_other_one_brings(world: World) -> None:
    async with world.running({**CLOUD, "other": replace(OPTIONS, name="other")}):
        await world.connected(2)
        setup = world.routes[0].setup
        assert setup is not None
        setup.below.written("V1", ("5",))
        world.trail.changes += world._journal.drain()
        await reached(lambda: [one.value for one in world.routes[1].live] == [("5",)])
        assert world.routes[0].live == []


async def test_a_device_of_several_hears_of_all(world: World) -> None:
    one = mapping(mapped("house/V1"), mapped("shed/V1", "V2"), slug="all")
    async with world.running({"cloud": upstream(one, rate=0)}):
        await world.connected()
        world.report("1")
        await reached(lambda: world.routes[0].live)
        await asyncio.sleep(0)
    assert world.trail.notes.keys() == {"cloud", "cloud/all"}
