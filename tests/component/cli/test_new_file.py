import stat
from pathlib import Path

import pytest

from blynk_gateway.cli.new_file import BadTarget, new_file, new_path

AT_MS = 1_769_817_600_000


def test_directory_gets_a_name_with_the_time(tmp_path: Path) -> None:
    assert new_path(str(tmp_path), "shed", AT_MS) == tmp_path / "shed-20260131T000000Z.tar.gz"


@pytest.mark.parametrize("name", ["there", "gone/"])
def test_what_is_there_and_what_is_not_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").touch()
    with pytest.raises(BadTarget, match=f"{name} is"):
        new_path(f"{tmp_path}/{name}", "shed", AT_MS)


def test_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with new_file(path) as file:
        file.write(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_broken_off_file_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_file(tmp_path / "file") as file:
        file.write(bytes(1 // 0))
    assert list(tmp_path.iterdir()) == []


def test_what_came_there_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(BadTarget, match="is there already"), new_file(path):
        path.write_text("another's")
    assert path.read_text() == "another's"
    assert list(tmp_path.iterdir()) == [path]


def test_disk_without_links_gets_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    with new_file(tmp_path / "file") as file:
        file.write(b"whole")
    assert (tmp_path / "file").read_bytes() == b"whole"
