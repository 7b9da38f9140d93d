"""The schema of one widget, made of the table of widget types."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import yaml

from blynk_gateway.config.fault import found, quoted
from blynk_gateway.config.kinds import Key, Kind, ListOf, OrNull, Scalar, Section
from blynk_gateway.config.scalars import (
    BOOLEAN,
    MAX_TEXT_LENGTH,
    NUMBER,
    PIN_ADDRESS,
    SLUG,
    parse_text,
    whole_number,
)
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.typed import TYPE, Typed
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.dashboards.model import (
    DESKTOP_COLUMNS,
    PHONE_COLUMNS,
    Box,
    OptionValue,
    Widget,
)
from blynk_gateway.core.dashboards.widget_types import (
    WIDGET_TYPES,
    Option,
    OptionKind,
    TextRule,
    WidgetType,
)

MAX_HEIGHT = 50
"""Rows of a widget: several screens."""

MAX_ROW = 20_000
"""Last row a widget may begin at: a page of the highest widgets, one below the other, has half."""

MAX_URL_LENGTH = 1024

_BOX_FIELDS = 4
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_URL = re.compile(r"(?:https?://|/(?!/))[!-~]+")

TEXT = Scalar(
    lambda text: text and parse_text(text),
    f"a text of at most {MAX_TEXT_LENGTH} characters in one line",
    quoted,
)


@dataclass(frozen=True, slots=True)
class BoxKind(Kind[Box]):
    """A place on a grid: `[x, y, width, height]`."""

    columns: int

    def read(self, node: yaml.Node, key: str, scope: Scope) -> Box:
        """Four whole numbers inside the grid."""
        width = f"{self.columns} columns"
        expected = f"[x, y, width, height] in {width}, such as [0, 0, 4, 2]"
        entries = scope.entries_of(node, key, expected)
        texts = [scope.text_of(entry, key, expected) for entry in entries]
        shown = found(", ".join(texts[: _BOX_FIELDS + 1]))
        limits = ((0, self.columns - 1), (0, MAX_ROW), (1, self.columns), (1, MAX_HEIGHT))
        try:
            pairs = zip(texts, limits, strict=True)
            box = Box(*(whole_number(*limit).parse(text) for text, limit in pairs))
        except ValueError:
            scope.reject(node, key, f"found {shown}, expected {expected}")
        if box.x + box.width > self.columns:
            scope.reject(node, key, f"found {shown}, expected a place within {width}")
        return box

    def flow(self, value: Box) -> str:
        """As a list in brackets."""
        return "[" + ", ".join(map(str, value)) + "]"


@dataclass(frozen=True, slots=True)
class WidgetKind(Kind[Widget]):
    """A widget; which keys it may have says its type."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> Widget:
        """The widget, without what is not given."""
        return _WIDGET.read(node, key, scope)

    def flow(self, value: Widget) -> str:
        """As a mapping in braces, of what is given."""
        return "{" + ", ".join(f"{name}: {text}" for name, text in _given(value)) + "}"


def _given(widget: Widget) -> Iterator[tuple[str, str]]:
    values = {
        "type": widget.type,
        "title": widget.title or None,
        "pin": widget.pin,
        "pins": widget.pins or None,
        **widget.options,
        "desktop": widget.desktop,
        "phone": widget.phone,
    }
    for key in _shape_of(widget.type).keys:
        if values.get(key.name) is not None:
            yield key.name, key.kind.flow(values[key.name])


def _kind_of(option: Option) -> Kind[Any]:
    match option.kind:
        case OptionKind.NUMBER if option.low is not None and option.high is not None:
            kind: Kind[Any] = whole_number(option.low, option.high)
        case OptionKind.CHOICE:
            expected = f"one of {', '.join(option.choices)}"
            parse = partial(_parse_choice, option.choices)
            kind = Scalar(parse, expected, str, option.choices)
        case OptionKind.LIST:
            kind = ListOf(_TEXTS[option.text], "a list of texts", option.high or 0)
        case OptionKind.TEXT:
            kind = _TEXTS[option.text]
        case _:
            kind = _KINDS[option.kind]
    return kind


def _parse_choice(choices: tuple[str, ...], text: str) -> str:
    if text not in choices:
        raise ValueError(text)
    return text


