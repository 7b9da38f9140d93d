import asyncio
import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventKind
from blynk_gateway.history.file import database as database_module
from blynk_gateway.history.file.database import PAGE_BYTES, Database, open_database
from blynk_gateway.history.file.migration import STEPS
from blynk_gateway.history.retention import retention, sweep
from blynk_gateway.history.retention.retention import (
    CHUNK_ROWS,
    PERIOD_S,
    RETRY_S,
    Keep,
    Retention,
)
from blynk_gateway.history.segments.pending import MAX_EVENTS
from blynk_gateway.runtime.health import Health, HealthState
from tests.component.history.system import ORIGIN, System, locked, until
from tests.helpers.archive import Point, add_stream, create, put_archive
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
    monkeypatch.setattr(retention, "MIN_ROWS", 7)
    monkeypatch.setattr(retention, "MAX_ROWS", 7)
    monkeypatch.setattr(sweep, "SLICE_STREAMS", 2)
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
    monkeypatch.setattr(retention, "MIN_ROWS", 2 * CHUNK_ROWS)
    monkeypatch.setattr(retention, "MAX_ROWS", 2 * CHUNK_ROWS)
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


def fill(path: Path, first_ms: int, days: int) -> None:
    """A chunk and a minute each hour of two streams; the second one begins in the middle."""
    connection = create(path)
    connection.execute("BEGIN")
    for stream, start in ((1, 0), (2, days // 2)):
        add_stream(connection, stream, PinAddress("d", f"V{stream}"))
        points = [
            Point(stream, first_ms + hour * HOUR_MS, hour + 1, (f"{hour}{'x' * 400}",))
            for hour in range(start * 24, days * 24)
        ]
        put_archive(connection, points, chunk_points=1)
        put_archive(
            connection,
            [one._replace(value=(str(one.seq),), at_ms=one.at_ms + 1) for one in points],
            chunk_points=1000,
        )
    connection.execute("COMMIT")
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")
    connection.close()


async def run_down(retention_: Retention, database: Database, clock: FakeClock) -> None:
    for _ in range(300):
        await retention_.step(database)
        await until(lambda: not database.is_merging)
        clock.advance(1)


async def used_bytes(database: Database) -> int:
    ((used,),) = await database.fetch(
        "SELECT (page_count - freelist_count) * page_size"
        " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
    )
    return int(used)


async def test_budget_is_kept_by_the_oldest_values_of_all_streams(tmp_path: Path) -> None:
    clock = FakeClock()
    first_ms = clock.now_ms() - 40 * 24 * HOUR_MS
    fill(tmp_path / "gateway.db", first_ms, 40)
    database = await open_database(tmp_path / "gateway.db")
    try:
        before = {table: len(times(database.path, table)) for table in TIMES}
        max_bytes = await used_bytes(database) * 3 // 4
        health = Health()
        one = Retention(clock, Keep(max_bytes=max_bytes), health, lambda: False)
        await run_down(one, database, clock)
        assert await used_bytes(database) <= max_bytes
        assert "oldest values go" in health.components["disk"].detail
        after = {table: len(times(database.path, table)) for table in TIMES}
        assert {**after, "chunk": 0} == {**before, "chunk": 0}
        # Little more than had to, and of no stream anything later than what is left of the other.
        assert await used_bytes(database) > max_bytes * 0.9
        ((one_ms,), (other_ms,)) = await database.fetch(
            "SELECT min(last_ms) FROM chunk GROUP BY stream"
        )
        assert first_ms + 20 * 24 * HOUR_MS < one_ms == other_ms
    finally:
        await database.close()


async def test_without_values_the_oldest_minutes_go_and_then_nothing_more(tmp_path: Path) -> None:
    clock = FakeClock()
    first_ms = clock.now_ms() - 40 * 24 * HOUR_MS
    fill(tmp_path / "gateway.db", first_ms, 40)
    database = await open_database(tmp_path / "gateway.db")
    try:
        before = {table: len(times(database.path, table)) for table in TIMES}
        await database.write([("DELETE FROM chunk", ())])
        max_bytes = await used_bytes(database) * 9 // 10
        one = Retention(clock, Keep(max_bytes=max_bytes), Health(), lambda: True)
        await run_down(one, database, clock)
        minutes = times(database.path, "minute")
        assert 0 < len(minutes) < before["minute"]
        one.keep = Keep(max_bytes=1)
        clock.advance(PERIOD_S)
        for _ in range(10):
            await run_down(one, database, clock)
        after = {table: len(times(database.path, table)) for table in TIMES}
        assert after == {**before, "chunk": 0, "minute": 0}
    finally:
        await database.close()


async def test_nothing_is_too_old_while_the_clock_is_uncertain(tmp_path: Path) -> None:
    clock = FakeClock()
    fill(tmp_path / "gateway.db", clock.now_ms() - 40 * 24 * HOUR_MS, 40)
    database = await open_database(tmp_path / "gateway.db")
    try:
        before = {table: len(times(database.path, table)) for table in TIMES}
        is_certain = False
        one = Retention(clock, Keep(1, 1, 1, 1), Health(), lambda: is_certain)
        clock.advance(26 * 365 * 24 * 3600)
        await run_down(one, database, clock)
        assert {table: len(times(database.path, table)) for table in TIMES} == before
        await database.write([("DELETE FROM stream WHERE id = 2", ())])
        clock.advance(PERIOD_S)
        await run_down(one, database, clock)
        assert await database.fetch("SELECT 1 FROM minute WHERE stream = 2") == []
        assert await database.fetch("SELECT 1 FROM minute WHERE stream = 1")
        is_certain = True
        clock.advance(PERIOD_S)
        await run_down(one, database, clock)
        assert sum(len(times(database.path, table)) for table in TIMES) == 0
    finally:
        await database.close()


_MINUTES = (
    "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n LIMIT 20000)"
    " INSERT INTO minute SELECT 1, at * 60000, 1, 0, 0, 0, 0, 0, 0 FROM n"
)


@pytest.mark.parametrize(
    ("slice_s", "rows"), [(1e-9, retention.MIN_ROWS), (1e9, retention.MAX_ROWS)]
)
async def test_slices_become_smaller_on_a_slow_disk_and_larger_on_a_quick_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slice_s: float, rows: int
) -> None:
    monkeypatch.setattr(retention, "SLICE_S", slice_s)
    clock = FakeClock()
    database = await open_database(tmp_path / "gateway.db")
    try:
        await database.write([("INSERT INTO stream VALUES (1, 'd', 'V1')", ()), (_MINUTES, ())])
        one = Retention(clock, Keep(minute_ms=1), Health(), lambda: True)
        left = [20_000]
        for _ in range(8):
            await one.step(database)
            await until(lambda: not database.is_merging)
            ((count,),) = await database.fetch("SELECT count(*) FROM minute")
            left.append(count)
        assert left[-2] - left[-1] == rows
    finally:
        await database.close()


def damage(path: Path, table: str) -> None:
    """Overwrite the first page of a table and of each of its indices."""
    connection = sqlite3.connect(path)
    pages = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE tbl_name = ?", (table,)
    ).fetchall()
    connection.close()
    with path.open("r+b") as file:
        for (page,) in pages:
            file.seek((page - 1) * PAGE_BYTES)
            file.write(b"\xff" * PAGE_BYTES)


