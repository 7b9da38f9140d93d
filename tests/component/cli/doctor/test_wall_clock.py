import calendar

import pytest

from blynk_gateway.cli.doctor.finding import Level
from blynk_gateway.cli.doctor.wall_clock import check_clock
from tests.component.cli.doctor.conftest import Machine
from tests.helpers.clock import FakeClock


def at(year: int) -> FakeClock:
    """A clock that stands at the first of July."""
    return FakeClock(calendar.timegm((year, 7, 1, 12, 0, 0)) * 1000)


@pytest.mark.parametrize("year", [1970, 2025, 2100])
def test_impossible_year_is_a_fault(machine: Machine, year: int) -> None:
    machine.change(clock=at(year))
    level, text, _ = machine.only(check_clock, lambda: True)
    assert level is Level.FAULT
    assert f"it is said to be {year}-07-01 12:00 UTC" in text


@pytest.mark.parametrize(
    ("files", "kernel", "level", "text"),
    [
        (("sys/class/rtc/rtc0",), True, Level.OK, "synchronised"),
        (("run/systemd/timesync/synchronized",), False, Level.OK, "needs the network at a start"),
        ((), True, Level.OK, "no real-time clock"),
        (("sys/class/rtc/rtc0",), False, Level.WARNING, "from the real-time clock, not sync"),
        ((), False, Level.WARNING, "not synchronised, and there is no real-time clock"),
    ],
)
def test_clock_is_as_good_as_what_it_follows(
    machine: Machine, files: tuple[str, ...], kernel: bool, level: Level, text: str
) -> None:
    machine.change(clock=at(2026))
    for file in files:
        machine.file(file)
    found, told, _ = machine.only(check_clock, lambda: kernel)
    assert found is level
    assert "2026-07-01 12:00 UTC" in told
    assert text in told
