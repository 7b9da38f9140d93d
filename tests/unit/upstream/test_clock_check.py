"""The server's clock and ours."""

import pytest

from blynk_gateway.runtime.health import HealthState
from blynk_gateway.upstream.clock_check import AGAIN_S, MAX_OFFSET_MS, ClockCheck
from tests.helpers.upstream import Below, FakeRoute


class World(Below):
    def __init__(self, offset_ms: int | None) -> None:
        super().__init__()
        self.route = FakeRoute()
        self.route.time_ms = None if offset_ms is None else self.clock.now_ms() + offset_ms
        self.check = ClockCheck(self.parts, self.route)
        self.parts.health.report(self.parts.component, HealthState.OK)

    @property
    def health(self) -> HealthState:
        return self.parts.health.components[self.parts.component].state


@pytest.mark.parametrize("offset_ms", [None, 0, MAX_OFFSET_MS, -MAX_OFFSET_MS])
async def test_clocks_that_agree_are_compared_once(offset_ms: int | None) -> None:
    world = World(offset_ms)
    assert world.check.is_due
    await world.check.check()
    assert world.standing.clock_offset_ms == offset_ms
    assert world.health is HealthState.OK
    world.clock.advance(100_000)
    assert not world.check.is_due


async def test_a_clock_that_is_put_right_above_is_no_fault_any_more() -> None:
    world = World(-60_000)
    await world.check.check()
    before = (world.health, world.check.is_due)
    assert before == (HealthState.DEGRADED, False)
    world.clock.advance(AGAIN_S)
    assert world.check.is_due
    world.route.time_ms = world.clock.now_ms()
    await world.check.check()
    assert world.health is HealthState.OK
    assert not world.check.is_due


async def test_a_clock_of_ours_that_was_set_is_compared_anew() -> None:
    world = World(-3_600_000)
    await world.check.check()
    world.clock.step(-3_600_000)
    assert world.check.is_due
    await world.check.check()
    assert world.health is HealthState.OK
    assert world.standing.clock_offset_ms == 0


async def test_a_fault_of_another_kind_is_left_to_those_who_found_it() -> None:
    world = World(0)
    world.parts.health.report(world.parts.component, HealthState.FAILED, "no token")
    await world.check.check()
    assert world.health is HealthState.FAILED