@pytest.mark.parametrize("damaged", ["chunk", "minute"])
async def test_damaged_table_stops_neither_commits_nor_what_is_old_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    # Of a large file a start does not look at these tables.
    monkeypatch.setattr(database_module, "CHECK_WHOLE_BYTES", 0)
    clock = FakeClock()
    fill(tmp_path / "gateway.db", clock.now_ms() - 40 * 24 * HOUR_MS, 40)
    damage(tmp_path / "gateway.db", damaged)
    keep = Keep(KEEP_MS, KEEP_MS, KEEP_MS, KEEP_MS)
    async with System(tmp_path, clock=clock, keep=keep) as system:
        system.add("a")
        writes = 0
        async with asyncio.timeout(30):
            # Of two streams what is left of a day, and the days that it touches. How much goes with
            # each commit depends on how fast the machine is.
            while (
                len(times(system.path, "hour")) > 2 * 25
                or len(times(system.path, "day")) > 2 * 2
                or system.health.components["retention"].state is HealthState.OK
            ):
                clock.advance(RETRY_S / 4)
                system.write("a", "V1", str(writes))
                await system.journal.flush()
                writes += 1
        assert len(times(system.path, "segment")) == writes
        assert len(times(system.path, "hour")) > 0
        assert len(times(system.path, "day")) > 0
        assert "malformed" in system.health.components["retention"].detail
        assert system.health.components["history"].state is HealthState.OK


async def test_failure_is_told_and_what_is_old_goes_a_little_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.01)
    clock = FakeClock()
    fill(tmp_path / "gateway.db", clock.now_ms() - 40 * 24 * HOUR_MS, 40)
    database = await open_database(tmp_path / "gateway.db")
    try:
        health = Health()
        one = Retention(clock, Keep(raw_ms=KEEP_MS), health, lambda: True)
        with locked(database.path):
            await one.step(database)
        assert health.components["retention"].state is HealthState.DEGRADED
        assert "locked" in health.components["retention"].detail
        before = len(times(database.path))
        clock.advance(RETRY_S - 1)
        await one.step(database)
        assert len(times(database.path)) == before
        clock.advance(1)
        await one.step(database)
        assert len(times(database.path)) < before
        assert health.components["retention"] == (HealthState.OK, "")
    finally:
        await database.close()
