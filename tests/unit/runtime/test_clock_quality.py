import logging
from pathlib import Path

import pytest

from blynk_gateway.runtime.clock_quality import (
    EARLIEST_MS,
    ClockQuality,
    kernel_is_synchronised,
)
from tests.helpers.clock import FakeClock

NOW_MS = EARLIEST_MS + 86_400_000


class Watched:
    """A clock quality, and what it told."""

    def __init__(
        self, root: Path, start_ms: int = NOW_MS, *, synced: bool = False, was_trusted: bool = False
    ) -> None:
        self.clock = FakeClock(start_ms)
        self.synced = synced
        self.told: list[object] = []
        self.quality = ClockQuality(
            self.clock,
            root=root,
            is_synchronised=lambda: self.synced,
            was_trusted=was_trusted,
        )
        self.quality.on_trusted(lambda: self.told.append("trusted"))
        self.quality.on_stepped(self.told.append)

    def step(self, delta_ms: int) -> None:
        self.clock._start_ms += delta_ms


def rtc(root: Path, seconds: int) -> None:
    path = root / "sys/class/rtc/rtc0/since_epoch"
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
    assert not Watched(tmp_path, EARLIEST_MS - 1, synced=True, was_trusted=True).quality.is_trusted


@pytest.mark.parametrize(
    ("seconds", "is_trusted"),
    [(NOW_MS // 1000 + 60, True), (NOW_MS // 1000 - 3600, False), (1000, False)],
)
def test_clock_set_by_a_real_time_clock_is_trusted(
    tmp_path: Path, seconds: int, is_trusted: bool
) -> None:
    rtc(tmp_path, seconds)
    assert Watched(tmp_path).quality.is_trusted is is_trusted


def test_real_time_clock_that_makes_no_sense_is_none(tmp_path: Path) -> None:
    path = tmp_path / "sys/class/rtc/rtc0/since_epoch"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff")
    assert not Watched(tmp_path).quality.is_trusted


def test_earlier_run_of_this_boot_is_believed(tmp_path: Path) -> None:
    assert Watched(tmp_path, was_trusted=True).quality.is_trusted


def test_jump_is_told_before_the_trust_that_comes_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(tmp_path, 1_000_000)
    watched.clock.advance(60)
    watched.quality.check()
    assert watched.told == []
    watched.step(NOW_MS)
    watched.synced = True
    watched.quality.check()
    assert watched.told == [NOW_MS, "trusted"]
    assert watched.quality.is_trusted
    watched.clock.advance(1)
    watched.quality.check()
    assert watched.told == [NOW_MS, "trusted"]
    assert [one.levelno for one in caplog.records] == [logging.WARNING, logging.INFO]


def test_trust_outlasts_the_server(tmp_path: Path) -> None:
    watched = Watched(tmp_path, synced=True)
    watched.synced = False
    watched.clock.advance(86_400)
    watched.quality.check()
    assert watched.quality.is_trusted
    assert watched.told == []


@pytest.mark.parametrize(("delta_ms", "told"), [(2000, []), (2001, [2001]), (-2001, [-2001])])
def test_only_jumps_are_told_and_each_once(tmp_path: Path, delta_ms: int, told: list[int]) -> None:
    watched = Watched(tmp_path, synced=True)
    watched.step(delta_ms)
    watched.quality.check()
    watched.quality.check()
    assert watched.told == told
    assert watched.quality.offset_ms == NOW_MS - 1_000_000 + delta_ms


def test_kernel_answers() -> None:
    assert kernel_is_synchronised() in (True, False)


async def test_run_looks_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path)

    async def sleep(seconds: float) -> None:
        assert seconds == 1
        if watched.told:
            raise InterruptedError
        watched.step(5000)

    monkeypatch.setattr("blynk_gateway.runtime.clock_quality.asyncio.sleep", sleep)
    with pytest.raises(InterruptedError):
        await watched.quality.run()
    assert watched.told == [5000]
