"""Levels that last, and changes that are told at most so often."""

import asyncio

import pytest

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.gpio.inputs.debounce import Pace, SettledLine, Stable
from blynk_gateway.gpio.lines.edges import Edge
from tests.helpers.clock import FakeClock
from tests.helpers.gpio import Rig

LINE = 17


class Bounces:
    """Edges at chosen times, and what of them settled."""

    def __init__(self, stable_ms: int, level: int = 0) -> None:
        self.clock = FakeClock()
        self.start_s = self.clock.monotonic()
        self.settled: list[tuple[int, int]] = []
        self.stable = Stable(stable_ms, level, self.clock, self._note)

    def take(self, level: int, after_ms: int) -> None:
        self.stable.take(Edge(level, after_ms, self.start_s + after_ms / 1000, None))

    def _note(self, edge: Edge) -> None:
        self.settled.append((edge.level, edge.at_ms))


async def test_without_a_time_every_change_counts_once() -> None:
    bounces = Bounces(0)
    for level, at_ms in [(1, 1), (1, 2), (0, 3), (1, 4)]:
        bounces.take(level, at_ms)
    assert bounces.settled == [(1, 1), (0, 3), (1, 4)]


async def test_level_counts_from_when_it_began_once_it_lasted() -> None:
    bounces = Bounces(20)
    bounces.clock.advance(0.015)
    bounces.take(1, 10)
    assert bounces.settled == []
    await asyncio.sleep(0.03)
    assert bounces.settled == [(1, 10)]


async def test_bounces_count_from_the_last_of_them() -> None:
    bounces = Bounces(20)
    for level, at_ms in [(1, 0), (0, 5), (1, 8), (0, 9), (1, 12), (0, 40)]:
        bounces.take(level, at_ms)
    bounces.stable.close()
    assert bounces.settled == [(1, 12)]


async def test_spike_does_not_count() -> None:
    bounces = Bounces(10)
    bounces.take(1, 0)
    bounces.take(0, 9)
    await asyncio.sleep(0.03)
    assert bounces.settled == []


async def test_level_that_lasted_while_the_loop_was_busy_counts() -> None:
    bounces = Bounces(20)
    bounces.take(1, 0)
    bounces.take(0, 21)
    bounces.take(1, 30)
    bounces.stable.close()
    assert bounces.settled == [(1, 0)]


async def test_repeated_edge_does_not_begin_the_level_anew() -> None:
    bounces = Bounces(20)
    bounces.take(1, 0)
    bounces.take(1, 15)
    bounces.take(0, 25)
    bounces.stable.close()
    assert bounces.settled == [(1, 0)]


async def test_nothing_settles_after_a_close() -> None:
    bounces = Bounces(1)
    bounces.take(1, 0)
    bounces.stable.close()
    bounces.stable.close()
    await asyncio.sleep(0.02)
    assert bounces.settled == []


async def test_pace_tells_the_first_at_once_and_then_the_last_one() -> None:
    told: list[int] = []
    pace = Pace(20, FakeClock(), told.append)
    for item in (1, 2, 3):
        pace.offer(item)
    assert told == [1]
    await asyncio.sleep(0.05)
    assert told == [1, 3]


async def test_pace_that_rested_tells_at_once() -> None:
    told: list[int] = []
    clock = FakeClock()
    pace = Pace(1000, clock, told.append)
    pace.offer(1)
    clock.advance(1.0)
    pace.offer(2)
    assert told == [1, 2]


async def test_pace_of_nothing_tells_everything() -> None:
    told: list[int] = []
    pace = Pace(0, FakeClock(), told.append)
    for item in (1, 2, 3):
        pace.offer(item)
    assert told == [1, 2, 3]


async def test_flush_tells_what_waits_once() -> None:
    told: list[int] = []
    pace = Pace(1, FakeClock(), told.append)
    pace.flush()
    pace.offer(1)
    pace.offer(2)
    pace.flush()
    pace.flush()
    await asyncio.sleep(0.02)
    assert told == [1, 2]


async def test_closed_pace_forgets_what_waits() -> None:
    told: list[int] = []
    pace = Pace(1, FakeClock(), told.append)
    pace.offer(1)
    pace.offer(2)
    pace.close()
    await asyncio.sleep(0.02)
    assert told == [1]


async def test_settled_line_tells_its_level_and_its_changes() -> None:
    with Rig(SystemClock()) as rig:
        told: list[int] = []
        line = SettledLine(
            rig.host,
            LINE,
            pull=Pull.UP,
            debounce_ms=0,
            stable_ms=0,
            handler=lambda edge: told.append(edge.level),
        )
        assert line.level == 1
        rig.pulse(LINE, 2, rest=1)
        rig.drive(LINE, 0)
        await rig.settled()
        assert told == [0, 1, 0, 1, 0]
        assert line.level == 0
        line.close()
        line.close()


async def test_flicker_that_was_too_much_to_keep_is_no_level_that_lasted() -> None:
    with Rig(SystemClock()) as rig:
        told: list[int] = []
        line = SettledLine(
            rig.host,
            LINE,
            pull=Pull.DOWN,
            debounce_ms=0,
            stable_ms=100,
            handler=lambda edge: told.append(edge.level),
        )
        rig.drive(LINE, 1)
        await rig.settled()
        # So long that the level would count, had the line not flickered all the time.
        until = rig.clock.monotonic() + 0.15
        while rig.clock.monotonic() < until:
            rig.pulse(LINE, 100, rest=1)
        rig.drive(LINE, 0)
        await rig.settled()
        assert told == []
        line.close()


async def test_line_that_cannot_be_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> int:
        raise OSError("gone")

    with Rig(SystemClock()) as rig:
        with monkeypatch.context() as patch:
            patch.setattr("blynk_gateway.gpio.lines.edges.LibraryLine.level", property(fail))
            with pytest.raises(OSError, match="gone"):
                SettledLine(rig.host, LINE, pull=Pull.UP, debounce_ms=0, stable_ms=0, handler=print)
        again = SettledLine(rig.host, LINE, pull=Pull.UP, debounce_ms=0, stable_ms=0, handler=print)
        again.close()
