"""The way up for what was so."""

from contextlib import suppress
from math import inf

import pytest

from blynk_gateway.config.upstream.options import BacklogOptions, BudgetOptions
from blynk_gateway.core.change import Intent
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.upstream.backlog import Backlog, count, let_go
from blynk_gateway.upstream.lanes.pace import Pace
from blynk_gateway.upstream.route import Past, PastFull, ServerDown, TooFast
from tests.helpers.upstream import Below, FakeRoute, upstream

DAY_S = 86_400
V1 = Datastream("V1", "Reading", DatastreamType.DOUBLE)
V2 = Datastream("V2", "Mode", DatastreamType.ENUM)


class World(Below):
    """A mapping that was away while `away` wrote."""

    def __init__(self, **options: object) -> None:
        super().__init__(upstream(**{"rate": 0, **options}), V1, V2)  # type: ignore[arg-type]
        self.connect()

    def connect(self) -> None:
        self.route = FakeRoute()
        pace = Pace(self.parts.upstream.rate, self.clock.monotonic())
        self.backlog = Backlog(self.parts, self.route, pace)

    async def away(self, count: int, every_s: float = 1.0, pin: str = "V1") -> list[Past]:
        """Write so many values while there is no connection."""
        remote = {"V1": "V1", "V2": "V7"}[pin]
        points = []
        for number in range(count):
            self.write(pin, str(number))
            points.append(Past(self.clock.now_ms(), remote, (str(number),)))
            self.clock.advance(every_s)
        await self.committed()
        self.standing.progress.begin_live(self.bus.next_seq - 1)
        return points

    async def up(self) -> float:
        """Tell all that may be told now; seconds until there is more."""
        while (wait_s := await self.backlog.send()) is None:
            pass
        return wait_s


