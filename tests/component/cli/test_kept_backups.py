import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from blynk_gateway.cli import main
from blynk_gateway.cli.backup import _PATH
from tests.helpers.control import Control, control_server


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    directory = tmp_path / "stick"
    directory.mkdir()
    return directory


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    with control_server(tmp_path / "data") as control:
        control.answers[f"GET {_PATH}"] = (200, "the backup")
        yield control


def backup(tmp_path: Path, target: Path | str, keep: str) -> int:
    return main(["backup", "--data-dir", str(tmp_path / "data"), str(target), "--keep", keep])


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


@pytest.mark.usefixtures("control")
def test_directory_keeps_the_latest_few(tmp_path: Path, stick: Path) -> None:
    # The clock may have been wrong once: what is made now stays all the same.
    old = [f"blynk-gateway-{year}0131T030000Z.tar.gz" for year in (1970, 2025, 2099)]
    foreign = {"blynk-gateway-mine.tar.gz", "notes.txt"}
    for name in (*old, *foreign):
        (stick / name).write_text("x")
    assert backup(tmp_path, stick, "2") == 0
    (new,) = names(stick) - {*old, *foreign}
    assert names(stick) == {new, old[2], *foreign}
    assert (stick / new).read_text() == "the backup"


@pytest.mark.usefixtures("control")
def test_one_can_be_all_that_is_kept(tmp_path: Path, stick: Path) -> None:
    (stick / "blynk-gateway-20990131T030000Z.tar.gz").write_text("x")
    assert backup(tmp_path, stick, "1") == 0
    (new,) = stick.iterdir()
    assert new.read_text() == "the backup"


def test_failed_backup_removes_no_older_one(
    tmp_path: Path, stick: Path, control: Control, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in (1, 2):
        (stick / f"blynk-gateway-2025010{day}T030000Z.tar.gz").write_text("x")
    error = {"code": "x", "message": "too little room", "hint": "Make some."}
    control.answers[f"GET {_PATH}"] = (503, {"error": error})
    assert backup(tmp_path, stick, "1") == 1
    assert len(names(stick)) == 2
    assert "too little room" in capsys.readouterr().err


@pytest.mark.usefixtures("control")
def test_disk_keeps_some_room(
    tmp_path: Path,
    stick: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = shutil.disk_usage(stick).free
    monkeypatch.setattr("blynk_gateway.cli.kept_backups.ROOM_LEFT_BYTES", free * 2)
    assert backup(tmp_path, stick, "1") == 1
    assert "MB are free; expected the backup to leave" in capsys.readouterr().err
    assert names(stick) == set()


@pytest.mark.usefixtures("control")
def test_draft_of_a_power_cut_goes_and_one_being_written_stays(tmp_path: Path, stick: Path) -> None:
    drafts = [stick / f".blynk-gateway-20250101T030000Z.tar.gz.0123456{n}" for n in (1, 2)]
    for draft in drafts:
        draft.write_text("half")
    os.utime(drafts[0], (1.0, 1.0))
    assert backup(tmp_path, stick, "1") == 0
    assert {name for name in names(stick) if name.startswith(".")} == {drafts[1].name}


@pytest.mark.parametrize("target", ["file", "-"])
def test_only_a_directory_can_keep_some(
    tmp_path: Path, control: Control, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    name = target if target == "-" else str(tmp_path / target)
    assert backup(tmp_path, name, "2") == 1
    assert control.requests == []
    assert f"{name} is no directory; expected one for --keep" in capsys.readouterr().err


@pytest.mark.parametrize("count", ["0", "some", "1001", "²"])
def test_count_that_is_none_is_refused(
    stick: Path, capsys: pytest.CaptureFixture[str], count: str
) -> None:
    assert main(["backup", str(stick), f"--keep={count}"]) == 2
    assert "is no number from 1 to 1000" in capsys.readouterr().err
