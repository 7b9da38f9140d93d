"""A buzzer that plays tones: a frequency in Hz, or a note such as `A4`, `C#5`, `Bb3`.

A tone is a square wave: PWM that is on for half of the time. 0 and `off` are silence.
"""

import re
import warnings
from contextlib import ExitStack
from typing import Any

from blynk_gateway.config.gpio.outputs import TonalBuzzerOptions
from blynk_gateway.core.effects import EffectKind
from blynk_gateway.core.value import PinValue, number, printable
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.outputs.driven import DrivenPeripheral
from blynk_gateway.gpio.outputs.levels import Levels, number_text
from blynk_gateway.gpio.safety import Safety

with warnings.catch_warnings():
    # gpiozero 1.6.2 asks for a package that newer versions of setuptools warn about.
    warnings.simplefilter("ignore")
    from gpiozero import PWMOutputDevice

CONCERT_A_HZ = 440.0
"""A4, from which all notes are counted, twelve equal steps to an octave."""

_SQUARE = 0.5

_OCTAVE = 12
_CONCERT_A = 4 * _OCTAVE + 9
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SHIFTS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_NOTE = re.compile(r"([A-Ga-g])([#♯b♭]?)([0-9])")

_SHOWN = 40


class TonalBuzzer(DrivenPeripheral[TonalBuzzerOptions]):
    """One buzzer; its level is a frequency in Hz, 0 for silence."""

    effects: frozenset[EffectKind] = frozenset()

    def __init__(self, options: TonalBuzzerOptions, host: Host, safety: Safety) -> None:
        super().__init__(options, host, safety)
        low, high = options.range
        # To the ear the middle: as many notes below it as above.
        self.on = ((low * high) ** 0.5,)
        self._device: Any = None

    def _claim(self, levels: Levels) -> None:
        self._device = PWMOutputDevice(
            pin=self.options.line, initial_value=0, pin_factory=self.host.board.pin_factory
        )
        with ExitStack() as stack:
            stack.callback(self._release)
            self._drive(levels)
            stack.pop_all()

    def _drive(self, levels: Levels) -> None:
        (tone_hz,) = levels
        if tone_hz:
            self._device.frequency = tone_hz
            self._device.value = _SQUARE
        elif self._device.frequency is not None:
            self._device.value = 0
            # Ends the library's thread too.
            self._device.frequency = None

    def _release(self) -> None:
        device, self._device = self._device, None
        device.close()

    def _leave(self) -> None:
        # Nothing goes on with a tone once the process has ended.
        self._release()

    def _parse(self, value: PinValue) -> Levels:
        low, high = self.options.range
        tone_hz = find_tone(value)
        if tone_hz is None or (tone_hz and not low <= tone_hz <= high):
            shown = printable(" ".join(value))[:_SHOWN]
            raise InvalidValue(
                f"{self.options.pin} was given {shown!r}; expected 0, or a frequency or note"
                f" from {number_text(low)} to {number_text(high)} Hz, such as A4 or C#5"
            )
        return (tone_hz,)

    def _read(self) -> Levels | None:
        assert self._device is not None, "read only while it is open"
        frequency = self._device.frequency
        return self.off if frequency is None or not self._device.value else (float(frequency),)


def find_tone(value: PinValue) -> float | None:
    """The frequency in Hz that a value stands for, 0 for silence, None if it is no tone."""
    if len(value) != 1:
        return None
    text = value[0].strip()
    if text.lower() == "off":
        return 0.0
    note = _NOTE.fullmatch(text)
    if note is None:
        return number((text,))
    letter, shift, octave = note.groups()
    step = int(octave) * _OCTAVE + _STEPS[letter.upper()] + _SHIFTS[shift]
    return float(CONCERT_A_HZ * 2 ** ((step - _CONCERT_A) / _OCTAVE))
