"""Datastreams and templates: what is known of a virtual pin, and what it accepts.

The rules are those of the vendor's cloud (blynk-protocol §12.1): a value of the wrong type is
refused, not rounded; a number outside the limits is clamped; an unknown enum value becomes the
fallback.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from blynk_gateway.core.effects import EffectKind, find_effect, parse_effect
from blynk_gateway.core.events import Events
from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.core.presentation import Presentation
from blynk_gateway.core.value import PinValue, number, printable
from blynk_gateway.errors import InvalidValue

INT32_MIN = -(2**31)
INT32_MAX = 2**31 - 1

_COORDINATES = 2
# More digits than any clamped integer can need; converting longer text is wasted work.
_MAX_DIGITS = 20

_BOOLEANS = {"0": "0", "1": "1", "false": "0", "true": "1", "off": "0", "on": "1"}


class DatastreamType(StrEnum):
    """Type of each parameter of a value; a location is two doubles, longitude first."""

    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    ENUM = "enum"
    BOOL = "bool"
    LOCATION = "location"


class Authority(StrEnum):
    """Whose value stands when gateway and cloud disagree after a break."""

    GATEWAY = "gateway"
    CLOUD = "cloud"
    NEWEST = "newest"
    """Of whichever changed since both agreed last; the gateway's if both did."""


@dataclass(frozen=True, slots=True)
class Datastream:
    """One virtual pin's definition.

    Attributes:
        pin: `V0` … `V255`.
        minimum, maximum: limits of numbers, both included; None for none.
        decimals: digits shown after the point, for display only.
        is_writable: whether others than the device may write.
        is_synced: whether a device's `syncAll` returns it.
        labels: the rows of an enum, number and text.
        fallback: enum value that stands for unknown ones; without it they are refused.
        is_strict: a number outside the limits is refused instead of clamped: for hardware, which
            must not do something similar to what was said.
        parameters: how many parameters a value has; None for any number.
        effects: what else may be commanded, for outputs.
        history: what is kept of its past.
        presentation: how Home Assistant is to show it; None for as the gateway chooses.
    """

    pin: str
    name: str
    type: DatastreamType = DatastreamType.STRING
    minimum: float | None = None
    maximum: float | None = None
    default: PinValue | None = None
    unit: str = ""
    decimals: int | None = None
    is_writable: bool = True
    is_synced: bool = True
    authority: Authority = Authority.GATEWAY
    labels: tuple[tuple[int, str], ...] = ()
    fallback: int | None = None
    is_strict: bool = False
    parameters: int | None = None
    effects: frozenset[EffectKind] = frozenset()
    history: HistoryPolicy = HistoryPolicy.RAW
    presentation: Presentation | None = None

    def accept(self, value: PinValue) -> PinValue:
        """The value as it will be stored: checked, clamped, unchanged where it already fits.

        Raises:
            InvalidValue: if a parameter is not of the type; says what was found.
        """
        if self.effects and (kind := find_effect(value)) in self.effects:
            effect = parse_effect(value, kind)
            if kind is EffectKind.FADE:
                self._check_limits(value[1], effect.target, self.minimum, self.maximum)
            return value
        if self.parameters is not None and len(value) != self.parameters:
            raise self._wrong(" ".join(value), f"{self.parameters} parameters")
        if self.type is DatastreamType.STRING:
            return value
        if self.type is DatastreamType.LOCATION:
            return self._accept_location(value)
        if len(value) == 1:
            accepted = self._accept_one(value[0])
            return value if accepted == value[0] else (accepted,)
        return tuple(self._accept_one(parameter) for parameter in value)

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers for history and typed JSON."""
        return self.type not in (DatastreamType.STRING, DatastreamType.LOCATION)

    def _accept_one(self, text: str) -> str:
        match self.type:
            case DatastreamType.INT:
                return self._accept_int(text)
            case DatastreamType.ENUM:
                return self._accept_enum(text)
            case DatastreamType.BOOL:
                found = _BOOLEANS.get(text.strip().lower())
                if found is None:
                    raise self._wrong(text, "0 or 1")
                return found
            case _:
                return self._accept_double(text)

    def _accept_int(self, text: str) -> str:
        found = _find_int(text)
        if found is None:
            raise self._wrong(text, "a whole number")
        low = INT32_MIN if self.minimum is None else self.minimum
        high = INT32_MAX if self.maximum is None else self.maximum
        self._check_limits(text, found, low, high)
        return str(int(low)) if found < low else str(int(high)) if found > high else text

    def _accept_double(self, text: str) -> str:
        found = number((text,))
        if found is None:
            raise self._wrong(text, "a number")
        self._check_limits(text, found, self.minimum, self.maximum)
        if self.minimum is not None and found < self.minimum:
            return _number_text(self.minimum)
        if self.maximum is not None and found > self.maximum:
            return _number_text(self.maximum)
        return text

    def _check_limits(self, text: str, found: float, low: float | None, high: float | None) -> None:
        if not self.is_strict:
            return
        if (low is not None and found < low) or (high is not None and found > high):
            limits = " to ".join(
                "any" if limit is None else _number_text(limit) for limit in (low, high)
            )
            raise self._wrong(text, f"a number from {limits}")

    def _accept_enum(self, text: str) -> str:
        found = _find_int(text)
        if found is None:
            # Home Assistant and people write the label; devices the number.
            for key, label in self.labels:
                if label == text:
                    return str(key)
        elif not self.labels or any(key == found for key, _ in self.labels):
            return text
        if self.fallback is not None:
            return str(self.fallback)
        known = ", ".join(str(key) for key, _ in self.labels)
        raise self._wrong(text, f"one of {known}" if known else "a whole number")

    def _accept_location(self, value: PinValue) -> PinValue:
        if len(value) != _COORDINATES or any(number((text,)) is None for text in value):
            raise self._wrong(" ".join(value), "longitude and latitude")
        return value

    def _wrong(self, text: str, expected: str) -> InvalidValue:
        return InvalidValue(
            f"{self.pin} ({self.name}) was given {printable(text)[:40]!r}; expected {expected}"
        )


@dataclass(frozen=True, slots=True)
class Template:
    """Datastreams by pin and events by code, shared by devices."""

    name: str
    datastreams: Mapping[str, Datastream] = field(default_factory=dict)
    events: Events = field(default_factory=dict)


def _find_int(text: str) -> int | None:
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _MAX_DIGITS:
        return None
    return int(text)


def _number_text(limit: float) -> str:
    return str(int(limit)) if limit == int(limit) else repr(limit)
