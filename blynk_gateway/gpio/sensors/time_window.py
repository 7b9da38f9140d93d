"""Whether it is a certain time of day."""

import asyncio

from blynk_gateway.config.gpio.sensors import TimeWindowOptions
from blynk_gateway.core.value import PinValue
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.peripheral import Opening, Peripheral
from blynk_gateway.runtime.tasks import cancel, spawn

_DAY_MINUTES = 24 * 60


class TimeWindow(Peripheral[TimeWindowOptions]):
    """`time_window`: 1 from `start` to `end` each day in local time, else 0.

    It looks at each full minute of the clock. Windows begin and end there, and so do changes to and
    from daylight saving: one look a minute is never late, and follows a clock that was set within a
    minute.
    """

    def __init__(self, options: TimeWindowOptions, host: Host) -> None:
        super().__init__(options, host)
        self._task: asyncio.Task[None] | None = None
        self._actual: PinValue = ()

    @property
    def actual(self) -> PinValue:
        """What was reported last."""
        return self._actual

    def open(self, opening: Opening) -> None:  # noqa: ARG002  time does not care
        """Report what holds now, and each change from now on."""
        self._look()
        self._task = spawn(self._run(), name=f"gpio-{self.options.name}")

    async def close(self) -> None:
        """Look no more. May be called twice."""
        task, self._task = self._task, None
        self._actual = ()
        if task is not None:
            await cancel(task)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(seconds_to_minute(self.host.clock.now_ms()))
            self._look()

    def _look(self) -> None:
        options = self.options
        minute = self.host.zone.local_seconds(self.host.clock.now_ms()) // 60 % _DAY_MINUTES
        value = (str(int(is_within(minute, options.start, options.end))),)
        if value != self._actual:
            self._actual = value
            self.host.report(options.pin, value)


def is_within(minute: int, start: int, end: int) -> bool:
    """Whether a minute of the day lies in a window, which may span midnight.

    Args:
        minute: since midnight, as are `start`, which belongs to the window, and `end`, which does
            not.
    """
    return (minute - start) % _DAY_MINUTES < (end - start) % _DAY_MINUTES


def seconds_to_minute(now_ms: int) -> float:
    """Seconds until the clock shows a full minute, above 0 and 60 at most."""
    return (60_000 - now_ms % 60_000) / 1000
