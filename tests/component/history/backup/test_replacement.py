import io
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from blynk_gateway.errors import HistoryCorrupt, HistoryError, SchemaTooNew
from blynk_gateway.history.backup import replacement
from blynk_gateway.history.backup.backup import write_backup
from blynk_gateway.history.backup.copying import SKIPPED_SEQS, sync
from blynk_gateway.history.backup.file import BackupInvalid, Manifest, measure, pack
from blynk_gateway.history.backup.replacement import RestoredBackup, restore_backup
from blynk_gateway.history.file.lock import HistoryInUse
from blynk_gateway.history.file.migration import STEPS
from tests.component.history.system import System
from tests.helpers.killed import run_killed

NOW_MS = 1_700_000_000_000
BEFORE = "data.before-restore-20231114T221320Z"


async def backed_up(directory: Path) -> tuple[bytes, System]:
    async with System(directory) as system:
        system.add("a")
        system.write("a", "V1", "old")
    (directory / "tls").mkdir()
    (directory / "tls/ca.key").write_text("key")
    return b"".join(write_backup(directory, 7)), system


def restored(body: bytes, data_dir: Path) -> RestoredBackup:
    return restore_backup(io.BytesIO(body), data_dir, NOW_MS, lambda _: None)


def entries(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_data_are_as_in_the_backup_and_the_old_ones_are_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    body, old = await backed_up(data)
    (data / "tls/ca.key").write_text("another")
    (data / "gateway.yaml").write_text("gateway: {name: Shed}")
    (data / "later.json").write_text("{}")
    inode = data.stat().st_ino
    done = restored(body, data)
    assert done.before == tmp_path / BEFORE
    assert entries(tmp_path) == ["data", BEFORE]
    assert done.before.stat().st_ino == inode
    assert (done.before / "tls/ca.key").read_text() == "another"
    assert entries(data) == ["gateway.db", "gateway.yaml", "tls"]
    assert data.stat().st_mode & 0o777 == 0o700
    async with System(data) as system:
        assert system.values == {"a/V1": ("old",)}
        assert system.restored.instance_id == old.restored.instance_id
        assert system.restored.next_seq > old.restored.next_seq + SKIPPED_SEQS


async def test_restore_onto_a_new_machine(tmp_path: Path) -> None:
    body, _ = await backed_up(tmp_path / "old")
    done = restored(body, tmp_path / "data")
    assert done.before is None
    assert entries(tmp_path) == ["data", "old"]


async def test_running_gateway_is_not_replaced(tmp_path: Path) -> None:
    body, _ = await backed_up(tmp_path / "old")
    async with System(tmp_path / "data"):
        with pytest.raises(HistoryInUse):
            restored(body, tmp_path / "data")
    assert entries(tmp_path) == ["data", "old"]


async def test_link_to_the_data_directory_stays_a_link(tmp_path: Path) -> None:
    body, _ = await backed_up(tmp_path / "card")
    (tmp_path / "data").symlink_to("card")
    done = restored(body, tmp_path / "data")
    assert (tmp_path / "data").is_symlink()
    assert done.before == tmp_path / BEFORE.replace("data", "card")


def forged(directory: Path, sql: str, **fields: object) -> bytes:
    """A backup whose hashes are right and whose database is not."""
    with closing(sqlite3.connect(directory / "gateway.db")) as connection, connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(sql)
        ((instance_id,),) = connection.execute(
            "SELECT value FROM setting WHERE name = 'instance_id'"
        )
    members = (measure(directory, "gateway.db", go_on=lambda: None),)
    manifest = Manifest("9.9", len(STEPS), instance_id, 7, members)
    return b"".join(pack(directory, manifest._replace(**fields)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sql", "fields", "error"),
    [
        ("SELECT 1", {"schema": len(STEPS) + 1}, SchemaTooNew),
        (f"PRAGMA user_version = {len(STEPS) + 1}", {}, SchemaTooNew),
        ("SELECT 1", {"instance_id": "another"}, BackupInvalid),
        ("SELECT 1", {"schema": 1}, BackupInvalid),
        ("SELECT 1", {"members": ()}, BackupInvalid),
        ("DELETE FROM setting WHERE name = 'reserved_seq'", {}, HistoryCorrupt),
    ],
)
async def test_backup_that_cannot_be_used_changes_nothing(
    tmp_path: Path, sql: str, fields: dict[str, object], error: type[HistoryError]
) -> None:
    await backed_up(tmp_path / "other")
    await backed_up(tmp_path / "data")
    before = (tmp_path / "data/gateway.db").read_bytes()
    with pytest.raises(error):
        restored(forged(tmp_path / "other", sql, **fields), tmp_path / "data")
    assert entries(tmp_path) == ["data", "other"]
    assert (tmp_path / "data/gateway.db").read_bytes() == before


async def test_damaged_database_inside_is_found_although_the_hash_fits(tmp_path: Path) -> None:
    await backed_up(tmp_path / "other")
    path = tmp_path / "other/gateway.db"
    body = forged(tmp_path / "other", "SELECT 1")
    content = bytearray(path.read_bytes())
    content[4096:12_000] = bytes(12_000 - 4096)
    path.write_bytes(content)
    members = (measure(path.parent, path.name, go_on=lambda: None),)
    manifest = Manifest("0.1", len(STEPS), "abc", 7, members)
    with pytest.raises(HistoryCorrupt):
        restored(b"".join(pack(path.parent, manifest)), tmp_path / "data")
    assert entries(tmp_path) == ["other"]
    assert restored(body, tmp_path / "data").before is None


async def test_lack_of_room_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, _ = await backed_up(tmp_path / "data")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(HistoryError, match="0 MB are free; expected 50"):
        restored(body, tmp_path / "data")
    assert entries(tmp_path) == ["data"]


@pytest.mark.parametrize("fails", [False, True])
async def test_file_system_that_cannot_exchange_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    data = tmp_path / "data"
    body, _ = await backed_up(data)
    (data / "later.json").write_text("{}")
    monkeypatch.setattr(replacement, "_exchange", lambda *_: False)
    if not fails:
        done = restored(body, data)
        assert done.before == tmp_path / BEFORE
        assert (done.before / "later.json").exists()
        assert not (data / "later.json").exists()
        return
    original = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if target == data and path.name.startswith("."):
            raise OSError(5, "Input/output error", str(path))
        return original(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(HistoryError, match="Input/output error"):
        restored(body, data)
    assert entries(tmp_path) == ["data"]
    assert (data / "later.json").exists()


@pytest.mark.parametrize("step", ["_exchange", "sync"])
async def test_old_data_outlive_a_failure_before_and_behind_the_swap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    data = tmp_path / "data"
    body, _ = await backed_up(data)
    (data / "later.json").write_text("{}")

    def refuse(*paths: Path) -> None:
        if step == "_exchange" or paths == (tmp_path,):
            raise OSError(5, "Input/output error", str(data))
        sync(*paths)

    monkeypatch.setattr(replacement, step, refuse)
    with pytest.raises(HistoryError, match="Input/output error"):
        restored(body, data)
    kept = data if step == "_exchange" else tmp_path / BEFORE
    assert (kept / "later.json").exists()
    assert entries(tmp_path) == (["data"] if kept == data else ["data", BEFORE])


async def test_what_a_crash_left_is_removed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    body, _ = await backed_up(data)
    (tmp_path / ".data.restore-12345678").mkdir()
    (tmp_path / ".data.restore-12345678/gateway.db").write_text("half of it")
    (tmp_path / ".database.restore-12345678").mkdir()
    restored(body, data)
    assert entries(tmp_path) == [".database.restore-12345678", "data", BEFORE]


RESTORING = """
from pathlib import Path
from blynk_gateway.history.backup.replacement import restore_backup

with open(sys.argv[1], "rb") as file:
    sys.addaudithook(count)
    restore_backup(file, Path(sys.argv[2]), 1_700_000_000_000, lambda _: None)
"""


async def test_kill_at_any_step_leaves_the_old_data_or_the_new(tmp_path: Path) -> None:
    data = tmp_path / "data"
    body, _ = await backed_up(data)
    (tmp_path / "backup").write_bytes(body)
    (data / "later.json").write_text("{}")
    old = entries(data)
    killed = 0
    while True:
        place = tmp_path / str(killed)
        shutil.copytree(data, place / "data")
        code = run_killed(RESTORING, killed + 1, tmp_path / "backup", place / "data")
        if code == 0:
            break
        assert code == -signal.SIGKILL
        killed += 1
        found = set(entries(place / "data")) - {"lock"}
        assert found in (set(old) - {"lock"}, {"gateway.db", "tls"})
        kept = [place / "data", *place.glob("data.before-restore-*")]
        assert any((one / "later.json").exists() for one in kept)
        # The next one does not mind.
        restore_backup(io.BytesIO(body), place / "data", NOW_MS + 1000, lambda _: None)
        assert not list(place.glob(".*"))
        async with System(place / "data") as system:
            assert system.values == {"a/V1": ("old",)}
    assert killed > 10


async def test_root_leaves_all_to_the_owner_of_the_old_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    body, _ = await backed_up(data)
    (data / "lock").unlink()
    owner = data.stat()
    given: list[str] = []

    def chown(path: Path, uid: int, gid: int, **_: object) -> None:
        assert (uid, gid) == (owner.st_uid, owner.st_gid)
        given.append(path.name.partition(".restore-")[0])

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", chown)
    restored(body, data)
    assert given == ["lock", ".data", "gateway.db", "tls", "ca.key"]
