"""The schema of datastreams and templates."""

from dataclasses import replace

import yaml

from blynk_gateway.config.events import EVENTS
from blynk_gateway.config.fault import found, quoted
from blynk_gateway.config.kinds import Key, Kind, MapOf, OrNull, Section, Table
from blynk_gateway.config.mqtt.presentation import PRESENTATION
from blynk_gateway.config.scalars import (
    BOOLEAN,
    NUMBER,
    SLUG,
    UNIT,
    VIRTUAL_PIN,
    choice,
    text_of,
    whole_number,
)
from blynk_gateway.config.scope import Scope
from blynk_gateway.core.address import MAX_PIN_INDEX
from blynk_gateway.core.datastream import (
    INT32_MAX,
    INT32_MIN,
    Authority,
    Datastream,
    DatastreamType,
    Template,
)
from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.core.value import SEPARATOR, PinValue, check_size
from blynk_gateway.errors import InvalidValue

MAX_TEMPLATES = 1000
"""As many as devices."""

MAX_LABELS = 256
MAX_DECIMALS = 9

_NUMBER_TYPES = (DatastreamType.INT, DatastreamType.DOUBLE)
_TYPES_READING = {
    "min": ("minimum", _NUMBER_TYPES),
    "max": ("maximum", _NUMBER_TYPES),
    "decimals": ("decimals", (DatastreamType.DOUBLE,)),
    "labels": ("labels", (DatastreamType.ENUM,)),
    "fallback": ("fallback", (DatastreamType.ENUM,)),
}
"""Keys that only some types look at, and their attributes; elsewhere they would do nothing."""

_LABELS = Table(whole_number(INT32_MIN, INT32_MAX), text_of("a label"), MAX_LABELS)


class Labels(Kind[tuple[tuple[int, str], ...]]):
    """The rows of an enum, `{0: Off, 1: Auto}`."""

    def read(self, node: yaml.Node, key: str, scope: Scope) -> tuple[tuple[int, str], ...]:
        """Number and text of each row."""
        return tuple(_LABELS.read(node, key, scope).items())

    def flow(self, value: tuple[tuple[int, str], ...]) -> str:
        """As a mapping in braces."""
        return _LABELS.flow(dict(value))


class DefaultValue(Kind[PinValue]):
    """A value as it would be written: one text, or a list of them."""

    expected = "a value, or a list of values for a pin with several"

    def read(self, node: yaml.Node, key: str, scope: Scope) -> PinValue:
        """One text for each parameter."""
        is_list = isinstance(node, yaml.SequenceNode)
        entries = scope.entries_of(node, key, self.expected) if is_list else [node]
        value = tuple(scope.text_of(entry, key, self.expected) for entry in entries)
        if any(SEPARATOR in text or not _is_unicode(text) for text in value):
            scope.reject(node, key, "found a character that no text can have, expected other ones")
        try:
            check_size(value)
        except InvalidValue as error:
            scope.reject(node, key, str(error))
        return value

    def flow(self, value: PinValue) -> str:
        """In quotes, several as a list."""
        texts = [quoted(text) for text in value]
        return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _finish_datastream(stream: Datastream, key: str, scope: Scope) -> Datastream:
    if scope.is_faulty(f"{key}.type") or scope.is_faulty(f"{key}.labels"):
        # What was made is not what was meant: more complaints would only mislead.
        return stream
    for name, (attribute, types) in _TYPES_READING.items():
        if stream.type not in types and getattr(stream, attribute) not in (None, ()):
            text = f"found beside type {stream.type}, expected only with {' or '.join(types)}"
            scope.fault_at(f"{key}.{name}", text)
    if stream.type is DatastreamType.INT:
        for name, limit in (("min", stream.minimum), ("max", stream.maximum)):
            if limit is not None and not (limit.is_integer() and INT32_MIN <= limit <= INT32_MAX):
                expected = f"a whole number from {INT32_MIN} to {INT32_MAX} for type int"
                scope.fault_at(f"{key}.{name}", f"found {NUMBER.flow(limit)}, expected {expected}")
    is_enum = stream.type is DatastreamType.ENUM
    if is_enum and stream.fallback is not None and stream.fallback not in dict(stream.labels):
        scope.fault_at(f"{key}.fallback", f"found {stream.fallback}, expected one of the labels")
    low, high = stream.minimum, stream.maximum
    if low is not None and high is not None and low > high:
        expected = f"at most max, which is {NUMBER.flow(high)}"
        scope.fault_at(f"{key}.min", f"found {NUMBER.flow(low)}, expected {expected}")
    elif stream.default is not None:
        return _with_default(stream, stream.default, key, scope)
    return stream


def _with_default(stream: Datastream, default: PinValue, key: str, scope: Scope) -> Datastream:
    shown = found(" ".join(default))
    try:
        accepted = replace(stream, fallback=None).accept(default)
    except InvalidValue:
        what = _EXPECTED_VALUES[stream.type]
        scope.fault_at(f"{key}.default", f"found {shown}, expected {what}")
        return stream
    if accepted != default and stream.type in _NUMBER_TYPES:
        scope.fault_at(f"{key}.default", f"found {shown}, expected a value from min to max")
    # `true` and an enum's label become the number that devices know.
    return replace(stream, default=accepted)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_EXPECTED_VALUES = {
    DatastreamType.ENUM: "one of the labels",
    DatastreamType.INT: "a whole number",
    DatastreamType.DOUBLE: "a number",
    DatastreamType.BOOL: "0 or 1",
    DatastreamType.LOCATION: "longitude and latitude, such as [13.4, 52.5]",
}

DATASTREAMS = MapOf(
    VIRTUAL_PIN,
    ("pin", "name"),
    Section(
        Datastream,
        (
            Key("name", text_of("a name")),
            Key("type", choice(DatastreamType)),
            Key("min", OrNull(NUMBER), "minimum"),
            Key("max", OrNull(NUMBER), "maximum"),
            Key("default", OrNull(DefaultValue())),
            Key("unit", UNIT),
            Key("decimals", OrNull(whole_number(0, MAX_DECIMALS))),
            Key("writable", BOOLEAN, "is_writable"),
            Key("sync", BOOLEAN, "is_synced"),
            Key("authority", choice(Authority)),
            Key("history", choice(HistoryPolicy)),
            Key("labels", Labels()),
            Key("fallback", OrNull(whole_number(INT32_MIN, INT32_MAX))),
            Key("home_assistant", OrNull(PRESENTATION), "presentation"),
        ),
        finish=_finish_datastream,
    ),
    limit=MAX_PIN_INDEX + 1,
)

TEMPLATES = MapOf(
    SLUG,
    ("name",),
    Section(Template, (Key("datastreams", DATASTREAMS), Key("events", EVENTS))),
    limit=MAX_TEMPLATES,
)
