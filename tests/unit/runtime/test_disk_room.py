from pathlib import Path

import pytest

from blynk_gateway.runtime.disk_room import disk_room


def test_only_files_at_the_top_count(tmp_path: Path) -> None:
    (tmp_path / "gateway.db").write_bytes(bytes(1000))
    (tmp_path / "gateway.db-wal").write_bytes(bytes(500))
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads/a").write_bytes(bytes(70))
    room = disk_room(tmp_path)
    assert room.data == 1500
    assert 0 < room.free <= room.total


def test_file_that_goes_meanwhile_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([tmp_path / "gone"]))
    assert disk_room(tmp_path).data == 0


def test_missing_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        disk_room(tmp_path / "gone")
