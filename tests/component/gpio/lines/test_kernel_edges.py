import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.errors import LineUnavailable
from blynk_gateway.gpio.lines import chip
from blynk_gateway.gpio.lines.edge import Edges
from blynk_gateway.gpio.lines.kernel_edges import EVENT, KEPT, KernelLine, watch_kernel_line
from tests.helpers.clock import FakeClock
from tests.helpers.gpio import reached
from tests.helpers.kernel_gpio import FakeKernel

RISING, FALLING = 1, 2


class Bench:
    """One watched line of a fake kernel."""

    def __init__(self, kernel: FakeKernel) -> None:
        self.kernel = kernel
        self.clock = FakeClock()
        self.batches: list[Edges] = []

    def watch(self, line: int = 27, pull: Pull = Pull.UP, debounce_ms: int = 0) -> KernelLine:
        return watch_kernel_line(
            self.kernel.path,
            line,
            pull=pull,
            debounce_ms=debounce_ms,
            handler=self.batches.append,
            clock=self.clock,
        )

    def send(self, *events: tuple[int, int], age_s: float = 0.0) -> None:
        """Have the kernel tell kinds and numbers of edges, all of this age."""
        ns = round((self.clock.monotonic() - age_s) * 1e9)
        data = b"".join(EVENT.pack(ns, kind, 27, number, number) for kind, number in events)
        self.kernel.claimed[-1][1].send(data)

    async def told(self, count: int = 1) -> Edges:
        await reached(lambda: len(self.batches) >= count)
        return self.batches[-1]


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Bench]:
    kernel = FakeKernel(monkeypatch, tmp_path)
    kernel.add_chip(0, "pinctrl-bcm2711", 58)
    yield Bench(kernel)
    kernel.close()


def test_an_event_is_as_long_as_the_kernels() -> None:
    assert EVENT.size == 48


@pytest.mark.parametrize(
    ("pull", "flag"),
    [
        (Pull.UP, chip.FLAG_PULL_UP),
        (Pull.DOWN, chip.FLAG_PULL_DOWN),
        (Pull.NONE, chip.FLAG_NO_PULL),
    ],
)
async def test_the_line_is_claimed_with_pull_debounce_and_both_edges(
    bench: Bench, pull: Pull, flag: int
) -> None:
    line = bench.watch(pull=pull, debounce_ms=20)
    both = chip.FLAG_EDGE_RISING | chip.FLAG_EDGE_FALLING
    assert bench.kernel.requests == [(27, chip.FLAG_INPUT | both | flag, 20_000, KEPT)]
    line.close()


async def test_an_edge_is_told_with_the_kernels_time(bench: Bench) -> None:
    line = bench.watch()
    bench.send((RISING, 1), age_s=0.25)
    edges = await bench.told()
    (edge,) = edges.edges
    assert edge.level == edges.level == 1
    assert edge.at_s == pytest.approx(bench.clock.monotonic() - 0.25)
    assert edge.ticks == edge.at_s
    assert edge.at_ms == bench.clock.now_ms() - 250
    assert (edges.rising, edges.falling, edges.lost) == (1, 0, 0)
    line.close()


async def test_edges_that_came_together_are_told_together(bench: Bench) -> None:
    bench.kernel.levels[27] = 1
    line = bench.watch()
    bench.send((FALLING, 1), (RISING, 2), (FALLING, 3))
    edges = await bench.told()
    assert [edge.level for edge in edges.edges] == [0, 1, 0]
    assert (edges.rising, edges.falling) == (1, 2)
    line.close()


@pytest.mark.parametrize(
    ("before", "first", "rising", "falling"),
    [
        # From high, ten lost (0 1 0 …) and then one seen.
        (1, (FALLING, 11), 5, 6),
        # From low, three lost: 1 0 1.
        (0, (FALLING, 4), 2, 2),
        (1, (RISING, 4), 2, 2),
    ],
)
async def test_edges_that_the_kernel_gave_up_are_counted(
    bench: Bench, before: int, first: tuple[int, int], rising: int, falling: int
) -> None:
    bench.kernel.levels[27] = before
    line = bench.watch()
    bench.send(first)
    edges = await bench.told()
    assert (edges.rising, edges.falling) == (rising, falling)
    assert edges.lost == first[1] - 1
    line.close()


