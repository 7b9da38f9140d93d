"""What is read again and again: when to read, and what of it to report.

1. Readings follow a grid of `every_ms` from the first one. A reading that takes long, or a machine
   that stood still, leaves slots out; it never makes readings bunch, nor shifts the grid.
2. One failed reading of a thermometer is nothing: three in a row are a fault. After a fault one is
   enough until it has answered, so that a sensor that stays away is tried ever more seldom.
3. The first reading after `open` is always reported.
"""

import asyncio
import logging
import math
from abc import abstractmethod
from collections import deque
from decimal import Decimal
from typing import TypeVar

from blynk_gateway.config.gpio.common import Range, SampledOptions
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import SensorSilent
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.peripheral import Opening, Peripheral
from blynk_gateway.runtime.tasks import cancel, spawn

log = logging.getLogger(__name__)

S_co = TypeVar("S_co", bound=SampledOptions, covariant=True)

MAX_FAILURES = 3
"""Failed readings in a row that make a fault."""

MAX_RETRY_S = 5.0
"""After a failed reading the next comes so soon at the latest: one bad reading of a value that is
read once an hour must not cost the hour, nor the fault be seen after three."""

_NOISE_DIGITS = 9
"""Digits that count when a difference is compared: 22.1 - 21.6 is no more than 0.5."""


class SampledPeripheral(Peripheral[S_co]):
    """A peripheral whose value is read by `read` every `every_ms`.

    A class of its own claims its hardware in `open` before `super().open`, and gives it up in
    `close` after `super().close`.
    """

    is_proven = False

    def __init__(self, options: S_co, host: Host) -> None:
        super().__init__(options, host)
        self._task: asyncio.Task[None] | None = None
        self._actual: PinValue = ()

    @abstractmethod
    async def read(self) -> float:
        """Take one reading. May wait, but not for ever; readings of one peripheral never overlap.

        Raises:
            HardwareError, or one of `host.errors`: this one failed.
        """

    def open(self, opening: Opening) -> None:
        """Begin to read; the first reading is taken at once."""
        max_failures = 1 if opening is Opening.RETRY else MAX_FAILURES
        self._task = spawn(self._run(max_failures), name=f"gpio-{self.options.name}")

    async def close(self) -> None:
        """Read no more. May be called twice."""
        task, self._task = self._task, None
        self._actual = ()
        if task is not None:
            await cancel(task)

    @property
    def actual(self) -> PinValue:
        """The latest reading, reported or not; `()` before the first one."""
        return self._actual

    async def _run(self, max_failures: int) -> None:
        options = self.options
        selection = Selection(options)
        schedule = Schedule(selection.period_s, self.host.clock.monotonic())
        expected = self.host.errors
        failures = 0
        while True:
            try:
                value = await self._read_finite()
            except expected as error:
                failures += 1
                self.host.health.count("gpio_readings_failed")
                log.debug("reading failed", extra={"peripheral": options.name, "error": error})
                if failures == max_failures:
                    self.host.failed(options.name, error)
                    return
            else:
                failures = 0
                max_failures = MAX_FAILURES
                self.host.proven(options.name)
                # After a failure it is taken before its slot.
                self._take(selection, value, min(schedule.due_s, self.host.clock.monotonic()))
            wait_s = schedule.advance(self.host.clock.monotonic())
            await asyncio.sleep(min(wait_s, MAX_RETRY_S) if failures else wait_s)

    async def _read_finite(self) -> float:
        value = await self.read()
        if not math.isfinite(value):
            raise SensorSilent(f"{self.options.name} reads as {value}; expected a finite number")
        return value

    def _take(self, selection: "Selection", value: float, at_s: float) -> None:
        reported = selection.take(value, at_s)
        self._actual = (selection.text,)
        if reported is not None:
            self.host.report(self.options.pin, (reported,))


class Schedule:
    """A grid of moments.

    Args:
        period_s: between two of them.
        start_s: the first, monotonic seconds.

    Attributes:
        due_s: the moment the current reading belongs to.
    """

    def __init__(self, period_s: float, start_s: float) -> None:
        self.due_s = start_s
        self._period_s = period_s

    def advance(self, now_s: float) -> float:
        """Go to the first moment of the grid that lies after `now_s`.

        Returns:
            Seconds until then.
        """
        if now_s >= self.due_s:
            slots = math.floor((now_s - self.due_s) / self._period_s) + 1
            self.due_s += slots * self._period_s
        return self.due_s - now_s


class Selection:
    """Decides which readings are reported, by `smoothing`, `deadband`, `heartbeat_ms`, `decimals`.

    Attributes:
        period_s: between readings: `every_ms`, or `heartbeat_ms` if that is shorter.
        text: the latest reading, smoothed and rounded; empty before the first.
    """

    def __init__(self, options: SampledOptions) -> None:
        heartbeat_ms = options.heartbeat_ms
        every_ms = options.every_ms if heartbeat_ms is None else min(options.every_ms, heartbeat_ms)
        self.period_s = every_ms / 1000
        self.text = ""
        self._heartbeat_s = math.inf if heartbeat_ms is None else heartbeat_ms / 1000
        self._deadband = options.deadband
        self._decimals = options.decimals
        self._recent: deque[float] = deque(maxlen=max(1, options.smoothing))
        self._reported: float | None = None
        self._reported_at_s = 0.0

    def take(self, value: float, at_s: float) -> str | None:
        """Take a reading.

        Args:
            value: a finite number.
            at_s: the moment of the schedule that it belongs to, monotonic seconds.

        Returns:
            The text to report, None for nothing new.
        """
        self._recent.append(value)
        mean = math.fsum(self._recent) / len(self._recent)
        self.text = number_text(mean, self._decimals)
        rounded = float(self.text)
        if not self._is_due(rounded, at_s):
            return None
        self._reported = rounded
        self._reported_at_s = at_s
        return self.text

    def _is_due(self, value: float, at_s: float) -> bool:
        if self._reported is None:
            return True
        if round(abs(value - self._reported), _NOISE_DIGITS) > self._deadband:
            return True
        # The next reading would come too late.
        next_s = round(at_s + self.period_s - self._reported_at_s, _NOISE_DIGITS)
        return next_s > self._heartbeat_s


def number_text(value: float, decimals: int) -> str:
    """A finite number, rounded, without needless zeros: `21.5`, `20`; never with an exponent."""
    # 15 digits are what a float keeps of a decimal number: more would show 0.1 + 0.2 as it is.
    text = format(Decimal(f"{round(value, decimals):.15g}"), "f")
    return "0" if text == "-0" else text


def scale(fraction: float, full: Range) -> float:
    """The value that stands for a fraction of full scale: 0 is `full.low`, 1 is `full.high`."""
    return full.low + fraction * (full.high - full.low)
