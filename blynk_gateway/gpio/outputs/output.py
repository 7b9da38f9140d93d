"""Outputs that are on or off: `output`, `relay`, `valve`, `led`, `buzzer`."""

from blynk_gateway.config.gpio.outputs import OutputOptions
from blynk_gateway.core.effects import EFFECTS, EffectKind
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.outputs.driven import DrivenPeripheral
from blynk_gateway.gpio.outputs.levels import SWITCH, Levels, parse_levels
from blynk_gateway.gpio.outputs.line import Line, claim_digital, present_fraction


class Output(DrivenPeripheral[OutputOptions]):
    """One line: 0 or 1."""

    effects = EFFECTS - {EffectKind.FADE}
    _line: Line | None = None

    def _claim(self, levels: Levels) -> None:
        self._line = claim_digital(
            self.host.board,
            self.options.line,
            active_high=self.options.active_high,
            is_on=self.is_on(levels),
        )

    def _drive(self, levels: Levels) -> None:
        assert self._line is not None, "driven before it is claimed"
        self._line.drive(levels[0])

    def _release(self) -> None:
        if self._line is not None:
            line, self._line = self._line, None
            line.release()

    def _leave(self) -> None:
        if self._line is not None:
            line, self._line = self._line, None
            line.leave()

    def _parse(self, value: PinValue) -> Levels:
        levels = parse_levels(self.options.pin, value, SWITCH, 1)
        if levels not in (self.off, self.on):
            raise InvalidValue(f"{self.options.pin} was given {value[0]!r}; expected 0 or 1")
        return levels

    def _present(self) -> Levels | None:
        found = present_fraction(
            self.host.board, self.options.line, active_high=self.options.active_high
        )
        return None if found is None else self.on if found > 0 else self.off

    def _read(self) -> Levels | None:
        return None if self._line is None else (self._line.fraction,)
