"""A pin as a light, in Home Assistant's JSON: pure, without a broker.

    {"state": "ON", "brightness": 128, "color_mode": "rgb", "color": {"r": 255, "g": 0, "b": 0}}

A light that is switched on without a word about brightness or colour takes those it had before.
Source: homeassistant/components/mqtt/light/schema_json.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from blynk_gateway.core.effects import MAX_EFFECT_MS, MIN_EFFECT_MS, EffectKind
from blynk_gateway.core.value import PinValue, number
from blynk_gateway.errors import InvalidValue

Json: TypeAlias = Any
"""Of any shape: it comes from a peer."""

FULL = 255
"""The highest brightness and colour component of Home Assistant."""

COLORS = ("r", "g", "b")


class Glow(NamedTuple):
    """How a light shines.

    Attributes:
        brightness: 1 to 255.
        color: red, green and blue, the highest of them 255.
    """

    brightness: int = FULL
    color: tuple[int, int, int] = (FULL, FULL, FULL)


@dataclass(frozen=True, slots=True)
class Lamp:
    """How the values of a pin stand for light.

    Attributes:
        low, high: the values of dark and of full light; `low` may be the larger one.
        parts: 3 for red, green and blue, else 1.
        is_dimmed: whether there is anything between them.
        is_whole: whether values are whole numbers.
        can_fade: whether a transition can be told to the output; of one part only.
    """

    low: float = 0.0
    high: float = 255.0
    parts: int = 1
    is_dimmed: bool = True
    is_whole: bool = False
    can_fade: bool = False

    @property
    def color_mode(self) -> str:
        """Home Assistant's word for what can be set."""
        return "rgb" if self.parts == len(COLORS) else "brightness" if self.is_dimmed else "onoff"

    def glow_of(self, value: PinValue) -> Glow | None:
        """How the light shines; None while it is dark.

        Raises:
            InvalidValue: the value is no light's, such as an effect.
        """
        if self.can_fade and value[:1] == (EffectKind.FADE,):
            # It is on its way there.
            value = value[1:2]
        numbers = [number((text,)) for text in value]
        shares = [self._share(one) for one in numbers if one is not None]
        if len(shares) != self.parts or len(numbers) != self.parts:
            raise InvalidValue(f"found {len(numbers)} parameters; expected {self.parts} numbers")
        brightest = max(shares)
        if brightest <= 0:
            return None
        brightness = max(1, round(brightest * FULL))
        if self.parts == 1:
            return Glow(brightness)
        red, green, blue = (round(share / brightest * FULL) for share in shares)
        return Glow(brightness, (red, green, blue))

    def state_of(self, glow: Glow | None) -> Json:
        """What Home Assistant is told."""
        if glow is None:
            return {"state": "OFF"}
        state: Json = {"state": "ON", "color_mode": self.color_mode}
        if self.is_dimmed:
            state["brightness"] = glow.brightness
        if self.parts == len(COLORS):
            state["color"] = dict(zip(COLORS, glow.color, strict=True))
        return state

    def value_of(self, command: Json, before: Glow) -> PinValue:
        """The value that a command of Home Assistant asks for.

        Args:
            command: decoded JSON.
            before: how it shone when it was last on.

        Raises:
            InvalidValue: it is no such command.
        """
        if not isinstance(command, Mapping):
            raise InvalidValue("the command is no JSON object; expected one with a state")
        is_on = _is_on(command)
        glow = _glow(command, before) if is_on else Glow(0)
        share = glow.brightness / FULL if self.is_dimmed else float(is_on)
        shares = [share] if self.parts == 1 else [share * one / FULL for one in glow.color]
        levels = tuple(self._text(one) for one in shares)
        transition_ms = _transition_ms(command)
        if transition_ms and self.can_fade:
            return (EffectKind.FADE.value, *levels, str(transition_ms))
        return levels

    def _share(self, level: float) -> float:
        span = self.high - self.low
        return min(max((level - self.low) / span, 0.0), 1.0) if span else 0.0

    def _text(self, share: float) -> str:
        level = self.low + share * (self.high - self.low)
        # More digits than 255 steps can tell apart say nothing.
        level = round(level) if self.is_whole else round(level, 3)
        return str(int(level)) if level == int(level) else str(level)


def _is_on(command: Mapping[str, Json]) -> bool:
    state = command.get("state", "ON")
    if state not in ("ON", "OFF"):
        raise InvalidValue("the state of a light is neither ON nor OFF; expected one of them")
    return bool(state == "ON")


def _glow(command: Mapping[str, Json], before: Glow) -> Glow:
    brightness = before.brightness
    if "brightness" in command:
        brightness = _byte(command["brightness"], "brightness")
    color = before.color
    if "color" in command:
        given = command["color"]
        if not isinstance(given, Mapping) or not set(COLORS) <= set(given):
            raise InvalidValue("the color is no JSON object of r, g and b; expected all three")
        red, green, blue = (_byte(given[name], f"color.{name}") for name in COLORS)
        color = (red, green, blue)
    return Glow(brightness, color)


def _byte(found: Json, name: str) -> int:
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= FULL:
        raise InvalidValue(f"{name} is no number from 0 to {FULL}; expected one")
    return round(found)


def _transition_ms(command: Mapping[str, Json]) -> int:
    """How long the change is to take; 0 for at once."""
    found = command.get("transition", 0)
    if isinstance(found, bool) or not isinstance(found, int | float) or not found >= 0:
        raise InvalidValue("transition is no number of seconds; expected 0 or more")
    if not found:
        return 0
    return round(min(max(found * 1000, MIN_EFFECT_MS), MAX_EFFECT_MS))
