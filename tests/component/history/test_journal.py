import asyncio
import logging
import resource
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventKind
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.archive import archiver
from blynk_gateway.history.file import database
from blynk_gateway.history.file.database import Statement
from blynk_gateway.history.intake import MAILBOX_LIMIT
from blynk_gateway.history.journal import (
    CHECKPOINT_CHANGES,
    CHECKPOINT_S,
    COMMIT_POINTS,
    MAX_POINTS_WAITING,
)
from blynk_gateway.history.retention.retention import Keep
from blynk_gateway.history.retry import RETRY_S
from blynk_gateway.history.segments.recorder import RESERVED_BLOCK
from blynk_gateway.history.segments.segment import decode
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.component.history.system import ORIGIN, System, locked, until
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S


@pytest.fixture(autouse=True)
def _short_busy_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow beyond what the database has at its first start."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def points(path: Path) -> int:
    """Points committed, as any other program sees them."""
    connection = sqlite3.connect(path)
    ((total,),) = connection.execute("SELECT coalesce(sum(count), 0) FROM segment")
    connection.close()
    assert isinstance(total, int)
    return total


def segments_after_checkpoint(path: Path) -> int:
    connection = sqlite3.connect(path)
    ((total,),) = connection.execute(
        "SELECT count(*) FROM segment WHERE first_seq >"
        " (SELECT value FROM setting WHERE name = 'checkpoint_seq')"
    )
    connection.close()
    assert isinstance(total, int)
    return total


async def until_points(path: Path, count: int) -> None:
    await until(lambda: points(path) >= count)


def failures(system: System) -> str:
    component = system.health.components["history"]
    assert component.state is HealthState.FAILED
    return component.detail


