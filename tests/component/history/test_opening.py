import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.backup.snapshots import SETTLE_S, Snapshots
from blynk_gateway.history.clock.timekeeper import Timekeeper
from blynk_gateway.history.opening import open_or_recover, own
from blynk_gateway.runtime.health import Health
from tests.component.history.system import System
from tests.helpers.clock import FakeClock, trusted

DATABASE = "gateway.db"
LATE_MS = 4_000_000_000_000


async def filled(directory: Path, value: str) -> None:
    async with System(directory) as system:
        system.add("a")
        system.write("a", "V1", value)


async def snapshot(directory: Path) -> None:
    clock = FakeClock()
    snapshots = Snapshots(directory, every_ms=86_400_000, keep=3, clock=clock, health=Health())
    clock.advance(SETTLE_S + 1)
    await snapshots.take()


def damage(directory: Path) -> None:
    path = directory / DATABASE
    body = bytearray(path.read_bytes())
    body[100:4096] = b"\xff" * 3996
    path.write_bytes(body)


async def values_and_damage(directory: Path) -> tuple[dict[str, tuple[str, ...]], str]:
    clock = FakeClock()
    timekeeper = Timekeeper(clock, trusted(clock), Health())
    opened = await open_or_recover(directory / DATABASE, clock, timekeeper)
    await opened.database.close()
    values = {f"{slug}/{pin}": value for slug, pin, value, _ in opened.restored.values}
    return values, opened.damage


async def test_a_sound_database_is_opened_as_it_is(tmp_path: Path) -> None:
    await filled(tmp_path, "1")
    assert await values_and_damage(tmp_path) == ({"a/V1": ("1",)}, "")


async def test_a_damaged_one_is_replaced_by_the_latest_snapshot_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await filled(tmp_path, "1")
    await snapshot(tmp_path)
    damage(tmp_path)
    values, told = await values_and_damage(tmp_path)
    assert values == {"a/V1": ("1",)}
    assert "snapshot" in told
    assert "history damaged" in caplog.messages
    assert any(tmp_path.glob("*.damaged-*"))  # noqa: ASYNC240  one look at the end


async def test_without_a_snapshot_a_new_one_is_begun(tmp_path: Path) -> None:
    await filled(tmp_path, "1")
    damage(tmp_path)
    values, told = await values_and_damage(tmp_path)
    assert values == {}
    assert told != ""


async def test_a_directory_is_made_and_had_by_one_process(tmp_path: Path) -> None:
    lock = own(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    with pytest.raises(HistoryError):
        own(tmp_path / "new")
    lock.release()
    own(tmp_path / "new").release()


async def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "file").write_text, "")
    with pytest.raises(HistoryError, match="expected a directory to keep history in"):
        own(tmp_path / "file" / "new")


async def test_a_correction_that_a_damaged_database_began_is_not_gone_on_with_in_its_stead(
    tmp_path: Path,
) -> None:
    await filled(tmp_path, "1")
    await snapshot(tmp_path)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection, connection:
        connection.execute(
            "INSERT INTO clock_shift VALUES (1, 0, 99, 99, 0, ?, 0, 5000, -1)", (LATE_MS,)
        )
        connection.execute("UPDATE segment SET body = x'07'")
    clock = FakeClock()
    keeper = Timekeeper(clock, trusted(clock), Health())
    opened = await open_or_recover(tmp_path / DATABASE, clock, keeper)
    await opened.database.close()
    assert "snapshot" in opened.damage
    assert keeper.settled_seq() is None
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        ((first_ms,),) = connection.execute("SELECT first_ms FROM segment").fetchall()
    assert first_ms == clock.now_ms()
