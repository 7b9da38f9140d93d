"""Effects: commands to an output that take time, written like any value.

    toggle
    blink [ON_MS [OFF_MS [COUNT]]]    500 ms each and for ever unless given
    pulse [MS]                        on for so long, then off; 500 ms unless given
    fade TARGET [MS]                  to the value TARGET within so long; 1000 ms unless given

For example `pin set pi/V1 blink 200 800 5`, or `bridge.virtualWrite(V1, "pulse", 300)`. The command
is one change of the pin; what the output then does is reported as a number.
"""

from enum import StrEnum
from typing import NamedTuple

from blynk_gateway.core.value import PinValue, number, printable
from blynk_gateway.errors import InvalidValue

DEFAULT_BLINK_MS = 500
DEFAULT_FADE_MS = 1000
MIN_EFFECT_MS = 10
MAX_EFFECT_MS = 86_400_000
"""A day; shorter than 10 ms is work for PWM."""

MAX_COUNT = 1_000_000

_MAX_DIGITS = 9
_MAX_PARAMETERS = {"toggle": 0, "blink": 3, "pulse": 1, "fade": 2}


class EffectKind(StrEnum):
    """The first word of the command."""

    TOGGLE = "toggle"
    BLINK = "blink"
    PULSE = "pulse"
    FADE = "fade"


class Effect(NamedTuple):
    """A command that was understood.

    Attributes:
        on_ms: of blink and pulse; how long the whole of a fade takes.
        off_ms: of blink.
        times: how often to blink; 0 for ever.
        target: value of a fade, not yet checked against the range of the output.
    """

    kind: EffectKind
    on_ms: int = 0
    off_ms: int = 0
    times: int = 0
    target: float = 0.0


EFFECTS = frozenset(EffectKind)
"""What every output that can be dimmed does; one that cannot, does all but fade."""


def find_effect(value: PinValue) -> EffectKind | None:
    """The effect that a value names, or None if it is plain."""
    word = value[0].lower() if value else ""
    return EffectKind(word) if word in _MAX_PARAMETERS else None


def parse_effect(value: PinValue, kind: EffectKind) -> Effect:
    """The effect with its parameters.

    Raises:
        InvalidValue: too many parameters, or one that is no number in its range.
    """
    given = value[1:]
    if len(given) > _MAX_PARAMETERS[kind]:
        raise InvalidValue(
            f"{kind} was given {len(given)} parameters; expected at most {_MAX_PARAMETERS[kind]}"
        )
    match kind:
        case EffectKind.TOGGLE:
            return Effect(kind)
        case EffectKind.BLINK:
            on_ms = _whole(kind, given, 0, DEFAULT_BLINK_MS, MIN_EFFECT_MS, MAX_EFFECT_MS)
            off_ms = _whole(kind, given, 1, on_ms, MIN_EFFECT_MS, MAX_EFFECT_MS)
            return Effect(kind, on_ms, off_ms, _whole(kind, given, 2, 0, 0, MAX_COUNT))
        case EffectKind.PULSE:
            return Effect(
                kind, _whole(kind, given, 0, DEFAULT_BLINK_MS, MIN_EFFECT_MS, MAX_EFFECT_MS)
            )
        case EffectKind.FADE:
            target = number(given[:1])
            if target is None:
                raise InvalidValue("fade was given no target; expected a number, as in fade 255")
            on_ms = _whole(kind, given, 1, DEFAULT_FADE_MS, MIN_EFFECT_MS, MAX_EFFECT_MS)
            return Effect(kind, on_ms, target=target)


def _whole(kind: EffectKind, given: PinValue, index: int, default: int, low: int, high: int) -> int:
    if index >= len(given):
        return default
    text = given[index]
    if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and low <= int(text) <= high:
        return int(text)
    raise InvalidValue(
        f"{kind} was given {printable(text)[:40]!r};"
        f" expected a whole number from {low} to {high} as parameter {index + 1}"
    )
