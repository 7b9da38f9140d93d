"""Motors behind an H bridge: `motor` and `phase_motor`.

A value of 0 stands, the ends of `range` are full speed, the low one backward.

1. Never are both directions on: the one that ends is off before the other begins.
2. Software PWM that is told to end still ends its cycle, and transistors take their time; so
   between one direction and the other the motor stands for a moment. The newest command counts.
3. Without PWM every speed but 0 is full speed, and the pin says so.
"""

import asyncio
import math
from abc import abstractmethod
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from blynk_gateway.config.gpio.common import Level
from blynk_gateway.config.gpio.outputs import MotorOptions, PhaseMotorOptions
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.effects import EffectKind
from blynk_gateway.core.value import PinValue, number
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.outputs.driven import DrivenPeripheral
from blynk_gateway.gpio.outputs.levels import Levels, is_close, parse_levels
from blynk_gateway.gpio.outputs.line import Line, claim_digital, claim_pwm, present_fraction
from blynk_gateway.gpio.safety import Safety

PWM_HZ = 100
"""As gpiozero's motors: slow enough for software PWM, and for every bridge."""

PAUSE_S = 0.02
"""Between one direction and the other: two cycles of the PWM, so that the last one is over."""

M_co = TypeVar("M_co", bound=MotorOptions | PhaseMotorOptions, covariant=True)
T = TypeVar("T")


class _Bridge(DrivenPeripheral[M_co]):
    """What both kinds of bridge have in common. A speed is -1 to 1, backward below 0."""

    effects: frozenset[EffectKind] = frozenset()

    def __init__(self, options: M_co, host: Host, safety: Safety) -> None:
        super().__init__(options, host, safety)
        self.on = (options.range.high or options.range.low,)
        self._lines: list[Line] = []
        self._speed = 0.0
        """What the lines were driven to."""
        self._way = 0.0
        """The sign of the speed that was the last one but 0."""
        self._free_at_s = 0.0
        """When the other direction may begin, by the loop's clock."""
        self._turning: asyncio.TimerHandle | None = None

    # What a kind of bridge says of its lines.

    @abstractmethod
    def _claim_lines(self, speed: float) -> None:
        """Claim every line for this speed, appending each to `_lines`."""

    @abstractmethod
    def _apply(self, speed: float) -> None:
        """Drive the lines; it stands or turns this way already, unless the speed is 0."""

    @abstractmethod
    def _speed_of(self, fractions: list[float]) -> float:
        """The speed at which the lines are on for these parts of the time."""

    async def close(self) -> None:
        """As every output; a motor that shall turn the other way when it is left stands first."""
        is_other_way = self._way * self._speed_for(self.on) < 0
        if self._levels is not None and self.options.on_stop is Level.ON and is_other_way:
            self._cancel()
            self._drive(self.off)
            await asyncio.sleep(2 * PAUSE_S)
        await super().close()

    def _claim(self, levels: Levels) -> None:
        speed = self._speed_for(levels)
        was = self._speed_for(self._present() or self.off)
        is_other_way = speed * was < 0
        with ExitStack() as stack:
            stack.callback(self._release)
            self._claim_lines(0.0 if is_other_way else speed)
            self._speed, self._way = (0.0, was) if is_other_way else (speed, speed)
            self._free_at_s = asyncio.get_running_loop().time() + PAUSE_S
            self._drive(levels)
            stack.pop_all()

    def _drive(self, levels: Levels) -> None:
        self._wait_no_more()
        loop = asyncio.get_running_loop()
        speed = self._speed_for(levels)
        if not speed or speed * self._speed < 0:
            self._stand(loop.time())
        if speed * self._way < 0 and loop.time() < self._free_at_s:
            self._turning = loop.call_at(self._free_at_s, self._turn_at_last, speed)
        elif speed:
            self._turn(speed)

    def _release(self) -> None:
        self._wait_no_more()
        lines, self._lines = self._lines, []
        for line in lines:
            line.release()

    def _leave(self) -> None:
        self._wait_no_more()
        lines, self._lines = self._lines, []
        for line in lines:
            line.leave()

    def _parse(self, value: PinValue) -> Levels:
        levels = parse_levels(self.options.pin, value, self.options.range, 1)
        return levels if self.options.pwm else self._levels_of(self._speed_for(levels))

    def _present(self) -> Levels | None:
        found = [
            present_fraction(self.host.board, line, active_high=True)
            for _, line in self.options.lines()
        ]
        known = [fraction for fraction in found if fraction is not None]
        return self._levels_of(self._speed_of(known)) if len(known) == len(found) else None

    def _read(self) -> Levels | None:
        assert self._levels is not None, "read only while it is open"
        has = self._speed_of([line.fraction for line in self._lines])
        asked = self._speed_for(self._levels)
        return self._levels if is_close([asked], [has]) else self._levels_of(has)

    def _switch(self, levels: Levels, change: PinChange, *, is_news: bool = False) -> None:
        # A speed that the motor cannot have is corrected.
        is_other = number(change.value) != levels[0]
        super()._switch(levels, change, is_news=is_news or is_other)

    def _speed_for(self, levels: Levels) -> float:
        (level,) = levels
        low, high = self.options.range
        if not level:
            return 0.0
        speed = level / high if level * high > 0 else -level / low
        return speed if self.options.pwm else math.copysign(1.0, speed)

    def _levels_of(self, speed: float) -> Levels:
        low, high = self.options.range
        return (speed * high if speed > 0 else -speed * low,)

    def _stand(self, now_s: float) -> None:
        self._apply(0.0)
        if self._speed:
            self._speed = 0.0
            self._free_at_s = now_s + PAUSE_S

    def _turn(self, speed: float) -> None:
        self._apply(speed)
        self._speed = self._way = speed

    def _turn_at_last(self, speed: float) -> None:
        self._turning = None
        self._try(partial(self._attempt, partial(self._turn, speed), None))

    def _wait_no_more(self) -> None:
        if self._turning is not None:
            self._turning.cancel()
            self._turning = None

    def _claim_line(self, line: int, fraction: float) -> None:
        board = self.host.board
        self._lines.append(
            claim_pwm(board, line, active_high=True, frequency=PWM_HZ, fraction=fraction)
            if self.options.pwm
            else claim_digital(board, line, active_high=True, is_on=bool(fraction))
        )


