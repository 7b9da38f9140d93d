"""The way up for what is so now."""

import asyncio
from collections.abc import Set
from math import inf

import pytest

from blynk_gateway.config.upstream.options import BudgetOptions
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent
from blynk_gateway.core.trail import TrailBatch
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.upstream import ascent as ascent_module
from blynk_gateway.upstream.ascent import CLOSE_MS, MAX_WAITING, Ascent
from blynk_gateway.upstream.lanes.circles import HOLD_S, ROUNDS
from blynk_gateway.upstream.lanes.pace import Pace
from blynk_gateway.upstream.route import ServerDown, TooFast, Write
from tests.helpers.mqtt import reached
from tests.helpers.upstream import Below, FakeRoute, mapped, mapping, steps, upstream

V1 = PinAddress("house", "V1")


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ascent_module, "LOOK_S", 0.005)


class World(Below):
    """A mapping that is connected and settled."""

    def __init__(self, **options: object) -> None:
        pins = options.pop("pins", (mapped("house/V1"), mapped("house/V2", "V7")))
        super().__init__(upstream(mapping(*pins), **{"rate": 0, **options}))  # type: ignore[misc]
        self.route = FakeRoute()
        self.pace = Pace(self.parts.upstream.rate, self.clock.monotonic())
        self.ascent = Ascent(self.parts, self.route, self.pace)
        self.ascent.begin(self.catch_up())

    async def up(self) -> float:
        """Tell all that may be told now; seconds until there is more."""
        if self.parts.upstream.budget.is_limited:
            # The journal does it by itself.
            await self.committed()
        committing = spawn(self.ascent.commit(), name="commits")
        try:
            await self.ascent.read()
            await reached(lambda: self.ascent.committed >= self.parts.noticed.seq)
            await self.ascent.read()
        finally:
            await cancel(committing)
        while (wait_s := await self.ascent.send()) is None:
            pass
        return wait_s

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(one.pin, one.value[0]) for one in self.route.live]


async def test_every_value_goes_up_in_order_under_its_name_above() -> None:
    world = World()
    for number in range(5):
        world.write("V1", str(number))
        world.write("V2", str(-number))
    assert await world.up() == inf
    assert [value for pin, value in world.told if pin == "V1"] == ["0", "1", "2", "3", "4"]
    assert [value for pin, value in world.told if pin == "V7"] == ["0", "-1", "-2", "-3", "-4"]
    assert world.standing.sent == 10
    assert world.standing.progress.done == world.bus.next_seq - 1
    assert world.ascent.is_idle


async def test_nothing_goes_up_before_it_is_on_the_disk() -> None:
    world = World()
    world.write("V1", "1")
    await world.ascent.read()
    assert await world.ascent.send() == inf
    assert world.route.live == []
    await world.up()
    assert world.told == [("V1", "1")]


async def test_with_a_budget_only_what_is_urgent_is_committed_early() -> None:
    world = World(budget=BudgetOptions(day=1000))
    before = world.bus.next_seq - 1
    committing = spawn(world.ascent.commit(), name="commits")
    world.write("V1", "1")
    for _ in range(5):
        await world.ascent.read()
        await asyncio.sleep(0.01)
    assert world.trail.committed < world.bus.next_seq - 1
    assert world.ascent.committed == before
    world.write("V2", "2", Intent.COMMAND)
    await world.ascent.read()
    await reached(lambda: world.ascent.committed == world.bus.next_seq - 1)
    world.write("V1", "3")
    await world.ascent.read()
    await world.committed()
    await reached(lambda: world.ascent.committed == world.bus.next_seq - 1)
    await cancel(committing)


async def test_what_came_from_above_does_not_go_back() -> None:
    world = World()
    world.write("V1", "1")
    world.parts.noticed.echo(world.bus.next_seq)
    world.store.write("house", "V2", ("9",), world.parts.origin, Intent.COMMAND)
    world.write("V1", "2")
    await world.up()
    assert world.told == [("V1", "1"), ("V1", "2")]


async def test_a_quiet_mapping_reads_nothing_of_what_happens_elsewhere() -> None:
    world = World()
    for _ in range(100):
        world.write("V9", "1")
    await world.up()
    assert world.trail.reads == []
    assert world.standing.progress.done == world.bus.next_seq - 1


async def test_the_place_moves_only_when_the_server_has_it() -> None:
    world = World()
    before = world.standing.progress.done
    world.write("V1", "1")
    world.route.faults = [ServerDown("gone")]
    with pytest.raises(ServerDown):
        await world.up()
    assert world.standing.progress.done == before
    assert V1 not in world.standing.agreed


async def test_too_much_is_sent_again_slower() -> None:
    world = World(rate=10)
    world.write("V1", "1")
    world.route.faults = [TooFast("flood")]
    wait_s = await world.up()
    assert 0 < wait_s < 60
    assert world.told == []
    world.clock.advance(wait_s)
    await world.up()
    assert world.told == [("V1", "1")]
    assert world.parts.health.counters["upstream_slowed_down"] == 1


