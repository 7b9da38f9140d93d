"""The schema of `mqtt.bindings`."""

from blynk_gateway.config.fault import found, quoted
from blynk_gateway.config.kinds import Key, ListOf, OrNull, Scalar, Section, Table
from blynk_gateway.config.mqtt.json_path import JSON_PATH
from blynk_gateway.config.mqtt.options import BindingOptions, Direction
from blynk_gateway.config.mqtt.topics import (
    BOUND_PIN,
    LEVEL,
    TOPIC_FILTER,
    is_wild,
    placeholder,
)
from blynk_gateway.config.scalars import BOOLEAN, MAX_TEXT_LENGTH, NUMBER, choice, whole_number
from blynk_gateway.config.scope import Scope

MAX_BINDINGS = 10_000
"""As many as links."""

MAX_TEXTS = 256
MAX_DECIMALS = 9
MAX_QOS = 2


def _parse_payload(text: str) -> str:
    # Half of a surrogate pair, which no payload can have, is refused too.
    if len(text.encode()) > MAX_TEXT_LENGTH or "\0" in text:
        raise ValueError(text)
    return text


def _parse_scale(text: str) -> float:
    if scale := NUMBER.parse(text):
        return scale
    raise ValueError(text)


def _finish(binding: BindingOptions, key: str, scope: Scope) -> BindingOptions:
    if scope.is_faulty(f"{key}.direction"):
        # What was made is not what was meant: more complaints would only mislead.
        return binding
    _check_wildcards(binding, key, scope)
    _check_publishing(binding, key, scope)
    return binding


def _check_wildcards(binding: BindingOptions, key: str, scope: Scope) -> None:
    device = binding.pin.partition("/")[0]
    number = placeholder(device)
    if binding.direction is not Direction.IN:
        if is_wild(binding.topic):
            text = f"found {found(binding.topic)}, expected a topic without + and #"
            scope.fault_at(f"{key}.topic", f"{text} for direction {binding.direction}")
        elif number:
            text = f"found {device}, expected a device: only a + of direction in names one"
            scope.fault_at(f"{key}.pin", text)
        return
    count = binding.topic.split("/").count(LEVEL)
    if number > count:
        expected = f"at most {{{count}}}" if count else "a device"
        text = f"found {device}, expected {expected}: the topic has {count or 'no'} +"
        scope.fault_at(f"{key}.pin", text)


def _check_publishing(binding: BindingOptions, key: str, scope: Scope) -> None:
    if binding.direction is Direction.IN:
        if binding.retain:
            text = "found beside direction in, which publishes nothing; expected out or both"
            scope.fault_at(f"{key}.retain", text)
        return
    index = next((step for step in binding.json or () if isinstance(step, int)), None)
    if index is not None:
        text = f"found the index {index}, expected keys alone: what is published is an object"
        scope.fault_at(f"{key}.json", text)
    if binding.direction is Direction.BOTH:
        texts: dict[str, str] = {}
        for text, value in binding.map.items():
            other = texts.setdefault(value, text)
            if other != text:
                both = f"{found(other)} and {found(text)}"
                fault = f"found {found(value)} for {both}, expected one text for each value"
                scope.fault_at(f"{key}.map", f"{fault}: direction both reads it backwards too")


_PAYLOAD = Scalar(_parse_payload, f"a text of at most {MAX_TEXT_LENGTH} bytes", quoted)

_SCALE = Scalar(_parse_scale, "a number other than 0", NUMBER.show)

BINDINGS = ListOf(
    Section(
        BindingOptions,
        (
            Key("topic", TOPIC_FILTER),
            Key("pin", BOUND_PIN),
            Key("direction", choice(Direction)),
            Key("json", OrNull(JSON_PATH)),
            Key("map", Table(_PAYLOAD, _PAYLOAD, MAX_TEXTS)),
            Key("scale", _SCALE),
            Key("offset", NUMBER),
            Key("round", OrNull(whole_number(0, MAX_DECIMALS))),
            Key("retain", BOOLEAN),
            Key("qos", whole_number(0, MAX_QOS)),
        ),
        required=("topic", "pin"),
        finish=_finish,
    ),
    "a list such as [{topic: zigbee2mqtt/kitchen, json: temperature, pin: kitchen/V3}]",
    MAX_BINDINGS,
)
