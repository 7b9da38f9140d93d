"""What is known of a pin that says how to show it, in one form whoever said it.

Who says more goes first: the mode of a direct pin, the datastream, the widget properties that a
device sets, and at last the value: a pin that nobody declared is a number as long as it only took
numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.core.address import PIN_NAMES, PinKind
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.direct import MAX_ANALOG, DirectPin, PinMode
from blynk_gateway.core.effects import EffectKind
from blynk_gateway.core.presentation import Presentation
from blynk_gateway.core.store import OWN_MAX_ANALOG
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.value import PinValue, number, printable

MAX_NAME = 64
"""Characters of a name that a device gives."""

MAX_DECIMALS = 9

Properties = Mapping[str, PinValue]
"""Widget properties of one pin, by name."""

_TRUE = frozenset({"1", "true"})
_PLAIN = Presentation()

STRUCTURAL = frozenset({"onLabel", "offLabel", "labels", "min", "max"})
"""Properties that tell what kind of widget a pin has."""

USED = STRUCTURAL | {"label", "step", "suffix", "maximumFractionDigits", "isDisabled", "isHidden"}
"""All properties that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinFacts:
    """One pin.

    Attributes:
        width: how many parameters a value has.
        labels: text of each value that has one, by the value.
        is_guessed: whether only the value says that it is a number.
    """

    pin: str
    name: str
    type: DatastreamType
    is_writable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    decimals: int | None = None
    step: float | None = None
    width: int = 1
    labels: tuple[tuple[str, str], ...] = ()
    effects: frozenset[EffectKind] = frozenset()
    is_hidden: bool = False
    is_guessed: bool = False
    peripheral: PeripheralOptions | None = None
    presentation: Presentation = _PLAIN

    @property
    def is_number(self) -> bool:
        """Whether every value is one number."""
        return self.width == 1 and self.type not in (DatastreamType.STRING, DatastreamType.LOCATION)

    @property
    def is_binary(self) -> bool:
        """Whether every value is 0 or 1."""
        if self.width != 1 or self.labels:
            return False
        limits = (self.minimum, self.maximum)
        return self.type is DatastreamType.BOOL or (
            self.type is DatastreamType.INT and limits == (0, 1)
        )


def facts_of(
    state: PinState,
    properties: Properties,
    peripheral: PeripheralOptions | None = None,
    *,
    is_own: bool = False,
    is_text: bool = False,
) -> PinFacts:
    """What is known of a pin.

    Args:
        state: without value and datastream for a pin of which there are only properties.
        is_own: whether it is a pin of the gateway's own device.
        is_text: whether it took values that are no numbers, which counts where nothing else does.
    """
    if state.datastream is not None:
        facts = _declared(state, state.datastream, properties)
    elif PIN_NAMES[state.pin] is not PinKind.VIRTUAL:
        facts = _direct(state, is_own=is_own)
    else:
        facts = _by_widget(state, properties) or _by_value(state, is_text=is_text)
    label = _text(properties, "label")
    return replace(
        facts,
        name=facts.presentation.name or label or facts.name or state.pin,
        unit=_text(properties, "suffix") or facts.unit,
        is_writable=facts.is_writable and not _is_true(properties, "isDisabled"),
        decimals=_whole(properties, "maximumFractionDigits", facts.decimals),
        step=_positive(properties, "step"),
        is_hidden=_is_true(properties, "isHidden"),
        peripheral=peripheral,
    )


def _declared(state: PinState, stream: Datastream, properties: Properties) -> PinFacts:
    minimum, maximum = _narrowed(stream.minimum, stream.maximum, properties)
    labels = tuple((str(key), label) for key, label in stream.labels)
    if not labels and stream.type in (DatastreamType.INT, DatastreamType.ENUM):
        labels = _labels(properties)
    return PinFacts(
        pin=state.pin,
        name=stream.name,
        type=stream.type,
        is_writable=stream.is_writable,
        minimum=minimum,
        maximum=maximum,
        unit=stream.unit,
        decimals=stream.decimals,
        width=stream.parameters or max(len(stream.default or ()), len(state.value), 1),
        labels=labels,
        effects=stream.effects,
        presentation=stream.presentation or _PLAIN,
    )


def _direct(state: PinState, *, is_own: bool) -> PinFacts:
    mode = _mode(state.direct)
    highest = float(OWN_MAX_ANALOG if is_own else MAX_ANALOG)
    is_level = mode is not PinMode.PWM and PIN_NAMES[state.pin] is PinKind.DIGITAL
    is_input = mode.is_input
    return PinFacts(
        pin=state.pin,
        name="",
        type=DatastreamType.INT,
        is_writable=not is_input,
        minimum=None if is_input and not is_level else 0.0,
        maximum=1.0 if is_level else None if is_input else highest,
    )


def _mode(direct: DirectPin | None) -> PinMode:
    # A pin that was read but never got a mode cannot be driven before it has one.
    return PinMode.IN if direct is None else direct.mode


def _by_widget(state: PinState, properties: Properties) -> PinFacts | None:
    """What the widget must be that has such properties: what a person turns on the phone."""
    facts = PinFacts(pin=state.pin, name="", type=DatastreamType.INT, is_writable=True)
    labels = _labels(properties)
    if labels:
        return replace(facts, type=DatastreamType.ENUM, labels=labels)
    minimum, maximum = _narrowed(None, None, properties)
    if minimum is not None and maximum is not None:
        return replace(facts, type=DatastreamType.DOUBLE, minimum=minimum, maximum=maximum)
    if "onLabel" in properties or "offLabel" in properties:
        return replace(facts, minimum=0.0, maximum=1.0)
    return None


def _by_value(state: PinState, *, is_text: bool) -> PinFacts:
    # Read only: a number that a sketch tells is far more often measured than set.
    is_guessed = not is_text and number(state.value) is not None
    return PinFacts(
        pin=state.pin,
        name="",
        type=DatastreamType.DOUBLE if is_guessed else DatastreamType.STRING,
        is_writable=False,
        width=len(state.value) or 1,
        is_guessed=is_guessed,
    )


def _narrowed(
    low: float | None, high: float | None, properties: Properties
) -> tuple[float | None, float | None]:
    """Limits as the device sets them, within those that are declared."""
    set_low, set_high = (number(properties.get(name, ())) for name in ("min", "max"))
    lows = [limit for limit in (low, set_low) if limit is not None]
    highs = [limit for limit in (high, set_high) if limit is not None]
    minimum, maximum = max(lows, default=None), min(highs, default=None)
    if minimum is not None and maximum is not None and minimum >= maximum:
        return low, high
    return minimum, maximum


def _labels(properties: Properties) -> tuple[tuple[str, str], ...]:
    """Rows of a menu, which the vendor's widgets number from 1."""
    rows = (_clean(row) for row in properties.get("labels", ()))
    return tuple((str(row), label) for row, label in enumerate(rows, 1) if label)


def _text(properties: Properties, name: str) -> str:
    return _clean(" ".join(properties[name])) if name in properties else ""


def _clean(text: str) -> str:
    shown = "".join(one for one in printable(text) if one.isprintable())
    return shown.strip()[:MAX_NAME]


def _is_true(properties: Properties, name: str) -> bool:
    return _text(properties, name).lower() in _TRUE


def _positive(properties: Properties, name: str) -> float | None:
    found = number(properties.get(name, ()))
    return found if found is not None and found > 0 else None


def _whole(properties: Properties, name: str, otherwise: int | None) -> int | None:
    found = number(properties.get(name, ()))
    if found is None or not 0 <= found <= MAX_DECIMALS:
        return otherwise
    return int(found)
