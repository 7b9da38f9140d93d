"""Three dimmed lines: `rgb`, red, green and blue."""

from collections.abc import Iterable

from blynk_gateway.config.gpio.outputs import RgbOptions
from blynk_gateway.core.value import PinValue
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.outputs.driven import DrivenPeripheral
from blynk_gateway.gpio.outputs.levels import (
    Levels,
    from_fraction,
    is_close,
    parse_levels,
    to_fraction,
)
from blynk_gateway.gpio.outputs.line import Line, claim_pwm, present_fraction
from blynk_gateway.gpio.safety import Safety

COLOURS = 3


class Rgb(DrivenPeripheral[RgbOptions]):
    """Three values in `range`. A fade goes to a brightness, and keeps the colour."""

    def __init__(self, options: RgbOptions, host: Host, safety: Safety) -> None:
        super().__init__(options, host, safety)
        self.off = (options.range.low,) * COLOURS
        self.on = (options.range.high,) * COLOURS
        self._lines: list[Line] = []

    def _claim(self, levels: Levels) -> None:
        options = self.options
        try:
            for (_, line), fraction in zip(options.lines(), self._fractions(levels), strict=True):
                claimed = claim_pwm(
                    self.host.board,
                    line,
                    active_high=options.active_high,
                    frequency=options.frequency,
                    fraction=fraction,
                )
                self._lines.append(claimed)
        except self._errors:
            self._release()
            raise

    def _drive(self, levels: Levels) -> None:
        for line, fraction in zip(self._lines, self._fractions(levels), strict=True):
            line.drive(fraction)

    def _release(self) -> None:
        lines, self._lines = self._lines, []
        for line in lines:
            line.release()

    def _leave(self) -> None:
        lines, self._lines = self._lines, []
        for line in lines:
            line.leave()

    def _parse(self, value: PinValue) -> Levels:
        return parse_levels(self.options.pin, value, self.options.range, COLOURS)

    def _present(self) -> Levels | None:
        found = [
            present_fraction(self.host.board, line, active_high=self.options.active_high)
            for _, line in self.options.lines()
        ]
        return self._levels_of(fraction for fraction in found if fraction is not None) or None

    def _read(self) -> Levels | None:
        if self._levels is None:
            return None
        asked = self._fractions(self._levels)
        has = [line.fraction for line in self._lines]
        return self._levels if is_close(asked, has) else self._levels_of(has)

    def _faded(self, target: float) -> Levels:
        (level,) = parse_levels(self.options.pin, (repr(target),), self.options.range, 1)
        present = self._levels if self._levels != self.off else None
        colour = self._fractions(present or self._last_on or self.on)
        scale = to_fraction(level, self.options.range) / max(colour)
        return self._levels_of(fraction * scale for fraction in colour)

    def _fractions(self, levels: Levels) -> tuple[float, ...]:
        return tuple(to_fraction(level, self.options.range) for level in levels)

    def _levels_of(self, fractions: Iterable[float]) -> Levels:
        return tuple(from_fraction(fraction, self.options.range) for fraction in fractions)
