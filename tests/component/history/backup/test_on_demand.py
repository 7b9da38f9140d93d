from contextlib import aclosing
from pathlib import Path

import pytest

from blynk_gateway.history.backup.on_demand import BackupBusy, Backups, clear_leftovers
from tests.component.history.system import System


def leftovers(directory: Path) -> list[Path]:
    return list(directory.glob(".backup-*"))


async def collect(backups: Backups) -> bytes:
    async with aclosing(backups.backup()) as pieces:
        return b"".join([piece async for piece in pieces])


async def test_only_one_is_made_at_a_time_and_an_abandoned_one_leaves_nothing(
    tmp_path: Path,
) -> None:
    async with System(tmp_path) as system:
        backups = Backups(tmp_path, system.clock, system.journal.flush)
        async with aclosing(backups.backup()) as first:
            await anext(first)
            assert len(leftovers(tmp_path)) == 1
            with pytest.raises(BackupBusy):
                await collect(backups)
        assert leftovers(tmp_path) == []
        assert await collect(backups)


def test_what_a_crash_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".backup-old").mkdir()
    (tmp_path / ".backup-old" / "gateway.db").touch()
    (tmp_path / "gpio.json").touch()
    clear_leftovers(tmp_path)
    assert leftovers(tmp_path) == []
    assert (tmp_path / "gpio.json").exists()