@pytest.mark.parametrize(
    ("events", "rising", "falling"),
    [
        # A line at rest, high, with low pulses too short to be seen low.
        ([(RISING, 1)], 1, 1),
        ([(RISING, 1), (RISING, 2), (RISING, 3)], 3, 3),
        ([(FALLING, 1), (FALLING, 2), (RISING, 3)], 2, 2),
        # Given up, and too short, in one.
        ([(RISING, 5)], 3, 3),
        ([(FALLING, 4)], 2, 3),
    ],
)
async def test_both_edges_of_a_pulse_that_was_too_short_are_counted(
    bench: Bench, events: list[tuple[int, int]], rising: int, falling: int
) -> None:
    bench.kernel.levels[27] = 1
    line = bench.watch()
    bench.send(*events)
    edges = await bench.told()
    assert (edges.rising, edges.falling) == (rising, falling)
    assert edges.lost == rising + falling - len(events)
    assert edges.level == (1 if events[-1][0] == RISING else 0)
    line.close()


async def test_a_number_that_begins_anew_loses_nothing(bench: Bench) -> None:
    line = bench.watch()
    bench.send((RISING, 0xFFFFFFFF))
    await bench.told()
    bench.send((FALLING, 0))
    edges = await bench.told(2)
    assert (edges.rising, edges.falling, edges.lost) == (0, 1, 0)
    line.close()


async def test_the_level_is_read_from_the_line(bench: Bench) -> None:
    line = bench.watch()
    bench.kernel.levels[27] = 1
    assert line.level == 1
    bench.kernel.levels[27] = 0
    assert line.level == 0
    line.close()
    with pytest.raises(OSError, match="closed"):
        _ = line.level


async def test_a_closed_line_is_free_and_tells_nothing(bench: Bench) -> None:
    line = bench.watch()
    bench.send((RISING, 1))
    line.close()
    line.close()
    other = bench.watch()
    bench.send((FALLING, 1))
    edges = await bench.told()
    assert edges.falling == 1
    assert len(bench.batches) == 1
    other.close()
    assert bench.kernel.open_lines() == []


async def test_a_handler_may_close_its_line(bench: Bench) -> None:
    lines: list[KernelLine] = []
    told: list[Edges] = []

    def close(edges: Edges) -> None:
        told.append(edges)
        lines[0].close()

    lines.append(
        watch_kernel_line(
            bench.kernel.path, 27, pull=Pull.UP, debounce_ms=0, handler=close, clock=bench.clock
        )
    )
    bench.send((RISING, 1), (FALLING, 2))
    await reached(lambda: bool(told))
    assert bench.kernel.open_lines() == []


async def test_a_line_in_use_is_refused(bench: Bench) -> None:
    bench.kernel.hold(27, "heating", 0)
    with pytest.raises(LineUnavailable, match="GPIO27 is in use by 'heating'"):
        bench.watch()


async def test_a_line_that_cannot_be_read_is_not_kept(bench: Bench) -> None:
    bench.kernel.levels[27] = None
    with pytest.raises(OSError, match="Input/output"):
        bench.watch()
    assert bench.kernel.open_lines() == []


async def test_a_chip_that_goes_away_does_not_spin_the_loop(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reads: list[int] = []

    def gone(descriptor: int, size: int) -> bytes:
        reads.append(size)
        raise OSError(19, "No such device")

    line = bench.watch()
    monkeypatch.setattr("blynk_gateway.gpio.lines.kernel_edges.os.read", gone)
    with caplog.at_level(logging.ERROR):
        bench.send((RISING, 1))
        await reached(lambda: bool(caplog.records))
    monkeypatch.undo()
    assert len(reads) == 1
    assert bench.batches == []
    line.close()


async def test_a_wake_up_without_an_edge_tells_nothing(bench: Bench) -> None:
    line = bench.watch()
    line._take()
    assert bench.batches == []
    line.close()


async def test_no_data_is_no_edge(bench: Bench) -> None:
    line = bench.watch()
    line.deliver(b"")
    assert bench.batches == []
    line.close()
