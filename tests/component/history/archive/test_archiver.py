import asyncio
import math
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.core.value import PinValue, number
from blynk_gateway.errors import HistoryError
from blynk_gateway.history import retry
from blynk_gateway.history.archive import archiver
from blynk_gateway.history.archive.archiver import (
    MIN_PASS_POINTS,
    PASS_EVERY_S,
    PASS_POINTS,
    POINTS_PER_STREAM,
)
from blynk_gateway.history.archive.chunk import decode
from blynk_gateway.history.archive.packer_process import NICE, PackerProcess
from blynk_gateway.history.archive.progress import Progress, Waiting
from blynk_gateway.history.archive.rollup import Level
from blynk_gateway.history.file import database
from blynk_gateway.history.file.database import Database
from blynk_gateway.history.segments.segment import decode as decode_segment
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.component.history.system import ORIGIN, System, files_of, put_back, until
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S

NOON_MS = 1_700_049_600_000
PINS = ("V1", "V2", "V3")


class Kept:
    """What a file holds, read as any other program would.

    Attributes:
        archived, waiting: `(stream, at_ms, seq, value)` of the archive and of the journal.
        buckets: rows of each rollup.
    """

    def __init__(self, path: Path) -> None:
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        self.progress = Progress(
            *connection.execute(
                "SELECT archived_seq, moving_seq, moving_stream FROM archive"
            ).fetchone()
        )
        self.chunks = connection.execute(
            "SELECT stream, first_ms, last_ms, count, body FROM chunk ORDER BY id"
        ).fetchall()
        self.archived = list(self._archived())
        self.waiting = [
            (point.stream, point.at_ms, point.seq, point.value)
            for (body,) in connection.execute("SELECT body FROM segment ORDER BY first_seq")
            for point in decode_segment(body)
            if point.seq > self.progress.archived(point.stream)
        ]
        self.segments = connection.execute("SELECT count(*) FROM segment").fetchone()[0]
        self.buckets = {
            level: connection.execute(
                f"SELECT * FROM {level.table} ORDER BY stream, start_ms"  # noqa: S608 - our own names
            ).fetchall()
            for level in Level
        }
        connection.close()

    def _archived(self) -> Iterator[tuple[int, int, int, PinValue]]:
        for stream, first_ms, last_ms, count, body in self.chunks:
            times, seqs, numbers = decode(body)
            assert (times[0], times[-1], len(times)) == (first_ms, last_ms, count)
            points = list(zip(times, seqs, numbers.values(), strict=True))
            assert points == sorted(points)
            yield from ((stream, *point) for point in points)

    def points(self) -> list[tuple[int, int, int, PinValue]]:
        """All, by seq; none may be there twice."""
        points = sorted([*self.archived, *self.waiting], key=lambda point: point[2])
        seqs = [seq for _, _, seq, _ in points]
        assert len(set(seqs)) == len(seqs)
        return points

    def check_rollups(self) -> None:
        """Compare with what the archived points give by brute force."""
        for level, rows in self.buckets.items():
            expected: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
            for stream, at_ms, seq, value in self.archived:
                if (found := number(value)) is not None:
                    key = stream, at_ms // level.ms * level.ms
                    expected.setdefault(key, []).append((at_ms, seq, found))
            assert [row[:2] for row in rows] == sorted(expected)
            for stream, start_ms, count, total, low, high, last, last_ms, last_seq in rows:
                points = expected[stream, start_ms]
                numbers = [found for _, _, found in points]
                assert (count, low, high) == (len(numbers), min(numbers), max(numbers))
                assert math.isclose(total, math.fsum(numbers), abs_tol=1e-6)
                assert (last_ms, last_seq, last) == max(points)


