"""What is known of the run before."""

from pathlib import Path

import pytest

from blynk_gateway.runtime.last_stop import FILE, Ending, LastStop, RunMarker


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine in its first boot."""
    boot(tmp_path, "one")
    return tmp_path


def boot(root: Path, name: str) -> None:
    path = root / "proc/sys/kernel/random/boot_id"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{name}\n")


def test_before_the_first_run_there_was_none(root: Path) -> None:
    assert RunMarker(root, root).begin("1.0") == LastStop(Ending.FIRST)


def test_a_run_that_ended_as_it_should_is_known_with_its_version(root: Path) -> None:
    marker = RunMarker(root, root)
    marker.begin("1.0")
    marker.end()
    assert RunMarker(root, root).begin("1.1") == LastStop(Ending.CLEAN, "1.0")


def test_a_run_without_an_end_was_killed_or_lost_its_power(root: Path) -> None:
    RunMarker(root, root).begin("1.0")
    assert RunMarker(root, root).begin("1.0") == LastStop(Ending.KILLED, "1.0")
    boot(root, "two")
    assert RunMarker(root, root).begin("1.0") == LastStop(Ending.POWER, "1.0")


def test_an_end_without_a_begin_marks_nothing(root: Path) -> None:
    RunMarker(root, root).end()
    assert not (root / FILE).exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"null", b"\xff", b'{"state": 1}'])
def test_a_damaged_file_is_no_obstacle(root: Path, content: bytes) -> None:
    (root / FILE).write_bytes(content)
    assert RunMarker(root, root).begin("1.0").ending is Ending.UNKNOWN
    assert RunMarker(root, root).begin("1.0").ending is Ending.KILLED


def test_a_directory_that_takes_nothing_is_no_obstacle(root: Path) -> None:
    missing = root / "gone"
    assert RunMarker(missing, root).begin("1.0").ending is Ending.FIRST
    assert RunMarker(missing, root / "no proc").begin("1.0").ending is Ending.FIRST
