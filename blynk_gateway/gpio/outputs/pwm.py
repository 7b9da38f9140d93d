"""One dimmed line: `pwm`. By the Pi's hardware where that is free, else by the library."""

from blynk_gateway.config.gpio.common import HardwarePwm, Level
from blynk_gateway.config.gpio.outputs import PwmOptions
from blynk_gateway.core.value import PinValue
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.lines.kernel_pwm import KernelPwm, find_kernel_pwm
from blynk_gateway.gpio.outputs.driven import DrivenPeripheral
from blynk_gateway.gpio.outputs.levels import (
    Levels,
    from_fraction,
    is_close,
    parse_levels,
    to_fraction,
)
from blynk_gateway.gpio.outputs.line import Line, claim_pwm, present_fraction
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety

_SECOND_NS = 1_000_000_000


class Pwm(DrivenPeripheral[PwmOptions]):
    """One value in `range`, whose low end is off."""

    def __init__(self, options: PwmOptions, host: Host, safety: Safety) -> None:
        super().__init__(options, host, safety)
        self.off = (options.range.low,)
        self.on = (options.range.high,)
        self._line: Line | HardwareLine | None = None
        self._hardware: KernelPwm | None = None

    def open(self, opening: Opening) -> None:
        """Claim the hardware at the level that the options ask for, and report it if it is news.

        Raises:
            HardwareError, or one of `host.errors`: it cannot be used; nothing is claimed.
        """
        options = self.options
        if options.hardware_pwm is HardwarePwm.AUTO and self.host.board.simulation is None:
            # Then the channel may be one that we left running.
            may_run = opening is not Opening.START or options.on_stop in (Level.ON, Level.KEEP)
            self._hardware = find_kernel_pwm(options.line, take_over=may_run)
        try:
            super().open(opening)
        except self._errors:
            hardware, self._hardware = self._hardware, None
            if hardware is not None:
                hardware.close()
            raise

    def _claim(self, levels: Levels) -> None:
        fraction = to_fraction(levels[0], self.options.range)
        options = self.options
        if self._hardware is not None:
            line = HardwareLine(self._hardware, options.frequency, active_high=options.active_high)
            line.drive(fraction)
            self._line = line
        else:
            self._line = claim_pwm(
                self.host.board,
                options.line,
                active_high=options.active_high,
                frequency=options.frequency,
                fraction=fraction,
            )

    def _drive(self, levels: Levels) -> None:
        assert self._line is not None, "driven before it is claimed"
        self._line.drive(to_fraction(levels[0], self.options.range))

    def _release(self) -> None:
        line, self._line, self._hardware = self._line, None, None
        if line is not None:
            line.release()

    def _leave(self) -> None:
        line, self._line, self._hardware = self._line, None, None
        if line is not None:
            line.leave()

    def _parse(self, value: PinValue) -> Levels:
        return parse_levels(self.options.pin, value, self.options.range, 1)

    def _present(self) -> Levels | None:
        options = self.options
        if self._hardware is not None:
            found: float | None = HardwareLine(
                self._hardware, options.frequency, active_high=options.active_high
            ).fraction
        else:
            found = present_fraction(self.host.board, options.line, active_high=options.active_high)
        return None if found is None else (from_fraction(found, options.range),)

    def _read(self) -> Levels | None:
        if self._line is None or self._levels is None:
            return None
        has = self._line.fraction
        asked = to_fraction(self._levels[0], self.options.range)
        return (
            self._levels if is_close([asked], [has]) else (from_fraction(has, self.options.range),)
        )


class HardwareLine:
    """A line that the kernel's PWM drives."""

    def __init__(self, hardware: KernelPwm, frequency: int, *, active_high: bool) -> None:
        self._hardware = hardware
        self._period_ns = round(_SECOND_NS / frequency)
        self._active_high = active_high

    def drive(self, fraction: float) -> None:
        """Have it on for this part of the time, 0 to 1."""
        high = fraction if self._active_high else 1 - fraction
        self._hardware.start(self._period_ns, round(self._period_ns * high))

    @property
    def fraction(self) -> float:
        """What the kernel says that the line does, 0 to 1."""
        duty = self._hardware.duty
        return duty if self._active_high else 1 - duty

    def release(self) -> None:
        """Stop and give it up. May be called twice."""
        self._hardware.close()

    def leave(self) -> None:
        """Forget it, running: the channel stays as it is, whatever becomes of the process."""
