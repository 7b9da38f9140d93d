"""Pulses on a line: how many there were, and how many there are a second."""

import asyncio
from collections.abc import Callable

from blynk_gateway.config.gpio.common import Edge as Counted
from blynk_gateway.config.gpio.inputs import CounterOptions, FrequencyOptions
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.value import PinValue, number, printable
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.inputs.debounce import Pace
from blynk_gateway.gpio.lines.edges import Edges, WatchedLine, watch
from blynk_gateway.gpio.peripheral import Opening, Peripheral
from blynk_gateway.gpio.sampling import SampledPeripheral, number_text

DECIMALS = 9
"""Digits behind the point of a scaled count; the rest is noise of binary fractions."""


class Counter(Peripheral[CounterOptions]):
    """Counts from where the pin stood, also over restarts."""

    def __init__(self, options: CounterOptions, host: Host) -> None:
        super().__init__(options, host)
        self._line: WatchedLine | None = None
        self._pace: Pace[int] = Pace(options.every_ms, host.clock, self._report)
        # Counted as a whole number, so that many small steps add up exactly.
        self._start = 0.0
        self._count = 0

    def open(self, opening: Opening) -> None:  # noqa: ARG002  an input does not care
        """Claim the line; a pin without a number gets 0."""
        self._line = _watch(self.host, self.options, self._changed, self.options.debounce_ms)
        found = number(self.host.stored(self.options.pin))
        self._set(found or 0.0)
        if found is None:
            self.host.report(self.options.pin, self.actual)

    async def close(self) -> None:
        """Give the line up, and report what was counted last."""
        line, self._line = self._line, None
        if line is not None:
            line.close()
            self._pace.flush()

    def command(self, change: PinChange) -> None:
        """Go on from another number.

        Raises:
            InvalidValue: it is none.
        """
        wanted = number(change.value)
        if wanted is None:
            raise InvalidValue(
                f"{self.options.name}: {printable(' '.join(change.value))[:40]!r} is no count;"
                " expected a number, 0 for a new start"
            )
        # What was counted before belongs to the count that ended.
        self._pace.close()
        self._set(wanted)

    @property
    def actual(self) -> PinValue:
        """The count, reported or not."""
        return (number_text(self._start + self._count * self.options.scale, DECIMALS),)

    def _set(self, total: float) -> None:
        self._start = total
        self._count = 0

    def _changed(self, edges: Edges) -> None:
        counted = _counted(edges, self.options.edge)
        if counted:
            self._count += counted
            self._pace.offer(edges.edges[-1].at_ms)

    def _report(self, at_ms: int) -> None:
        self.host.report(self.options.pin, self.actual, at_ms)


class Frequency(SampledPeripheral[FrequencyOptions]):
    """Counts within each `every_ms`; the first reading comes at the end of the first."""

    def __init__(self, options: FrequencyOptions, host: Host) -> None:
        super().__init__(options, host)
        self._line: WatchedLine | None = None
        self._count = 0
        self._since_s: float | None = None

    def open(self, opening: Opening) -> None:
        """Claim the line and begin to count."""
        self._count = 0
        self._since_s = None
        self._line = _watch(self.host, self.options, self._changed, debounce_ms=0)
        super().open(opening)

    async def close(self) -> None:
        """Count no more and give the line up."""
        await super().close()
        line, self._line = self._line, None
        if line is not None:
            line.close()

    async def read(self) -> float:
        """Edges a second since the reading before, times `scale`; 0 while nothing comes."""
        clock = self.host.clock
        if self._since_s is None:
            self._since_s = clock.monotonic()
            self._count = 0
            await asyncio.sleep(self.options.every_ms / 1000)
        now_s = clock.monotonic()
        count, self._count = self._count, 0
        elapsed_s, self._since_s = now_s - self._since_s, now_s
        return count / elapsed_s * self.options.scale

    def _changed(self, edges: Edges) -> None:
        self._count += _counted(edges, self.options.edge)


def _watch(
    host: Host,
    options: CounterOptions | FrequencyOptions,
    handler: Callable[[Edges], None],
    debounce_ms: int,
) -> WatchedLine:
    return watch(
        host.board,
        options.line,
        pull=options.pull,
        debounce_ms=debounce_ms,
        handler=handler,
        clock=host.clock,
    )


def _counted(edges: Edges, kind: Counted) -> int:
    if kind is Counted.RISING:
        return edges.rising
    if kind is Counted.FALLING:
        return edges.falling
    return edges.rising + edges.falling
