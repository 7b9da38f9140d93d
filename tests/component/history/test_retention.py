import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from blynk_gateway.core.change import EventKind
from blynk_gateway.history import Keep, retention
from blynk_gateway.history.pending import MAX_EVENTS
from blynk_gateway.history.retention import PERIOD_S
from tests.component.history.system import ORIGIN, System
from tests.helpers.clock import FakeClock

HOUR_MS = 3_600_000
KEEP_MS = 24 * HOUR_MS

TIMES = {
    "segment": "SELECT last_ms FROM segment ORDER BY first_seq",
    "chunk": "SELECT last_ms FROM chunk ORDER BY id",
    "minute": "SELECT start_ms FROM minute ORDER BY stream, start_ms",
    "hour": "SELECT start_ms FROM hour ORDER BY stream, start_ms",
    "day": "SELECT start_ms FROM day ORDER BY stream, start_ms",
}


def times(path: Path, table: str = "chunk") -> list[int]:
    """The latest time of each chunk, or when each bucket begins."""
    connection = sqlite3.connect(path)
    rows = connection.execute(TIMES[table]).fetchall()
    connection.close()
    return [time for (time,) in rows]


async def write_chunk(system: System, at_ms: int, pin: str = "V1") -> None:
    system.write("a", pin, "1", at_ms=at_ms)
    await system.journal.archive()


async def settle(system: System, clock: FakeClock) -> None:
    """Let retention come round; each commit is followed by a slice."""
    clock.advance(PERIOD_S)
    for _ in range(12):
        await system.journal.flush()


async def test_old_chunks_go_and_values_stay(tmp_path: Path) -> None:
    clock = FakeClock()
    now_ms = clock.now_ms()
    async with System(tmp_path, clock=clock, keep=Keep(raw_ms=KEEP_MS)) as system:
        system.add("a")
        await write_chunk(system, now_ms - 50 * HOUR_MS, "V1")
        await write_chunk(system, now_ms - 25 * HOUR_MS, "V2")
        await write_chunk(system, now_ms - 22 * HOUR_MS, "V3")
        await settle(system, clock)
        assert times(system.path) == [now_ms - 22 * HOUR_MS]
        assert len(times(system.path, "minute")) == 3
    async with System(tmp_path) as system:
        assert system.values == {f"a/{pin}": ("1",) for pin in ("V1", "V2", "V3")}


@pytest.mark.parametrize("level", ["minute", "hour", "day"])
async def test_each_level_goes_at_its_own_age_after_its_end(tmp_path: Path, level: str) -> None:
    clock = FakeClock()
    length_ms = {"minute": 60_000, "hour": HOUR_MS, "day": 24 * HOUR_MS}[level]
    now_ms = clock.now_ms() + round(PERIOD_S * 1000)
    last_start_ms = (now_ms - KEEP_MS) // length_ms * length_ms - length_ms
    async with System(tmp_path, clock=clock) as system:
        system.add("a")
        for at in range(-3, 2):
            system.write("a", "V1", "1", at_ms=last_start_ms + at * length_ms)
        await system.journal.archive()
        before = {table: times(system.path, table) for table in TIMES}
        assert len(before[level]) == 5
        system.journal.reconfigure(commit_every_ms=10, keep=Keep(**{f"{level}_ms": KEEP_MS}))
        await settle(system, clock)
        after = {table: times(system.path, table) for table in TIMES}
        # The bucket that ends at the limit or after it is still wanted.
        kept = [start for start in before[level] if start + length_ms >= now_ms - KEEP_MS]
        assert after == {**before, level: kept}
        assert 1 <= len(kept) < 5


async def test_without_a_limit_nothing_goes(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        system.add("a")
        await write_chunk(system, 1)
        await settle(system, clock)
        assert times(system.path) == [1]
        system.journal.reconfigure(commit_every_ms=10, keep=Keep(raw_ms=KEEP_MS))
        await settle(system, clock)
        assert times(system.path) == []


async def test_points_that_are_not_archived_yet_stay(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock, keep=Keep(1, 1, 1, 1)) as system:
        system.add("a")
        system.write("a", "V1", "1", at_ms=1)
        await system.journal.flush()
        await settle(system, clock)
        assert times(system.path, "segment") == [1]


async def test_time_ahead_of_the_clock_stops_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    future_ms = clock.now_ms() + 1_000 * HOUR_MS
    async with System(tmp_path, clock=clock, keep=Keep(raw_ms=KEEP_MS)) as system:
        system.add("a")
        for at_ms in (future_ms, 1, clock.now_ms()):
            await write_chunk(system, at_ms)
        await settle(system, clock)
        assert times(system.path) == [future_ms, clock.now_ms() - round(PERIOD_S * 1000)]


async def test_what_a_removed_device_left_goes_at_any_age(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        for device in ("a", "b"):
            system.add(device)
            system.write(device, "V1", "1")
        await system.journal.archive()
        system.registry.remove("a", ORIGIN)
        await settle(system, clock)
        for table in ("chunk", "minute", "hour", "day"):
            assert len(times(system.path, table)) == 1
        connection = sqlite3.connect(system.path)
        (left,) = connection.execute(
            "SELECT device FROM chunk JOIN stream ON stream.id = stream"
        ).fetchall()
        connection.close()
        assert left == ("b",)


async def test_one_transaction_deletes_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "SLICE_ROWS", 7)
    monkeypatch.setattr(retention, "SLICE_STREAMS", 2)
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        system.add("a")
        for pin in range(5):
            for minute in range(10):
                system.write("a", f"V{pin}", "1", at_ms=minute * 60_000)
        await system.journal.archive()
        system.journal.reconfigure(commit_every_ms=10, keep=Keep(minute_ms=KEEP_MS))
        clock.advance(PERIOD_S)
        left = [50]
        for _ in range(20):
            await system.journal.flush()
            left.append(len(times(system.path, "minute")))
        assert all(0 <= one - two <= 7 for one, two in pairwise(left))
        assert left[-1] == 0


async def test_chunks_go_in_slices_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "SLICE_ROWS", 4)
    monkeypatch.setattr(retention, "CHUNK_ROWS", 2)
    clock = FakeClock()
    async with System(tmp_path, clock=clock, keep=Keep(raw_ms=KEEP_MS)) as system:
        system.add("a")
        for day in range(9):
            system.write("a", "V1", "1", at_ms=day * 48 * HOUR_MS)
        await system.journal.archive()
        clock.advance(PERIOD_S)
        left = [9]
        for _ in range(8):
            await system.journal.flush()
            left.append(len(times(system.path)))
        assert all(0 <= one - two <= 2 for one, two in pairwise(left[1:]))
        assert left[-1] == 0


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
