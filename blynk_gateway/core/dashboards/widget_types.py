"""The table of widget types: pins, usual size and options of each.

The validator and the editor in the browser both read it; what a widget does with its options is
the browser's business. Formats of values: blynk-protocol §12.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

MAX_CHART_PINS = 8
"""More curves than colours that can be told apart."""

MAX_DECIMALS = 9
MAX_TERMINAL_LINES = 5000
MAX_INPUT_LENGTH = 4096
"""Longest value of a pin, bytes."""

MAX_LABELS = 64


class OptionKind(StrEnum):
    """What an option holds; a URL and a whole number are texts and numbers with stricter rules."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    COLOR = "color"
    LIST = "list"
    DEVICE = "device"
    AUTOMATION = "automation"


class TextRule(StrEnum):
    """What a text may be."""

    ANY = "any"
    URL = "url"
    COLOR = "color"


class PinUse(StrEnum):
    """How many pins a widget has."""

    NONE = "none"
    ONE = "one"
    MANY = "many"


class Size(NamedTuple):
    """Columns and rows."""

    width: int
    height: int


class Option(NamedTuple):
    """One option.

    Attributes:
        default: what the widget does without it, where that does not depend on the pin.
        low, high: limits of a whole number; `high` of a list is its length. None for any number.
        text: of a text or a list, what each may be.
        is_required: whether nothing can be shown without it.
    """

    name: str
    kind: OptionKind
    choices: tuple[str, ...] = ()
    default: str | float | bool | None = None
    low: int | None = None
    high: int | None = None
    text: TextRule = TextRule.ANY
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class WidgetType:
    """One type.

    Attributes:
        pins: with `MANY` the key is `pins`, with `ONE` it is `pin`.
        counts: least and most pins.
        merges: whether one `pin`, with all parameters in it, may stand in place of all `pins`.
        options: in the order of the documentation.
    """

    desktop: Size
    phone: Size
    pins: PinUse = PinUse.ONE
    counts: tuple[int, int] = (1, 1)
    merges: bool = False
    options: tuple[Option, ...] = ()

    @property
    def takes_one(self) -> bool:
        """Whether it knows the key `pin`."""
        return self.pins is PinUse.ONE or self.merges

    @property
    def takes_many(self) -> bool:
        """Whether it knows the key `pins`."""
        return self.pins is PinUse.MANY


def _text(name: str) -> Option:
    return Option(name, OptionKind.TEXT)


def _number(name: str) -> Option:
    return Option(name, OptionKind.NUMBER)


def _whole(name: str, low: int, high: int, default: int | None = None) -> Option:
    return Option(name, OptionKind.NUMBER, default=default, low=low, high=high)


def _boolean(name: str, *, default: bool = False) -> Option:
    return Option(name, OptionKind.BOOLEAN, default=default)


def _choice(name: str, *choices: str, default: str | None = None) -> Option:
    return Option(name, OptionKind.CHOICE, choices, default)


def _list(name: str, most: int, text: TextRule = TextRule.ANY) -> Option:
    return Option(name, OptionKind.LIST, high=most, text=text)


_MIN, _MAX, _STEP, _UNIT = _number("min"), _number("max"), _number("step"), _text("unit")
_COLOR = Option("color", OptionKind.COLOR)
_DECIMALS = _whole("decimals", 0, MAX_DECIMALS)
_ON_OFF = (_text("on"), _text("off"), _text("on_label"), _text("off_label"))
_LABELS = (_list("labels", MAX_LABELS), _whole("first", -(2**31), 2**31 - 1))
_VERTICAL = _boolean("vertical")

_SMALL = Size(2, 2)
_BAR = Size(4, 2)
_TALL = Size(6, 5)
_SQUARE = Size(4, 4)

