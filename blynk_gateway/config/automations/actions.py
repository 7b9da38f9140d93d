"""The schema of actions: what a rule does."""

from functools import partial
from typing import Any, TypeVar

import yaml

from blynk_gateway.config import nodes
from blynk_gateway.config.automations import habits
from blynk_gateway.config.automations.names import RULE
from blynk_gateway.config.automations.options import (
    PULSE_MS,
    Action,
    DelayAction,
    EnableAction,
    EventAction,
    NotifyAction,
    PropertyAction,
    PublishAction,
    PulseAction,
    SceneAction,
    SetAction,
    ToggleAction,
    WebhookAction,
)
from blynk_gateway.config.automations.texts import DESCRIPTION, MESSAGE, PAYLOAD, TITLE
from blynk_gateway.config.automations.unions import Form, Made, OneKey, OneOrMore, TextOr, given
from blynk_gateway.config.events import CODE
from blynk_gateway.config.fault import Rejected, quoted
from blynk_gateway.config.kinds import Key, Kind, Scalar, Section
from blynk_gateway.config.mqtt.topics import MAX_TOPIC_BYTES, TOPIC_FILTER, is_wild
from blynk_gateway.config.scalars import (
    BOOLEAN,
    PIN_ADDRESS,
    SLUG,
    UNITS_MS,
    duration,
    text_of,
    whole_number,
)
from blynk_gateway.config.scope import Scope, join
from blynk_gateway.config.templates import DefaultValue
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.properties import PROPERTY_NAMES
from blynk_gateway.core.value import PinValue

MAX_ACTIONS = 100
MAX_PINS = 100
"""Pins that one action sets."""

MAX_SERVICES = 100
MAX_TIMES = 1000
MIN_PULSE_MS = 1
MAX_PULSE_MS = UNITS_MS["d"]
MAX_DELAY_MS = 365 * UNITS_MS["d"]
MAX_LIMIT_MS = 365 * UNITS_MS["d"]
MAX_QOS = 2

T = TypeVar("T")
N = TypeVar("N")


class Entries(Kind[dict[N, T]]):
    """Names with what each is given, at least one; the place of each is noted by its name.

    Args:
        what: as a complaint calls them.
        example: of the whole.
    """

    def __init__(self, name: Scalar[N], kind: Kind[T], what: str, limit: int, example: str) -> None:
        self._name = name
        self._kind = kind
        self._what = what
        self._limit = limit
        self._expected = f"{what} and what each is given, such as {example}"

    def read(self, node: yaml.Node, key: str, scope: Scope) -> dict[N, T]:
        """All of them, in order; none if one is faulty."""
        if isinstance(node, yaml.ScalarNode | yaml.SequenceNode) and not nodes.is_null(node):
            scope.reject(node, key, f"found {nodes.kind_of(node)}, expected {self._expected}")
        pairs = scope.pairs_of(node, key)
        if any(name == "pin" for name, _, _ in pairs):
            scope.reject(node, key, f"found pin as a key, expected {self._expected}")
        if not 0 < len(pairs) <= self._limit:
            text = f"found {len(pairs) or 'no'} {self._what}, expected 1 to {self._limit}"
            scope.reject(node, key, text)
        table: dict[N, T] = {}
        is_whole = True
        for name, key_node, value in pairs:
            path = join(key, name)
            try:
                parsed = self._name.read(key_node, path, scope)
                scope.note(join(key, self._name.flow(parsed)), key_node)
                if parsed in table:
                    scope.reject(key_node, path, "found a second time, expected once")
                table[parsed] = self._kind.read(value, path, scope)
            except Rejected:
                is_whole = False
        if not is_whole:
            raise Rejected
        return table

    def flow(self, value: dict[N, T]) -> str:
        """As a mapping in braces."""
        pairs = (
            f"{self._name.flow(name)}: {self._kind.flow(held)}" for name, held in value.items()
        )
        return "{" + ", ".join(pairs) + "}"


def _parse_property(text: str) -> str:
    if text not in PROPERTY_NAMES:
        raise ValueError(text)
    return text


def _parse_topic(text: str) -> str:
    if is_wild(text) or text.startswith("$"):
        raise ValueError(text)
    return TOPIC_FILTER.parse(text)


def _make_pulse(
    pin: PinAddress,
    on_ms: int = PULSE_MS,
    on: PinValue = ("1",),
    off: PinValue = ("0",),
) -> PulseAction:
    return PulseAction(pin, on_ms=on_ms, on=on, off=off)


def _make_resolve(code: str, device: str = "") -> EventAction:
    return EventAction(code, device=device, is_resolved=True)


def word_of(action: Action) -> str:
    """The key of an action."""
    match action:
        case PulseAction():
            is_pulse = action.times == 1 and action.off_ms == PULSE_MS
            return "pulse" if is_pulse else "blink"
        case EventAction():
            return "resolve_event" if action.is_resolved else "log_event"
        case EnableAction():
            return "enable" if action.is_enabled else "disable"
        case _:
            return _WORDS[type(action)]


_VALUE = DefaultValue()
_PULSE_TIME = duration(MIN_PULSE_MS, MAX_PULSE_MS)
_SERVICES = OneOrMore(text_of("a service"), "a service, or a list of them", MAX_SERVICES, least=1)

