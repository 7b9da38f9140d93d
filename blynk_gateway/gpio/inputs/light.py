"""A photo resistor that charges a capacitor: the brighter it is, the sooner the line rises."""

import asyncio
from typing import Any

from gpiozero import OutputDevice

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.config.gpio.inputs import LightOptions
from blynk_gateway.errors import LineUnavailable
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.lines.edges import Edge, Edges, WatchedLine, watch
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sampling import SampledPeripheral, scale

DISCHARGE_S = 0.1
"""The line is driven low for so long before each reading; as gpiozero's LightSensor does it."""

LATE_S = 0.1
"""An edge may reach a busy loop so much later than it happened."""


class Light(SampledPeripheral[LightOptions]):
    """Reads `range.high` for a charge in no time, `range.low` for one of `charge_ms` or more."""

    def __init__(self, options: LightOptions, host: Host) -> None:
        super().__init__(options, host)
        self._line: WatchedLine | None = None
        self._rise: asyncio.Future[Edge] | None = None

    def open(self, opening: Opening) -> None:
        """Claim the line and begin to read."""
        self._watch()
        super().open(opening)

    async def close(self) -> None:
        """Read no more and give the line up."""
        await super().close()
        self._give_up()

    async def read(self) -> float:
        """Empty the capacitor, and time how it is charged."""
        options, clock = self.options, self.host.clock
        # An output, then an input: each is claimed anew, as not every library can turn one into the
        # other without losing its edges. There is no await from one claim to the next.
        self._give_up()
        low = _drive_low(self.host.board, options.line)
        try:
            await asyncio.sleep(DISCHARGE_S)
        finally:
            start_s = clock.monotonic()
            low.close()
        self._rise = rise = asyncio.get_running_loop().create_future()
        charge_s = options.charge_ms / 1000
        try:
            if self._watch().level:
                # It was faster than that.
                took_s = clock.monotonic() - start_s
            else:
                await asyncio.wait([rise], timeout=charge_s + LATE_S)
                took_s = rise.result().at_s - start_s if rise.done() else charge_s
        finally:
            self._rise = None
        return scale(max(0.0, 1.0 - took_s / charge_s), options.range)

    def _watch(self) -> WatchedLine:
        self._line = line = watch(
            self.host.board,
            self.options.line,
            pull=Pull.NONE,
            debounce_ms=0,
            handler=self._changed,
            clock=self.host.clock,
        )
        return line

    def _give_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _changed(self, edges: Edges) -> None:
        rise = self._rise
        first = next((edge for edge in edges.edges if edge.level), None)
        if rise is not None and first is not None and not rise.done():
            rise.set_result(first)


def _drive_low(board: Board, line: int) -> Any:  # noqa: ANN401  gpiozero has no types
    try:
        return OutputDevice(
            pin=line, active_high=True, initial_value=False, pin_factory=board.pin_factory
        )
    except board.errors as error:
        raise LineUnavailable(
            f"GPIO{line} cannot be driven low: {error}; expected a line that nothing else uses"
        ) from error
