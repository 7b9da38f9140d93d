"""The dashboard of a device that nobody made one for, from its datastreams and pins.

The same device gives the same dashboard each time. Widgets take limits, units and labels from the
datastream themselves, so nothing of it is repeated here.
"""

from collections.abc import Iterable
from dataclasses import replace

from blynk_gateway.core.address import PIN_NAMES, PinAddress, PinKind
from blynk_gateway.core.dashboards.model import (
    DESKTOP_COLUMNS,
    MAX_WIDGETS,
    PHONE_COLUMNS,
    Dashboard,
    Page,
    Widget,
)
from blynk_gateway.core.dashboards.rows import fill_rows
from blynk_gateway.core.dashboards.widget_types import WIDGET_TYPES, Size
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.device import Device
from blynk_gateway.core.direct import PinMode
from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.stream import PinState

PREFIX = "device:"
"""Before the slug of the device: no other dashboard's slug can have a colon."""

MAX_GAUGES = 4
MAX_CURVES = 4
MAX_STEPS = 10
"""Whole numbers with more of them are easier to find on a slider."""

MAX_SEGMENTS = 4
"""Labels that fit side by side on a phone."""

MAX_BESIDE_TILE = 3
"""Small widgets that stand in one row with the device's tile; for more it has its own."""

BYTE_MAX = 255
CHANNELS = 3
"""Red, green and blue."""

_SMALL = WIDGET_TYPES["switch"].desktop

_NUMBERS = (DatastreamType.INT, DatastreamType.DOUBLE)


def automatic_dashboard(device: Device, store: PinStore) -> Dashboard:
    """The dashboard of a device: its tile, its pins, one chart, its events."""
    states = store.pins(device.slug)
    pins = [_widget_of(device.slug, state) for state in _ordered(states)]
    widgets = [
        Widget("device", options={"device": device.slug}),
        # Sorting keeps the order of those that are equally large.
        *sorted(_with_few_gauges(pins), key=_rank),
        *_chart(device.slug, states),
        Widget("events", options={"device": device.slug}),
    ]
    parts = [widgets[at : at + MAX_WIDGETS] for at in range(0, len(widgets), MAX_WIDGETS)]
    pages = tuple(
        Page(str(number) if len(parts) > 1 else "", tuple(_in_rows(part)))
        for number, part in enumerate(parts, 1)
    )
    return Dashboard(PREFIX + device.slug, device.definition.name, pages)


def _ordered(states: list[PinState]) -> Iterable[PinState]:
    """Declared pins, then others that are in use."""
    yield from (state for state in states if state.datastream is not None)
    yield from (state for state in states if state.datastream is None)


def _size(widget: Widget) -> Size:
    # Beside each other they would make rows of their own.
    is_bar = widget.type in ("step", "number_input", "menu")
    return WIDGET_TYPES["slider" if is_bar else widget.type].desktop


def _rank(widget: Widget) -> tuple[int, int]:
    size = _size(widget)
    return size.height, size.width


def _in_rows(widgets: list[Widget]) -> Iterable[Widget]:
    sizes = [_size(one) for one in widgets]
    if widgets[0].type == "device":
        is_beside = sizes.count(_SMALL) <= MAX_BESIDE_TILE
        sizes[0] = _SMALL if is_beside else Size(DESKTOP_COLUMNS, _SMALL.height)
    wide = fill_rows(DESKTOP_COLUMNS, sizes)
    narrow = fill_rows(PHONE_COLUMNS, [WIDGET_TYPES[one.type].phone for one in widgets])
    for widget, desktop, phone in zip(widgets, wide, narrow, strict=True):
        yield replace(widget, desktop=desktop, phone=phone)


def _widget_of(slug: str, state: PinState) -> Widget:
    pin = PinAddress(slug, state.pin)
    if PIN_NAMES[state.pin] is not PinKind.VIRTUAL:
        return _direct(pin, state)
    if state.datastream is None:
        return Widget("value", pin=pin)
    stream = state.datastream
    if stream.type is DatastreamType.LOCATION:
        return Widget("map", pin=pin, options={"format": "location"})
    kind = _control(stream, state) if stream.is_writable else _display(stream, state)
    return Widget(kind, pin=pin)


def _direct(pin: PinAddress, state: PinState) -> Widget:
    is_digital = PIN_NAMES[pin.pin] is PinKind.DIGITAL
    mode = PinMode.IN if state.direct is None else state.direct.mode
    if mode is PinMode.PWM:
        return Widget("slider", pin=pin, options={"min": 0.0, "max": float(BYTE_MAX)})
    if mode is PinMode.OUT:
        return Widget("switch", pin=pin)
    return Widget("led", pin=pin, options={"max": 1.0}) if is_digital else Widget("value", pin=pin)


def _control(stream: Datastream, state: PinState) -> str:
    if stream.type is DatastreamType.STRING:
        return "text_input"
    if stream.type is DatastreamType.ENUM and stream.labels:
        return "segmented" if len(stream.labels) <= MAX_SEGMENTS else "menu"
    if _is_on_off(stream):
        return "switch"
    if _is_colour(stream, state):
        return "rgb"
    if stream.minimum is None or stream.maximum is None:
        return "number_input"
    is_whole = stream.type is DatastreamType.INT
    return "step" if is_whole and stream.maximum - stream.minimum <= MAX_STEPS else "slider"


def _display(stream: Datastream, state: PinState) -> str:
    if _is_on_off(stream):
        return "led"
    if stream.type not in _NUMBERS or stream.minimum is None or stream.maximum is None:
        return "value"
    return "value" if _is_state(stream) or len(state.shown) > 1 else "gauge"


def _is_on_off(stream: Datastream) -> bool:
    limits = (stream.minimum, stream.maximum)
    is_bit = stream.type is DatastreamType.INT and limits == (0, 1)
    return stream.type is DatastreamType.BOOL or is_bit


def _is_state(stream: Datastream) -> bool:
    """Whether its whole numbers are so few that they are states, such as those of a button."""
    low, high = stream.minimum, stream.maximum
    is_whole = stream.type is DatastreamType.INT
    return is_whole and low is not None and high is not None and high - low <= MAX_STEPS


def _is_colour(stream: Datastream, state: PinState) -> bool:
    count = stream.parameters or len(state.shown)
    return count == CHANNELS and (stream.minimum, stream.maximum) == (0, BYTE_MAX)


def _with_few_gauges(widgets: Iterable[Widget]) -> Iterable[Widget]:
    gauges = 0
    for widget in widgets:
        gauges += widget.type == "gauge"
        is_one_too_many = widget.type == "gauge" and gauges > MAX_GAUGES
        yield Widget("level", pin=widget.pin) if is_one_too_many else widget


def _chart(slug: str, states: Iterable[PinState]) -> Iterable[Widget]:
    pins = [
        PinAddress(slug, state.pin)
        for state in states
        if state.datastream is not None and _is_measured(state.datastream)
    ]
    if pins:
        yield Widget("chart", pins=tuple(pins[:MAX_CURVES]), options={"range": "1d"})


def _is_measured(stream: Datastream) -> bool:
    is_kept = stream.history is not HistoryPolicy.OFF
    return stream.type in _NUMBERS and is_kept and not stream.is_writable and not _is_state(stream)