@pytest.fixture
def _small_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few points make several passes, slices and chunks."""
    small = {
        "PASS_POINTS": 40,
        "SLICE_POINTS": 15,
        "STREAM_WEIGHT": 1,
        "FETCH_SEGMENTS": 2,
        "DELETE_POINTS": 10,
        "SMALL_CHUNK": 20,
    }
    for name, value in small.items():
        monkeypatch.setattr(archiver, name, value)


def random_value(chance: random.Random) -> tuple[str, ...]:
    return chance.choice(
        [
            (f"{chance.gauss(20, 5):.1f}",),
            (str(chance.randint(0, 1)),),
            (repr(chance.gauss(0, 1e6)),),
            ("nan",),
            ("on", "off"),
            ("grün\udcff",),
            ("1e3",),
        ]
    )


def write_some(system: System, chance: random.Random) -> list[tuple[int, int, PinValue]]:
    """Returns time, seq and value of each."""
    written = []
    for _ in range(chance.randint(1, 30)):
        late_ms = chance.choice([0, 0, 0, 30_000, 7_200_000, 400 * 86_400_000])
        at_ms = NOON_MS + chance.randint(0, 200_000) - late_ms
        value = random_value(chance)
        change = system.write("a", chance.choice(PINS), *value, at_ms=at_ms)
        written.append((at_ms, change.seq, value))
    return written


@pytest.mark.usefixtures("_small_passes")
@pytest.mark.parametrize("seed", range(12))
async def test_crash_at_any_moment_leaves_every_point_once_and_rollups_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    crashes: list[tuple[dict[Path, bytes], int]] = []
    written: list[tuple[int, int, PinValue]] = []
    committed = 0
    write = Database.write

    async def write_and_crash(self: Database, *args: object, **options: object) -> None:
        await write(self, *args, **options)  # type: ignore[arg-type]
        crashes.append((files_of(tmp_path), committed))

    for _ in range(2):
        async with System(tmp_path) as system:
            system.add("a")
            monkeypatch.setattr(Database, "write", write_and_crash)
            for _ in range(8):
                written += write_some(system, chance)
                await system.journal.flush()
                committed = len(written)
                if chance.random() < 0.4:
                    await system.journal.archive()
            monkeypatch.setattr(Database, "write", write)
    files = chance.sample(crashes, 8)
    for number_of, (crashed, promised) in enumerate(files):
        directory = tmp_path / str(number_of)
        directory.mkdir()
        put_back({directory / path.name: body for path, body in crashed.items()})
        await check_after_crash(directory, written, promised)
    # A power cut in addition takes what was not synced: some end of the log.
    directory = tmp_path / "cut"
    directory.mkdir()
    last, _ = crashes[-1]
    log = last[tmp_path / "gateway.db-wal"]
    for size in (chance.randrange(len(log)) for _ in range(6)):
        put_back({directory / path.name: body for path, body in last.items()})
        (directory / "gateway.db-shm").unlink()
        (directory / "gateway.db-wal").write_bytes(log[:size])
        await check_after_crash(directory, written, 0)


async def check_after_crash(
    directory: Path, written: list[tuple[int, int, PinValue]], promised: int
) -> None:
    async with System(directory) as system:
        kept = Kept(system.path)
        points = [point[1:] for point in kept.points()]
        assert len(points) >= promised
        assert points == written[: len(points)]
        kept.check_rollups()
        await system.journal.archive()
        after = Kept(system.path)
        assert (after.waiting, after.segments) == ([], 0)
        assert [point[1:] for point in after.points()] == points
        after.check_rollups()
        latest = {point[0]: point[3] for point in after.points()}
        assert sorted(system.values.values()) == sorted(latest.values())


async def test_passes_wait_for_many_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiver, "MIN_PASS_POINTS", 100)
    monkeypatch.setattr(archiver, "POINTS_PER_STREAM", 1)
    async with System(tmp_path) as system:
        task = spawn(system.journal.run(), name="journal")
        system.add("a")
        for at in range(99):
            system.write("a", "V1", str(at))
        await checkpoint(system)
        await asyncio.sleep(0.05)
        assert Kept(system.path).archived == []
        system.write("a", "V1", "99")
        await checkpoint(system)
        await until(lambda: len(Kept(system.path).archived) == 100)
        await cancel(task)


@pytest.mark.parametrize(
    ("points", "streams", "expected"),
    [
        (MIN_PASS_POINTS - 1, 1, False),
        (MIN_PASS_POINTS, 20, True),
        (MIN_PASS_POINTS, 21, False),
        (21 * POINTS_PER_STREAM, 21, True),
        (PASS_POINTS - 1, 10_000, False),
        (PASS_POINTS, 10_000, True),
    ],
)
def test_pass_is_due_when_it_is_worth_the_pages_of_its_streams(
    points: int, streams: int, expected: bool
) -> None:
    assert archiver.is_due(Waiting(points, 1, streams)) == expected


async def test_streams_without_new_points_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiver, "MIN_PASS_POINTS", 1)
    monkeypatch.setattr(archiver, "POINTS_PER_STREAM", 10)
    async with System(tmp_path) as system:
        system.add("a")
        for pin in range(100):
            system.write("a", f"V{pin}", "1")
        await system.journal.archive()
        task = spawn(system.journal.run(), name="journal")
        for at in range(10):
            system.write("a", "V1", str(at))
        await checkpoint(system)
        await until(lambda: len(Kept(system.path).archived) == 110)
        await cancel(task)


async def checkpoint(system: System) -> None:
    system.journal._checkpoint_at = 0.0
    await system.journal.flush()


async def test_few_points_wait_for_an_hour(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        task = spawn(system.journal.run(), name="journal")
        system.add("a")
        system.write("a", "V1", "1")
        clock.advance(PASS_EVERY_S - 1)
        await system.journal.flush()
        assert Kept(system.path).archived == []
        clock.advance(1)
        await system.journal.flush()
        await until(lambda: len(Kept(system.path).archived) == 1)
        await cancel(task)


async def test_what_a_start_needs_stays_in_the_journal(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "1")
        await checkpoint(system)
        system.write("a", "V2", "2")
        await system.journal.flush()
        while await system.journal._archiver.archive(is_forced=True):
            pass
        crashed = files_of(tmp_path)
        kept = Kept(system.path)
        assert [value for *_, value in kept.archived] == [("1",)]
        assert [value for *_, value in kept.waiting] == [("2",)]
    put_back(crashed)
    async with System(tmp_path) as system:
        assert system.values == {"a/V1": ("1",), "a/V2": ("2",)}


async def test_what_is_not_settled_stays_in_the_journal(tmp_path: Path) -> None:
    settled_seq: int | None = 0
    async with System(tmp_path) as system:
        system.journal._archiver._settled_seq = lambda: settled_seq
        system.add("a")
        changes = []
        for value in ("1", "2", "3"):
            changes.append(system.write("a", "V1", value))
            await system.journal.flush()
        await system.journal.archive()
        assert Kept(system.path).archived == []
        settled_seq = changes[1].seq
        await system.journal.archive()
        kept = Kept(system.path)
        assert [value for *_, value in kept.archived] == [("1",), ("2",)]
        assert [value for *_, value in kept.waiting] == [("3",)]
        settled_seq = None
        await system.journal.archive()
        assert Kept(system.path).waiting == []


async def test_what_becomes_settled_is_archived_with_the_next_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiver, "MIN_PASS_POINTS", 1)
    monkeypatch.setattr(archiver, "POINTS_PER_STREAM", 1)
    settled_seq = 0
    async with System(tmp_path) as system:
        system.journal._archiver._settled_seq = lambda: settled_seq
        task = spawn(system.journal.run(), name="journal")
        system.add("a")
        change = system.write("a", "V1", "1")
        await checkpoint(system)
        await asyncio.sleep(0.05)
        assert Kept(system.path).archived == []
        settled_seq = change.seq
        await until(lambda: len(Kept(system.path).archived) == 1)
        await cancel(task)


async def test_archived_segments_are_kept_while_they_are_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiver, "DELETE_POINTS", 3)
    held_seq = 0
    async with System(tmp_path) as system:
        system.journal._archiver._held_seq = lambda: held_seq
        system.add("a")
        seqs = []
        for value in range(8):
            seqs.append(system.write("a", "V1", str(value)).seq)
            await system.journal.flush()
        await system.journal.archive()
        kept = Kept(system.path)
        assert (len(kept.archived), kept.waiting, kept.segments) == (8, [], 8)
        task = spawn(system.journal.run(), name="journal")
        # As much as is worth a transaction, then what is left: it comes without a checkpoint.
        held_seq = seqs[3]
        await until(lambda: Kept(system.path).segments == 4)
        held_seq = seqs[4]
        await asyncio.sleep(0.05)
        assert Kept(system.path).segments == 4
        held_seq = seqs[-1] + 100
        await until(lambda: Kept(system.path).segments == 0)
        assert len(Kept(system.path).points()) == 8
        await cancel(task)


async def test_segments_that_are_released_while_a_pass_is_written_go_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_seq: int | None = 0
    write = Database.write

    async def write_and_release(self: Database, *args: object, **options: object) -> None:
        nonlocal held_seq
        await write(self, *args, **options)  # type: ignore[arg-type]
        held_seq = None

    async with System(tmp_path) as system:
        system.journal._archiver._held_seq = lambda: held_seq
        system.add("a")
        system.write("a", "V1", "1")
        await checkpoint(system)
        monkeypatch.setattr(Database, "write", write_and_release)
        while await system.journal._archiver.archive(is_forced=True):
            pass
        kept = Kept(system.path)
        assert (len(kept.archived), kept.segments) == (1, 0)


async def test_policies_keep_what_they_say(tmp_path: Path) -> None:
    def policy_of(device: str, pin: str) -> HistoryPolicy:
        assert device == "a"
        return {"V1": HistoryPolicy.MINUTE, "V2": HistoryPolicy.OFF}.get(pin, HistoryPolicy.RAW)

    async with System(tmp_path, policy_of=policy_of) as system:
        system.add("a")
        for pin in PINS:
            system.write("a", pin, "1", at_ms=NOON_MS)
            system.write("a", pin, "2", at_ms=NOON_MS + 1)
        await system.journal.archive()
        kept = Kept(system.path)
        assert [(stream, value) for stream, _, _, value in kept.archived] == [
            (3, ("1",)),
            (3, ("2",)),
        ]
        for rows in kept.buckets.values():
            assert [(row[0], row[2], row[3]) for row in rows] == [(1, 2, 3.0), (3, 2, 3.0)]
        assert kept.segments == 0
    async with System(tmp_path) as system:
        assert system.values == {f"a/{pin}": ("2",) for pin in PINS}


async def test_small_chunk_grows_and_a_large_one_is_left(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        for round_of in range(4):
            for at in range(200):
                system.write("a", "V1", "1", at_ms=NOON_MS + (200 * round_of + at) * 1000)
            await system.journal.archive()
        assert [count for _, _, _, count, _ in Kept(system.path).chunks] == [600, 200]


async def test_chunk_does_not_reach_over_days(tmp_path: Path) -> None:
    day_ms = Level.DAY.ms
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "1", at_ms=NOON_MS)
        await system.journal.archive()
        for at_ms in (NOON_MS + 2, NOON_MS - 300 * day_ms, NOON_MS + day_ms):
            system.write("a", "V1", "2", at_ms=at_ms)
        await system.journal.archive()
        kept = Kept(system.path)
        assert all(last_ms - first_ms < day_ms for _, first_ms, last_ms, _, _ in kept.chunks)
        assert len(kept.points()) == 4
        kept.check_rollups()


async def test_points_of_a_removed_device_are_not_archived(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "1")
        await system.journal.flush()
        system.registry.remove("a", ORIGIN)
        await system.journal.archive()
        kept = Kept(system.path)
        assert (kept.archived, kept.segments) == ([], 0)


@pytest.mark.usefixtures("_small_passes")
async def test_two_calls_at_once_move_nothing_twice(tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - to be repeated, not to be secret
    async with System(tmp_path) as system:
        system.add("a")
        written = [point for _ in range(5) for point in write_some(system, chance)]
        await asyncio.gather(*(system.journal.archive() for _ in range(3)))
        kept = Kept(system.path)
        assert [point[1:] for point in kept.points()] == written
        kept.check_rollups()


@pytest.mark.usefixtures("_small_passes")
async def test_cancelled_anywhere_it_goes_on_where_it_was(tmp_path: Path) -> None:
    chance = random.Random(2)  # noqa: S311 - to be repeated, not to be secret
    async with System(tmp_path) as system:
        system.add("a")
        written = []
        for turns in range(0, 120, 5):
            written += write_some(system, chance)
            await system.journal.flush()
            task = spawn(system.journal.archive(), name="archive")
            for _ in range(turns):
                await asyncio.sleep(0.0002)
            await cancel(task)
        await system.journal.archive()
        kept = Kept(system.path)
        assert [point[1:] for point in kept.points()] == written
        kept.check_rollups()


async def test_damaged_segment_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        for value in ("1", "2", "3"):
            system.write("a", "V1", value)
            await system.journal.flush()
        await checkpoint(system)
        damage(
            system.path,
            "UPDATE segment SET body = x'00' WHERE first_seq ="
            " (SELECT first_seq FROM segment ORDER BY first_seq LIMIT 1 OFFSET 1)",
        )
        await system.journal.archive()
        assert [value for *_, value in Kept(system.path).archived] == [("1",), ("3",)]
    assert "points lost to the archive" in caplog.messages


async def test_damaged_chunk_is_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "1")
        await system.journal.archive()
        damage(system.path, "UPDATE chunk SET body = x'00'")
        system.write("a", "V1", "2")
        await system.journal.archive()
        damage(system.path, "DELETE FROM chunk WHERE body = x'00'")
        assert [value for *_, value in Kept(system.path).archived] == [("2",)]
    assert "damaged chunk left as it is" in caplog.messages


def damage(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(sql)
    connection.close()


async def test_failure_is_said_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr(retry, "RETRY_S", 0.01)
    monkeypatch.setattr(archiver, "MIN_PASS_POINTS", 1)
    monkeypatch.setattr(archiver, "POINTS_PER_STREAM", 1)
    broken = True
    write = Database.write

    async def write_if_whole(self: Database, statements: object, *, is_synced: bool = True) -> None:
        if broken and not is_synced:
            raise HistoryError("the disk is full")
        await write(self, statements, is_synced=is_synced)  # type: ignore[arg-type]

    async with System(tmp_path) as system:
        system.journal._retention._next_at = float("inf")
        monkeypatch.setattr(Database, "write", write_if_whole)
        task = spawn(system.journal.run(), name="journal")
        system.add("a")
        system.write("a", "V1", "1")
        await checkpoint(system)
        await until(lambda: "archive" in system.health.components)
        assert system.health.components["archive"].state is HealthState.DEGRADED
        assert system.health.components["archive"].detail == "the disk is full"
        broken = False
        await until(lambda: system.health.components["archive"].state is HealthState.OK)
        assert len(Kept(system.path).archived) == 1
        await cancel(task)


async def test_killed_packer_is_said_and_a_new_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiver, "MIN_PASS_POINTS", 1)
    monkeypatch.setattr(archiver, "POINTS_PER_STREAM", 1)
    monkeypatch.setattr(retry, "RETRY_S", 0.01)
    streams = PackerProcess.streams
    is_fatal = True

    async def killed_before(self: PackerProcess) -> list[tuple[int, int]]:
        if is_fatal:
            self._process.kill()
        return await streams(self)

    monkeypatch.setattr(PackerProcess, "streams", killed_before)
    async with System(tmp_path) as system:
        task = spawn(system.journal.run(), name="journal")
        system.add("a")
        system.write("a", "V1", "1")
        await checkpoint(system)
        await until(lambda: "archive" in system.health.components)
        assert system.health.components["archive"].state is HealthState.DEGRADED
        assert "ended with exit code -9" in system.health.components["archive"].detail
        is_fatal = False
        await until(lambda: system.health.components["archive"].state is HealthState.OK)
        assert [value for *_, value in Kept(system.path).points()] == [("1",)]
        await cancel(task)


async def test_packer_waits_for_the_next_pass_and_then_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiver, "MIN_PASS_POINTS", 1)
    monkeypatch.setattr(archiver, "POINTS_PER_STREAM", 1)
    monkeypatch.setattr(archiver, "LINGER_S", 0.3)
    async with System(tmp_path) as system:
        task = spawn(system.journal.run(), name="journal")
        system.add("a")
        packers = set()
        for count in (1, 2):
            system.write("a", "V1", "1")
            await checkpoint(system)
            await until(lambda: len(Kept(system.path).archived) == count)  # noqa: B023 - awaited
            packers.add(system.journal._archiver._packer)
        assert len(packers) == 1
        assert None not in packers
        await until(lambda: system.journal._archiver._packer is None)
        await cancel(task)


async def test_packer_is_nice_unless_the_archive_is_far_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nices = []
    start = PackerProcess.start

    async def noted(nice: int) -> PackerProcess:
        nices.append(nice)
        return await start(nice)

    monkeypatch.setattr(PackerProcess, "start", noted)
    monkeypatch.setattr(archiver, "MAX_LAG", 5)
    monkeypatch.setattr(archiver, "PASS_POINTS", 3)
    async with System(tmp_path) as system:
        system.add("a")
        for at in range(9):
            system.write("a", "V1", str(at))
            await system.journal.flush()
        await system.journal.archive()
        assert nices == [0, NICE]
        assert len(Kept(system.path).archived) == 9


async def test_cancelled_in_the_turn_in_which_it_is_woken(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        working = system.journal._archiver
        working._packer = await PackerProcess.start()
        task = spawn(working.run(), name="archiver")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        working._wanted.set()
        async with asyncio.timeout(PATIENCE_S):
            await cancel(task)
        assert task.cancelled()
        assert working._packer is None