_PROPERTIES = Entries(
    Scalar(
        _parse_property,
        "a widget property such as color, label or isDisabled",
        str,
        tuple(sorted(PROPERTY_NAMES)),
    ),
    _VALUE,
    "properties",
    len(PROPERTY_NAMES),
    '{color: "#D3435C"}',
)

_PULSE = Form(
    PulseAction,
    Section(
        _make_pulse,
        (
            Key("pin", PIN_ADDRESS),
            Key("for", _PULSE_TIME, "on_ms"),
            Key("on", _VALUE),
            Key("off", _VALUE),
        ),
        required=("pin",),
        habits=habits.PULSE,
    ),
    lambda it: {"pin": it.pin, "for": it.on_ms, "on": it.on, "off": it.off},
)

_BLINK = Form(
    PulseAction,
    Section(
        PulseAction,
        (
            Key("pin", PIN_ADDRESS),
            Key("times", whole_number(1, MAX_TIMES)),
            Key("on_for", _PULSE_TIME, "on_ms"),
            Key("off_for", _PULSE_TIME, "off_ms"),
            Key("on", _VALUE),
            Key("off", _VALUE),
        ),
        required=("pin", "times"),
    ),
    lambda it: {
        "pin": it.pin,
        "times": it.times,
        "on_for": it.on_ms,
        "off_for": it.off_ms,
        "on": it.on,
        "off": it.off,
    },
)

_PUBLISH = Form(
    PublishAction,
    Section(
        PublishAction,
        (
            Key(
                "topic",
                Scalar(
                    _parse_topic,
                    f"a topic of 1 to {MAX_TOPIC_BYTES} bytes without + and #, and no $ first",
                    quoted,
                ),
            ),
            Key("payload", PAYLOAD),
            Key("retain", BOOLEAN),
            Key("qos", whole_number(0, MAX_QOS)),
        ),
        required=("topic", "payload"),
        habits=habits.PUBLISH,
    ),
    lambda it: {"topic": it.topic, "payload": it.payload, "retain": it.retain, "qos": it.qos},
)

_NOTIFY = Form(
    NotifyAction,
    Section(
        NotifyAction,
        (
            Key("text", MESSAGE),
            Key("title", TITLE),
            Key("to", _SERVICES),
            Key("limit", duration(0, MAX_LIMIT_MS), "limit_ms"),
        ),
        required=("text",),
        habits=habits.NOTIFY,
    ),
    lambda it: {
        "text": it.text,
        **dict(given(title=it.title, to=it.to)),
        "limit": it.limit_ms,
    },
)

_LOG_EVENT = Form(
    EventAction,
    Section(
        EventAction,
        (Key("code", CODE), Key("text", DESCRIPTION), Key("device", SLUG)),
        required=("code",),
        habits=habits.EVENT,
    ),
    lambda it: {"code": it.code, **dict(given(text=it.text, device=it.device))},
)

_RESOLVE_EVENT = Form(
    EventAction,
    Section(
        _make_resolve,
        (Key("code", CODE), Key("device", SLUG)),
        required=("code",),
        habits=habits.EVENT,
    ),
    lambda it: {"code": it.code, **dict(given(device=it.device))},
)

_KINDS: dict[str, Kind[Any]] = {
    "set": Made(
        Entries(PIN_ADDRESS, _VALUE, "pins", MAX_PINS, "{pi/V1: 1}"),
        SetAction,
        lambda action: action.values,
    ),
    "toggle": Made(PIN_ADDRESS, ToggleAction, lambda action: action.pin),
    "property": Made(
        Entries(PIN_ADDRESS, _PROPERTIES, "pins", MAX_PINS, "{pi/V1: {label: Pump}}"),
        PropertyAction,
        lambda action: action.properties,
    ),
    "delay": Made(duration(1, MAX_DELAY_MS), DelayAction, lambda action: action.ms),
    "pulse": TextOr("pin", _PULSE),
    "blink": _BLINK,
    "scene": Made(RULE, SceneAction, lambda action: action.automation),
    "webhook": Made(text_of("the name of a webhook"), WebhookAction, lambda action: action.webhook),
    "publish": _PUBLISH,
    "notify": TextOr("text", _NOTIFY),
    "log_event": TextOr("code", _LOG_EVENT),
    "resolve_event": TextOr("code", _RESOLVE_EVENT),
    **{
        word: Made(
            RULE,
            partial(EnableAction, is_enabled=is_enabled),
            lambda action: action.automation,
        )
        for word, is_enabled in (("enable", True), ("disable", False))
    },
}

_WORDS: dict[type, str] = {
    SetAction: "set",
    ToggleAction: "toggle",
    PropertyAction: "property",
    DelayAction: "delay",
    SceneAction: "scene",
    WebhookAction: "webhook",
    PublishAction: "publish",
    NotifyAction: "notify",
}

ACTION: OneKey[Action] = OneKey("action", _KINDS, word_of, habits.ACTION)
ACTIONS = OneOrMore(
    ACTION, "an action such as {set: {pi/V1: 1}}, or a list of them", MAX_ACTIONS, least=1
)
