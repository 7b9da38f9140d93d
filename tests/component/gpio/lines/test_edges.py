import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from gpiozero import OutputDevice

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.errors import LineUnavailable
from blynk_gateway.gpio.lines.edge import Edges
from blynk_gateway.gpio.lines.edges import LIMIT, LineEdges, WatchedLine, watch
from tests.helpers.clock import FakeClock
from tests.helpers.gpio import Rig
from tests.helpers.kernel_gpio import FakeKernel


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


class Listener:
    """A line of the library, as it was told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.batches: list[Edges] = []
        self.edges = LineEdges(self.clock, asyncio.get_running_loop(), self.batches.append)

    @property
    def rising(self) -> int:
        return sum(batch.rising for batch in self.batches)

    @property
    def falling(self) -> int:
        return sum(batch.falling for batch in self.batches)


def start(rig: Rig, batches: list[Edges], line: int = 27, pull: Pull = Pull.UP) -> WatchedLine:
    return watch(rig.board, line, pull=pull, debounce_ms=0, handler=batches.append, clock=rig.clock)


async def turn() -> None:
    """Let the loop do what was scheduled."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_an_edge_has_the_time_at_which_its_thread_brought_it() -> None:
    listener = Listener()
    listener.edges.changed(12.5, 1)
    at_ms, at_s = listener.clock.now_ms(), listener.clock.monotonic()
    listener.clock.advance(3)
    await turn()
    (batch,) = listener.batches
    assert batch.edges == ((1, at_ms, at_s, 12.5),)
    assert (batch.rising, batch.falling, batch.lost, batch.level) == (1, 0, 0, 1)


async def test_edges_of_another_thread_arrive_on_the_loop() -> None:
    listener = Listener()
    loop_thread = threading.get_ident()
    threads: list[int] = []
    edges = LineEdges(
        listener.clock,
        asyncio.get_running_loop(),
        lambda _: threads.append(threading.get_ident()),
    )
    await asyncio.to_thread(edges.changed, 0, 1)
    await turn()
    assert threads == [loop_thread]


async def test_a_line_has_one_wake_up_on_its_way() -> None:
    listener = Listener()
    for place in range(10):
        listener.edges.changed(place, place % 2)
    await turn()
    assert len(listener.batches) == 1
    assert [edge.ticks for edge in listener.batches[0].edges] == list(range(10))
    # And the next edge brings the next one.
    listener.edges.changed(10, 0)
    await turn()
    assert len(listener.batches) == 2


async def test_beyond_the_limit_the_last_edges_stay_and_all_are_counted() -> None:
    listener = Listener()
    for place in range(1, 1002):
        listener.edges.changed(place, place % 2)
    await turn()
    (batch,) = listener.batches
    assert (batch.rising, batch.falling) == (501, 500)
    assert len(batch.edges) == LIMIT
    assert batch.lost == 1001 - LIMIT
    assert batch.level == 1
    assert batch.edges[-1].ticks == 1001


async def test_nothing_is_told_after_close() -> None:
    listener = Listener()
    listener.edges.changed(0, 1)
    listener.edges.close()
    listener.edges.close()
    listener.edges.changed(1, 0)
    await turn()
    assert listener.batches == []


def test_an_edge_after_the_end_of_the_loop_does_not_hurt_its_thread() -> None:
    loop = asyncio.new_event_loop()
    batches: list[Edges] = []
    edges = LineEdges(FakeClock(), loop, batches.append)
    loop.close()
    edges.changed(0, 1)
    edges.changed(1, 0)
    assert batches == []


async def test_5000_edges_a_second_lose_no_count_and_no_last_level() -> None:
    listener = Listener()
    count = 5001

    def flood() -> float:
        began = time.thread_time()
        for place in range(count):
            listener.edges.changed(place, 1 - place % 2)
        return time.thread_time() - began

    took_s = await asyncio.to_thread(flood)
    await turn()
    assert (listener.rising, listener.falling) == (2501, 2500)
    assert listener.batches[-1].level == 1
    assert max(len(batch.edges) for batch in listener.batches) <= LIMIT
    # A tenth of a core at most, in asyncio's debug mode too.
    assert took_s < 1


