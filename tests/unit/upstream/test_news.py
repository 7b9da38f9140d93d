"""The way up for events, properties and metadata."""

import asyncio
import json
from math import inf

import pytest

from blynk_gateway.config.upstream.options import BudgetOptions
from blynk_gateway.core.change import EventKind
from blynk_gateway.core.events import MAX_EVENT_DESCRIPTION
from blynk_gateway.runtime.tasks import spawn
from blynk_gateway.upstream.arrivals import Arrivals
from blynk_gateway.upstream.lanes.budget import Budget
from blynk_gateway.upstream.lanes.share import Turns
from blynk_gateway.upstream.news import LATE_MS, News
from blynk_gateway.upstream.route import ServerDown, TooFast
from blynk_gateway.upstream.standing import Standing
from tests.helpers.upstream import BOARD, Below, FakeRoute, mapping, upstream


class World(Below):
    def __init__(self, *, events: bool = True) -> None:
        super().__init__(upstream(mapping(metadata=("Room",), events=events)))
        self.connect()

    def connect(self) -> None:
        self.route = FakeRoute()
        below = Arrivals(self.parts)
        self.news = News(self.parts, self.route, below)

    def event(self, code: str, description: str = "", kind: EventKind = EventKind.LOGGED) -> None:
        self.registry.record_event(self.device, kind, code, description, BOARD)

    async def up(self) -> float:
        """Tell all that may be told now; seconds until there is more."""
        await self.committed()
        while (wait_s := await self.news.send(self.trail.committed)) is None:
            pass
        return wait_s


async def test_events_go_up_in_order() -> None:
    world = World()
    await world.news.begin()
    world.event("hot", "31 °C")
    world.event("hot", "all", EventKind.RESOLVED)
    world.event("cold")
    world.event("cold", "", EventKind.RESOLVED)
    assert await world.up() == inf
    assert world.route.of("event") == [("hot", "31 °C"), ("cold", "")]
    assert world.route.of("clear") == [("hot", True), ("cold", False)]


async def test_what_is_no_event_of_the_device_stays_here() -> None:
    world = World()
    await world.news.begin()
    for kind in (EventKind.NOTIFICATION, EventKind.SYSTEM, EventKind.INPUT):
        world.event("x", "", kind)
    assert await world.up() == inf
    assert world.route.of("event") == []


async def test_events_may_be_kept_from_going_up() -> None:
    world = World(events=False)
    await world.news.begin()
    world.event("hot")
    assert await world.up() == inf
    assert world.route.of("event") == []


async def test_an_event_is_told_once_and_not_lost() -> None:
    world = World()
    await world.news.begin()
    for number in range(3):
        world.event(f"e{number}")
    await world.committed()
    world.route.faults = [None, ServerDown("gone")]
    with pytest.raises(ServerDown):
        await world.up()
    first = world.route.of("event")
    world.connect()
    await world.news.begin()
    await world.up()
    assert first + world.route.of("event") == [("e0", ""), ("e1", ""), ("e2", "")]


async def test_events_of_the_time_away_are_told_after_a_restart() -> None:
    world = World()
    world.event("hot")
    await world.committed()
    note = json.loads(json.dumps(world.standing.note()))
    world.parts.standing = Standing(note, world.bus.next_seq - 1)
    world.connect()
    await world.news.begin()
    await world.up()
    assert world.route.of("event") == [("hot", "")]


async def test_many_events_all_go_up() -> None:
    world = World()
    await world.news.begin()
    for number in range(250):
        world.event(f"e{number}")
    await world.up()
    assert [code for code, _ in world.route.of("event")] == [f"e{number}" for number in range(250)]


async def test_a_late_event_says_when_it_was() -> None:
    world = World()
    world.clock.step(1_700_000_000_000 - world.clock.now_ms())
    world.event("hot", "31 °C")
    world.event("long", "x" * MAX_EVENT_DESCRIPTION)
    world.event("bare")
    world.clock.advance(LATE_MS / 1000)
    await world.news.begin()
    await world.up()
    when = "(2023-11-14 22:13 UTC)"
    hot, long, bare = world.route.of("event")
    assert hot == ("hot", f"31 °C {when}")
    assert bare == ("bare", when)
    assert long[1].endswith(when)
    assert len(long[1]) == MAX_EVENT_DESCRIPTION


