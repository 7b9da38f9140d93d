"""A month of a house with few messages to send, with all parts of a connection but the network."""

import random
from collections import Counter
from math import inf

import pytest

from blynk_gateway.config.upstream.options import BacklogOptions, BudgetOptions
from blynk_gateway.core.change import Intent
from blynk_gateway.upstream.arrivals import Arrivals
from blynk_gateway.upstream.lanes.pace import Pace
from blynk_gateway.upstream.session import Session
from tests.helpers.upstream import Below, FakeRoute, mapped, mapping, upstream

BUDGET = 2500
"""In proportion to what happens here, which is little: a month has to pass in seconds."""

HOUR_S = 3600
DAY_S = 24 * HOUR_S
MONTH_S = 30 * DAY_S
NOVEMBER_MS = 1_793_491_200_000
"""2026-11-01, 00:00 UTC."""

REPORT_EVERY_S = 900.0
SWITCH_EVERY_S = 5 * 3600.0
PINS = 3


class House(Below):
    """Pins that report, and one that people switch."""

    def __init__(self, *, is_batched: bool) -> None:
        pins = [mapped(f"house/V{number}") for number in range(PINS)]
        pins.append(mapped("house/V10"))
        options = upstream(
            mapping(*pins), budget=BudgetOptions(month=BUDGET), backlog=BacklogOptions()
        )
        super().__init__(options)
        self.clock.step(NOVEMBER_MS - self.clock.now_ms())
        self.random = random.Random(1)  # noqa: S311  nothing secret
        self.is_batched = is_batched
        self.pace = Pace(10, self.clock.monotonic())
        self.switched: list[tuple[float, float]] = []
        self.days: Counter[int] = Counter()
        self.connect()

    def connect(self) -> None:
        route = self.route = FakeRoute()
        route.is_batched = self.is_batched
        self.session = Session(self.parts, route, self.pace, Arrivals(self.parts))

    async def live(self, seconds: float, *, is_connected: bool = True) -> None:
        """Let so much time pass."""
        end = self.clock.monotonic() + seconds
        report_at = switch_at = self.clock.monotonic()
        if is_connected:
            await self.session._begin()
        while (now := self.clock.monotonic()) < end:
            if now >= report_at:
                report_at = now + REPORT_EVERY_S
                for number in range(PINS):
                    self.write(f"V{number}", f"{self.random.random():.3f}")
            if now >= switch_at:
                switch_at = now + self.random.expovariate(1 / SWITCH_EVERY_S)
                self.write("V10", f"{now}", Intent.COMMAND)
            await self.committed()
            due_at = now + await self._up() if is_connected else inf
            self.clock.advance(max(0.001, min(end, report_at, switch_at, due_at) - now))

    async def _up(self) -> float:
        before = self.spent
        while True:
            self.session._ascent._committed = self.trail.committed
            wait_s = await self.session._step()
            if wait_s is not None:
                break
        now = self.clock.monotonic()
        self.days[self.clock.now_ms() // (DAY_S * 1000)] += self.spent - before
        told = [float(one.value[0]) for one in self.route.live if one.pin == "V10"]
        self.switched += [(at, now) for at in told]
        self.route.live.clear()
        return wait_s

    @property
    def spent(self) -> int:
        (state,) = self.budget.states(self.clock.now_ms())
        return state.spent


@pytest.mark.parametrize("is_batched", [True, False], ids=["https", "tcp"])
async def test_a_month_stays_within_its_messages_and_spends_them_evenly(is_batched: bool) -> None:
    house = House(is_batched=is_batched)
    await house.live(10 * DAY_S)
    await house.live(1 * DAY_S, is_connected=False)
    house.connect()
    await house.live(MONTH_S - 11 * DAY_S - 60)
    # What people do goes up at once, or as soon as the connection is back.
    late = [at for at, told_at in house.switched if told_at - at > 1.0]
    assert len(late) <= 1
    assert 0.85 * BUDGET < house.spent <= BUDGET
    days = [count for _, count in sorted(house.days.items())]
    assert max(days) < 2 * BUDGET / 30
    # Values never stop to come, and what was missed goes up all the same.
    assert house.standing.given_up == 0
    assert house.standing.progress.backlog() is None
