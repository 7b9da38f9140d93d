"""Lines that are driven through gpiozero: claimed at their first level, given up or left as is.

1. A line is claimed at the level it shall have, where the library can do that: lgpio can, and for
   lines without PWM all but gpiozero's own driver.
2. Closing a gpiozero device makes its line an input, and so does forgetting it, and closing the
   factory. A line that is left keeps its level as long as the process lives; then the kernel
   decides, and that of Raspberry Pi OS keeps it.
"""

import contextlib
import warnings
from typing import Any

from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.lines.chip import read_level_as_is

with warnings.catch_warnings():
    # gpiozero 1.6.2 asks for a package that newer versions of setuptools warn about.
    warnings.simplefilter("ignore")
    from gpiozero import OutputDevice, PWMOutputDevice


class Line:
    """One line, on, off or in between; made by `claim_digital` or `claim_pwm`."""

    def __init__(self, board: Board, line: int, device: Any) -> None:  # noqa: ANN401  no types
        self._board = board
        self._line = line
        self._device = device

    def drive(self, fraction: float) -> None:
        """Have it on for this part of the time, 0 to 1; without PWM on or off."""
        self._device.value = fraction

    @property
    def fraction(self) -> float:
        """What the library says that the line does, 0 to 1."""
        return float(self._device.value)

    def release(self) -> None:
        """Give it up; it becomes an input. May be called twice."""
        self._device.close()

    def leave(self) -> None:
        """Forget it, driven as it is, so that another may claim it but nothing releases it."""
        factory = self._board.pin_factory
        factory.release_pins(self._device, self._line)
        self._device.pin.was_left = True
        # A device without a pin has nothing to close, whoever closes it.
        self._device._pin = None  # noqa: SLF001  gpiozero has no other way, in no version
        # Closing the factory resets every line; RPi.GPIO's `cleanup` even those it does not know.
        factory.close = _nothing


def claim_digital(board: Board, line: int, *, active_high: bool, is_on: bool) -> Line:
    """Claim a line that is on or off.

    Raises:
        One of `board.errors`: it cannot be used; nothing is claimed.
    """
    pin = _left_pin(board, line)
    if pin is not None:
        pin.was_left = False
        if pin.frequency is not None:
            pin.frequency = None
    device = OutputDevice(
        pin=line, active_high=active_high, initial_value=is_on, pin_factory=board.pin_factory
    )
    return Line(board, line, device)


def claim_pwm(
    board: Board, line: int, *, active_high: bool, frequency: int, fraction: float
) -> Line:
    """Claim a line for the library's PWM.

    Raises:
        One of `board.errors`: it cannot be used; nothing is claimed.
    """
    pin = _left_pin(board, line)
    if pin is not None:
        pin.was_left = False
    # Of use to lgpio's pins (`lgpio_lines`), of no meaning to others.
    board.pin_factory.pin(line).first_state = fraction if active_high else 1 - fraction
    device = PWMOutputDevice(
        pin=line,
        active_high=active_high,
        initial_value=fraction,
        frequency=frequency,
        pin_factory=board.pin_factory,
    )
    return Line(board, line, device)


def present_fraction(board: Board, line: int, *, active_high: bool) -> float | None:
    """What a line does that nobody claimed, untouched: 0 or 1, or its duty if we left it with PWM.

    Returns:
        None if nothing can tell.

    Raises:
        HardwareError, or one of `board.errors`: it is somebody else's, or cannot be read.
    """
    state = _state(board, line)
    return None if state is None else state if active_high else 1 - state


def _state(board: Board, line: int) -> float | None:
    if board.simulation is not None:
        return float(board.pin_factory.pin(line).state)
    pin = _left_pin(board, line)
    if pin is not None:
        with contextlib.suppress(*board.errors):
            return float(pin.state)
    return float(read_level_as_is(board.chip, line)) if board.chip else None


def _left_pin(board: Board, line: int) -> Any:  # noqa: ANN401  gpiozero has no types
    """The pin of a line that `Line.leave` left, None if that was not so."""
    for key, pin in board.pin_factory.pins.items():
        # By number in gpiozero 1.6.2, by what is known of the pin in 2.0.
        if key == line or getattr(key, "name", "") == f"GPIO{line}":
            return pin if getattr(pin, "was_left", False) else None
    return None


def _nothing() -> None:
    """Close no factory."""
