"""What a full disk does to the history: nothing is lost, it is told, and it ends by itself."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.retention.retention import PERIOD_S, Keep
from blynk_gateway.runtime.health import HealthState
from tests.component.history.system import System
from tests.helpers.clock import FakeClock
from tests.helpers.full_disk import limited

BATCH = 2000
PINS = 20


class Counting:
    """Writes values that count up; how many commits failed is known."""

    def __init__(self, system: System, clock: FakeClock) -> None:
        self.written = 0
        self.failed = 0
        self._system = system
        self._clock = clock

    async def write(self, count: int) -> None:
        for _ in range(count):
            self.written += 1
            pin = f"V{self.written % PINS}"
            self._system.write("a", pin, f"{self.written}-{self.written**7}")
        self._clock.advance(1)
        try:
            await self._system.journal.flush()
        except HistoryError:
            self.failed += 1


def archived(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        ((count,),) = connection.execute("SELECT sum(count) FROM chunk")
        return int(count)


def largest(path: Path) -> int:
    return max(one.stat().st_size for one in path.parent.iterdir())


async def archive_twice(system: System, counting: Counting) -> None:
    await system.journal.archive()
    await counting.write(100 * BATCH)
    await system.journal.archive()


@pytest.mark.parametrize("size_bytes", [150_000, 400_000, 1_500_000])
async def test_points_of_a_full_disk_are_there_when_it_has_room_again(
    tmp_path: Path, size_bytes: int
) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        system.add("a")
        counting = Counting(system, clock)
        await counting.write(1)
        with limited(size_bytes):
            while counting.failed < 3:
                await counting.write(BATCH)
            state, detail = system.health.components["history"]
            assert state is HealthState.FAILED
            assert "free space on the disk" in detail
            with pytest.raises(HistoryError):
                await system.journal.archive()
        counting.failed = 0
        await counting.write(BATCH)
        assert counting.failed == 0
        assert system.health.components["history"] == (HealthState.OK, "")
        await system.journal.archive()
        assert archived(system.path) == counting.written
    async with System(tmp_path, clock=clock) as system:
        assert len(system.values) == PINS
        newest = system.values[f"a/V{counting.written % PINS}"]
        assert newest == (f"{counting.written}-{counting.written**7}",)


@pytest.mark.parametrize("room_bytes", [0, 30_000, 100_000, 300_000])
async def test_archive_that_finds_the_disk_full_loses_and_doubles_nothing(
    tmp_path: Path, room_bytes: int
) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock) as system:
        system.add("a")
        counting = Counting(system, clock)
        for _ in range(10):
            await counting.write(BATCH)
        with (
            limited(largest(system.path) + room_bytes),
            pytest.raises(HistoryError, match="free space"),
        ):
            await archive_twice(system, counting)
        await system.journal.archive()
        assert archived(system.path) == counting.written


async def test_retention_goes_on_after_a_full_disk(tmp_path: Path) -> None:
    clock = FakeClock()
    async with System(tmp_path, clock=clock, keep=Keep(1, 1, 1, 1)) as system:
        system.add("a")
        counting = Counting(system, clock)
        await counting.write(BATCH)
        await system.journal.archive()
        clock.advance(3 * 24 * PERIOD_S)
        log = system.path.with_name(f"{system.path.name}-wal")
        with limited(log.stat().st_size - log.stat().st_size % 1024):
            for _ in range(30):
                await counting.write(1)
        assert counting.failed
        for _ in range(30):
            await counting.write(1)
        await system.journal.archive()
        assert archived(system.path) <= 61
