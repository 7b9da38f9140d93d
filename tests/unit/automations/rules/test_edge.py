from blynk_gateway.automations.rules.edge import Edge
from blynk_gateway.automations.timers import Timers
from tests.helpers.clock import FakeClock


class Rig:
    def __init__(self, for_ms: int) -> None:
        self.clock = FakeClock()
        self.timers = Timers(self.clock)
        self.due = 0
        self.edge = Edge(for_ms, self._held_long, self.timers, self.clock)

    def _held_long(self) -> None:
        self.due += 1

    def pass_time(self, seconds: float) -> int:
        self.clock.advance(seconds)
        self.timers.advance()
        return self.due


def test_without_a_duration_it_counts_at_once() -> None:
    rig = Rig(0)
    assert rig.edge.turn(is_held=True)
    assert not rig.edge.turn(is_held=False)
    assert rig.pass_time(10) == 0


def test_with_one_it_counts_when_that_is_over() -> None:
    rig = Rig(2000)
    assert not rig.edge.turn(is_held=True)
    assert rig.edge.since_ms == rig.clock.now_ms()
    assert rig.pass_time(1.9) == 0
    assert rig.pass_time(0.1) == 1
    assert rig.edge.state() == {"held": True, "since_ms": None}


def test_what_ends_before_does_not_count() -> None:
    rig = Rig(2000)
    rig.edge.turn(is_held=True)
    rig.edge.turn(is_held=False)
    assert rig.pass_time(10) == 0
    rig.edge.turn(is_held=True)
    rig.edge.settle(is_held=True)
    assert rig.pass_time(10) == 0
    assert rig.edge.is_held


def test_it_goes_on_from_a_state() -> None:
    rig = Rig(2000)
    rig.edge.turn(is_held=True)
    rig.clock.advance(1.5)
    state = rig.edge.state()
    rig.edge.drop()
    rig.edge.restore(state)
    assert rig.edge.state() == state
    assert rig.pass_time(0.4) == 0
    assert rig.pass_time(0.1) == 1


def test_what_counted_before_does_not_again() -> None:
    rig = Rig(2000)
    rig.edge.restore({"held": True, "since_ms": None})
    assert rig.edge.is_held
    assert rig.pass_time(10) == 0
