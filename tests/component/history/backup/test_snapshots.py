import asyncio
import errno
import os
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.backup.snapshots import (
    RETRY_S,
    SETTLE_S,
    Snapshots,
    find_good_snapshot,
    in_thread,
    list_snapshots,
)
from blynk_gateway.runtime.health import Health, HealthState
from tests.component.history.system import ORIGIN, System
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S

DAY_S = 86_400.0


async def filled(directory: Path, value: str = "1") -> Path:
    async with System(directory) as system:
        if system.restored.definitions:
            system.registry.add(system.restored.definitions[0], ORIGIN)
        else:
            system.add("a")
        system.write("a", "V1", value)
    return directory


class Taking:
    def __init__(self, directory: Path, keep: int = 3, every_ms: int | None = 86_400_000) -> None:
        self.clock = FakeClock()
        self.health = Health()
        self.snapshots = Snapshots(
            directory, every_ms=every_ms, keep=keep, clock=self.clock, health=self.health
        )

    def state(self) -> HealthState:
        return self.health.components["snapshots"].state


async def test_snapshot_is_taken_daily_and_the_latest_are_kept(tmp_path: Path) -> None:
    taking = Taking(await filled(tmp_path), keep=2)
    await taking.snapshots.step()
    assert list_snapshots(tmp_path) == []
    taking.clock.advance(SETTLE_S)
    for number in range(1, 5):
        await taking.snapshots.step()
        await taking.snapshots.step()
        assert list_snapshots(tmp_path)[0].number == number
        taking.clock.advance(DAY_S)
    assert [one.number for one in list_snapshots(tmp_path)] == [4, 3]
    assert list_snapshots(tmp_path)[0].path.name == "000004-20231117T221820Z.db"
    assert taking.state() is HealthState.OK


async def test_restart_does_not_bring_the_next_one_forward(tmp_path: Path) -> None:
    await Taking(await filled(tmp_path)).snapshots.take()
    again = Taking(tmp_path)
    again.clock.advance(SETTLE_S + 10)
    await again.snapshots.step()
    again.clock.advance(DAY_S - 2 * SETTLE_S)
    await again.snapshots.step()
    assert len(list_snapshots(tmp_path)) == 1
    again.clock.advance(2 * SETTLE_S)
    await again.snapshots.step()
    assert len(list_snapshots(tmp_path)) == 2


async def test_wrong_clock_does_not_change_which_is_the_latest(tmp_path: Path) -> None:
    taking = Taking(await filled(tmp_path), keep=1)
    await taking.snapshots.take()
    taking.clock._start_ms = 0
    latest = await taking.snapshots.take()
    assert [one.path for one in list_snapshots(tmp_path)] == [latest.path]
    assert latest.path.name == "000002-19700101T000000Z.db"


async def test_none_are_taken_when_switched_off(tmp_path: Path) -> None:
    taking = Taking(await filled(tmp_path), every_ms=None)
    taking.clock.advance(10 * DAY_S)
    await taking.snapshots.step()
    assert list_snapshots(tmp_path) == []
    taking.snapshots.reconfigure(every_ms=3_600_000, keep=1)
    await taking.snapshots.step()
    taking.clock.advance(SETTLE_S)
    await taking.snapshots.step()
    assert len(list_snapshots(tmp_path)) == 1


async def test_lack_of_room_is_told_and_costs_old_ones_but_never_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking = Taking(await filled(tmp_path))
    for _ in range(3):
        await taking.snapshots.take()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    taking.clock.advance(DAY_S + SETTLE_S)
    taking.snapshots.reconfigure(every_ms=3_600_000, keep=2)
    await taking.snapshots.step()
    taking.clock.advance(DAY_S)
    await taking.snapshots.step()
    assert [one.number for one in list_snapshots(tmp_path)] == [3]
    assert taking.state() is HealthState.DEGRADED
    assert "history.snapshots.every: never" in taking.health.components["snapshots"].detail
    monkeypatch.undo()
    taking.clock.advance(DAY_S)
    await taking.snapshots.step()
    assert [one.number for one in list_snapshots(tmp_path)] == [4, 3]
    assert taking.state() is HealthState.OK


async def test_directory_that_cannot_be_read_is_told_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking = Taking(await filled(tmp_path))
    (tmp_path / "snapshots").mkdir()

    def fail(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "iterdir", fail)
        await taking.snapshots.step()
        assert taking.state() is HealthState.DEGRADED
        assert taking.health.components["snapshots"].detail == (
            f"{tmp_path}/snapshots: Permission denied; expected a directory of the gateway's user;"
            " tried hourly"
        )
        assert taking.snapshots._way_back().startswith(f"{tmp_path}/snapshots: Permission denied")
    taking.clock.advance(RETRY_S)
    await taking.snapshots.step()
    assert [one.number for one in list_snapshots(tmp_path)] == [1]
    assert taking.state() is HealthState.OK


async def test_draft_of_a_crash_is_no_snapshot_and_goes(tmp_path: Path) -> None:
    taking = Taking(await filled(tmp_path))
    (tmp_path / "snapshots").mkdir()
    draft = tmp_path / "snapshots" / "000009-20260101T000000Z.db.part"
    draft.write_text("half")
    (tmp_path / "snapshots" / "notes.txt").write_text("mine")
    (tmp_path / "snapshots" / "000009-20269999T000000Z.db").write_text("no date")
    assert list_snapshots(tmp_path) == []
    await taking.snapshots.take()
    assert not draft.exists()
    assert [one.number for one in list_snapshots(tmp_path)] == [1]


async def test_damaged_snapshot_is_passed_over(tmp_path: Path) -> None:
    taking = Taking(await filled(tmp_path))
    good = await taking.snapshots.take()
    bad = await taking.snapshots.take()
    bad.path.write_bytes(bad.path.read_bytes()[:5000])
    found = find_good_snapshot(tmp_path)
    assert found is not None
    assert found.snapshot == good
    assert find_good_snapshot(tmp_path, before=1) is None


async def test_damage_that_a_snapshot_meets_is_told_with_the_way_back(tmp_path: Path) -> None:
    taking = Taking(await filled(tmp_path))
    taking.clock.advance(SETTLE_S)
    path = tmp_path / "gateway.db"
    whole = path.read_bytes()
    for way_back in ("there is no snapshot to go back to", f"`truncate -s 0 {path}`"):
        path.write_bytes(whole[:6000] + b"\xa5" * (len(whole) - 6000))
        await taking.snapshots.step()
        taking.clock.advance(DAY_S)
        await taking.snapshots.step()
        assert taking.state() is HealthState.FAILED
        detail = taking.health.components["snapshots"].detail
        assert detail.startswith(f"{path} is damaged: ")
        assert way_back in detail
        path.write_bytes(whole)
        await taking.snapshots.take()


async def test_snapshot_that_cannot_be_written_is_an_error_of_history(tmp_path: Path) -> None:
    (await filled(tmp_path) / "snapshots").write_text("a file")
    with pytest.raises(HistoryError, match="expected to write there"):
        await Taking(tmp_path).snapshots.take()


async def test_cancelled_work_is_stopped_and_waited_for() -> None:
    ended = []

    def work(stop: threading.Event) -> None:
        assert stop.wait(PATIENCE_S)
        ended.append(True)

    task = asyncio.create_task(in_thread(work))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]