async def test_values_keep_the_pace() -> None:
    world = World(rate=10)
    for number in range(15):
        world.write("V1", str(number))
    wait_s = await world.up()
    assert len(world.told) == 10
    assert 0 < wait_s <= 0.11
    world.clock.advance(0.5)
    await world.up()
    assert len(world.told) == 15


async def test_a_refused_value_is_given_up_and_the_others_arrive(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.route.refused = {"V1"}
    world.write("V1", "1")
    world.write("V2", "2")
    assert await world.up() == inf
    assert world.told == [("V7", "2")]
    assert (world.standing.sent, world.standing.given_up) == (1, 1)
    assert V1 not in world.standing.agreed
    for number in range(5):
        world.write("V1", str(number))
        await world.up()
    assert world.standing.given_up == 6
    assert caplog.text.count("value refused above") == 1


async def test_a_flood_is_left_to_the_backlog_but_for_what_stands() -> None:
    world = World(rate=10)
    for number in range(1000):
        world.write("V1", str(number))
    before = world.standing.progress.done
    await world.up()
    assert world.told == [("V1", "999")]
    assert world.standing.progress.backlog() == (before, world.bus.next_seq - 1)


async def test_without_a_rate_thousands_go_up_one_by_one() -> None:
    world = World()
    for number in range(MAX_WAITING):
        world.write("V1", str(number))
    await world.up()
    assert [int(value) for _, value in world.told] == list(range(MAX_WAITING))


async def test_in_a_flood_all_pins_have_their_turn() -> None:
    pins = tuple(mapped(f"house/V{number}") for number in range(250))
    world = World(rate=10, pins=pins)
    world.route.max_live = 1
    for second in range(40):
        for pin in pins:
            world.write(pin.remote, str(second))
        await world.up()
        world.clock.advance(1)
    assert len({pin for pin, _ in world.told}) == len(pins)


async def test_a_command_in_a_flood_is_still_urgent() -> None:
    world = World(budget=BudgetOptions(day=1000))
    world.write("V2", "1", Intent.COMMAND)
    world.write("V1", "new")
    world.write("V1", "old", Intent.PAST, at_ms=world.clock.now_ms() - 5000)
    await world.up()
    assert world.told[:1] == [("V7", "1")]


async def test_if_told_so_only_what_is_urgent_goes_up() -> None:
    world = World()
    world.write("V1", "1")
    await world.committed()
    world.ascent._committed = world.trail.committed
    await world.ascent.read()
    assert await world.ascent.send(is_urgent_only=True) == inf
    assert world.told == []
    world.write("V2", "2", Intent.COMMAND)
    await world.committed()
    world.ascent._committed = world.trail.committed
    await world.ascent.read()
    assert await world.ascent.send(is_urgent_only=True) is None
    assert world.told == [("V7", "2")]


async def test_a_point_of_the_past_is_left_to_the_backlog() -> None:
    world = World()
    world.write("V1", "new")
    await world.up()
    world.write("V1", "old", Intent.PAST, at_ms=world.clock.now_ms() - CLOSE_MS)
    await world.up()
    assert world.told == [("V1", "new")]
    gap = world.standing.progress.backlog()
    assert gap is not None
    assert gap[1] == world.bus.next_seq - 1


async def test_a_point_hardly_older_than_what_stands_goes_up_behind_it() -> None:
    world = World(pins=(mapped("house/V1", dead_band=1.0),))
    world.write("V1", "5")
    await world.up()
    world.clock.advance(CLOSE_MS / 1000)
    world.write("V1", "4", Intent.PAST, at_ms=world.clock.now_ms() - 2 * CLOSE_MS)
    await world.up()
    assert world.told == [("V1", "5")]
    world.write("V1", "3", Intent.PAST, at_ms=world.clock.now_ms() - CLOSE_MS - 1)
    await world.up()
    assert world.told == [("V1", "5")] * 2


async def test_points_of_the_past_that_still_come_are_never_told_as_what_is_so_now() -> None:
    world = World()
    world.write("V1", "new")
    await world.up()
    for second in range(10, 5, -1):
        world.write("V1", f"old {second}", Intent.PAST, at_ms=world.clock.now_ms() - second * 1000)
        if second == 8:
            world.ascent._committed = await world.trail.commit(world.parts.noticed.seq)
    await world.ascent.read()
    await world.up()
    assert world.told == [("V1", "new")]


async def test_without_a_backlog_points_of_the_past_cost_no_live_value_its_turn() -> None:
    world = World(backlog=None)
    for number in range(3):
        world.write("V1", str(number))
        world.write("V1", "old", Intent.PAST, at_ms=world.clock.now_ms() - 5000)
    await world.up()
    assert world.told == [("V1", "0"), ("V1", "1"), ("V1", "2")]
    assert world.standing.progress.done == world.bus.next_seq - 1


async def test_what_was_to_be_put_right_is_not_forgotten_in_a_flood() -> None:
    world = World(rate=10)
    world.write("V2", "here")
    await world.up()
    world.ascent.tell(PinAddress("house", "V2"))
    for number in range(1000):
        world.write("V1", str(number))
    await world.up()
    assert sorted(world.told) == [("V1", "999"), ("V7", "here"), ("V7", "here")]


async def test_a_budget_merges_values_and_spreads_them() -> None:
    world = World(budget=BudgetOptions(day=100))
    world.route.is_batched = True
    for number in range(500):
        world.clock.advance(10)
        world.write("V1", str(number))
        await world.up()
    budget = world.budget.states(world.clock.now_ms())[0]
    assert len(world.told) == budget.spent <= 100
    assert int(world.told[-1][1]) > 400
    assert world.standing.merged + len(world.told) + len(world.ascent._live) == 500


async def test_a_command_does_not_wait_for_the_budget() -> None:
    world = World(budget=BudgetOptions(day=100))
    while await world.up() == inf:
        world.write("V1", str(len(world.told)))
    count = len(world.told)
    world.write("V2", "on", Intent.COMMAND)
    await world.up()
    assert world.told[count:] == [("V7", "on")]


async def test_where_a_batch_is_one_message_everything_goes_along() -> None:
    world = World(budget=BudgetOptions(day=100))
    world.route.is_batched = True
    while await world.up() == inf:
        world.write("V1", str(len(world.told)))
    world.write("V1", "waits")
    world.write("V2", "on", Intent.COMMAND)
    await world.up()
    assert set(world.told[-2:]) == {("V1", "waits"), ("V7", "on")}


async def test_what_stands_can_be_told_though_it_is_no_news() -> None:
    world = World()
    world.write("V1", "1")
    await world.up()
    world.ascent.tell(V1)
    await world.up()
    assert world.told == [("V1", "1")] * 2


async def test_what_is_not_on_the_disk_is_not_told_by_hand() -> None:
    world = World()
    world.write("V1", "1")
    world.ascent.tell(V1)
    assert await world.ascent.send() == inf
    assert world.route.live == []


async def test_a_dead_band_counts_from_what_stands_above() -> None:
    world = World(pins=(mapped("house/V1", dead_band=1.0),))
    world.ascent.stands_above(V1, ("20",))
    world.write("V1", "20.5")
    await world.up()
    world.write("V1", "21.5")
    await world.up()
    assert world.told == [("V1", "21.5")]
    assert world.standing.merged == 1
    assert world.standing.progress.done == world.bus.next_seq - 1


async def test_reading_goes_on_in_pieces() -> None:
    world = World()
    world.trail.batch = 7
    for number in range(30):
        world.write("V1", str(number))
    await world.up()
    assert [int(value) for _, value in world.told] == list(range(30))


async def test_what_arrived_is_known_at_both_ends() -> None:
    world = World()
    world.write("V1", "1")
    await world.up()
    assert world.standing.agreed[V1] == ("1",)
    assert not world.ascent.is_telling(V1)
    assert world.route.live == [Write("V1", ("1",))]
    await steps(world.ascent.send)


async def test_what_is_committed_while_others_are_read_is_not_passed_over() -> None:
    world = World()
    world.write("V1", "1")
    await world.ascent.read()
    world.ascent._committed = await world.trail.commit(world.parts.noticed.seq)
    read = world.trail.read

    async def slow_read(after: int, upto: int, pins: Set[PinAddress]) -> TrailBatch:
        batch = await read(after, upto, pins)
        world.write("V1", "2")
        world.ascent._committed = await world.trail.commit(world.parts.noticed.seq)
        return batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.trail, "read", slow_read)
        await world.ascent.read()
    await world.up()
    assert world.told == [("V1", "1"), ("V1", "2")]


