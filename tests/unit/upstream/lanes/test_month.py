"""A month of a busy home on a free plan: from event to event, as a connection's worker does it."""

import random
from collections import Counter
from datetime import UTC, datetime

import pytest

from blynk_gateway.config.upstream.options import BudgetOptions, MappedPin
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.trail import TrailPoint
from blynk_gateway.upstream.lanes.budget import MAX_DEBT_MS, Budget
from blynk_gateway.upstream.lanes.live import Live
from blynk_gateway.upstream.lanes.pace import Pace

BEGIN_MS = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 1000
DAYS = 30
DAY_S = 86_400
DAY_MS = 1000 * DAY_S
END_S = float(DAYS * DAY_S)

SENSORS = [PinAddress("greenhouse", f"V{index}") for index in range(20)]
SWITCH = PinAddress("greenhouse", "V100")

REPORT_S = 10
"""Every sensor has a new value so often."""

SWITCHES_A_DAY = 20


class Month:
    """One mapping; what it sends arrives at once."""

    def __init__(self, limit: int, *, is_batched: bool) -> None:
        pins = [*SENSORS, SWITCH]
        self.live = Live({pin: MappedPin(pin, pin.pin) for pin in pins}, is_merging=True)
        self.limit = limit
        self.budget = Budget(BudgetOptions(month=limit), None, BEGIN_MS)
        self.pace = Pace(25, 0.0)
        self.is_batched = is_batched
        self.now = 0.0
        self.days = Counter[int]()
        self.longest_s = self.longest_urgent_s = 0.0
        self.switched = 0
        self._seq = 0
        self._random = random.Random(6)  # noqa: S311  a home, not a secret
        self._waits_since: dict[PinAddress, float] = {}
        # A sensor whose value waits already need not be asked again: only its value would change.
        self._reports = dict.fromkeys(SENSORS, 0.0)

    @property
    def now_ms(self) -> int:
        return BEGIN_MS + int(self.now * 1000)

    def run(self) -> None:
        switch_at = self._next_switch()
        while self.now < END_S:
            for pin in [pin for pin, at in self._reports.items() if at <= self.now]:
                self._add(pin, is_urgent=False)
                del self._reports[pin]
            if switch_at <= self.now:
                self._add(SWITCH, is_urgent=True)
                self.switched += 1
                switch_at = self._next_switch()
            wait_s = self._send()
            if wait_s:
                reports_at = min(self._reports.values(), default=END_S)
                day = self.now // DAY_S
                self.now = min(self.now + wait_s, reports_at, switch_at)
                if self.now // DAY_S != day:
                    self._restart()

    def _send(self) -> float:
        """Seconds to wait, 0 if something went."""
        if self.live.next_at(self.now) is None:
            return END_S
        room = self.pace.room(self.now)
        if not room:
            return self.pace.next_at(self.now) - self.now
        wait_s = END_S
        for size, is_urgent in ((len(self.live), False), (self.live.urgent, True)):
            cost = min(size, 1 if self.is_batched else room)
            if not cost:
                break
            wait_s = self.budget.wait_s(cost, self.now_ms, is_urgent=is_urgent)
            if not wait_s:
                self._arrive(self.live.take(len(self.live) if self.is_batched else cost, self.now))
                self.budget.spend(cost, self.now_ms)
                self.pace.spend(cost, self.now)
                self.days[int(self.now) // DAY_S] += cost
                break
        return wait_s

    def _arrive(self, points: list[TrailPoint]) -> None:
        self.live.sent(points, self.now)
        for point in points:
            self._told(point.address)

    def _told(self, pin: PinAddress) -> None:
        waited_s = self.now - self._waits_since.pop(pin)
        if pin == SWITCH:
            self.longest_urgent_s = max(self.longest_urgent_s, waited_s)
        else:
            self.longest_s = max(self.longest_s, waited_s)
            self._reports[pin] = (self.now // REPORT_S + 1) * REPORT_S

    def _add(self, pin: PinAddress, *, is_urgent: bool) -> None:
        self._seq += 1
        point = TrailPoint(self._seq, self.now_ms, pin, (str(self._seq),))
        self.live.add(point, self.now, is_urgent=is_urgent)
        self._waits_since.setdefault(pin, self.now)

    def _next_switch(self) -> float:
        return self.now + self._random.expovariate(SWITCHES_A_DAY / DAY_S)

    def _restart(self) -> None:
        self.budget = Budget(BudgetOptions(month=self.limit), self.budget.note(), self.now_ms)


@pytest.mark.parametrize(
    ("limit", "is_batched"),
    [
        # Each value is a message.
        (100_000, False),
        # Each batch is one; fewer of them, as each has all pins.
        (3000, True),
    ],
)
def test_a_month_stays_inside_its_budget_and_uses_it(limit: int, is_batched: bool) -> None:
    month = Month(limit, is_batched=is_batched)
    month.run()
    total, average = month.days.total(), limit / DAYS
    assert month.budget.states(BEGIN_MS + DAYS * DAY_MS - 1)[0].spent == total
    assert 0.97 * limit < total <= limit
    assert max(month.days.values()) < 2 * average
    assert min(month.days[day] for day in range(DAYS)) > average / 2
    # All pins have their turn, and at the most wait for what was spent on switches before.
    turn_s = END_S / (0.85 * limit) * (1 if is_batched else len(SENSORS) + 1)
    assert month.longest_s < turn_s + MAX_DEBT_MS / 1000 + REPORT_S
    assert month.switched > 0.8 * DAYS * SWITCHES_A_DAY
    assert month.longest_urgent_s < 1.0
