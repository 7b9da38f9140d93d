"""A line that is high or low: `input`, `motion`, `line_sensor`."""

from blynk_gateway.config.gpio.inputs import InputOptions
from blynk_gateway.core.value import PinValue
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.inputs.debounce import Pace, SettledLine
from blynk_gateway.gpio.lines.edges import Edge
from blynk_gateway.gpio.peripheral import Opening, Peripheral


class Input(Peripheral[InputOptions]):
    """Reports 1 while the line is high and 0 while it is low, or the reverse with `invert`."""

    def __init__(self, options: InputOptions, host: Host) -> None:
        super().__init__(options, host)
        self._line: SettledLine | None = None
        self._pace: Pace[Edge] = Pace(options.every_ms, host.clock, self._report)
        self._reported: int | None = None

    def open(self, opening: Opening) -> None:  # noqa: ARG002  an input does not care
        """Claim the line, and report its level if the pin's value is another."""
        options = self.options
        self._line = SettledLine(
            self.host,
            options.line,
            pull=options.pull,
            debounce_ms=options.debounce_ms,
            stable_ms=options.stable_ms,
            handler=self._pace.offer,
        )
        self._reported = self._line.level
        present = self.actual
        if self.host.stored(options.pin) != present:
            self.host.report(options.pin, present)

    async def close(self) -> None:
        """Give the line up."""
        self._pace.close()
        line, self._line = self._line, None
        if line is not None:
            line.close()

    @property
    def actual(self) -> PinValue:
        """The level that counts, reported or not."""
        return () if self._line is None else self._value(self._line.level)

    def _report(self, edge: Edge) -> None:
        # With `every_ms` the line may be back where it was.
        if edge.level != self._reported:
            self._reported = edge.level
            self.host.report(self.options.pin, self._value(edge.level), edge.at_ms)

    def _value(self, level: int) -> PinValue:
        return ("1",) if bool(level) != self.options.invert else ("0",)
