"""Servos: a value in `range` is a position, which is the length of a pulse.

1. A servo is on while pulses hold it; off means that none come, and it stays where it is by its
   friction. So the pin goes on saying the last position while the servo is off.
2. Some time after each move (`detach_ms`) the pulses end: a servo hums and warms on small errors.
3. A servo cannot be asked where it is. One whose pulses never end is taken to be where it was put,
   for `on_start: keep`; of another one that cannot be told.
"""

import asyncio
from contextlib import ExitStack
from functools import partial

from blynk_gateway.config.gpio.common import Level
from blynk_gateway.config.gpio.outputs import ServoOptions
from blynk_gateway.core.effects import EffectKind
from blynk_gateway.core.value import PinValue
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.outputs.driven import DrivenPeripheral
from blynk_gateway.gpio.outputs.levels import Levels, from_fraction, parse_levels, to_fraction
from blynk_gateway.gpio.outputs.servo_signal import ServoSignal, open_signal
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.safety import Safety

_NS_PER_MS = 1_000_000


class Servo(DrivenPeripheral[ServoOptions]):
    """One servo; its level is its position in the units of `range`, or none at all."""

    off: Levels = ()
    effects: frozenset[EffectKind] = frozenset()

    def __init__(self, options: ServoOptions, host: Host, safety: Safety) -> None:
        super().__init__(options, host, safety)
        initial = options.initial
        self.on = (from_fraction(0.5, options.range) if initial is None else initial,)
        self._signal: ServoSignal | None = None
        self._detaching: asyncio.TimerHandle | None = None
        self._take_over = False

    def open(self, opening: Opening) -> None:
        """As every output; hardware PWM that the daemon before left running is taken over."""
        self._take_over = opening is not Opening.START or self.options.on_stop is not Level.OFF
        super().open(opening)

    def _claim(self, levels: Levels) -> None:
        options = self.options
        self._signal = open_signal(
            self.host.board, options.line, options.hardware_pwm, take_over=self._take_over
        )
        with ExitStack() as stack:
            stack.callback(self._release)
            self._drive(levels)
            stack.pop_all()

    def _drive(self, levels: Levels) -> None:
        assert self._signal is not None, "driven only while it is open"
        self._stay_attached()
        if not levels:
            self._signal.stop()
            return
        fraction = to_fraction(levels[0], self.options.range)
        self._signal.send(round(from_fraction(fraction, self.options.pulse) * _NS_PER_MS))
        if self.options.detach_ms is not None:
            self._detaching = asyncio.get_running_loop().call_later(
                self.options.detach_ms / 1000, self._detach
            )

    def _release(self) -> None:
        self._forget().close()

    def _leave(self) -> None:
        self._forget().leave()

    def _parse(self, value: PinValue) -> Levels:
        return parse_levels(self.options.pin, value, self.options.range, 1)

    def _present(self) -> Levels | None:
        return self._stored() if self.options.detach_ms is None else None

    def _text(self, levels: Levels) -> PinValue:
        return super()._text(levels) if levels else self.host.stored(self.options.pin)

    def _stored(self) -> Levels | None:
        # Without pulses whatever the pin says is as true as before.
        return self.off if self._levels == self.off else super()._stored()

    def _detach(self) -> None:
        self._detaching = None
        self._try(partial(self._settle, self.off, None))

    def _forget(self) -> ServoSignal:
        self._stay_attached()
        signal, self._signal = self._signal, None
        assert signal is not None, "given up only while it is open"
        return signal

    def _stay_attached(self) -> None:
        if self._detaching is not None:
            self._detaching.cancel()
            self._detaching = None
