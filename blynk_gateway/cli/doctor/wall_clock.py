"""Checks of the clock: history, schedules and certificates need the right time."""

import time
from collections.abc import Callable, Iterator

from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, fault, ok, warning
from blynk_gateway.runtime.clock_quality import EARLIEST_MS
from blynk_gateway.runtime.time_service import kernel_is_synchronised

EARLIEST_YEAR = time.gmtime(EARLIEST_MS // 1000).tm_year
"""The gateway trusts no clock that shows less."""

LATEST_YEAR = 2100

_NAME = "clock"
_SYNCHRONISED = "/run/systemd/timesync/synchronized"
_RTC = "/sys/class/rtc/rtc0"


def check_clock(
    case: Case, is_synchronised: Callable[[], bool | None] = kernel_is_synchronised
) -> Iterator[Finding]:
    """The time is right, and stays so."""
    now = time.gmtime(case.clock.now_ms() / 1000)
    shown = time.strftime("%Y-%m-%d %H:%M UTC", now)
    if not EARLIEST_YEAR <= now.tm_year < LATEST_YEAR:
        yield fault(
            _NAME,
            f"it is said to be {shown}; expected {EARLIEST_YEAR} or later",
            "Set it: connect the network, or `sudo timedatectl set-time '2026-01-31 12:00'`.",
        )
        return
    has_rtc = case.at(_RTC).exists()
    if case.at(_SYNCHRONISED).exists() or is_synchronised():
        backup = "" if has_rtc else "; no real-time clock, so that it needs the network at a start"
        yield ok(_NAME, f"{shown}, synchronised{backup}")
    elif has_rtc:
        yield warning(
            _NAME,
            f"{shown}, from the real-time clock, not synchronised",
            "Switch it on: `sudo timedatectl set-ntp true`; it needs the network.",
        )
    else:
        yield warning(
            _NAME,
            f"{shown}, not synchronised, and there is no real-time clock",
            "Run `sudo timedatectl set-ntp true`; without a network add a real-time clock,"
            " else the time stands still while the power is off.",
        )
