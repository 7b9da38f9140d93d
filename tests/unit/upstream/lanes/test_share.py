"""Mappings that share a budget."""

from blynk_gateway.config.upstream.options import BudgetOptions
from blynk_gateway.upstream.lanes.budget import Budget
from blynk_gateway.upstream.lanes.share import Share, Turns

NOVEMBER_MS = 1_793_491_200_000
"""2026-11-01, 00:00 UTC."""


class World:
    def __init__(self, day: int, shares: int) -> None:
        self.now_ms = NOVEMBER_MS
        self.turns = Turns(Budget(BudgetOptions(day=day), None, self.now_ms))
        self.shares = [self.turns.share() for _ in range(shares)]
        self.sent = [0] * shares

    def send(self, share: Share, cost: int = 1) -> float:
        """Ask, and send if that may be."""
        wait_s = share.wait_s(cost, self.now_ms)
        if not wait_s:
            share.spend(cost, self.now_ms)
            self.sent[self.shares.index(share)] += cost
        return wait_s

    def run(self, seconds: float, costs: list[int]) -> None:
        """All of them send as much as they can, those who wait less before others."""
        end_ms = self.now_ms + int(seconds * 1000)
        while self.now_ms < end_ms:
            waits = [self.send(share, cost) for share, cost in zip(self.shares, costs, strict=True)]
            self.now_ms += max(1, int(min(waits) * 1000))


def test_those_who_want_as_much_get_as_much() -> None:
    world = World(day=2000, shares=3)
    world.run(12 * 3600, [1, 1, 1])
    assert min(world.sent) > 250
    assert max(world.sent) - min(world.sent) <= 1


def test_who_wants_several_at_once_is_not_the_last_for_ever() -> None:
    world = World(day=2000, shares=3)
    world.run(12 * 3600, [1, 3, 1])
    assert world.sent[1] == 3 * world.sent[0]


def test_who_does_not_come_when_its_turn_is_there_holds_up_nobody() -> None:
    world = World(day=2000, shares=3)
    for share in world.shares:
        world.send(share)
    world.shares = world.shares[:1]
    world.run(12 * 3600, [1])
    assert world.sent[0] > 800


def test_who_left_is_not_waited_for() -> None:
    world = World(day=864, shares=2)
    for share in world.shares:
        world.send(share)
    first, second = world.shares
    assert first.wait_s(1, world.now_ms) < second.wait_s(1, world.now_ms)
    first.leave()
    assert second.wait_s(1, world.now_ms) < first.wait_s(1, world.now_ms)


def test_what_is_urgent_waits_for_nobody() -> None:
    world = World(day=864, shares=2)
    first, second = world.shares
    assert world.send(first) > 0
    assert second.wait_s(1, world.now_ms, is_urgent=True) == 0
    assert first.wait_s(1, world.now_ms) < second.wait_s(1, world.now_ms)


def test_a_backlog_counts_on_its_part_alone() -> None:
    one, three = World(day=2000, shares=1), World(day=2000, shares=3)
    whole = one.shares[0].backlog_share(one.now_ms)
    part = three.shares[0].backlog_share(three.now_ms)
    assert whole is not None
    assert part == whole // 3


def test_without_a_limit_nobody_waits() -> None:
    turns = Turns(Budget(BudgetOptions(), None, NOVEMBER_MS))
    first, second = turns.share(), turns.share()
    assert first.wait_s(1000, NOVEMBER_MS) == second.wait_s(1000, NOVEMBER_MS) == 0
    assert second.backlog_share(NOVEMBER_MS) is None


def test_questions_are_counted_up_to_the_last_message() -> None:
    world = World(day=3, shares=2)
    first, second = world.shares
    assert [first.take_question(world.now_ms) for _ in range(4)] == [True, True, True, False]
    assert not second.take_question(world.now_ms)
    assert world.turns.budget.states(world.now_ms)[0].spent == 3