async def test_a_press_reaches_the_handler(rig: Rig) -> None:
    batches: list[Edges] = []
    line = start(rig, batches)
    assert line.level == 1
    rig.drive(27, 0)
    assert line.level == 0
    await rig.settled()
    assert [batch.level for batch in batches] == [0]
    line.close()


@pytest.mark.parametrize(("pull", "level"), [(Pull.UP, 1), (Pull.DOWN, 0), (Pull.NONE, 0)])
async def test_the_level_is_electrical_whatever_the_pull(rig: Rig, pull: Pull, level: int) -> None:
    batches: list[Edges] = []
    line = start(rig, batches, pull=pull)
    assert rig.line(27).pull == ("floating" if pull is Pull.NONE else pull)
    assert line.level == level
    rig.pulse(27, rest=level)
    await rig.settled()
    assert [edge.level for edge in batches[0].edges] == [1 - level, level]
    line.close()


async def test_a_closed_line_is_silent_and_free(rig: Rig) -> None:
    batches: list[Edges] = []
    line = start(rig, batches)
    rig.drive(27, 0)
    line.close()
    line.close()
    rig.drive(27, 1)
    await rig.settled()
    assert batches == []
    with pytest.raises(rig.board.errors):
        _ = line.level
    again = start(rig, batches)
    rig.drive(27, 0)
    await rig.settled()
    assert len(batches) == 1
    again.close()


async def test_a_line_in_use_is_refused_and_its_holder_undisturbed(rig: Rig) -> None:
    with OutputDevice(pin=27, initial_value=True, pin_factory=rig.board.pin_factory):
        with pytest.raises(LineUnavailable, match=r"GPIO27 cannot be an input.*already in use"):
            start(rig, [])
        assert rig.line(27)[:3] == (27, 1, "output")


async def test_a_fixed_pull_is_respected(rig: Rig) -> None:
    with pytest.raises(LineUnavailable, match=r"GPIO2 .*pull is not fixed"):
        start(rig, [], line=2, pull=Pull.DOWN)
    line = start(rig, [], line=2, pull=Pull.UP)
    assert line.level == 1
    line.close()


async def test_a_debounce_that_the_back_end_cannot_do_is_refused_and_the_line_free(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = rig.pin(27)

    def refuse(self: object, value: float | None) -> None:
        raise OSError(f"glitch filter of {value} s")

    with monkeypatch.context() as patch:
        patch.setattr(type(pin), "_set_bounce", refuse)
        with pytest.raises(LineUnavailable, match=r"debounce of 500 ms: glitch filter of 0.5 s"):
            watch(rig.board, 27, pull=Pull.UP, debounce_ms=500, handler=print, clock=rig.clock)
    start(rig, []).close()


async def test_a_debounce_is_handed_to_the_back_end_and_not_left_there(rig: Rig) -> None:
    line = watch(rig.board, 27, pull=Pull.UP, debounce_ms=20, handler=print, clock=rig.clock)
    assert rig.pin(27).bounce == pytest.approx(0.02)
    line.close()
    start(rig, []).close()
    assert rig.pin(27).bounce is None


async def test_a_watched_line_lives_as_long_as_it_is_held(rig: Rig) -> None:
    batches: list[Edges] = []
    line = start(rig, batches)
    gc.collect()
    rig.drive(27, 0)
    await rig.settled()
    assert len(batches) == 1
    gone = weakref.ref(line)
    line.close()
    del line
    gc.collect()
    assert gone() is None


async def test_watching_makes_no_thread(rig: Rig) -> None:
    before = threading.active_count()
    lines = [start(rig, [], line=line) for line in range(4, 24)]
    assert threading.active_count() == before
    for line in lines:
        line.close()


async def test_with_lgpio_the_kernel_watches(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kernel = FakeKernel(monkeypatch, tmp_path)
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    kernel.levels[27] = 1
    board = replace(rig.board, factory=Factory.LGPIO, chip=kernel.path, pin_factory=None)
    line = watch(board, 27, pull=Pull.UP, debounce_ms=20, handler=print, clock=rig.clock)
    assert line.level == 1
    assert [(one[0], one[2]) for one in kernel.requests] == [(27, 20_000)]
    line.close()
    assert kernel.open_lines() == []
    kernel.close()
