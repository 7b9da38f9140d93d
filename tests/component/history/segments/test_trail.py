"""The trail beside a real journal: what is on the disk, in order, as far as each reader asks."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventKind
from blynk_gateway.core.trail import TrailBatch, TrailCount
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.backup.copying import copy_database
from blynk_gateway.history.file.reader import Reader
from blynk_gateway.history.segments import stretch
from blynk_gateway.history.segments.feed import JournalFeed
from blynk_gateway.history.segments.stretch import BATCH_POINTS
from blynk_gateway.history.segments.trail import JournalTrail
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.component.history.system import ORIGIN, System, files_of, locked, put_back
from tests.helpers.clock import FakeClock
from tests.helpers.full_disk import limited
from tests.helpers.patience import PATIENCE_S

END = (1 << 63) - 1
HOUR_MS = 3_600_000

V1 = PinAddress("shed", "V1")


@asynccontextmanager
async def followed(
    directory: Path, *, clock: FakeClock | None = None
) -> AsyncIterator[tuple[System, JournalTrail]]:
    """A journal with device "shed", and its trail."""
    async with System(directory, clock=clock) as system:
        system.add("shed")
        trail = JournalTrail(system.journal, Reader(system.path), system.clock)
        try:
            yield system, trail
        finally:
            await trail.close()


def texts(batch: TrailBatch) -> list[str]:
    return [" ".join(point.value) for point in batch.points]


def segments(path: Path) -> int:
    connection = sqlite3.connect(path)
    ((count,),) = connection.execute("SELECT count(*) FROM segment")
    connection.close()
    return int(count)


async def test_only_what_is_committed_is_read(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        first = system.write("shed", "V1", "1")
        assert await trail.read(0, END, {V1}) == TrailBatch((), await trail.commit(0), is_last=True)
        upto = await trail.commit(first.seq)
        system.write("shed", "V1", "2")
        batch = await trail.read(0, END, {V1})
        assert (texts(batch), batch.upto, batch.is_last) == (["1"], upto, True)


async def test_a_reader_that_has_everything_gets_nothing_and_stays(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        upto = await trail.commit(system.write("shed", "V1", "1").seq)
        for after in (upto, upto + 5):
            assert await trail.read(after, END, {V1}) == TrailBatch((), after, is_last=True)
            assert await trail.count(after, END, {V1}) == TrailCount(0, None, None)


async def test_a_change_is_on_the_disk_when_commit_returns(tmp_path: Path) -> None:
    async with followed(tmp_path / "first") as (system, trail):
        change = system.write("shed", "V1", "1")
        upto = await trail.commit(change.seq)
        await trail.save({"cloud/shed": {"done": upto}})
        later = system.write("shed", "V1", "2")
        # As a power cut would leave it.
        left = files_of(system.path.parent)
    directory = tmp_path / "second"
    directory.mkdir()
    put_back({directory / path.name: body for path, body in left.items()})
    async with followed(directory) as (system, trail):
        assert upto == change.seq
        assert texts(await trail.read(0, END, {V1})) == ["1"]
        done = (await trail.load())["cloud/shed"]["done"]
        # No place is ahead of what is on the disk, and no number is given to another change.
        assert done == upto < await trail.commit(0)
        assert system.write("shed", "V1", "3").seq > later.seq
        assert texts(await trail.read(done, END, {V1})) == []


async def test_commit_waits_for_nothing_that_is_on_the_disk(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        upto = await trail.commit(system.write("shed", "V1", "1").seq)
        with limited(4096):
            assert await trail.commit(upto) == upto
            assert await trail.commit(0) == upto


async def test_the_first_number_of_a_start_is_behind_all_that_was_before(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        before = await trail.commit(system.write("shed", "V1", "1").seq)
    async with followed(tmp_path) as (system, trail):
        top = await trail.commit(0)
        assert top >= before
        change = system.write("shed", "V1", "2")
        assert change.seq > top
        assert await trail.commit(change.seq) == change.seq


async def test_a_full_disk_is_told_and_later_all_is_there(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        top = await trail.commit(0)
        change = system.write("shed", "V1", "1")
        with limited(4096), pytest.raises(HistoryError):
            await trail.commit(change.seq)
        assert await trail.commit(0) == top
        assert texts(await trail.read(0, END, {V1})) == []
        await trail.commit(change.seq)
        assert texts(await trail.read(0, END, {V1})) == ["1"]


async def test_many_waiters_beside_the_running_journal_cost_few_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with followed(tmp_path) as (system, trail):
        writes = 0
        async with system.journal.exclusive() as database:
            write = database.write

            async def counted(statements: object, *, is_synced: bool = True) -> None:
                nonlocal writes
                writes += 1
                await write(statements, is_synced=is_synced)  # type: ignore[arg-type]  # handed on

            monkeypatch.setattr(database, "write", counted)
        journal = spawn(system.journal.run(), name="journal")
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            for number in range(200):
                seq = system.write("shed", "V1", str(number)).seq
                group.create_task(trail.commit(seq), name="waiter")
        await cancel(journal)
        assert len((await trail.read(0, END, {V1})).points) == 200
        assert writes < 20


async def test_what_is_held_is_read_though_it_is_archived(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        trail.hold("upstream", 0)
        one = await trail.commit(system.write("shed", "V1", "1").seq)
        two = await trail.commit(system.write("shed", "V1", "2").seq)
        await system.journal.archive()
        assert texts(await trail.read(0, END, {V1})) == ["1", "2"]
        trail.hold("upstream", one)
        await system.journal.archive()
        assert texts(await trail.read(one, END, {V1})) == ["2"]
        trail.hold("upstream", two)
        await system.journal.archive()
        assert segments(system.path) == 0


async def test_the_mirror_and_the_trail_hold_what_either_needs(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        feed = JournalFeed(system.journal, Reader(system.path), system.clock, system.health)
        await feed.begin("there", HOUR_MS)
        trail.hold("upstream", 0)
        await trail.commit(system.write("shed", "V1", "1").seq)
        batch = await feed.read()
        assert batch is not None
        await feed.acknowledge(batch)
        await system.journal.archive()
        assert texts(await trail.read(0, END, {V1})) == ["1"]
        feed.release()
        trail.hold("upstream", None)
        await system.journal.archive()
        assert segments(system.path) == 0
        await feed.close()


async def test_times_that_may_change_are_left_out_where_they_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with followed(tmp_path) as (system, trail):
        first = system.write("shed", "V1", "1", at_ms=5)
        second = system.write("shed", "V1", "2", at_ms=6)
        upto = await trail.commit(second.seq)
        settled: int | None = first.seq
        monkeypatch.setattr(type(system.journal), "settled_seq", property(lambda _: settled))
        batch = await trail.read(0, END, {V1}, is_settled=True)
        assert (texts(batch), batch.upto) == (["1"], first.seq)
        assert texts(await trail.read(0, END, {V1})) == ["1", "2"]
        # What is only old by a wrong clock is not old: both are in one segment.
        assert await trail.first_after(0, 1000) == 0
        settled = None
        assert texts(await trail.read(0, END, {V1}, is_settled=True)) == ["1", "2"]
        assert await trail.first_after(0, 1000) == upto


async def test_count_and_first_after_go_through_all_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretch, "BATCH_SEGMENTS", 2)
    async with followed(tmp_path) as (system, trail):
        seqs = [
            await trail.commit(system.write("shed", "V1", "1", at_ms=at_ms).seq)
            for at_ms in range(100, 105)
        ]
        assert await trail.count(0, END, {V1}) == TrailCount(5, 100, 104)
        assert await trail.first_after(0, 104) == seqs[-2]
        assert await trail.first_after(0, 999) == seqs[-1]
        assert await trail.first_after(seqs[-1], 999) == seqs[-1]


async def test_by_a_wrong_clock_nothing_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with followed(tmp_path) as (system, trail):
        await trail.commit(system.write("shed", "V1", "1").seq)
        monkeypatch.setattr(system.journal.timekeeper, "may_age", lambda: False)
        assert await trail.first_after(0, END) == 0


async def test_events_come_by_number(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        shed = system.registry.get("shed")
        for code in ("too_hot", "too_cold", "flood"):
            system.registry.record_event(shed, EventKind.LOGGED, code, "", ORIGIN)
        upto = await trail.commit(system.bus.next_seq - 1)
        events = await trail.events(0, upto, {"shed"}, 2)
        assert [event.code for event in events] == ["too_hot", "too_cold"]
        events = await trail.events(events[-1].seq, upto, {"shed"}, 2)
        assert [event.code for event in events] == ["flood"]
        assert await trail.events(0, upto, {"attic"}, 2) == []


async def test_notes_survive_a_stop_and_a_backup(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        assert await trail.load() == {}
        await trail.save({"cloud/shed": {"done": 7, "text": "grün \udcff"}, "cloud": {"spent": 1}})
        await trail.save({"cloud": {"spent": 2}, "other": {}})
        await trail.save({"other": None, "never": None})
        await trail.save({})
        await asyncio.to_thread(copy_database, system.path, tmp_path / "copy.db")
    expected = {"cloud/shed": {"done": 7, "text": "grün \udcff"}, "cloud": {"spent": 2}}
    async with followed(tmp_path) as (_, trail):
        assert await trail.load() == expected
    (tmp_path / "restored").mkdir()
    (tmp_path / "copy.db").rename(tmp_path / "restored" / "gateway.db")
    async with followed(tmp_path / "restored") as (_, trail):
        assert await trail.load() == expected


async def test_notes_are_kept_without_a_sync_and_in_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with followed(tmp_path) as (system, trail):
        written = []
        async with system.journal.exclusive() as database:

            async def noted(statements: object, *, is_synced: bool = True) -> None:
                written.append((len(list(statements)), is_synced))  # type: ignore[call-overload]  # as the real one has it

            monkeypatch.setattr(database, "write", noted)
        await trail.save({"a": {}, "b": {}, "c": None})
        await trail.save({})
        assert written == [(3, False)]


async def test_a_damaged_note_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with followed(tmp_path) as (system, trail):
        await trail.save({"whole": {"done": 1}})
        rows = [("half", '{"done": '), ("list", "[1]"), ("empty", "")]
        async with system.journal.exclusive() as database:
            await database.write([("INSERT INTO upstream VALUES (?, ?)", row) for row in rows])
        with caplog.at_level(logging.ERROR):
            assert await trail.load() == {"whole": {"done": 1}}
        notes = [one.__dict__["note"] for one in caplog.records if one.message == "note damaged"]
        assert sorted(notes) == ["empty", "half", "list"]


async def test_a_locked_file_is_told_to_who_saves(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        with locked(system.path), pytest.raises(HistoryError):
            await trail.save({"cloud": {}})
        await trail.save({"cloud": {}})
        assert await trail.load() == {"cloud": {}}


async def test_a_closed_trail_says_so(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        upto = await trail.commit(system.write("shed", "V1", "1").seq)
        await trail.close()
        await trail.close()
        with pytest.raises(HistoryError, match="closed"):
            await trail.read(0, upto, {V1})


async def test_every_point_comes_once_beside_a_storm_and_the_archive(tmp_path: Path) -> None:
    async with followed(tmp_path) as (system, trail):
        trail.hold("upstream", 0)
        found: list[str] = []
        count = 20_000

        async def read() -> None:
            after = 0
            while len(found) < count // 5:
                after_before = after
                batch = await trail.read(after, END, {V1})
                found.extend(texts(batch))
                after = batch.upto
                trail.hold("upstream", after)
                assert after >= after_before
                # Where nothing is new, nobody else had a turn.
                await asyncio.sleep(0)

        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(read(), name="reader")
            for number in range(count):
                system.write("shed", f"V{number % 5}", str(number))
                if number % 500 == 0:
                    await system.journal.flush()
                if number % 5000 == 0:
                    await system.journal.archive()
            await system.journal.flush()
        assert found == [str(number) for number in range(1, count, 5)]


async def test_points_of_others_are_skimmed_in_few_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with followed(tmp_path) as (system, trail):
        for number in range(100_000):
            system.write("shed", "V2", str(number))
        seq = system.write("shed", "V1", "1").seq
        upto = await trail.commit(seq)
        pieces = 0
        run = trail._reader.run

        async def counted(work: object) -> object:
            nonlocal pieces
            pieces += 1
            return await run(work)  # type: ignore[arg-type]  # handed on

        monkeypatch.setattr(trail._reader, "run", counted)
        batch = await trail.read(0, upto, {V1})
        while not batch.is_last:
            assert batch.points == []
            batch = await trail.read(batch.upto, upto, {V1})
        assert [point.seq for point in batch.points] == [seq]
        assert pieces <= 5
        assert await trail.count(0, upto, {V1, PinAddress("shed", "V2")}) == TrailCount(
            100_001, system.clock.now_ms(), system.clock.now_ms()
        )
        assert len((await trail.read(0, upto, {PinAddress("shed", "V2")})).points) == BATCH_POINTS
