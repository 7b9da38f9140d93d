import os
from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.cli.doctor.finding import Level
from blynk_gateway.cli.doctor.storage import check_configuration, check_data_dir, check_disk
from blynk_gateway.config import Options
from tests.component.cli.doctor.conftest import Machine


def disk(free_kilobytes: int, flags: int) -> Callable[[Path], os.statvfs_result]:
    """A file system with that much room, in blocks of 1000 bytes."""
    found = os.statvfs_result((1000, 1000, 0, 0, free_kilobytes, 0, 0, 0, flags, 255))
    return lambda _: found


def test_disk_of_this_machine_is_measured(machine: Machine) -> None:
    assert "MB free for" in machine.only(check_disk)[1]


def test_every_fault_and_warning_of_the_configuration_is_told(machine: Machine) -> None:
    machine.change(faults=("a.yaml:1: x: found", "a.yaml:2: y: found"))
    assert [one.level for one in machine.find(check_configuration)] == [Level.FAULT] * 2
    machine.change(faults=(), options=Options(warnings=("a.yaml:3: x: warning: z",)))
    assert machine.only(check_configuration)[:2] == (Level.WARNING, "a.yaml:3: x: z")


def test_good_configuration_is_named(machine: Machine, tmp_path: Path) -> None:
    assert machine.only(check_configuration) == (Level.OK, "no file, the defaults", "")
    config = tmp_path / "gateway.yaml"
    config.touch()
    machine.change(config=config)
    assert machine.only(check_configuration) == (Level.OK, str(config), "")


def test_configuration_that_the_daemon_may_not_read_is_a_fault(
    machine: Machine, tmp_path: Path
) -> None:
    config = tmp_path / "gateway.yaml"
    config.touch(mode=0o600)
    machine.change(config=config)
    machine.be_stranger()
    *_, finding = machine.find(check_configuration)
    assert finding.level is Level.FAULT
    assert "may not be read by gateway" in finding.text
    machine.change(config=tmp_path / "none.yaml", faults=("none.yaml: not there",))
    (finding,) = machine.find(check_configuration)
    assert finding.text == "none.yaml: not there"


def test_data_directory_that_is_private_and_ours_is_well(machine: Machine) -> None:
    level, text, _ = machine.only(check_data_dir)
    assert (level, text.split(",")[0]) == (Level.OK, str(machine.data_dir))


def test_data_directory_that_others_may_read_is_a_warning(machine: Machine) -> None:
    machine.data_dir.chmod(0o755)
    level, text, advice = machine.only(check_data_dir)
    assert level is Level.WARNING
    assert "has mode 0755; expected 0700" in text
    assert f"chmod 0700 {machine.data_dir}" in advice


def test_data_directory_of_somebody_else_is_a_fault(machine: Machine) -> None:
    machine.be_stranger()
    level, text, advice = machine.only(check_data_dir)
    assert level is Level.FAULT
    assert "expected one that gateway may write" in text
    assert "chown -R gateway" in advice


def test_data_directory_that_is_a_file_is_a_fault(machine: Machine) -> None:
    path = machine.file("data")
    machine.change(data_dir=path)
    assert machine.only(check_data_dir)[:2] == (Level.FAULT, f"{path} is no directory")


def test_missing_data_directory_is_well_if_it_can_be_made(machine: Machine) -> None:
    machine.change(data_dir=machine.data_dir / "a" / "b")
    assert machine.only(check_data_dir)[0] is Level.OK
    machine.be_stranger()
    level, text, _ = machine.only(check_data_dir)
    assert level is Level.FAULT
    assert f"may not make it in {machine.data_dir}" in text


@pytest.mark.parametrize(
    ("free", "level"),
    [
        (19_999_000, Level.FAULT),
        (20_000_000, Level.WARNING),
        (199_999_000, Level.WARNING),
        (200_000_000, Level.OK),
    ],
)
def test_too_little_room_is_told_before_there_is_none(
    machine: Machine, free: int, level: Level
) -> None:
    machine.change(data_dir=machine.data_dir / "not" / "yet")
    found, text, _ = machine.only(check_disk, disk(free // 1000, 0))
    assert found is level
    assert text.startswith(f"{free // 1_000_000} MB free")


def test_disk_that_turned_read_only_is_a_fault(machine: Machine) -> None:
    level, text, advice = machine.only(check_disk, disk(10**6, os.ST_RDONLY))
    assert level is Level.FAULT
    assert "mounted read-only" in text
    assert "dmesg" in advice
