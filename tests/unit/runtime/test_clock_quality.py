import logging
from pathlib import Path

import pytest

from blynk_gateway.runtime.clock_quality import (
    EARLIEST_MS,
    SETTLED_S,
    ClockQuality,
)
from tests.helpers.clock import FakeClock

NOW_MS = EARLIEST_MS + 86_400_000


class Watched:
    """A clock quality, and what it told."""

    def __init__(
        self,
        root: Path,
        start_ms: int = NOW_MS,
        *,
        synced: bool = False,
        machine: str = "aarch64",
    ) -> None:
        self.clock = FakeClock(start_ms)
        self.synced = synced
        self.told: list[str] = []
        self.quality = ClockQuality(
            self.clock,
            root=root,
            is_synchronised=lambda: self.synced,
            machine=machine,
        )
        self.quality.on_trusted(lambda: self.told.append("trusted"))


def rtc(root: Path, seconds: int, name: str = "rtc0") -> None:
    path = root / f"sys/class/rtc/{name}/since_epoch"
    path.parent.mkdir(parents=True)
    path.write_text(f"{seconds}\n")


def test_clock_without_anything_to_go_by_is_not_trusted(tmp_path: Path) -> None:
    assert not Watched(tmp_path).quality.is_trusted


def test_clock_that_follows_a_server_is_trusted(tmp_path: Path) -> None:
    assert Watched(tmp_path, synced=True).quality.is_trusted


def test_note_of_the_system_that_it_synchronised_is_enough(tmp_path: Path) -> None:
    note = tmp_path / "run/systemd/timesync/synchronized"
    note.parent.mkdir(parents=True)
    note.touch()
    assert Watched(tmp_path).quality.is_trusted


def test_time_before_this_program_is_never_trusted(tmp_path: Path) -> None:
    watched = Watched(tmp_path, EARLIEST_MS - 1, synced=True, machine="x86_64")
    assert not watched.quality.is_trusted
    watched.quality.resume(was_trusted=True, was_set=False)
    watched.quality.check()
    assert not watched.quality.is_trusted


@pytest.mark.parametrize(
    ("seconds", "is_trusted"),
    [(NOW_MS // 1000 + 60, True), (NOW_MS // 1000 - 3600, False), (1000, False)],
)
def test_clock_set_by_a_real_time_clock_is_trusted(
    tmp_path: Path, seconds: int, is_trusted: bool
) -> None:
    rtc(tmp_path, seconds)
    assert Watched(tmp_path).quality.is_trusted is is_trusted


def test_real_time_clock_beside_one_without_a_battery_is_enough(tmp_path: Path) -> None:
    rtc(tmp_path, 100)
    rtc(tmp_path, NOW_MS // 1000, "rtc1")
    assert Watched(tmp_path).quality.is_trusted


def test_real_time_clock_that_makes_no_sense_is_none(tmp_path: Path) -> None:
    path = tmp_path / "sys/class/rtc/rtc0/since_epoch"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff")
    assert not Watched(tmp_path).quality.is_trusted


@pytest.mark.parametrize(
    ("machine", "is_board", "is_trusted"),
    [
        ("x86_64", False, True),
        ("i686", False, True),
        ("x86_64", True, False),
        ("aarch64", False, False),
        ("riscv64", False, False),
    ],
)
def test_clock_of_a_pc_and_of_what_runs_on_it_is_trusted(
    tmp_path: Path, machine: str, is_board: bool, is_trusted: bool
) -> None:
    if is_board:
        (tmp_path / "proc/device-tree").mkdir(parents=True)
        (tmp_path / "proc/device-tree/model").write_text("Raspberry Pi 4 Model B Rev 1.4\0")
    assert Watched(tmp_path, machine=machine).quality.is_trusted is is_trusted


def test_clock_of_a_pc_that_began_in_the_past_is_trusted_when_it_is_set(tmp_path: Path) -> None:
    watched = Watched(tmp_path, 1_000_000, machine="x86_64")
    assert not watched.quality.is_trusted
    watched.clock.step(NOW_MS)
    assert watched.quality.check()
    assert watched.quality.is_trusted


def test_earlier_run_of_this_boot_is_believed(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.quality.resume(was_trusted=True, was_set=False)
    watched.quality.resume(was_trusted=True, was_set=False)
    assert watched.quality.is_trusted
    assert watched.told == ["trusted"]


def test_jump_and_the_trust_that_comes_with_it_are_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(tmp_path, 1_000_000)
    watched.clock.advance(60)
    assert not watched.quality.check()
    assert watched.told == []
    watched.clock.step(NOW_MS)
    watched.synced = True
    assert watched.quality.check()
    assert watched.told == ["trusted"]
    assert watched.quality.is_trusted
    watched.clock.advance(1)
    assert not watched.quality.check()
    assert watched.told == ["trusted"]
    assert [one.levelno for one in caplog.records] == [logging.WARNING, logging.INFO]


def test_server_that_is_there_just_before_it_sets_the_clock_is_no_reason_yet(
    tmp_path: Path,
) -> None:
    watched = Watched(tmp_path)
    watched.synced = True
    assert not watched.quality.check()
    watched.clock.step(86_400_000)
    assert watched.quality.check()
    assert watched.told == ["trusted"]


@pytest.mark.parametrize("was_set", [False, True])
def test_clock_set_by_hand_is_trusted_when_it_has_stayed_so(tmp_path: Path, was_set: bool) -> None:
    watched = Watched(tmp_path)
    if was_set:
        watched.quality.resume(was_trusted=False, was_set=True)
    else:
        watched.clock.step(86_400_000)
        assert watched.quality.check()
    watched.clock.advance(SETTLED_S - 1)
    assert not watched.quality.check()
    watched.clock.advance(1)
    assert watched.quality.check()
    assert watched.quality.is_trusted


def test_each_jump_begins_the_wait_anew(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for _ in range(3):
        watched.clock.step(3_600_000)
        assert watched.quality.check()
        watched.clock.advance(SETTLED_S - 1)
        assert not watched.quality.check()
    assert not watched.quality.is_trusted


def test_trust_outlasts_the_server(tmp_path: Path) -> None:
    watched = Watched(tmp_path, synced=True)
    watched.synced = False
    watched.clock.advance(86_400)
    assert not watched.quality.check()
    assert watched.quality.is_trusted
    assert watched.told == []


@pytest.mark.parametrize(("delta_ms", "told"), [(2000, False), (2001, True), (-2001, True)])
def test_only_jumps_are_told_and_each_once(tmp_path: Path, delta_ms: int, told: bool) -> None:
    watched = Watched(tmp_path, synced=True)
    watched.clock.step(delta_ms)
    assert watched.quality.check() is told
    assert not watched.quality.check()
    assert watched.quality.offset_ms == NOW_MS - 1_000_000 + delta_ms