def _parse_color(text: str) -> str:
    if not _COLOR.fullmatch(text):
        raise ValueError(text)
    return text


def _parse_url(text: str) -> str:
    # Anything else, such as javascript:, would be run by a browser.
    if len(text) > MAX_URL_LENGTH or not _URL.fullmatch(text):
        raise ValueError(text)
    return text


_COLOR_TEXT = Scalar(_parse_color, 'a colour such as "#23C48E", in quotes', quoted)
_URL_TEXT = Scalar(
    _parse_url,
    f"http://…, https://… or a path that begins with /, at most {MAX_URL_LENGTH} characters",
    quoted,
)


_TEXTS = {TextRule.ANY: TEXT, TextRule.URL: _URL_TEXT, TextRule.COLOR: _COLOR_TEXT}
_KINDS: dict[OptionKind, Kind[Any]] = {
    OptionKind.NUMBER: NUMBER,
    OptionKind.BOOLEAN: BOOLEAN,
    OptionKind.COLOR: _COLOR_TEXT,
    OptionKind.DEVICE: SLUG,
    OptionKind.AUTOMATION: TEXT,
}


def _shape(name: str, kind: WidgetType) -> Section[Widget]:
    keys = [TYPE, Key("title", OrNull(TEXT))]
    required = []
    if kind.takes_one:
        keys.append(Key("pin", OrNull(PIN_ADDRESS)))
        if kind.counts[0] and not kind.takes_many:
            required.append("pin")
            keys[-1] = Key("pin", PIN_ADDRESS)
    if kind.takes_many:
        pins = ListOf(PIN_ADDRESS, "a list such as [greenhouse/V5]", kind.counts[1])
        keys.append(Key("pins", pins if not kind.merges else OrNull(pins)))
        if not kind.takes_one:
            required.append("pins")
    for option in kind.options:
        value = _kind_of(option)
        keys.append(Key(option.name, value if option.is_required else OrNull(value)))
        if option.is_required:
            required.append(option.name)
    keys.append(Key("desktop", OrNull(BoxKind(DESKTOP_COLUMNS))))
    keys.append(Key("phone", OrNull(BoxKind(PHONE_COLUMNS))))
    return Section(
        partial(_make, name), tuple(keys), tuple(required), finish=partial(_finish, kind)
    )


def _make(
    kind: str,
    *,
    type: str,  # noqa: A002, ARG001  a key like others; the shape knows it already
    title: str | None = None,
    pin: PinAddress | None = None,
    pins: tuple[PinAddress, ...] | None = None,
    desktop: Box | None = None,
    phone: Box | None = None,
    **options: OptionValue | None,
) -> Widget:
    given = {name: value for name, value in options.items() if value is not None}
    return Widget(kind, title or "", pin, pins or (), desktop, phone, given)


def _finish(kind: WidgetType, widget: Widget, key: str, scope: Scope) -> Widget:
    if scope.is_faulty(f"{key}."):
        # What was made is not what was meant: more complaints would only mislead.
        return widget
    least, most = kind.counts
    if kind.merges and (widget.pin is None) == (not widget.pins):
        text = "both pin and pins" if widget.pins else "no pin or pins"
        scope.fault_at(key, f"found {text}, expected one of the two")
    elif kind.takes_many and widget.pin is None and not least <= len(widget.pins) <= most:
        expected = str(most) if least == most else f"{least} to {most}"
        scope.fault_at(f"{key}.pins", f"found {len(widget.pins)}, expected {expected} pins")
    low, high = widget.options.get("min"), widget.options.get("max")
    if isinstance(low, float) and isinstance(high, float) and low >= high:
        expected = f"less than max, which is {NUMBER.flow(high)}"
        scope.fault_at(f"{key}.min", f"found {NUMBER.flow(low)}, expected {expected}")
    step = widget.options.get("step")
    if isinstance(step, float) and step <= 0:
        scope.fault_at(f"{key}.step", f"found {NUMBER.flow(step)}, expected more than 0")
    return widget


_SHAPES = {name: _shape(name, kind) for name, kind in WIDGET_TYPES.items()}
_WIDGET: Typed[Widget] = Typed(_SHAPES)


def _shape_of(name: str) -> Section[Widget]:
    return _SHAPES[name]