async def test_a_circle_is_ended_and_told() -> None:
    world = World()
    world.write("V1", "1")
    before = -1
    while len(world.told) > before:
        before = len(world.told)
        await world.up()
        world.clock.advance(0.05)
        if len(world.told) > before:
            world.write("V1", "1")
    assert len(world.told) == ROUNDS
    world.clock.advance(HOLD_S)
    assert await world.up() == inf
    assert world.ascent.is_idle
    assert world.parts.health.components[world.parts.circle].state is HealthState.DEGRADED
    assert "house/V1" in world.parts.health.last_error
    world.write("V1", "2")
    await world.up()
    assert world.told[-1] == ("V1", "2")


async def test_a_board_that_repeats_itself_loses_nothing() -> None:
    world = World()
    for _ in range(3 * ROUNDS):
        world.write("V1", "1")
        await world.up()
        world.clock.advance(0.1)
    world.clock.advance(HOLD_S)
    await world.up()
    assert len(world.told) == 3 * ROUNDS
    assert world.parts.circle not in world.parts.health.components


async def test_a_server_that_slowed_us_down_gets_only_what_stands() -> None:
    world = World()
    world.write("V1", "0")
    world.route.faults = [TooFast("flood")]
    await world.up()
    for number in range(200):
        world.write("V1", str(number))
    await world.up()
    world.clock.advance(10)
    await world.up()
    assert world.told == [("V1", "199")]
    assert world.standing.progress.backlog() is not None
