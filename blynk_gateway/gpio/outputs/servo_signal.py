"""The pulses that a servo obeys: one every 20 ms, whose length is the position.

Three ways to make them, best first:

1. The kernel's hardware PWM, which is exact.
2. lgpio's own pulses: software, but to the microsecond. Its PWM as gpiozero uses it knows only
   whole percents, which would leave a servo six positions.
3. The PWM of the other libraries, and of simulated pins.
"""

import warnings
from types import ModuleType
from typing import Any, Protocol

from blynk_gateway.config.gpio.common import HardwarePwm
from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.lines.kernel_pwm import KernelPwm, find_kernel_pwm

with warnings.catch_warnings():
    # gpiozero 1.6.2 asks for a package that newer versions of setuptools warn about.
    warnings.simplefilter("ignore")
    from gpiozero import OutputDevice, PWMOutputDevice

FRAME_NS = 20_000_000
"""From pulse to pulse: 50 Hz, as every analog servo expects and every digital one takes."""

FRAME_HZ = 50

_US_NS = 1000
_FRAME_US = FRAME_NS // _US_NS


class ServoSignal(Protocol):
    """Pulses on one line, which is ours until `close`. There are none at first."""

    def send(self, pulse_ns: int) -> None:
        """Send pulses of this length, ns, until told otherwise."""

    def stop(self) -> None:
        """Send none: the servo holds its position only by its friction."""

    def close(self) -> None:
        """Stop, and give up the line."""

    def leave(self) -> None:
        """Forget the line. Hardware goes on sending; software cannot, and gives the line up."""


def open_signal(
    board: Board, line: int, hardware_pwm: HardwarePwm, *, take_over: bool
) -> ServoSignal:
    """The best signal there is for a line.

    Args:
        take_over: whether the daemon before may have left the hardware PWM of the line running.

    Raises:
        One of `board.errors`: the line cannot be used.
    """
    if hardware_pwm is HardwarePwm.AUTO and board.factory is not Factory.MOCK:
        channel = find_kernel_pwm(line, take_over=take_over)
        if channel is not None:
            return KernelSignal(channel)
    if board.factory is Factory.LGPIO:
        return LgpioSignal(board.pin_factory, line)
    return LibrarySignal(board.pin_factory, line)


class KernelSignal:
    """Meets `ServoSignal` by hardware. gpiozero must not claim the line: it would take it away."""

    def __init__(self, channel: KernelPwm) -> None:
        self._channel = channel

    def send(self, pulse_ns: int) -> None:
        """Send pulses of this length, ns, until told otherwise."""
        self._channel.start(FRAME_NS, pulse_ns)

    def stop(self) -> None:
        """Send none."""
        self._channel.stop()

    def close(self) -> None:
        """Stop, and give up the channel."""
        self._channel.close()

    def leave(self) -> None:
        """Forget the channel, which stays as it is."""


class LgpioSignal:
    """Meets `ServoSignal` by lgpio's timed pulses.

    Args:
        pin_factory: gpiozero's, whose lgpio handle is used; by a device of it the line is claimed.
    """

    def __init__(self, pin_factory: Any, line: int) -> None:  # noqa: ANN401  gpiozero has no types
        self._lgpio = _lgpio()
        self._line = line
        self._device = OutputDevice(pin=line, initial_value=False, pin_factory=pin_factory)
        # gpiozero has no public name for it, in no version.
        self._handle = pin_factory._handle  # noqa: SLF001  no version offers it otherwise
        self._is_sending = False

    def send(self, pulse_ns: int) -> None:
        """Send pulses of this length, ns, until told otherwise."""
        # Moves that come faster than frames replace each other in lgpio (100 within 7 ms, tried).
        pulse_us = round(pulse_ns / _US_NS)
        self._pulse(pulse_us, _FRAME_US - pulse_us)
        self._is_sending = True

    def stop(self) -> None:
        """Send none."""
        # lgpio refuses to stop what does not run.
        if self._is_sending:
            self._is_sending = False
            self._pulse(0, 0)
            # It leaves the level as it is at that moment.
            self._device.off()

    def close(self) -> None:
        """Stop, and give up the line."""
        if not self._device.closed:
            try:
                self.stop()
            finally:
                self._device.close()

    def leave(self) -> None:
        """Stop, and give up the line."""
        self.close()

    def _pulse(self, on_us: int, off_us: int) -> None:
        self._lgpio.tx_pulse(self._handle, self._line, on_us, off_us)


class LibrarySignal:
    """Meets `ServoSignal` by gpiozero's PWM."""

    def __init__(self, pin_factory: Any, line: int) -> None:  # noqa: ANN401  gpiozero has no types
        self._device = PWMOutputDevice(
            pin=line, initial_value=0, frequency=FRAME_HZ, pin_factory=pin_factory
        )

    def send(self, pulse_ns: int) -> None:
        """Send pulses of this length, ns, until told otherwise."""
        if self._device.frequency is None:
            self._device.frequency = FRAME_HZ
        self._device.value = pulse_ns / FRAME_NS

    def stop(self) -> None:
        """Send none."""
        if self._device.frequency is not None:
            self._device.value = 0
            # Ends the library's thread too.
            self._device.frequency = None

    def close(self) -> None:
        """Stop, and give up the line."""
        if not self._device.closed:
            try:
                self.stop()
            finally:
                self._device.close()

    def leave(self) -> None:
        """Stop, and give up the line."""
        self.close()


def _lgpio() -> ModuleType:
    # There only where the board is lgpio's.
    import lgpio  # noqa: PLC0415  only Pis with that back end have it

    module: ModuleType = lgpio
    return module
