import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from blynk_gateway.core.change import EventKind
from blynk_gateway.history import retention
from blynk_gateway.history.pending import MAX_EVENTS
from blynk_gateway.history.retention import PERIOD_S
from tests.component.history.system import ORIGIN, System, files_of, put_back
from tests.helpers.clock import FakeClock

HOUR_MS = 3_600_000
KEEP_MS = 24 * HOUR_MS


def times(path: Path) -> list[int]:
    """The latest time of each segment, in order of seq."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT last_ms FROM segment ORDER BY first_seq").fetchall()
    connection.close()
    return [time for (time,) in rows]


async def write_segment(system: System, at_ms: int, pin: str = "V1") -> None:
    system.write("a", pin, "1", at_ms=at_ms)
    await system.journal.flush()


async def settle(system: System, clock: FakeClock) -> None:
    """Let retention come round: the first commit makes a checkpoint, the others delete."""
    clock.advance(PERIOD_S)
    for _ in range(10):
        await system.journal.flush()


async def test_old_segments_go_and_values_stay(tmp_path: Path) -> None:
    clock = FakeClock()
    now_ms = clock.now_ms()
    async with System(tmp_path, clock=clock, retention_raw_ms=KEEP_MS) as system:
        system.add("a")
        await write_segment(system, now_ms - 30 * HOUR_MS, "V1")
        await write_segment(system, now_ms - 25 * HOUR_MS, "V2")
        await write_segment(system, now_ms - 23 * HOUR_MS, "V3")
        await settle(system, clock)
        assert times(system.path) == [now_ms - 23 * HOUR_MS]
    async with System(tmp_path) as system:
        assert system.values == {f"a/{pin}": ("1",) for pin in ("V1", "V2", "V3")}


async def test_without_a_limit_nothing_goes(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        system.add("a")
        await write_segment(system, 1)
        await settle(system, clock)
        assert times(system.path) == [1]
        system.journal.reconfigure(commit_every_ms=10, retention_raw_ms=KEEP_MS)
        await settle(system, clock)
        assert times(system.path) == []


async def test_segments_that_a_start_needs_stay(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock, retention_raw_ms=KEEP_MS) as system:
        system.add("a")
        await write_segment(system, 1, "V1")
        await write_segment(system, 2, "V2")
        # Retention comes round before the next checkpoint is due.
        system.journal._retention._next_at = clock.monotonic()
        await system.journal.flush()
        assert times(system.path) == [2]
        crashed = files_of(tmp_path)
    put_back(crashed)
    async with System(tmp_path) as system:
        assert system.values == {"a/V1": ("1",), "a/V2": ("1",)}


async def test_time_ahead_of_the_clock_does_not_stop_the_walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE_SEGMENTS", 2)
    clock = FakeClock()
    future_ms = clock.now_ms() + 1_000 * HOUR_MS
    async with System(tmp_path, clock=clock, retention_raw_ms=KEEP_MS) as system:
        system.add("a")
        for at_ms in (future_ms, future_ms, future_ms, 1, 2, clock.now_ms()):
            await write_segment(system, at_ms)
        await settle(system, clock)
        assert times(system.path) == [future_ms] * 3 + [clock.now_ms() - round(PERIOD_S * 1000)]


async def test_old_point_beside_a_new_one_stays_with_it(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock, retention_raw_ms=KEEP_MS) as system:
        system.add("a")
        system.write("a", "V1", "old", at_ms=1)
        await write_segment(system, clock.now_ms())
        await settle(system, clock)
        assert len(times(system.path)) == 1


async def test_one_transaction_deletes_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "SLICE_SEGMENTS", 3)
    monkeypatch.setattr(retention, "SLICE_POINTS", 2)
    clock = FakeClock()
    async with System(tmp_path, clock=clock, retention_raw_ms=KEEP_MS) as system:
        system.add("a")
        for at_ms in range(10):
            await write_segment(system, at_ms)
        clock.advance(PERIOD_S)
        left = []
        for _ in range(7):
            await system.journal.flush()
            left.append(len(times(system.path)))
        assert left[0] >= 8
        assert all(0 <= one - two <= 2 for one, two in pairwise(left))
        assert left[-1] < 3


async def test_segment_larger_than_a_slice_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE_POINTS", 2)
    clock = FakeClock()
    async with System(tmp_path, clock=clock, retention_raw_ms=KEEP_MS) as system:
        system.add("a")
        for _ in range(5):
            system.write("a", "V1", "1", at_ms=1)
        await system.journal.flush()
        await settle(system, clock)
        assert times(system.path) == []


async def test_latest_events_are_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        system.add("a")
        device = system.registry.get("a")
        for number in range(MAX_EVENTS + 3):
            system.registry.record_event(device, EventKind.LOGGED, f"e{number}", "", ORIGIN)
            if number in (0, 5):
                await system.journal.flush()
        await settle(system, clock)
        events = await system.journal.events("a", MAX_EVENTS * 2)
        assert [events[0].code, events[-1].code] == [f"e{MAX_EVENTS + 2}", "e3"]
        assert len(events) == MAX_EVENTS