WIDGET_TYPES: Mapping[str, WidgetType] = {
    "button": WidgetType(
        _SMALL, _SMALL, options=(_choice("mode", "push", "switch", default="push"), *_ON_OFF)
    ),
    "switch": WidgetType(_SMALL, _SMALL, options=_ON_OFF),
    "slider": WidgetType(
        _BAR,
        _BAR,
        options=(
            *(_MIN, _MAX, _STEP, _VERTICAL),
            _choice("send", "release", "move", default="move"),
            *(_COLOR, _DECIMALS),
        ),
    ),
    "step": WidgetType(Size(3, 2), _SMALL, options=(_MIN, _MAX, _STEP, _boolean("loop"))),
    "number_input": WidgetType(Size(3, 2), _SMALL, options=(_MIN, _MAX, _STEP, _UNIT)),
    "text_input": WidgetType(_BAR, _BAR, options=(_whole("limit", 1, MAX_INPUT_LENGTH),)),
    "menu": WidgetType(Size(3, 2), _BAR, options=_LABELS),
    "segmented": WidgetType(_BAR, _BAR, options=_LABELS),
    "joystick": WidgetType(
        Size(3, 4),
        _SQUARE,
        PinUse.MANY,
        (2, 2),
        merges=True,
        options=(_MIN, _MAX, _boolean("auto_return", default=True)),
    ),
    "rgb": WidgetType(_SQUARE, _SQUARE, PinUse.MANY, (3, 3), merges=True),
    "time_input": WidgetType(
        Size(4, 3),
        Size(4, 3),
        options=(_boolean("range", default=True), _boolean("days"), _boolean("seconds")),
    ),
    "value": WidgetType(_SMALL, _SMALL, options=(_DECIMALS, _UNIT, _COLOR)),
    "labeled_value": WidgetType(Size(3, 2), _BAR, options=(_text("format"),)),
    "led": WidgetType(_SMALL, _SMALL, options=(_COLOR, _MIN, _MAX)),
    "gauge": WidgetType(Size(3, 3), Size(2, 3), options=(_MIN, _MAX, _UNIT, _DECIMALS, _COLOR)),
    "level": WidgetType(_BAR, _BAR, options=(_MIN, _MAX, _VERTICAL, _COLOR, _UNIT, _DECIMALS)),
    "lcd": WidgetType(
        _BAR,
        _BAR,
        PinUse.MANY,
        (2, 2),
        merges=True,
        options=(_list("formats", 2), _COLOR),
    ),
    "terminal": WidgetType(
        _TALL,
        Size(4, 6),
        options=(
            _whole("lines", 1, MAX_TERMINAL_LINES, 200),
            _boolean("input", default=True),
        ),
    ),
    "table": WidgetType(_TALL, Size(4, 6)),
    "map": WidgetType(_TALL, Size(4, 5), options=(_choice("format", "legacy", "location"),)),
    "image": WidgetType(
        _SQUARE,
        _SQUARE,
        counts=(0, 1),
        options=(
            _list("urls", MAX_LABELS, TextRule.URL),
            Option("url", OptionKind.TEXT, text=TextRule.URL),
        ),
    ),
    "video": WidgetType(
        _TALL, _SQUARE, counts=(0, 1), options=(Option("url", OptionKind.TEXT, text=TextRule.URL),)
    ),
    "chart": WidgetType(
        _TALL,
        Size(4, 5),
        PinUse.MANY,
        (1, MAX_CHART_PINS),
        options=(
            _choice("range", "live", "1h", "6h", "1d", "1w", "1M", "1y", default="1d"),
            _choice("aggregate", "avg", "min", "max", "sum", "count", "last", default="avg"),
            *(_MIN, _MAX, _list("colors", MAX_CHART_PINS, TextRule.COLOR)),
        ),
    ),
    "device": WidgetType(
        Size(3, 2),
        _BAR,
        PinUse.NONE,
        (0, 0),
        options=(Option("device", OptionKind.DEVICE, is_required=True),),
    ),
    "events": WidgetType(
        _TALL,
        Size(4, 6),
        PinUse.NONE,
        (0, 0),
        options=(Option("device", OptionKind.DEVICE),),
    ),
    "scene": WidgetType(
        _SMALL,
        _SMALL,
        PinUse.NONE,
        (0, 0),
        options=(Option("automation", OptionKind.AUTOMATION, is_required=True), _COLOR),
    ),
    "header": WidgetType(Size(12, 5), Size(4, 8), PinUse.NONE, (0, 0)),
}
"""Every type by its name."""
