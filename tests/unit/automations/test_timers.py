import asyncio
import logging

import pytest

from blynk_gateway.automations.timers import Timers
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S


def test_timers_are_called_in_their_order_once_they_are_due() -> None:
    clock = FakeClock()
    timers = Timers(clock)
    called: list[str] = []
    timers.after(2, lambda: called.append("late"))
    timers.after(1, lambda: called.append("early"))
    timers.after(1, lambda: called.append("early too"))
    assert timers.advance() == pytest.approx(1)
    assert called == []
    clock.advance(1)
    assert timers.advance() == pytest.approx(1)
    assert called == ["early", "early too"]
    clock.advance(5)
    assert timers.advance() is None
    assert called == ["early", "early too", "late"]


def test_cancelled_timer_is_not_called() -> None:
    clock = FakeClock()
    timers = Timers(clock)
    called: list[str] = []
    timer = timers.after(1, lambda: called.append("never"))
    timer.cancel()
    timer.cancel()
    clock.advance(1)
    assert timers.advance() is None
    assert called == []


def test_cancelled_timers_do_not_pile_up() -> None:
    clock = FakeClock()
    timers = Timers(clock)
    for _ in range(100_000):
        timers.after(3600, lambda: None).cancel()
    assert len(timers) < 1000


def test_timer_set_by_another_that_is_due_at_once_is_called_in_the_same_go() -> None:
    clock = FakeClock()
    timers = Timers(clock)
    called: list[str] = []
    timers.after(1, lambda: timers.after(0, lambda: called.append("second")))
    clock.advance(1)
    timers.advance()
    assert called == ["second"]


def test_one_that_fails_does_not_keep_others_from_being_called(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    timers = Timers(clock)
    called: list[str] = []

    def fail() -> None:
        raise RuntimeError

    timers.after(0, fail)
    timers.after(0, lambda: called.append("next"))
    with caplog.at_level(logging.ERROR):
        timers.advance()
    assert called == ["next"]
    assert "timer failed" in caplog.text


async def test_worker_wakes_for_the_next_timer_also_for_one_that_is_set_meanwhile() -> None:
    timers = Timers(SystemClock())
    worker = spawn(timers.run(), name="timers")
    called = asyncio.Event()
    timers.after(3600, lambda: None)
    timers.after(0.01, called.set)
    async with asyncio.timeout(PATIENCE_S):
        await called.wait()
    await cancel(worker)