async def test_change_is_on_disk_after_the_window(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        task = spawn(system.journal.run(), name="journal")
        system.add("a")
        system.write("a", "V1", "1")
        await until_points(system.path, 1)
        system.write("a", "V1", "1")
        await until_points(system.path, 2)
        await cancel(task)


async def test_many_changes_do_not_wait_for_the_window(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.journal.reconfigure(commit_every_ms=3_600_000, keep=Keep())
        task = spawn(system.journal.run(), name="journal")
        system.add("a")
        for _ in range(COMMIT_POINTS):
            system.write("a", "V1", "1")
        await until_points(system.path, COMMIT_POINTS)
        await cancel(task)


async def test_nothing_is_committed_before_the_window_ends(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.journal.reconfigure(commit_every_ms=3_600_000, keep=Keep())
        task = spawn(system.journal.run(), name="journal")
        system.add("a")
        system.write("a", "V1", "1")
        await asyncio.sleep(0.05)
        assert points(system.path) == 0
        await cancel(task)


async def test_flush_commits_what_was_published_beside_a_running_writer(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        task = spawn(system.journal.run(), name="journal")
        system.add("a")
        for count in range(1, 50):
            system.write("a", "V1", str(count))
            await system.journal.flush()
            assert points(system.path) == count
        await cancel(task)


async def test_changes_of_many_flushes_at_once_stay_in_order(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        task = spawn(system.journal.run(), name="journal")
        system.add("a")

        async def write_and_flush(number: int) -> None:
            for step in range(20):
                system.write("a", f"V{number}", str(step))
                await system.journal.flush()

        async with asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task(write_and_flush(number), name=f"writer {number}")
        await cancel(task)
    connection = sqlite3.connect(system.path)
    ranges = connection.execute("SELECT first_seq, last_seq FROM segment ORDER BY 1").fetchall()
    connection.close()
    assert all(last < first for (_, last), (first, _) in pairwise(ranges))
    assert points(system.path) == 200
    async with System(tmp_path) as system:
        assert system.values == {f"a/V{number}": ("19",) for number in range(10)}


async def test_cancelled_flush_loses_nothing(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        for turns in range(40):
            system.write("a", "V1", str(turns))
            task = spawn(system.journal.flush(), name="flush")
            for _ in range(turns):
                await asyncio.sleep(0)
            await cancel(task)
        await system.journal.flush()
        assert points(system.path) == 40
    async with System(tmp_path) as system:
        assert system.values == {"a/V1": ("39",)}


async def test_close_ends_the_writer_after_its_last_commit(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        task = spawn(system.journal.run(), name="journal")
        system.add("a")
        await system.journal.flush()
        system.write("a", "V1", "1")
    async with asyncio.timeout(PATIENCE_S):
        await task
    assert points(system.path) == 1


async def test_close_may_come_twice_and_unopened(tmp_path: Path) -> None:
    system = System(tmp_path)
    await system.journal.close()
    async with system:
        await system.journal.close()
    with pytest.raises(HistoryError, match="is not open"):
        await system.journal.flush()


async def test_numbers_are_never_used_twice(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        first = system.write("a", "V1", "1").seq
        await system.journal.flush()
        system.bus.renumber(first + RESERVED_BLOCK - 5)
        # Numbers near the end of the block: the next commit has to reserve more.
        last = system.write("a", "V1", "2").seq
        await system.journal.flush()
        reserved_before = system.bus.next_seq
    async with System(tmp_path) as system:
        assert system.restored.next_seq > last
        assert system.restored.next_seq > reserved_before


async def test_checkpoint_is_written_in_time_and_spares_the_replay(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        system.add("a")
        after = []
        for seconds in (0, CHECKPOINT_S - 1, 0, 1, 0):
            clock.advance(seconds)
            system.write("a", "V1", "1")
            await system.journal.flush()
            after.append(segments_after_checkpoint(system.path))
        assert after == [0, 1, 2, 0, 1]


async def test_checkpoint_is_written_after_many_changes(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "1")
        await system.journal.flush()
        for is_last in (False, True):
            for _ in range(CHECKPOINT_CHANGES // 2):
                system.write("a", "V1", "1")
            await system.journal.flush()
            assert (segments_after_checkpoint(system.path) == 0) == is_last


async def test_locked_database_fails_flush_and_loses_nothing(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        await system.journal.flush()
        with locked(system.path):
            system.write("a", "V1", "1")
            with pytest.raises(HistoryError, match=r"database is locked; end the program"):
                await system.journal.flush()
            assert "fuser" in failures(system)
        system.write("a", "V1", "2")
        await system.journal.flush()
        assert system.health.components["history"].state is HealthState.OK
        assert points(system.path) == 2


async def test_full_disk_fails_flush_and_loses_nothing(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        with full_disk():
            system.write("a", "V1", "1")
            with pytest.raises(HistoryError, match="free space on the disk"):
                await system.journal.flush()
        await system.journal.flush()
        assert points(system.path) == 1
        assert system.health.components["history"].state is HealthState.OK


async def test_failure_is_logged_once_and_so_is_its_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        caplog.set_level(logging.INFO, "blynk_gateway")
        with full_disk():
            for _ in range(3):
                with pytest.raises(HistoryError):
                    await system.journal.flush()
        await system.journal.flush()
    levels = [record.levelname for record in caplog.records if record.message == "health"]
    assert levels == ["ERROR", "INFO"]


async def test_writer_recovers_by_itself(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        system.add("a")
        with full_disk():
            with pytest.raises(HistoryError):
                await system.journal.flush()
            task = spawn(system.journal.run(), name="journal")
            system.write("a", "V1", "1")
            await asyncio.sleep(0.05)
            assert failures(system)
        clock.advance(RETRY_S)
        await until_points(system.path, 1)
        await cancel(task)


async def test_devices_go_on_while_commits_fail_and_oldest_points_are_lost_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    burst = 20_000
    surplus = 3 * burst
    async with System(tmp_path, clock=clock) as system:
        system.add("a")
        with full_disk():
            with pytest.raises(HistoryError):
                await system.journal.flush()
            task = spawn(system.journal.run(), name="journal")
            system.write("a", "V255", "the only one")
            for start in range(0, MAX_POINTS_WAITING + surplus, burst):
                for number in range(start, start + burst):
                    system.write("a", "V1", str(number))
                await until(lambda: len(system.journal.mailbox) == 0)
            await until(lambda: system.health.counters["history_points_lost"] >= surplus)
        assert system.gate.is_open
        assert system.gate.times_closed == 0
        clock.advance(RETRY_S)
        await until_points(system.path, 1)
        lost = system.health.counters["history_points_lost"]
        assert points(system.path) == MAX_POINTS_WAITING + surplus + 1 - lost
        assert lost < surplus + 2 * burst
        await cancel(task)
    (first,) = [one for one in caplog.records if one.message == "oldest history points go"]
    assert vars(first)["kept"] == MAX_POINTS_WAITING
    (last,) = [one for one in caplog.records if one.message == "history points lost"]
    assert vars(last)["points"] == lost
    async with System(tmp_path) as system:
        # Its point was the oldest, but the value is not lost.
        assert system.values["a/V255"] == ("the only one",)


async def test_full_mailbox_closes_the_gate_and_loses_nothing(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        for _ in range(MAILBOX_LIMIT + 1):
            system.write("a", "V1", "1")
        assert system.gate.times_closed == 1
        await system.journal.flush()
        assert system.gate.is_open
        assert points(system.path) == MAILBOX_LIMIT + 1


async def test_stop_on_a_full_disk_says_what_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "1")
        with full_disk():
            await system.journal.close()
    (line,) = [one for one in caplog.records if one.message == "history not saved at stop"]
    assert vars(line)["points"] == 1


async def test_start_with_a_locked_database_brings_the_values_back(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "1")
    with locked(system.path):
        system = System(tmp_path)
        restored = await system.journal.open()
        assert restored.values == [("a", "V1", ("1",), system.clock.now_ms())]
        assert "database is locked" in failures(system)
    await system.journal.flush()
    assert system.health.components["history"].state is HealthState.OK
    await system.journal.close()


async def test_steady_loop_while_much_is_recorded(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        for _ in range(MAILBOX_LIMIT):
            system.write("a", "V1", "1")
        flush = spawn(system.journal.flush(), name="flush")
        turns = 0
        while not flush.done():
            await asyncio.sleep(0)
            turns += 1
        await flush
        assert turns >= MAILBOX_LIMIT // 2_000


async def test_events_are_readable_while_nothing_can_be_written(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        device = system.registry.get("a")
        system.registry.record_event(device, EventKind.LOGGED, "before", "", ORIGIN)
        await system.journal.flush()
        with locked(system.path):
            system.registry.record_event(device, EventKind.LOGGED, "during", "", ORIGIN)
            codes = [event.code for event in await system.journal.events("a", 10)]
            assert codes == ["before"]
        codes = [event.code for event in await system.journal.events("a", 10)]
        assert codes == ["during", "before"]


async def test_reader_is_told_of_all_that_may_not_be_in_the_file(tmp_path: Path) -> None:
    address = PinAddress("a", "V1")
    async with System(tmp_path) as system:
        system.add("a")
        assert (await system.journal.unsaved(address)) == (None, [])
        system.write("a", "V1", "1")
        first = await system.journal.unsaved(address)
        assert (first.stream, [one.points for one in first.segments]) == (1, [1])
        assert points(system.path) == 0
        await system.journal.flush()
        assert (await system.journal.unsaved(address)).segments == []
        assert (await system.journal.unsaved(PinAddress("b", "V1"))).stream is None
        with locked(system.path):
            system.write("a", "V1", "2")
            flush = spawn(system.journal.flush(), name="flush")
            await asyncio.sleep(0.01)
            system.write("a", "V1", "3")
            during = await system.journal.unsaved(None)
            assert [point.value for one in during.segments for point in decode(one.body)] == [
                ("2",),
                ("3",),
            ]
            with pytest.raises(HistoryError):
                await flush
        after = await system.journal.unsaved(None)
        assert [one.points for one in after.segments] == [1, 1]
    with pytest.raises(HistoryError, match="is not open"):
        await system.journal.unsaved(None)


async def test_archive_needs_an_open_journal(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="is not open"):
        await System(tmp_path).journal.archive()


async def test_close_while_the_archive_is_filled_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiver, "PASS_POINTS", 1)
    monkeypatch.setattr(archiver, "SLICE_POINTS", 1)
    for _ in range(3):
        async with System(tmp_path) as system:
            task = spawn(system.journal.run(), name="journal")
            system.add("a")
            for pin in range(100):
                system.write("a", f"V{pin}", str(pin))
            system.journal._checkpoint_at = 0.0
            await system.journal.flush()
        await task
    async with System(tmp_path) as system:
        await system.journal.archive()
    connection = sqlite3.connect(system.path)
    ((total,),) = connection.execute("SELECT sum(count) FROM chunk")
    connection.close()
    assert total == 300


async def test_only_what_was_handed_over_is_said_to_be_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        first = system.write("a", "V1", "1")
        async with system.journal.exclusive() as opened:
            write = opened.write

        async def slow(statements: Iterable[Statement], *, is_synced: bool = True) -> None:
            await write(statements, is_synced=is_synced)
            system.write("a", "V1", "2")
            # Recorded beside the transaction, and waiting for the next.
            await system.journal.unsaved(None)

        monkeypatch.setattr(opened, "write", slow)
        await system.journal.flush()
        assert system.journal.commits.seq == first.seq
        monkeypatch.undo()
        await system.journal.flush()
        assert system.journal.commits.seq == system.bus.next_seq - 1


async def test_what_could_not_be_written_is_not_said_to_be_on_the_disk(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        before = system.journal.commits.seq
        assert before == system.restored.next_seq - 1
        system.add("a")
        with full_disk(), pytest.raises(HistoryError):
            await system.journal.flush()
        assert system.journal.commits.seq == before


async def test_what_was_there_at_the_start_is_on_the_disk(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
    system = System(tmp_path)
    with locked(system.path):
        await system.__aenter__()
    try:
        assert failures(system)
        assert system.journal.commits.seq == system.restored.next_seq - 1 > 0
    finally:
        await system.journal.close()