async def test_points_go_up_with_their_own_times(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    world = World()
    points = await world.away(1200)
    assert await world.up() == inf
    assert world.route.past == points
    assert world.standing.progress.backlog() is None
    assert caplog.text.count("backlog is told") == 1
    assert (world.standing.sent, world.standing.waiting) == (1200, 0)


async def test_without_a_gap_there_is_nothing_to_do() -> None:
    world = World()
    assert await world.up() == inf
    assert world.trail.reads == []


async def test_what_was_acknowledged_does_not_come_again() -> None:
    world = World()
    points = await world.away(1200)
    world.route.faults = [None, ServerDown("gone")]
    with pytest.raises(ServerDown):
        await world.up()
    first = world.route.past
    assert first == points[:500]
    world.connect()
    await world.up()
    assert first + world.route.past == points


async def test_a_day_takes_so_many_points_and_no_more() -> None:
    world = World(backlog=BacklogOptions(points_per_day=100))
    points = await world.away(250)
    wait_s = await world.up()
    assert world.route.past == points[:100]
    assert wait_s == pytest.approx(DAY_S - world.clock.now_ms() / 1000 % DAY_S, abs=1)
    world.clock.advance(wait_s)
    world.connect()
    await world.up()
    assert world.route.past == points[100:200]


async def test_too_many_for_the_month_go_up_as_averages(caplog: pytest.LogCaptureFixture) -> None:
    world = World(backlog=BacklogOptions(points_per_day=10, keep_ms=2 * DAY_S * 1000))
    world.clock.step(60_000 - world.clock.now_ms() % 60_000)
    await world.away(600)
    await world.up()
    # Ten minutes, of 60 values each.
    assert len(world.route.past) == 10
    assert [at_ms % 60_000 for at_ms, _, _ in world.route.past] == [0] * 10
    assert [float(value[0]) for _, _, value in world.route.past] == pytest.approx(
        [29.5 + 60 * minute for minute in range(10)], abs=0.51
    )
    assert world.standing.progress.backlog() is None
    assert "backlog goes up in coarser steps" in caplog.text


async def test_breaks_do_not_have_averages_told_over_and_over() -> None:
    world = World(backlog=BacklogOptions(points_per_day=40, keep_ms=2 * DAY_S * 1000))
    hour_ms = 3_600_000
    world.clock.step(hour_ms - world.clock.now_ms() % hour_ms)
    await world.away(2880, every_s=25)
    told: list[Past] = []
    for _ in range(10):
        world.connect()
        world.route.max_past = 5
        # The line is good for two batches.
        world.route.faults = [None, None, ServerDown("gone")]
        with suppress(ServerDown):
            await world.up()
        told += world.route.past
    assert world.standing.progress.backlog() is None
    # An hour or two are told twice after each break, and are the same.
    assert len(set(told)) == len({at_ms for at_ms, _, _ in told}) == 20
    assert len(told) <= 30


async def test_what_waits_is_counted_down_while_averages_go_up() -> None:
    world = World(backlog=BacklogOptions(points_per_day=20, keep_ms=2 * DAY_S * 1000))
    world.clock.step(60_000 - world.clock.now_ms() % 60_000)
    world.route.max_past = 5
    await world.away(1200)
    waiting = []
    while await world.backlog.send() is None:
        waiting.append(world.standing.waiting)
    assert len(world.route.past) == 20
    # Five minutes at a time; of one more it is not known yet that it is over.
    assert list(dict.fromkeys(waiting))[:3] == [1200, 839, 539]
    assert world.standing.waiting == 0


async def test_a_server_that_says_to_come_at_once_or_never_is_not_believed() -> None:
    world = World()
    points = await world.away(10)
    world.route.faults = [PastFull("full", retry_after_s=0), PastFull("full", retry_after_s=1e300)]
    wait_s = await world.up()
    assert 10 < wait_s < 600
    world.clock.advance(wait_s)
    wait_s = await world.up()
    assert wait_s <= DAY_S
    world.clock.advance(wait_s)
    await world.up()
    assert world.route.past == points


async def test_modes_are_never_averaged() -> None:
    world = World(backlog=BacklogOptions(points_per_day=10, keep_ms=2 * DAY_S * 1000))
    world.clock.step(60_000 - world.clock.now_ms() % 60_000)
    await world.away(600, pin="V2")
    await world.up()
    assert [value[0] for _, _, value in world.route.past] == [
        str(59 + 60 * minute) for minute in range(10)
    ]


async def test_what_is_too_old_is_given_up_and_said(caplog: pytest.LogCaptureFixture) -> None:
    world = World(backlog=BacklogOptions(keep_ms=100_000))
    points = await world.away(150)
    await world.up()
    assert world.route.past == points[50:]
    assert world.standing.given_up == 50
    assert world.parts.health.counters["upstream_points_given_up"] == 50
    assert "points given up" in caplog.text


async def test_what_becomes_too_old_while_the_rest_goes_up_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(backlog=BacklogOptions(keep_ms=100_000))
    await world.away(90)
    # The gap is planned.
    assert await world.backlog.send() is None
    world.clock.advance(50)
    await world.up()
    assert world.standing.given_up == world.parts.health.counters["upstream_points_given_up"] > 30
    assert "points given up" in caplog.text


async def test_what_becomes_too_old_while_it_waits_for_its_day_is_given_up() -> None:
    world = World(backlog=BacklogOptions(points_per_day=10))
    points = await world.away(200)
    assert await world.up() < DAY_S
    assert world.route.past == points[:10]
    world.clock.advance(31 * DAY_S)
    assert await world.up() == inf
    assert world.route.past == points[:10]
    assert world.standing.given_up == 190


async def test_nothing_is_too_old_by_a_clock_that_is_not_trusted() -> None:
    world = World(backlog=BacklogOptions(keep_ms=100_000))
    points = await world.away(90)
    assert await world.backlog.send() is None
    world.parts.clock_quality.is_trusted = False
    world.clock.step(1000 * DAY_S * 1000)
    await world.up()
    assert world.route.past == points


async def test_a_server_without_a_past_gets_none() -> None:
    world = World(backlog=None)
    await world.away(100)
    assert await world.up() == inf
    assert world.route.past == []
    assert world.standing.progress.backlog() is None


async def test_refused_points_are_counted_and_the_rest_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(rate=2)
    world.route.refused = {"V7"}
    points = await world.away(10)
    await world.away(5, pin="V2")
    while (wait_s := await world.up()) != inf:
        world.clock.advance(wait_s)
    assert world.route.past == points
    assert (world.standing.sent, world.standing.given_up) == (10, 5)
    assert caplog.text.count("points refused above") == 1


async def test_points_keep_the_pace() -> None:
    world = World(rate=10)
    await world.away(100)
    wait_s = await world.up()
    assert len(world.route.past) == 10
    assert 0 < wait_s <= 0.11


async def test_points_keep_the_budget() -> None:
    world = World(budget=BudgetOptions(day=86_400))
    points = await world.away(100)
    while (wait_s := await world.up()) != inf:
        world.clock.advance(wait_s)
    assert world.route.past == points
    (state,) = world.budget.states(world.clock.now_ms())
    assert state.spent == 100


async def test_few_messages_are_filled_with_points_of_one_pin() -> None:
    world = World(budget=BudgetOptions(day=86_400))
    world.route.is_batched = True
    world.route.cost_of_past = lambda points: len({one.pin for one in points})  # type: ignore[method-assign]
    points = []
    for number in range(100):
        points += await world.away(1, pin="V1" if number % 2 else "V2")
    while (wait_s := await world.up()) != inf:
        world.clock.advance(wait_s)
    assert sorted(world.route.past) == sorted(points)
    assert world.route.of("past") == [(50,), (50,)]


async def test_where_a_message_has_one_point_the_order_is_kept() -> None:
    world = World(budget=BudgetOptions(day=86_400))
    points = []
    for number in range(20):
        points += await world.away(1, pin="V1" if number % 2 else "V2")
    while (wait_s := await world.up()) != inf:
        world.clock.advance(wait_s)
    assert world.route.past == points


async def test_the_place_is_before_what_was_not_told() -> None:
    world = World(budget=BudgetOptions(day=86_400))
    world.route.is_batched = True
    world.route.cost_of_past = lambda points: len({one.pin for one in points})  # type: ignore[method-assign]
    points = []
    for number in range(100):
        points += await world.away(1, pin="V1" if number % 2 else "V2")
    world.clock.advance(10)
    world.route.faults = [None, ServerDown("gone")]
    with pytest.raises(ServerDown):
        await world.up()
    first = world.route.past
    world.connect()
    await world.up()
    assert set(first + world.route.past) == set(points)


async def test_it_says_whether_others_hold_it_up() -> None:
    world = World(rate=10, backlog=BacklogOptions(points_per_day=15))
    await world.away(30)
    await world.up()
    assert world.backlog.is_held_up
    world.clock.advance(10)
    await world.up()
    assert len(world.route.past) == 15
    assert not world.backlog.is_held_up


async def test_too_fast_is_the_callers_to_slow_down() -> None:
    world = World()
    points = await world.away(10)
    world.route.faults = [TooFast("flood")]
    with pytest.raises(TooFast):
        await world.up()
    await world.up()
    assert world.route.past == points


async def test_a_server_that_takes_no_more_today_is_left_alone() -> None:
    world = World()
    points = await world.away(10)
    world.route.faults = [PastFull("10000 points", retry_after_s=3600)]
    assert await world.up() == 3600
    world.clock.advance(3600)
    await world.up()
    assert world.route.past == points


async def test_times_that_may_be_corrected_are_waited_for() -> None:
    world = World()
    await world.away(10)
    world.trail.committed = world.standing.progress.done
    wait_s = await world.up()
    assert 0 < wait_s < 60
    await world.committed()
    assert await world.up() == inf
    assert len(world.route.past) == 10


async def test_echoes_do_not_go_up() -> None:
    world = World()
    points = await world.away(10)
    world.parts.noticed.echo(world.bus.next_seq - 1)
    await world.up()
    assert world.route.past == points[:9]


async def test_two_gaps_are_counted_together_and_told_in_order() -> None:
    world = World()
    first = await world.away(10)
    for number in range(5):
        world.write("V1", f"9{number}")
    await world.committed()
    world.standing.progress.live_done(world.bus.next_seq - 1)
    second = await world.away(7)
    counted = await count(world.parts)
    assert counted is not None
    assert counted.points == world.standing.waiting == 17
    assert counted.oldest_ms == world.standing.oldest_ms == first[0].at_ms
    await world.up()
    assert world.route.past == first + second


async def test_nothing_waits_where_there_is_no_gap() -> None:
    world = World()
    assert await count(world.parts) is None
    assert world.standing.waiting == 0


async def test_letting_go_says_where_the_rest_begins() -> None:
    world = World(backlog=BacklogOptions(keep_ms=100_000))
    await world.away(150)
    gap = world.standing.progress.backlog()
    assert gap is not None
    after = await let_go(world.parts, *gap)
    assert world.standing.progress.backlog() == (after, gap[1])
    assert await let_go(world.parts, after, gap[1]) == after


async def test_imported_points_go_up_too() -> None:
    world = World()
    world.write("V1", "2")
    world.write("V1", "1", Intent.PAST, at_ms=world.clock.now_ms() - 5000)
    await world.committed()
    world.standing.progress.begin_live(world.bus.next_seq - 1)
    await world.up()
    assert Past(world.clock.now_ms() - 5000, "V1", ("1",)) in world.route.past
