import asyncio

from blynk_gateway.mqtt.bindings.pauses import PAUSE_S, Pauses
from tests.helpers.bindings import FakeTimers
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S


def made() -> tuple[FakeTimers, Pauses, list[str]]:
    timers = FakeTimers(FakeClock())
    return timers, Pauses(timers), []


def test_action_follows_after_about_the_pause() -> None:
    timers, pauses, done = made()
    pauses.begin("a", lambda: done.append("a"))
    timers.advance(0.49 * PAUSE_S)
    assert done == []
    timers.advance(1.02 * PAUSE_S)
    assert done == ["a"]
    assert len(pauses) == 0


def test_two_pauses_have_different_lengths() -> None:
    timers, pauses, _ = made()
    for key in range(20):
        pauses.begin(key, lambda: None)
    timers.advance(PAUSE_S)
    assert 0 < len(pauses) < 20


def test_second_pause_of_a_key_takes_the_place_of_the_first() -> None:
    timers, pauses, done = made()
    pauses.begin("a", lambda: done.append("first"))
    pauses.begin("a", lambda: done.append("second"))
    timers.advance(2 * PAUSE_S)
    assert done == ["second"]


def test_pause_that_ended_early_does_nothing() -> None:
    timers, pauses, done = made()
    pauses.begin("a", lambda: done.append("a"))
    pauses.begin("b", lambda: done.append("b"))
    pauses.cancel("a")
    pauses.cancel("a")
    timers.advance(2 * PAUSE_S)
    assert done == ["b"]


def test_all_can_end_at_once() -> None:
    timers, pauses, done = made()
    pauses.begin("a", lambda: done.append("a"))
    pauses.clear()
    timers.advance(2 * PAUSE_S)
    assert done == []


def test_action_may_begin_the_next_pause() -> None:
    timers, pauses, done = made()

    def act() -> None:
        done.append("a")
        pauses.begin("a", lambda: done.append("again"))

    pauses.begin("a", act)
    timers.advance(2 * PAUSE_S)
    assert len(pauses) == 1
    timers.advance(2 * PAUSE_S)
    assert done == ["a", "again"]


async def test_time_is_the_loops_unless_given() -> None:
    done = asyncio.Event()
    Pauses().begin("a", done.set, 0.001)
    async with asyncio.timeout(PATIENCE_S):
        await done.wait()