async def test_an_event_that_comes_too_soon_waits_longer_each_time() -> None:
    world = World()
    await world.news.begin()
    world.event("hot")
    world.route.faults = [TooFast("once a second"), TooFast("once a second")]
    first = await world.up()
    world.clock.advance(first)
    second = await world.up()
    world.clock.advance(second)
    assert second > first >= 1
    await world.up()
    assert world.route.of("event") == [("hot", "")]


async def test_a_property_goes_up_as_it_stands() -> None:
    world = World()
    await world.news.begin()
    world.registry.set_property(world.device, "V2", "color", ("#111",), BOARD)
    world.registry.set_property(world.device, "V2", "color", ("#222",), BOARD)
    await world.up()
    assert world.route.of("property") == [("V7", "color", ("#222",))]


async def test_properties_set_while_away_are_told_once() -> None:
    world = World()
    world.registry.set_property(world.device, "V1", "label", ("Lamp",), BOARD)
    world.catch_up()
    world.parts.noticed.properties.clear()
    await world.news.begin()
    await world.up()
    assert world.route.of("property") == [("V1", "label", ("Lamp",))]
    world.connect()
    await world.news.begin()
    await world.up()
    assert world.route.of("property") == []


async def test_metadata_above_stands() -> None:
    world = World()
    world.route.metadata = {"Room": "Attic"}
    await world.news.begin()
    await world.up()
    assert world.device.metadata == {"Room": "Attic"}
    assert world.route.of("metadata") == []


async def test_metadata_that_above_does_not_have_goes_up() -> None:
    world = World()
    world.registry.set_metadata(world.device, "Room", "Shed", BOARD)
    world.registry.set_metadata(world.device, "Other", "x", BOARD)
    await world.news.begin()
    await world.up()
    assert world.route.of("metadata") == [("Room", "Shed")]


async def test_news_keep_the_budget_but_events_do_not_wait() -> None:
    world = World()
    budget = Budget(BudgetOptions(day=100), None, world.clock.now_ms())
    world.parts.budget = Turns(budget).share()
    while not world.parts.budget.wait_s(1, world.clock.now_ms()):
        world.parts.budget.spend(1, world.clock.now_ms())
    await world.news.begin()
    world.registry.set_property(world.device, "V1", "label", ("Lamp",), BOARD)
    assert 0 < await world.up() < inf
    world.event("hot")
    await world.up()
    assert world.route.of("property") == []
    assert world.route.of("event") == [("hot", "")]


async def test_what_is_set_anew_while_it_is_told_is_told_anew() -> None:
    world = World()
    await world.news.begin()
    world.route.gate.clear()
    world.registry.set_property(world.device, "V1", "color", ("#111",), BOARD)
    world.catch_up()
    telling = spawn(world.news.send(0), name="telling")
    await asyncio.sleep(0)
    world.registry.set_property(world.device, "V1", "color", ("#222",), BOARD)
    world.route.gate.set()
    await telling
    await world.up()
    assert world.route.of("property")[-1] == ("V1", "color", ("#222",))


async def test_a_property_that_came_too_fast_is_told_again() -> None:
    world = World()
    await world.news.begin()
    world.registry.set_property(world.device, "V1", "color", ("#111",), BOARD)
    world.route.faults = [TooFast("flood")]
    world.clock.advance(await world.up())
    await world.up()
    assert world.route.of("property") == [("V1", "color", ("#111",))]


async def test_questions_count_and_what_failed_counts_too() -> None:
    world = World()
    budget = Budget(BudgetOptions(day=100), None, world.clock.now_ms())
    world.parts.budget = Turns(budget).share()
    await world.news.begin()
    world.event("hot")
    world.route.faults = [TooFast("once a second")]
    await world.up()
    (state,) = budget.states(world.clock.now_ms())
    assert state.spent == 2


async def test_a_spent_budget_is_not_overdrawn_by_questions() -> None:
    world = World()
    budget = Budget(BudgetOptions(day=100), None, world.clock.now_ms())
    world.parts.budget = Turns(budget).share()
    world.parts.budget.spend(100, world.clock.now_ms())
    await world.news.begin()
    assert world.route.calls == []
