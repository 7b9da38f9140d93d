import errno
import io
import os
import shutil
import tarfile
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from blynk_gateway.errors import HistoryError
from blynk_gateway.history.backup.backup import write_backup
from blynk_gateway.history.backup.file import Manifest
from blynk_gateway.history.backup.on_demand import Backups
from blynk_gateway.history.backup.replacement import restore_backup
from tests.component.history.system import System

OTHERS = {
    "gpio.json": b"{}",
    "tls/ca.key": b"secret",
    "uploads/a/x-picture.png": os.urandom(1_000_000),
}
LEFT_OUT = (
    "gateway.yaml",
    "gpio.json.new",
    "gateway.db.damaged-7",
    "snapshots/000001-20260101T000000Z.db",
    "backups/blynk-gateway-20260101T000000Z.tar.gz",
    "uploads/a/.draft",
    "tls/ca.key.part",
    ".backup-old/gateway.db",
    "lost+found/#7",
)


def add_files(directory: Path) -> None:
    for name in (*OTHERS, *LEFT_OUT):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(OTHERS.get(name, b"left out"))
    (directory / "link.json").symlink_to("gpio.json")


def names(body: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        return tar.getnames()


def leftovers(directory: Path) -> list[Path]:
    return list(directory.glob(".backup-*"))


async def collect(backups: Backups) -> bytes:
    async with aclosing(backups.backup()) as pieces:
        return b"".join([piece async for piece in pieces])


async def test_running_gateway_backs_up_everything_but_the_configuration(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        add_files(tmp_path)
        system.add("a")
        system.write("a", "V1", "1")
        body = await collect(Backups(tmp_path, system.clock, system.journal.flush))
        assert names(body) == ["manifest.json", "gateway.db", *OTHERS]
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            text = tar.extractfile("manifest.json")
            picture = tar.extractfile("uploads/a/x-picture.png")
            assert text is not None
            assert picture is not None
            manifest = Manifest.from_json(text.read())
            assert picture.read() == OTHERS["uploads/a/x-picture.png"]
        restore_backup(io.BytesIO(body), tmp_path / "restored", 7, lambda _: None)
        assert manifest.instance_id == system.restored.instance_id
        assert manifest.at_ms == system.clock.now_ms()
        assert leftovers(tmp_path) == []
    async with System(tmp_path / "restored") as system:
        assert system.values == {"a/V1": ("1",)}


async def test_what_changes_during_a_backup_is_not_in_it(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        add_files(tmp_path)
        async with aclosing(
            Backups(tmp_path, system.clock, system.journal.flush).backup()
        ) as pieces:
            body = await anext(pieces)
            (tmp_path / "uploads/a/x-picture.png").unlink()
            fresh = tmp_path / "fresh"
            fresh.write_bytes(b"changed")
            fresh.replace(tmp_path / "tls/ca.key")
            body += b"".join([piece async for piece in pieces])
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            key = tar.extractfile("tls/ca.key")
            assert key is not None
            assert key.read() == b"secret"


async def test_backup_without_a_gateway_and_without_a_clean_stop(tmp_path: Path) -> None:
    async with System(tmp_path / "data") as system:
        system.add("a")
        system.write("a", "V1", "1")
        await system.journal.flush()
        # As after a crash: what was committed is in the write-ahead log.
        shutil.copytree(tmp_path / "data", tmp_path / "crashed")
    add_files(tmp_path / "crashed")
    told: list[int] = []
    body = b"".join(write_backup(tmp_path / "crashed", 7, told.append))
    assert names(body) == ["manifest.json", "gateway.db", *OTHERS]
    assert leftovers(tmp_path / "crashed") == []


async def test_lack_of_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with System(tmp_path) as system:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
        with pytest.raises(HistoryError, match="1 MB are free; expected 50"):
            await collect(Backups(tmp_path, system.clock, system.journal.flush))


def test_directory_without_a_database_is_explained(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"gateway\.db: No such file"):
        list(write_backup(tmp_path, 0))


async def test_file_system_without_links_is_copied_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    async with System(tmp_path) as system:
        add_files(tmp_path)
        monkeypatch.setattr(os, "link", refuse)
        body = await collect(Backups(tmp_path, system.clock, system.journal.flush))
    assert names(body) == ["manifest.json", "gateway.db", *OTHERS]


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOENT])
async def test_directory_that_cannot_be_read_is_never_left_out_silently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    async with System(tmp_path):
        add_files(tmp_path)
    scandir = os.scandir

    def fail(path: Any) -> Any:  # noqa: ANN401  as the function in its place
        if str(path) == f"{tmp_path}/tls":
            raise OSError(number, os.strerror(number), path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fail)
    if number == errno.ENOENT:
        assert "tls/ca.key" not in names(b"".join(write_backup(tmp_path, 7)))
    else:
        with pytest.raises(HistoryError, match=f"{tmp_path}/tls: Permission denied"):
            b"".join(write_backup(tmp_path, 7))
    assert leftovers(tmp_path) == []
