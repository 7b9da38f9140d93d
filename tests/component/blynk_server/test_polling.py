import asyncio
import math

import pytest

from blynk_gateway.blynk_server.polling import Polls
from blynk_gateway.core.clock import SystemClock
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S


class Turns:
    """Notes whose turn it was."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._more = asyncio.Event()

    def ask(self, pins: list[str]) -> None:
        self.asked += pins
        self._more.set()

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.asked) < count:
                self._more.clear()
                await self._more.wait()


def timers() -> int:
    scheduled = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return sum("Polls" in repr(one) for one in scheduled if not one.cancelled())


async def test_each_pin_has_its_turn_once_an_interval() -> None:
    turns = Turns()
    polls = Polls(SystemClock(), turns.ask)
    polls.set("A0", 20)
    polls.set("D4", 60)
    assert timers() == 1
    await turns.reach(12)
    polls.stop()
    assert timers() == 0
    # Twelve turns of both are nine of the fast and three of the slow one, give or take the last.
    assert turns.asked.count("D4") in {2, 3}


async def test_without_pins_there_is_no_timer() -> None:
    polls = Polls(SystemClock(), Turns().ask)
    polls.set("A0", None)
    assert timers() == 0
    polls.set("A0", 1000)
    polls.set("A0", None)
    assert timers() == 0


@pytest.mark.parametrize("late_s", [0.0, 0.4, 3.7])
async def test_late_turns_are_left_out_and_the_rhythm_stays(late_s: float) -> None:
    clock = FakeClock()
    turns = Turns()
    polls = Polls(clock, turns.ask)
    start = clock.monotonic()
    polls.set("A0", 1000)
    clock.advance(1.0 + late_s)
    polls._tick()
    assert turns.asked == ["A0"]
    (due, _) = polls._due["A0"]
    assert due - start == pytest.approx(2.0 + math.floor(late_s))
    polls.stop()


async def test_a_pin_that_is_dropped_by_its_own_turn_has_no_other() -> None:
    asked: list[str] = []

    def ask(pins: list[str]) -> None:
        asked.extend(pins)
        polls.set("A0", None)
        done.set_result(None)

    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    polls = Polls(SystemClock(), ask)
    polls.set("A0", 10)
    async with asyncio.timeout(PATIENCE_S):
        await done
    assert asked == ["A0"]
    assert timers() == 0
