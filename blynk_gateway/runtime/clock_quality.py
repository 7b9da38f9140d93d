"""Whether the wall clock can be trusted, and when it jumps.

A Pi without a real-time clock begins with the time of its last stop, or with that of its system's
making, until a time server is reached. Nothing here corrects anything; it tells who does.

1. Trust lasts: a clock that was right once in this boot drifts by seconds in a day, not by years.
2. Slewing, by which a time server corrects little by little, is no jump: it moves the monotonic
   clock as much.
3. No machine is without the time for ever: a PC's clock is trusted from the start, and one that
   somebody set by hand is when it has stayed so for a while.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from blynk_gateway.core.clock import Clock
from blynk_gateway.runtime.time_service import TimeService

log = logging.getLogger(__name__)

EARLIEST_MS = 1_767_225_600_000
"""2026-01-01: this version is not older, so an earlier time is wrong whoever set it."""

STEP_MS = 2000
"""Time servers step from a tenth of a second on; a chart does not show less than this."""

CHECK_EVERY_S = 1.0

RTC_WITHIN_S = 120
"""How far the system's clock may be from the real-time clock that it was set by. More means that it
was set by something else: a Pi 5 without a battery has a real-time clock that begins in 1970."""

SETTLED_S = 600.0
"""After a jump without a time server. Somebody set the clock: a person, who means it, or a program
that puts back the time of the last stop, which a time server corrects within minutes."""

_SYNCHRONISED = "run/systemd/timesync/synchronized"
_RTCS = "sys/class/rtc/rtc*/since_epoch"
_BOARD = "proc/device-tree/model"
_PC = frozenset({"x86_64", "i686", "i586"})


class ClockQuality:
    """Watches the machine's clock; `check` is to be called every `CHECK_EVERY_S`.

    Args:
        root: of the file system.
        is_synchronised: whether a time server is followed; None to ask the system.
        machine: kind of processor, as the kernel names it. PCs, and what runs in containers and
            virtual machines on them, have a clock that goes on without power, or a host that keeps
            it, even if there is nothing to see of it.

    Attributes:
        is_trusted: whether the wall clock can be believed, as of the latest check.
        offset_ms: UTC ms minus ms of the monotonic clock, as of the latest check.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        root: Path = Path("/"),
        is_synchronised: Callable[[], bool] | None = None,
        machine: str = os.uname().machine,
    ) -> None:
        self._clock = clock
        self._root = root
        self._is_synchronised = is_synchronised or TimeService(clock).is_synchronised
        self._is_pc = machine in _PC and not (root / _BOARD).exists()
        self._trusted_callbacks: list[Callable[[], None]] = []
        self._set_at: float | None = None
        self._has_followed = False
        self.offset_ms = self._offset_ms()
        self.is_trusted = self._is_plausible and (
            self._is_pc or self._is_set_by_rtc or self._follows_server
        )

    def on_trusted(self, callback: Callable[[], None]) -> None:
        """Have it called once, when the clock becomes trusted; not if it is already."""
        self._trusted_callbacks.append(callback)

    def resume(self, *, was_trusted: bool, was_set: bool) -> None:
        """Take over what an earlier run of this boot knew.

        Args:
            was_trusted: it found the clock right, and nobody set it since.
            was_set: somebody set the clock in this boot.
        """
        if was_set:
            self._set_at = self._clock.monotonic()
        if was_trusted and self._is_plausible:
            self._trust()

    def check(self) -> bool:
        """Look at the clock; returns whether it jumped, or became trusted. Takes microseconds."""
        offset_ms = self._offset_ms()
        delta_ms = offset_ms - self.offset_ms
        self.offset_ms = offset_ms
        is_step = abs(delta_ms) > STEP_MS
        if is_step:
            self._set_at = self._clock.monotonic()
            log.warning("clock stepped", extra={"seconds": delta_ms / 1000})
        if self.is_trusted:
            return is_step
        # A time server may say that it is there just before it sets the clock.
        has_followed, self._has_followed = self._has_followed, self._follows_server
        is_synchronised = self._has_followed and (is_step or has_followed)
        if not (self._is_plausible and (self._is_pc or self._is_settled or is_synchronised)):
            return is_step
        log.info("clock synchronised")
        self._trust()
        return True

    def _trust(self) -> None:
        if not self.is_trusted:
            self.is_trusted = True
            for trusted in self._trusted_callbacks:
                trusted()

    @property
    def _is_settled(self) -> bool:
        return self._set_at is not None and self._clock.monotonic() - self._set_at >= SETTLED_S

    @property
    def _is_plausible(self) -> bool:
        return self._clock.now_ms() >= EARLIEST_MS

    @property
    def _follows_server(self) -> bool:
        return (self._root / _SYNCHRONISED).exists() or self._is_synchronised()

    @property
    def _is_set_by_rtc(self) -> bool:
        # A Pi 5 has one of its own, before the one with a battery that somebody added.
        now_s = self._clock.now_ms() // 1000
        return any(
            abs(now_s - rtc_s) <= RTC_WITHIN_S
            for path in self._root.glob(_RTCS)
            for rtc_s in _seconds(path)
        )

    def _offset_ms(self) -> int:
        return self._clock.now_ms() - round(self._clock.monotonic() * 1000)


def _seconds(path: Path) -> Iterator[int]:
    """What a real-time clock shows, if it does."""
    with contextlib.suppress(OSError, ValueError):
        yield int(path.read_text("ascii"))
