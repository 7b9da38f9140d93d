"""Outputs that are on or off: `output`, `relay`, `valve`, `led`, `buzzer`."""

from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.config.gpio.outputs import OutputOptions
from blynk_gateway.core.effects import EFFECTS, EffectKind
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.lines.held_outputs import HeldOutput
from blynk_gateway.gpio.outputs.driven import DrivenPeripheral
from blynk_gateway.gpio.outputs.levels import SWITCH, Levels, parse_levels
from blynk_gateway.gpio.outputs.line import Line, claim_digital, present_fraction
from blynk_gateway.gpio.peripheral import Opening

_LAST = 2
"""The turn of an output that goes on."""


class Output(DrivenPeripheral[OutputOptions]):
    """One line: 0 or 1."""

    effects = EFFECTS - {EffectKind.FADE}
    _line: Line | HeldOutput | None = None

    def turn(self, opening: Opening, /) -> int:
        """Of an interlock, who goes off and who stays on come before who goes on.

        Before they are open nobody knows of them, and a line may have been on all the time.
        """
        options = self.options
        if options.interlock is None:
            return 0
        after_crash = options.on_crash if opening is Opening.CRASH else None
        try:
            wanted = self._opening_levels(after_crash or options.on_start)
            if not self.is_on(wanted):
                return 0
            present = self._present()
        except self._errors:
            # As `open` will say.
            return _LAST
        return 1 if present is not None and self.is_on(present) else _LAST

    async def close(self) -> None:
        """Drive the `on_stop` level and give the line up. May be called twice.

        Raises:
            HardwareError, or one of `host.errors`: the level could not be driven.
        """
        try:
            await super().close()
        finally:
            await self.host.held.free_released()

    def _claim(self, levels: Levels) -> None:
        board, line, is_on = self.host.board, self.options.line, self.is_on(levels)
        active_high = self.options.active_high
        if board.factory is Factory.LGPIO:
            # It drives lines by descriptors as well, but does not hand them out.
            self._line = self.host.held.claim(
                board.chip, line, active_high=active_high, is_on=is_on
            )
        else:
            self._line = claim_digital(board, line, active_high=active_high, is_on=is_on)

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
        line, active_high = self.options.line, self.options.active_high
        level = self.host.held.find_level(line)
        if level is not None:
            return self.on if bool(level) is active_high else self.off
        found = present_fraction(self.host.board, line, active_high=active_high)
        return None if found is None else self.on if found > 0 else self.off

    def _read(self) -> Levels | None:
        return None if self._line is None else (self._line.fraction,)
