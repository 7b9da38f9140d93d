"""Levels of outputs: numbers in the units of their pin, and the text that stands for them."""

from collections.abc import Sequence
from typing import TypeAlias

from blynk_gateway.config.gpio.common import Range
from blynk_gateway.core.value import PinValue, number, printable
from blynk_gateway.errors import InvalidValue

Levels: TypeAlias = tuple[float, ...]
"""What an output does, in the units of its pin: one number, of an `rgb` three."""

SWITCH = Range(0, 1)
"""Off and on."""

MAX_DECIMALS = 6
"""Finer than any output; coarser than what floating point adds to a sum."""

ROUNDING = 0.011
"""lgpio's PWM knows whole percents; some libraries cut instead of rounding."""


def number_text(level: float) -> str:
    """A number without needless decimals: `128`, `12.5`, `0`."""
    text = f"{level:.{MAX_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def levels_text(levels: Levels) -> PinValue:
    """What a pin says for levels."""
    return tuple(number_text(level) for level in levels)


def parse_levels(pin: str, value: PinValue, limits: Range, count: int) -> Levels:
    """As many numbers as asked for, each within the limits.

    Raises:
        InvalidValue: with what was found.
    """
    found = tuple(number((text,)) for text in value)
    low, high = sorted(limits)
    levels = tuple(level for level in found if level is not None and low <= level <= high)
    if len(levels) != len(found) or len(found) != count:
        shown = printable(" ".join(value))[:40]
        numbers = "a number" if count == 1 else f"{count} numbers"
        raise InvalidValue(
            f"{pin} was given {shown!r};"
            f" expected {numbers} from {number_text(low)} to {number_text(high)}"
        )
    return levels


def to_fraction(level: float, limits: Range) -> float:
    """The part of full scale, 0 to 1, that a level stands for."""
    low, high = limits
    return min(1.0, max(0.0, (level - low) / (high - low)))


def from_fraction(fraction: float, limits: Range) -> float:
    """The level that stands for a part of full scale."""
    low, high = limits
    return low + fraction * (high - low)


def is_close(asked: Sequence[float], has: Sequence[float]) -> bool:
    """Whether parts of full scale are the same but for what a library rounds."""
    return all(abs(a - b) <= ROUNDING for a, b in zip(asked, has, strict=True))


def between(start: Levels, end: Levels, fraction: float) -> Levels:
    """The levels on the way from `start` to `end`; exactly `end` for 1."""
    if fraction >= 1:
        return end
    return tuple(a + (b - a) * fraction for a, b in zip(start, end, strict=True))
