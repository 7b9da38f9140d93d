import shutil
import signal
from pathlib import Path

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.backup.recovery import recover, recover_at_start
from blynk_gateway.history.backup.snapshots import Snapshot, Snapshots
from blynk_gateway.runtime.health import Health
from tests.component.history.system import System, files_of
from tests.helpers.clock import FakeClock
from tests.helpers.killed import run_killed

DAMAGED = b"\xa5" * 10_000


async def filled(directory: Path, value: str = "1") -> None:
    async with System(directory) as system:
        system.add("a")
        system.write("a", "V1", value)


async def take(directory: Path) -> Snapshot:
    clock = FakeClock()
    return await Snapshots(directory, every_ms=None, keep=3, clock=clock, health=Health()).take()


async def test_damaged_database_goes_back_to_the_snapshot_and_says_what_is_lost(
    tmp_path: Path,
) -> None:
    await filled(tmp_path)
    taken = await take(tmp_path)
    await filled(tmp_path, "2")
    path = tmp_path / "gateway.db"
    path.write_bytes(DAMAGED)
    recovery = recover(path, 1_700_000_500_000)
    assert recovery.snapshot == taken
    assert recovery.aside.read_bytes() == DAMAGED
    assert str(recovery) == (
        "the snapshot of 2023-11-14 22:13:20 UTC stands in for it; what was recorded or added from"
        " 2023-11-14 22:13:20 UTC to 2023-11-14 22:21:40 UTC is lost; the damaged file is kept as"
        f" {recovery.aside}"
    )
    async with System(tmp_path) as system:
        assert system.values == {"a/V1": ("1",)}
        assert [one.slug for one in system.restored.definitions] == ["a"]
    assert taken.path.exists()


async def test_snapshot_that_cannot_be_used_either_makes_room_for_an_older_one(
    tmp_path: Path,
) -> None:
    await filled(tmp_path)
    older = await take(tmp_path)
    await take(tmp_path)
    path = tmp_path / "gateway.db"
    path.write_text("damaged")
    first = recover(path, 7)
    second = recover(path, 8, first)
    assert second.snapshot == older
    assert second.aside == first.aside
    assert second.aside.read_text() == "damaged"
    third = recover(path, 9, second)
    assert third.snapshot is None
    assert not path.exists()
    assert "all history up to 1970-01-01 00:00:00 UTC is lost" in str(third)
    assert third.aside.read_text() == "damaged"


RECOVERING = """
from pathlib import Path
from blynk_gateway.history.backup.recovery import recover

sys.addaudithook(count)
recover(Path(sys.argv[1]), 1_700_000_500_000)
"""


async def test_kill_at_any_step_of_the_way_back_does_not_cost_the_snapshot(tmp_path: Path) -> None:
    first = tmp_path / "first"
    await filled(first)
    await take(first)
    (first / "gateway.db").write_bytes(DAMAGED)
    (first / "gateway.db-wal").write_bytes(b"\xa5" * 5000)
    killed = said = 0
    while True:
        place = tmp_path / str(killed)
        shutil.copytree(first, place)
        path = place / "gateway.db"
        code = run_killed(RECOVERING, killed + 1, path)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        killed += 1
        is_done = path.exists() and path.read_bytes() != DAMAGED
        async with System(place) as system:
            assert system.values == {"a/V1": ("1",)}
            if not is_done:
                assert "the snapshot of 2023-11-14 22:13:20 UTC stands in" in system.journal.damage
                said += 1
        (aside,) = [one for one in place.glob("*.damaged-*") if one.name[-1].isdigit()]
        assert aside.read_bytes() == DAMAGED
        assert files_of(place, "*.from-*") == {}
    assert said > 5


async def test_part_of_a_copy_that_a_crash_left_is_removed(tmp_path: Path) -> None:
    await filled(tmp_path)
    path = tmp_path / "gateway.db"
    whole = path.read_bytes()
    part = tmp_path / "gateway.db.from-000001-20260101T000000Z.db"
    part.write_bytes(whole[:3000])
    assert recover_at_start(path, 7) is None
    assert files_of(tmp_path) == {path: whole}


async def test_database_removed_by_hand_does_not_come_back(tmp_path: Path) -> None:
    await filled(tmp_path)
    await take(tmp_path)
    (tmp_path / "gateway.db").unlink()
    assert recover_at_start(tmp_path / "gateway.db", 7) is None
    async with System(tmp_path) as system:
        assert system.values == {}


async def test_lack_of_room_for_the_copy_leaves_the_damaged_file_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(tmp_path)
    await take(tmp_path)
    path = tmp_path / "gateway.db"
    path.write_bytes(DAMAGED)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", refuse)
    with pytest.raises(HistoryError, match="No space left on device; expected room for the snap"):
        recover(path, 7)
    assert files_of(tmp_path) == {path: DAMAGED}


async def test_emptied_database_goes_back_to_the_snapshot(tmp_path: Path) -> None:
    await filled(tmp_path)
    await take(tmp_path)
    (tmp_path / "gateway.db").write_bytes(b"")
    async with System(tmp_path) as system:
        assert system.values == {"a/V1": ("1",)}
        assert "was damaged or empty; the snapshot of 2023-11-14" in system.journal.damage


async def test_file_without_a_byte_is_a_new_database_where_there_is_no_snapshot(
    tmp_path: Path,
) -> None:
    (tmp_path / "gateway.db").write_bytes(b"")
    async with System(tmp_path) as system:
        assert system.journal.damage == ""
        assert system.values == {}
