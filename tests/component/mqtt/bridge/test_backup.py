"""Backups that are asked for over MQTT, as files."""

import asyncio
import stat
from pathlib import Path

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.backup.on_demand import Backups
from blynk_gateway.mqtt.bridge.backup import KEPT, BackupFiles
from blynk_gateway.mqtt.bridge.request import RequestRefused
from tests.helpers.clock import FakeClock
from tests.helpers.ports import MemoryBackups


def listed(data_dir: Path) -> list[str]:
    return sorted(path.name for path in (data_dir / "backups").iterdir())


async def test_backup_is_a_file_that_its_owner_alone_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who asked is somewhere else: the path that is answered is absolute.
    monkeypatch.chdir(tmp_path.parent)
    made = await BackupFiles(MemoryBackups(), Path(tmp_path.name), FakeClock()).make()
    path = tmp_path / "backups/blynk-gateway-20231114T221320Z.tar.gz"
    assert made == {"path": str(path), "bytes": 12}
    assert path.read_bytes() == b"first second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert listed(tmp_path) == [path.name]


async def test_the_latest_few_are_kept_and_nothing_of_others_is_removed(tmp_path: Path) -> None:
    clock = FakeClock()
    files = BackupFiles(MemoryBackups(), tmp_path, clock)
    await files.make()
    (tmp_path / "backups/mine.tar.gz").touch()
    for _ in range(4):
        clock.advance(1)
        await files.make()
    names = listed(tmp_path)
    assert names.pop() == "mine.tar.gz"
    assert names == [f"blynk-gateway-20231114T22132{second}Z.tar.gz" for second in (2, 3, 4)]
    assert len(names) == KEPT


async def test_new_backup_is_kept_even_if_the_clock_says_it_is_the_oldest(tmp_path: Path) -> None:
    clock = FakeClock()
    files = BackupFiles(MemoryBackups(), tmp_path, clock)
    for _ in range(3):
        clock.advance(1)
        await files.make()
    clock.step(-365 * 86_400_000)
    made = await files.make()
    names = listed(tmp_path)
    assert made["path"].rpartition("/")[2] in names
    assert len(names) == KEPT


async def test_second_backup_in_a_second_replaces_the_first(tmp_path: Path) -> None:
    files = BackupFiles(MemoryBackups(), tmp_path, FakeClock())
    assert await files.make() == await files.make()
    assert len(listed(tmp_path)) == 1


@pytest.mark.parametrize("is_late", [False, True])
async def test_backup_that_fails_leaves_nothing(tmp_path: Path, is_late: bool) -> None:
    backups = MemoryBackups()
    files = BackupFiles(backups, tmp_path, FakeClock())
    if is_late:
        backups.broken = HistoryError("broken")
    else:
        backups.fault = HistoryError("broken")
    with pytest.raises(HistoryError, match="broken"):
        await files.make()
    assert listed(tmp_path) == []
    backups.fault = backups.broken = None
    await files.make()
    assert len(listed(tmp_path)) == 1


async def test_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    backups = MemoryBackups()
    backups.broken = OSError(28, "No space left on device")
    with pytest.raises(RequestRefused, match=r"\.tar\.gz: No space left on device; expected"):
        await BackupFiles(backups, tmp_path, FakeClock()).make()
    assert listed(tmp_path) == []


async def test_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "backups").touch()
    with pytest.raises(RequestRefused, match=r"backups/blynk-gateway-.*expected to write"):
        await BackupFiles(MemoryBackups(), tmp_path, FakeClock()).make()


async def test_backup_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    class Endless(MemoryBackups):
        async def backup(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
            yield b"first"
            begun.set()
            await asyncio.Event().wait()

    begun = asyncio.Event()
    making = asyncio.create_task(
        BackupFiles(Endless(), tmp_path, FakeClock()).make(), name="making"
    )
    await begun.wait()
    assert len(listed(tmp_path)) == 1
    making.cancel()
    await asyncio.wait([making])
    assert making.cancelled()
    assert listed(tmp_path) == []


async def test_what_a_crash_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups/blynk-gateway-20200101T000000Z.tar.gz.part").touch()
    await BackupFiles(MemoryBackups(), tmp_path, FakeClock()).make()
    assert len(listed(tmp_path)) == 1


async def test_memory_and_real_backups_meet_one_port(tmp_path: Path) -> None:
    async def flush() -> None:
        return

    # No database is there: the real one refuses, and no file is left.
    files = BackupFiles(Backups(tmp_path, FakeClock(), flush), tmp_path, FakeClock())
    with pytest.raises(HistoryError):
        await files.make()
    assert listed(tmp_path) == []
