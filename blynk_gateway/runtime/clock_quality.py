"""Whether the wall clock can be trusted, and when it jumps.

A Pi without a real-time clock begins with the time of its last stop, or with that of its system's
making, until a time server is reached. Nothing here corrects anything; it tells who does.

1. Trust lasts: a clock that was right once in this boot drifts by seconds in a day, not by years.
2. A jump is told before the trust that may come with it.
3. Slewing, by which a time server corrects little by little, is no jump: it moves the monotonic
   clock as much.
"""

import asyncio
import ctypes
import logging
from collections.abc import Callable
from pathlib import Path

from blynk_gateway.core.clock import Clock

log = logging.getLogger(__name__)

EARLIEST_MS = 1_767_225_600_000
"""2026-01-01: this version is not older, so an earlier time is wrong whoever set it."""

STEP_MS = 2000
"""Time servers step from a tenth of a second on; a chart does not show less than this."""

CHECK_EVERY_S = 1.0

RTC_WITHIN_S = 120
"""How far the system's clock may be from the real-time clock that it was set by. More means that it
was set by something else: a Pi 5 without a battery has a real-time clock that begins in 1970."""

_SYNCHRONISED = "run/systemd/timesync/synchronized"
_RTC = "sys/class/rtc/rtc0/since_epoch"

_TIME_ERROR = 5
_TIMEX_BYTES = 512


def kernel_is_synchronised() -> bool:
    """Whether the kernel says that a time server disciplines its clock.

    chrony, ntpd and systemd-timesyncd all tell it. Source: adjtimex(2), `STA_UNSYNC`, `TIME_ERROR`.
    """
    # All zero: nothing is changed. The structure has 208 bytes at most.
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    state = int(ctypes.CDLL(None).adjtimex(timex))
    return 0 <= state != _TIME_ERROR


class ClockQuality:
    """Watches the machine's clock.

    Args:
        root: of the file system.
        is_synchronised: what the kernel says.
        was_trusted: whether an earlier run of this boot found the clock right, and nobody set it
            since.

    Attributes:
        is_trusted: whether the wall clock can be believed, as of the latest check.
        offset_ms: UTC ms minus ms of the monotonic clock, as of the latest check.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        root: Path = Path("/"),
        is_synchronised: Callable[[], bool] = kernel_is_synchronised,
        was_trusted: bool = False,
    ) -> None:
        self._clock = clock
        self._root = root
        self._is_synchronised = is_synchronised
        self._trusted_callbacks: list[Callable[[], None]] = []
        self._stepped_callbacks: list[Callable[[int], None]] = []
        self.offset_ms = self._offset_ms()
        self.is_trusted = self._is_plausible and (
            was_trusted or self._is_set_by_rtc or self._follows_server
        )

    def on_trusted(self, callback: Callable[[], None]) -> None:
        """Have it called once, when the clock becomes trusted; not if it is already."""
        self._trusted_callbacks.append(callback)

    def on_stepped(self, callback: Callable[[int], None]) -> None:
        """Have it called with each jump: ms that the clock went ahead, negative for back."""
        self._stepped_callbacks.append(callback)

    async def run(self) -> None:
        """Check once a second until cancelled."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            self.check()

    def check(self) -> None:
        """Look at the clock now, and tell what is new. Takes some microseconds."""
        offset_ms = self._offset_ms()
        delta_ms = offset_ms - self.offset_ms
        self.offset_ms = offset_ms
        if abs(delta_ms) > STEP_MS:
            log.warning("clock stepped", extra={"seconds": delta_ms / 1000})
            for stepped in self._stepped_callbacks:
                stepped(delta_ms)
        if not self.is_trusted and self._is_plausible and self._follows_server:
            self.is_trusted = True
            log.info("clock synchronised")
            for trusted in self._trusted_callbacks:
                trusted()

    @property
    def _is_plausible(self) -> bool:
        return self._clock.now_ms() >= EARLIEST_MS

    @property
    def _follows_server(self) -> bool:
        return (self._root / _SYNCHRONISED).exists() or self._is_synchronised()

    @property
    def _is_set_by_rtc(self) -> bool:
        try:
            rtc_s = int((self._root / _RTC).read_text("ascii"))
        except (OSError, ValueError):
            return False
        return abs(self._clock.now_ms() // 1000 - rtc_s) <= RTC_WITHIN_S

    def _offset_ms(self) -> int:
        return self._clock.now_ms() - round(self._clock.monotonic() * 1000)