class Motor(_Bridge[MotorOptions]):
    """A line for each direction, and perhaps one that is on while it turns."""

    def _claim_lines(self, speed: float) -> None:
        options = self.options
        for line, fraction in _off_first(options.forward, options.backward, speed):
            self._claim_line(line, fraction)
        if speed > 0:
            self._lines.reverse()
        if options.enable is not None:
            self._lines.append(
                claim_digital(self.host.board, options.enable, active_high=True, is_on=bool(speed))
            )

    def _apply(self, speed: float) -> None:
        forward, backward, *enable = self._lines
        for line, fraction in _off_first(forward, backward, speed):
            line.drive(fraction)
        for line in enable:
            line.drive(1.0 if speed else 0.0)

    def _speed_of(self, fractions: list[float]) -> float:
        forward, backward, *enable = fractions
        return 0.0 if 0.0 in enable else forward - backward


class PhaseMotor(_Bridge[PhaseMotorOptions]):
    """A line that is on for backward, and one for the speed."""

    def _claim_lines(self, speed: float) -> None:
        self._lines.append(
            claim_digital(self.host.board, self.options.phase, active_high=True, is_on=speed < 0)
        )
        self._claim_line(self.options.enable, abs(speed))

    def _apply(self, speed: float) -> None:
        phase, enable = self._lines
        if speed:
            phase.drive(1.0 if speed < 0 else 0.0)
        enable.drive(abs(speed))

    def _speed_of(self, fractions: list[float]) -> float:
        phase, enable = fractions
        return -enable if phase else enable


def _off_first(forward: T, backward: T, speed: float) -> list[tuple[T, float]]:
    """Both directions and how much each is on, the one that is off first."""
    ways = [(backward, max(-speed, 0.0)), (forward, max(speed, 0.0))]
    return ways if speed > 0 else ways[::-1]
