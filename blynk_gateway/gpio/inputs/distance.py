"""Ultrasonic distance sensors: the HC-SR04 and those like it.

A pulse on the trigger line makes the sensor chirp; it holds the echo line high from the chirp until
its echo is back. Source: the HC-SR04's data sheet. The echo is timed by the edges' own times, so
that a busy loop falsifies nothing.
"""

import asyncio
import time
from typing import Any

from gpiozero import OutputDevice

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.config.gpio.inputs import DistanceOptions
from blynk_gateway.errors import LineUnavailable, SensorSilent
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.lines.edges import Edge, Edges, WatchedLine, watch
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sampling import SampledPeripheral

TRIGGER_S = 10e-6
"""Shortest trigger pulse; a longer one is as good."""

BEGIN_WITHIN_S = 0.1
"""The echo line rises half a millisecond after the trigger; the rest is for a busy machine."""

END_WITHIN_S = 0.4
"""Without an obstacle the echo line falls after 38 ms, of some sensors after 200 ms."""

SOUND_CM_PER_S = 34_300.0
"""Speed of sound in air of 20 °C."""


class Distance(SampledPeripheral[DistanceOptions]):
    """Reads the distance in cm, `max_distance` if there is nothing nearer."""

    def __init__(self, options: DistanceOptions, host: Host) -> None:
        super().__init__(options, host)
        self._trigger: Any = None
        self._echo: WatchedLine | None = None
        self._chirp: _Chirp | None = None

    def open(self, opening: Opening) -> None:
        """Claim both lines and begin to measure."""
        host, options = self.host, self.options
        self._trigger = _claim_trigger(host.board, options.trigger)
        expected = host.errors
        try:
            self._echo = watch(
                host.board,
                options.echo,
                # A line that is not connected must not look like an echo.
                pull=Pull.DOWN,
                debounce_ms=0,
                handler=self._changed,
                clock=host.clock,
            )
        except expected:
            self._trigger.close()
            raise
        super().open(opening)

    async def close(self) -> None:
        """Measure no more and give both lines up."""
        await super().close()
        echo, self._echo = self._echo, None
        if echo is not None:
            try:
                echo.close()
            finally:
                self._trigger.close()

    async def read(self) -> float:
        """Chirp once and wait for the echo."""
        assert self._echo is not None
        echo, options = self._echo, self.options
        if echo.level:
            raise SensorSilent(
                f"the echo line GPIO{options.echo} is high before the trigger; expected low:"
                " check the wires of the sensor"
            )
        self._chirp = chirp = _Chirp()
        try:
            self._pulse()
            began = await _within(chirp.began, BEGIN_WITHIN_S)
            if began is None:
                raise SensorSilent(
                    f"no echo on GPIO{options.echo} after a trigger on GPIO{options.trigger};"
                    " expected one within a millisecond: check the sensor's wires and supply"
                )
            ended = await _within(chirp.ended, END_WITHIN_S)
        finally:
            self._chirp = None
        if ended is None:
            raise SensorSilent(
                f"the echo line GPIO{options.echo} stays high; expected it to fall within"
                f" {END_WITHIN_S * 1000:.0f} ms: check the wires of the sensor"
            )
        echo_s: float = self.host.board.pin_factory.ticks_diff(ended.ticks, began.ticks)
        return min(echo_s * SOUND_CM_PER_S / 2, options.max_distance)

    def _pulse(self) -> None:
        self._trigger.on()
        # Too short to be worth a turn of the loop.
        time.sleep(TRIGGER_S)
        self._trigger.off()

    def _changed(self, edges: Edges) -> None:
        if self._chirp is not None:
            for edge in edges.edges:
                self._chirp.take(edge)


class _Chirp:
    """One measurement: the first two edges of the echo."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.began: asyncio.Future[Edge] = loop.create_future()
        self.ended: asyncio.Future[Edge] = loop.create_future()

    def take(self, edge: Edge) -> None:
        """The echo line changed."""
        if edge.level and not self.began.done():
            self.began.set_result(edge)
        elif not edge.level and self.began.done() and not self.ended.done():
            self.ended.set_result(edge)


async def _within(future: asyncio.Future[Edge], seconds: float) -> Edge | None:
    await asyncio.wait([future], timeout=seconds)
    return future.result() if future.done() else None


def _claim_trigger(board: Board, line: int) -> Any:  # noqa: ANN401  gpiozero has no types
    try:
        return OutputDevice(
            pin=line, active_high=True, initial_value=False, pin_factory=board.pin_factory
        )
    except board.errors as error:
        raise LineUnavailable(
            f"GPIO{line} cannot be the trigger: {error}; expected a line that nothing else uses"
        ) from error
