"""Topics, filters and pins of bindings as they are written."""

import re
import unicodedata
from collections.abc import Sequence

from blynk_gateway.config.fault import quoted
from blynk_gateway.config.kinds import Scalar
from blynk_gateway.core.address import SLUG_PATTERN, parse_pin
from blynk_gateway.core.definition import RESERVED_SLUG
from blynk_gateway.errors import UnknownPin

MAX_PREFIX_BYTES = 128
"""The longest topic of ours has some 80 bytes behind it; brokers may stop at 1024."""

MAX_TOPIC_BYTES = 1024
"""MQTT allows 65,535; nobody's device comes near."""

LEVEL = "+"
REST = "#"

_OWN_WORDS = (
    *("availability", "state", "set", "get", "error", "event"),
    *("info", "health", "pairing", "request", "response"),
)
_PLACEHOLDER = re.compile(r"\{([1-9][0-9]?)\}")


def is_wild(topic: str) -> bool:
    """Whether it has wildcards."""
    return LEVEL in topic or REST in topic


def overlaps(one: str, other: str) -> bool:
    """Whether there is a topic that both filters take.

    A topic is a filter that takes itself alone.
    """
    return _overlap(one.split("/"), other.split("/"))


def is_own(topic: str, base: str) -> bool:
    """Whether a topic is one of the gateway's own, or a filter takes one in.

    Source: the table of `mqtt.topics`. Others may have topics below the base too.
    """
    levels, own = topic.split("/"), base.split("/")
    if not _overlap(levels[: len(own)], own):
        return False
    device, what, *_ = (*levels[len(own) :], "", "")
    if REST in (*levels[: len(own)], device, what):
        return True
    if device == RESERVED_SLUG:
        return bool(what)
    if device != LEVEL and not SLUG_PATTERN.fullmatch(device):
        return False
    return what == LEVEL or what in _OWN_WORDS or _is_pin(what)


def placeholder(device: str) -> int:
    """Number of the + that `{1}` stands for; 0 if it is the slug of a device."""
    match = _PLACEHOLDER.fullmatch(device)
    return int(match[1]) if match else 0


def likely_prefix(text: str) -> str:
    """`/blynk/`, `blynk/#` → `blynk`."""
    return text.removesuffix(REST).strip("/ ")


def _overlap(one: Sequence[str], other: Sequence[str]) -> bool:
    for mine, others in zip(one, other, strict=False):
        if REST in (mine, others):
            return True
        if mine != others and LEVEL not in (mine, others):
            return False
    # `a/#` takes `a` too.
    shorter = min(len(one), len(other))
    rest = one[shorter:] or other[shorter:]
    return not rest or list(rest) == [REST]


def _check_bytes(text: str, limit: int) -> str:
    # Also refuses halves of surrogate pairs, which no topic can have.
    if not 0 < len(text.encode()) <= limit:
        raise ValueError(text)
    if any(unicodedata.category(character) in ("Cc", "Cn") for character in text):
        raise ValueError(text)
    return text


def _parse_prefix(text: str) -> str:
    _check_bytes(text, MAX_PREFIX_BYTES)
    if is_wild(text) or "" in text.split("/"):
        raise ValueError(text)
    return text


def _parse_base(text: str) -> str:
    if text.startswith("$"):
        raise ValueError(text)
    return _parse_prefix(text)


def _parse_filter(text: str) -> str:
    levels = _check_bytes(text, MAX_TOPIC_BYTES).split("/")
    for level in levels[:-1]:
        if is_wild(level) and level != LEVEL:
            raise ValueError(text)
    if is_wild(levels[-1]) and levels[-1] not in (LEVEL, REST):
        raise ValueError(text)
    if levels[0] == "$share":
        # Such a subscription gets topics that it does not itself name.
        raise ValueError(text)
    return text


def _is_pin(text: str) -> bool:
    try:
        return parse_pin(text).lower() == text
    except UnknownPin:
        return False


def _parse_bound_pin(text: str) -> str:
    device, slash, pin = text.partition("/")
    device = device.lower()
    if not slash or not (placeholder(device) or SLUG_PATTERN.fullmatch(device)):
        raise ValueError(text)
    try:
        return f"{device}/{parse_pin(pin)}"
    except UnknownPin as error:
        raise ValueError(text) from error


_PREFIX = "levels such as {} without + and #, without a slash at either end"

BASE_TOPIC = Scalar(
    _parse_base, f"{_PREFIX.format('blynk')} or $ at the begin", quoted, likely=likely_prefix
)
TOPIC_PREFIX = Scalar(_parse_prefix, _PREFIX.format("homeassistant"), quoted, likely=likely_prefix)
TOPIC_FILTER = Scalar(
    _parse_filter,
    "a topic such as zigbee2mqtt/kitchen, or a filter: + for a whole level, # for the rest",
    quoted,
)
BOUND_PIN = Scalar(
    _parse_bound_pin, "a pin address such as kitchen/V3, or {1}/V3 with + in the topic", quoted
)
