import logging
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.file import database
from blynk_gateway.history.file.database import (
    CHECK_WHOLE_BYTES,
    PAGE_BYTES,
    move_aside,
    open_database,
)
from blynk_gateway.runtime.health import HealthState
from tests.component.history.system import System, files_of, put_back


async def fill(directory: Path) -> Path:
    async with System(directory) as system:
        system.add("a")
        for number in range(20_000):
            system.write("a", f"V{number % 100}", str(number))
    return system.path


def overwrite(start: int, end: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        body = bytearray(path.read_bytes())
        body[start:end] = b"\xa5" * (end - start)
        path.write_bytes(body)

    return damage


def cut_in_half(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def cut_to(size_bytes: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:size_bytes])

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        overwrite(0, 100),
        overwrite(100, 1_000),
        overwrite(9_000, 30_000),
        cut_in_half,
        cut_to(50),
        cut_to(PAGE_BYTES),
    ],
    ids=["header", "schema", "pages", "cut", "part of a page", "one page"],
)
async def test_damaged_file_is_moved_aside_and_a_new_one_begun(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None]
) -> None:
    damage(await fill(tmp_path))
    damaged = (tmp_path / "gateway.db").read_bytes()
    async with System(tmp_path) as system:
        assert system.restored.values == []
        aside = tmp_path / f"gateway.db.damaged-{system.clock.now_ms()}"
        assert aside.read_bytes() == damaged
        system.add("b")
        system.write("b", "V1", "1")
        await system.journal.flush()
        # It stays in health although commits work.
        component = system.health.components["history"]
        assert component.state is HealthState.DEGRADED
        assert str(aside) in component.detail
    assert [one.levelname for one in caplog.records if one.message == "history damaged"] == [
        "ERROR"
    ]
    async with System(tmp_path) as system:
        assert system.values == {"b/V1": ("1",)}
        assert system.health.components["history"].state is HealthState.OK


async def test_damage_that_only_the_replay_sees_is_treated_alike(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        system.write("a", "V1", "1")
        await system.journal.flush()
        for number in range(300):
            system.write("a", "V1", str(number))
        await system.journal.flush()
        # A crash: the files as they are now, without the checkpoint of a clean stop.
        crashed = files_of(tmp_path)
    put_back(crashed)
    async with System(tmp_path) as system:
        assert system.values == {"a/V1": ("299",)}
    put_back(crashed)
    connection = await open_database(tmp_path / "gateway.db")
    await connection.write([("UPDATE segment SET body = x'07'", ())])
    await connection.close()
    async with System(tmp_path) as system:
        assert system.values == {}
    assert len(files_of(tmp_path, "*.damaged-*")) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM setting WHERE name = 'reserved_seq'",
        "UPDATE setting SET value = 'x' WHERE name = 'checkpoint_seq'",
    ],
)
async def test_damaged_setting_is_treated_alike(tmp_path: Path, damage: str) -> None:
    path = await fill(tmp_path)
    connection = await open_database(path)
    await connection.write([(damage, ())])
    await connection.close()
    async with System(tmp_path) as system:
        assert system.values == {}
        assert "setting" in system.health.components["history"].detail
    assert len(files_of(tmp_path, "*.damaged-*")) == 1


@pytest.mark.parametrize(("limit", "is_kept"), [(1, True), (CHECK_WHOLE_BYTES, False)])
async def test_damaged_segment_of_a_large_file_costs_no_more_than_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, is_kept: bool
) -> None:
    async with System(tmp_path) as system:
        system.add("a")
        for number in range(200):
            system.write("a", "V1", f"needle {number}")
            await system.journal.flush()
    at = system.path.read_bytes().index(b"needle 100") // PAGE_BYTES * PAGE_BYTES
    overwrite(at, at + PAGE_BYTES)(system.path)
    monkeypatch.setattr(database, "CHECK_WHOLE_BYTES", limit)
    async with System(tmp_path) as system:
        assert system.values == ({"a/V1": ("needle 199",)} if is_kept else {})


def test_side_files_move_along(tmp_path: Path) -> None:
    for name in ("gateway.db", "gateway.db-wal", "other.db"):
        (tmp_path / name).write_text(name)
    aside = move_aside(tmp_path / "gateway.db", 7)
    assert aside == tmp_path / "gateway.db.damaged-7"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "gateway.db.damaged-7": "gateway.db",
        "gateway.db.damaged-7-wal": "gateway.db-wal",
        "other.db": "other.db",
    }


def test_of_many_damaged_files_the_oldest_and_the_newest_stay(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    for now_ms in (7, 8, 90, 100, 1000):
        path.write_text(str(now_ms))
        (tmp_path / "gateway.db-wal").write_text("log")
        move_aside(path, now_ms)
    (tmp_path / "gateway.db.damaged-mine").touch()
    kept = [f"gateway.db.damaged-{one}{end}" for one in (7, 8, 1000) for end in ("", "-wal")]
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(
        [*kept, "gateway.db.damaged-mine"]
    )


async def test_files_are_readable_by_the_owner_only(tmp_path: Path) -> None:
    async with System(tmp_path / "new") as system:
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in system.path.parent.iterdir()
        }
        assert modes == dict.fromkeys(
            ("gateway.db", "gateway.db-wal", "gateway.db-shm", "lock"), 0o600
        )
        assert stat.S_IMODE(system.path.parent.stat().st_mode) == 0o700


async def test_path_that_is_no_file_is_explained_and_the_directory_released(
    tmp_path: Path,
) -> None:
    (tmp_path / "gateway.db").mkdir()
    for _ in range(2):
        with pytest.raises(HistoryError, match=r"gateway\.db: Is a directory; check the disk"):
            await System(tmp_path).journal.open()


async def test_directory_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match="expected a directory"):
        await System(tmp_path / "file" / "data").journal.open()


async def test_failed_transaction_changes_nothing(tmp_path: Path) -> None:
    connection = await open_database(tmp_path / "gateway.db")
    insertion = ("INSERT INTO setting VALUES ('a', 1)", ())
    with pytest.raises(HistoryError, match="no such table: nowhere"):
        await connection.write([insertion, ("INSERT INTO nowhere VALUES (1)", ())])
    assert await connection.fetch("SELECT * FROM setting") == []
    await connection.write([insertion])
    assert [tuple(row) for row in await connection.fetch("SELECT * FROM setting")] == [("a", 1)]
    await connection.close()


async def test_no_token_goes_into_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with System(tmp_path) as system:
        definition = system.add("a")
        await system.journal.flush()
        secrets = (definition.token, system.restored.gateway_token)
    assert not [line for line in caplog.messages for secret in secrets if secret in line]


async def test_only_what_may_be_lost_is_written_without_a_sync(tmp_path: Path) -> None:
    opened = await open_database(tmp_path / "gateway.db")
    for is_synced, level in ((False, 1), (True, 2)):
        await opened.write([], is_synced=is_synced)
        assert await opened.fetch("PRAGMA synchronous") == [(level,)]
    await opened.close()


async def test_deletion_does_not_write_what_it_frees(tmp_path: Path) -> None:
    opened = await open_database(tmp_path / "gateway.db")
    log = tmp_path / "gateway.db-wal"
    try:
        insertion = "INSERT INTO value SELECT 1, zeroblob(500000), 0, 0"
        await opened.write([(insertion, ())])
        before = log.stat().st_size
        await opened.write([("DELETE FROM value", ())])
        assert log.stat().st_size - before < 50_000
    finally:
        await opened.close()
