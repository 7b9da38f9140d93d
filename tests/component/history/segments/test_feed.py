"""The feed beside a real journal: every change once and in order, whatever happens between."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blynk_gateway.core.feed import Backlog, FeedBatch
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.file.reader import Reader
from blynk_gateway.history.segments import feed as module
from blynk_gateway.history.segments.feed import BATCH_POINTS, SAVE_EVERY_S, JournalFeed
from tests.component.history.system import ORIGIN, System, locked
from tests.helpers.clock import FakeClock

TARGET = "0123"
HOUR_MS = 3_600_000


def feed_of(system: System) -> JournalFeed:
    return JournalFeed(system.journal, Reader(system.path), system.clock, system.health)


@asynccontextmanager
async def fed(
    directory: Path, *, clock: FakeClock | None = None, keep_ms: int = HOUR_MS
) -> AsyncIterator[tuple[System, JournalFeed]]:
    """A journal with device "shed", and a feed that has begun."""
    async with System(directory, clock=clock) as system:
        if "shed" not in [one.slug for one in system.restored.definitions]:
            system.add("shed")
        feed = feed_of(system)
        await feed.begin(TARGET, keep_ms)
        try:
            yield system, feed
        finally:
            await feed.close()


def values(batch: FeedBatch | None) -> list[str]:
    assert batch is not None
    return list(batch.texts)


def segments(path: Path) -> int:
    connection = sqlite3.connect(path)
    ((count,),) = connection.execute("SELECT count(*) FROM segment")
    connection.close()
    return int(count)


async def commit(system: System, *texts: str) -> None:
    """A segment for each text."""
    for text in texts:
        system.write("shed", "V1", text)
        await system.journal.flush()


async def test_a_batch_has_everything_that_was_committed_in_order(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        first = system.write("shed", "V1", "1")
        second = system.write("shed", "V2", "a", "b", at_ms=5)
        await system.journal.flush()
        third = system.write("shed", "V1", "2")
        await system.journal.flush()
        batch = await feed.read()
        assert batch is not None
        names = [batch.names[stream] for stream in batch.streams]
        assert names == [("shed", "V1"), ("shed", "V2"), ("shed", "V1")]
        assert batch.seqs == [first.seq, second.seq, third.seq]
        assert batch.times == [first.at_ms, 5, third.at_ms]
        assert batch.texts == ["1", "a\0b", "2"]
        assert batch.last_seq == third.seq


async def test_a_first_feed_begins_with_what_is_new(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("shed")
        await commit(system, "old")
        await system.journal.archive()
        await commit(system, "older")
        feed = feed_of(system)
        assert await feed.begin(TARGET, HOUR_MS) == system.restored.instance_id
        assert await feed.read() is None
        await commit(system, "new")
        assert values(await feed.read()) == ["new"]
        await feed.close()


async def test_what_is_not_acknowledged_comes_again(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        await commit(system, "1")
        batch = await feed.read()
        assert values(await feed.read()) == values(batch) == ["1"]
        assert batch is not None
        await feed.acknowledge(batch)
        assert await feed.read() is None


async def test_the_cursor_survives_a_stop(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        await commit(system, "1")
        batch = await feed.read()
        assert batch is not None
        await feed.acknowledge(batch)
        await commit(system, "2")
    async with fed(tmp_path) as (_, feed):
        assert values(await feed.read()) == ["2"]


async def test_the_cursor_is_written_twice_a_minute_at_most_and_without_a_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    async with fed(tmp_path, clock=clock) as (system, feed):
        written = []
        async with system.journal.exclusive() as database:
            write = database.write

            async def noted(statements: object, *, is_synced: bool = True) -> None:
                rows = list(statements)  # type: ignore[call-overload]  # as the real one has it
                if "mirror" in rows[0][0]:
                    written.append(is_synced)
                await write(rows, is_synced=is_synced)

            monkeypatch.setattr(database, "write", noted)
        for number in range(5):
            await commit(system, str(number))
            batch = await feed.read()
            assert batch is not None
            await feed.acknowledge(batch)
            clock.advance(SAVE_EVERY_S / 2)
        assert written == [False, False, False]


async def test_a_damaged_segment_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with fed(tmp_path) as (system, feed):
        await commit(system, "1", "2", "3")
        async with system.journal.exclusive() as database:
            damage = "UPDATE segment SET body = x'00' WHERE first_seq = (SELECT first_seq + 1 FROM"
            oldest = " segment ORDER BY first_seq LIMIT 1)"
            await database.write([(damage + oldest, ())])
        batch = await feed.read()
        assert values(batch) == ["1", "3"]
        assert batch is not None
        await feed.acknowledge(batch)
        assert await feed.read() is None
    assert "points lost to the mirror" in caplog.messages


async def test_a_survey_before_the_feed_has_begun_moves_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        system.add("shed")
        await commit(system, "old")
        clock.advance(2 * HOUR_MS / 1000)
        feed = feed_of(system)
        feed.hold()
        assert await feed.survey() == Backlog(0, None)
        assert system.journal.holds.seq == 0
        await feed.close()
        async with system.journal.exclusive() as database:
            assert await database.fetch("SELECT * FROM mirror") == []


async def test_to_begin_again_repeats_nothing(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        for text in ("1", "2"):
            await commit(system, text)
            batch = await feed.read()
            assert batch is not None
            await feed.acknowledge(batch)
        feed.hold()
        assert await feed.begin(TARGET, HOUR_MS) == system.restored.instance_id
        assert await feed.read() is None
        assert system.journal.holds.seq == system.bus.next_seq - 1


async def test_another_target_gets_what_waits_and_nothing_twice(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        await commit(system, "1")
        batch = await feed.read()
        assert batch is not None
        await feed.acknowledge(batch)
        await commit(system, "2")
        batch = await feed.read()
        assert batch is not None
        # Not kept yet: the one before was, just now.
        await feed.acknowledge(batch)
        await commit(system, "3")
        await feed.survey()
        await feed.begin("other", HOUR_MS)
        assert values(await feed.read()) == ["3"]
        assert (await feed.survey()).points == 1
    # With another URL, after a crash or not, a start goes on too.
    async with System(tmp_path) as system:
        feed = feed_of(system)
        await feed.begin("third", HOUR_MS)
        assert values(await feed.read()) == ["3"]
        async with system.journal.exclusive() as database:
            assert await database.fetch("SELECT target FROM mirror") == [("third",)]
        await feed.close()


async def test_only_settled_times_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fed(tmp_path) as (system, feed):
        first = system.write("shed", "V1", "1")
        await system.journal.flush()
        await commit(system, "2")
        settled: int | None = first.seq - 1
        monkeypatch.setattr(type(system.journal), "settled_seq", property(lambda _: settled))
        assert await feed.read() is None
        settled = first.seq
        assert values(await feed.read()) == ["1"]
        settled = None
        assert values(await feed.read()) == ["1", "2"]


async def test_long_backlogs_come_in_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH_SEGMENTS", 3)
    async with fed(tmp_path) as (system, feed):
        await commit(system, *"abcd")
        batch = await feed.read()
        assert values(batch) == ["a", "b", "c"]
        assert batch is not None
        await feed.acknowledge(batch)
        for number in range(BATCH_POINTS + 10):
            system.write("shed", "V1", str(number))
        await system.journal.flush()
        await commit(system, "z")
        assert len(values(await feed.read())) >= BATCH_POINTS
        assert "z" not in values(await feed.read())


async def test_points_of_a_removed_device_come_without_a_name(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        system.add("attic")
        system.write("attic", "V1", "1")
        await commit(system, "2")
        system.registry.remove("attic", ORIGIN)
        await system.journal.flush()
        batch = await feed.read()
        assert batch is not None
        assert [batch.names.get(one) for one in batch.streams] == [None, ("shed", "V1")]


async def test_what_waits_stays_in_the_journal_and_goes_once_it_was_read(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        await commit(system, "1", "2")
        await system.journal.archive()
        assert segments(system.path) == 2
        batch = await feed.read()
        assert values(batch) == ["1", "2"]
        assert batch is not None
        await feed.acknowledge(batch)
        await system.journal.archive()
        assert segments(system.path) == 0


async def test_without_a_reader_nothing_is_held(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        await commit(system, "1", "2")
        feed.release()
        await system.journal.archive()
        assert segments(system.path) == 0


async def test_everything_is_held_before_the_cursor_is_known(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        await commit(system, "1")
    async with System(tmp_path) as system:
        feed = feed_of(system)
        feed.hold()
        await system.journal.archive()
        await feed.begin(TARGET, HOUR_MS)
        assert values(await feed.read()) == ["1"]
        await feed.close()


async def test_backlog_counts_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_COUNT_SEGMENTS", 2)
    clock = FakeClock()
    async with fed(tmp_path, clock=clock) as (system, feed):
        assert await feed.survey() == Backlog(0, None)
        begin_ms = clock.now_ms()
        for text in ("1", "2", "3"):
            await commit(system, text)
            clock.advance(1)
        assert await feed.survey() == Backlog(3, begin_ms)
        batch = await feed.read()
        await commit(system, "4")
        assert await feed.survey() == Backlog(4, begin_ms)
        assert batch is not None
        await feed.acknowledge(batch)
        assert await feed.survey() == Backlog(1, begin_ms + 3000)
        # Read before it was counted.
        await commit(system, "5")
        batch = await feed.read()
        assert batch is not None
        await feed.acknowledge(batch)
        assert await feed.survey() == Backlog(0, None)


async def test_what_waits_too_long_is_given_up_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    async with fed(tmp_path, clock=clock, keep_ms=HOUR_MS) as (system, feed):
        assert await feed.read() is None
        await commit(system, "1", "2")
        clock.advance(1800)
        await commit(system, "3")
        clock.advance(1800)
        assert (await feed.survey()).points == 3
        clock.advance(1)
        with caplog.at_level(logging.ERROR):
            assert (await feed.survey()).points == 1
        assert system.health.counters["mirror_points_dropped"] == 2
        assert [one.__dict__["points"] for one in caplog.records] == [2]
        assert values(await feed.read()) == ["3"]
    async with fed(tmp_path, clock=clock) as (_, feed):
        assert values(await feed.read()) == ["3"]


async def test_old_points_that_come_now_do_not_wait_too_long(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        assert await feed.read() is None
        system.write("shed", "V1", "1", at_ms=system.clock.now_ms() - 100 * HOUR_MS)
        await system.journal.flush()
        assert (await feed.survey()).points == 1
        assert values(await feed.read()) == ["1"]


async def test_a_wrong_clock_gives_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    async with fed(tmp_path, clock=clock, keep_ms=HOUR_MS) as (system, feed):
        await commit(system, "1")
        monkeypatch.setattr(system.journal.timekeeper, "may_age", lambda: False)
        clock.advance(10 * 3600)
        assert (await feed.survey()).points == 1
        assert values(await feed.read()) == ["1"]


async def test_too_many_points_are_given_up_from_the_oldest_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BACKLOG_POINTS", 2)
    monkeypatch.setattr(module, "_COUNT_SEGMENTS", 2)
    async with fed(tmp_path) as (system, feed):
        await commit(system, *"abcdefg")
        assert (await feed.survey()).points == 2
        assert values(await feed.read()) == ["f", "g"]
        assert system.health.counters["mirror_points_dropped"] == 5


async def test_a_locked_file_costs_the_cursor_and_nothing_else(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        await commit(system, "1")
        batch = await feed.read()
        assert batch is not None
        with locked(system.path):
            await feed.acknowledge(batch)
        assert await feed.read() is None
        await feed.close()
        with pytest.raises(HistoryError):
            await feed.read()


async def test_every_change_comes_once_beside_a_storm_and_the_archive(tmp_path: Path) -> None:
    async with fed(tmp_path) as (system, feed):
        found: list[str] = []

        async def read() -> None:
            while len(found) < 20_000:
                batch = await feed.read()
                if batch is not None:
                    found.extend(batch.texts)
                    await feed.acknowledge(batch)

        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(read(), name="reader")
            for number in range(20_000):
                system.write("shed", f"V{number % 5}", str(number))
                if number % 500 == 0:
                    await system.journal.flush()
                if number % 5000 == 0:
                    await system.journal.archive()
            await system.journal.flush()
        assert found == [str(number) for number in range(20_000)]
