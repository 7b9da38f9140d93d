"""What a binding makes of a payload, and of a value: pure.

1. In: payload → JSON path → `map` → scale, offset, round → value. What the payload does not hold
   is no fault: devices send only what changed.
2. Out: value → scale, offset, round → `map` → JSON path → payload.
3. Both: in as above, out the inverse of it.
4. JSON `true` and `false` are looked up in `map` as these words, else they are 1 and 0. Out, the
   words `true` and `false` become JSON booleans and numbers JSON numbers.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from blynk_gateway.config.mqtt.options import BindingOptions, Direction
from blynk_gateway.config.mqtt.topics import LEVEL, REST, overlaps, placeholder
from blynk_gateway.core.address import slug_of
from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.json_path import texts_at
from blynk_gateway.core.json_text import DIGITS, WORDS, Json
from blynk_gateway.core.value import PinValue, number, printable
from blynk_gateway.errors import DeviceError, InvalidValue
from blynk_gateway.mqtt.bindings.numbers import Scaling
from blynk_gateway.mqtt.payload import parse_json, parse_payload, value_payload

_JSON_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_TRUTHS = {"true": True, "false": False}
_TELLS: Mapping[str, Sequence[str]] = {
    "cmnd": ("stat", "tele"),
    "command": ("state", "status"),
    "set": ("state", "status"),
}
"""Levels of topics that command, and of those that tell what came of it: of Tasmota, of ESPHome and
Shelly, and of many who name their own. What is behind them may differ but for its first level:
`cmnd/blind/ShutterPosition1` of `stat/blind/RESULT`."""

_MAX_WHOLE = 2**53
"""Whole numbers are exact up to here for every reader of JSON."""

_EMPTY_TEXT = '[""]'


class Document:
    """A payload that is decoded once, for all bindings of its topic."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self._json: Json = None
        self._is_decoded = False

    @property
    def json(self) -> Json:
        """The payload as JSON.

        Raises:
            InvalidValue: it is none.
        """
        if not self._is_decoded:
            self._json = parse_json(self.payload)
            self._is_decoded = True
        return self._json


class Rule:
    """One binding.

    Attributes:
        id: names it in health and history.
        device: slug, empty where each topic names another.
        origin: of what it writes.
    """

    def __init__(self, options: BindingOptions) -> None:
        self.options = options
        self.topic = options.topic
        self.is_in = options.direction is not Direction.OUT
        self.is_out = options.direction is not Direction.IN
        self.is_both = self.is_in and self.is_out
        self.id = f"{options.topic} {options.pin}"
        self.origin = Origin(OriginKind.BINDING, self.id)
        device, _, self.pin = options.pin.partition("/")
        self._level = _level_of(options.topic, placeholder(device))
        self.device = "" if self._level is not None else device
        self._scaling = Scaling(options.scale, options.offset, options.round)
        self._inverse_map = {text: key for key, text in options.map.items()}

    def device_of(self, topic: str) -> str:
        """The slug of the device that a topic feeds.

        Raises:
            DeviceError: the level that names it gives no slug.
        """
        return self.device if self._level is None else slug_of(topic.split("/")[self._level])

    def commands(self, topic: str, device: str) -> bool:
        """Whether a topic of this device commands what the own topic tells of.

        That is the own topic or one below it, `zigbee2mqtt/lamp/set` of `zigbee2mqtt/lamp`, or one
        that differs as `_TELLS` has it: `cmnd/plug/POWER` of `stat/plug/POWER`.
        """
        return any(
            overlaps(self.topic, one) and self._is_of(one, device) for one in _told_by(topic)
        )

    def read(self, document: Document) -> PinValue | None:
        """What a payload says, in its own words; None if it says nothing of this.

        Raises:
            InvalidValue: it is no text, no JSON, or has something else in this place.
        """
        path = self.options.json
        if path is None:
            return parse_payload(document.payload)
        return texts_at(document.json, path, WORDS if self.options.map else DIGITS)

    def inward(self, texts: PinValue) -> PinValue:
        """The value that a payload's words stand for.

        Raises:
            InvalidValue: not in the map, or no number.
        """
        return tuple(self._scaling.apply(_mapped(text, self.options.map)) for text in texts)

    def outward(self, value: PinValue) -> PinValue:
        """The words of a payload for a value.

        Raises:
            InvalidValue: not in the map, or no number.
        """
        if self.is_both:
            undone = (self._scaling.undo(text) for text in value)
            return tuple(_mapped(text, self._inverse_map) for text in undone)
        scaled = (self._scaling.apply(text) for text in value)
        return tuple(_mapped(text, self.options.map) for text in scaled)

    def payload(self, texts: PinValue) -> str:
        """The payload that holds these words."""
        path = self.options.json
        if path is None:
            # An empty one would clear the topic: who shares it could not tell it from nothing.
            return value_payload(texts) or (_EMPTY_TEXT if self.is_both else "")
        item: object = [_json_scalar(text) for text in texts]
        if len(texts) == 1:
            item = _json_scalar(texts[0])
        for key in reversed(path):
            item = {str(key): item}
        return json.dumps(item, ensure_ascii=False)

    def _is_of(self, topic: str, device: str) -> bool:
        try:
            return self.device_of(topic) == device
        except (DeviceError, IndexError):
            return False


def _told_by(topic: str) -> Iterator[str]:
    """Topics and filters of what tells how a command ended."""
    levels = topic.split("/")
    for index, level in enumerate(levels):
        yield "/".join(levels[: index + 1])
        for word in _TELLS.get(level, ()):
            yield "/".join((*levels[:index], word, *levels[index + 1 : index + 2], REST))


def _level_of(topic: str, number: int) -> int | None:
    """Index of the level that stands at the n-th +; None for n = 0."""
    if not number:
        return None
    pluses = [index for index, level in enumerate(topic.split("/")) if level == LEVEL]
    return pluses[number - 1]


def _mapped(text: str, mapping: Mapping[str, str]) -> str:
    if not mapping:
        return text
    if text not in mapping:
        known = ", ".join(mapping)
        raise InvalidValue(
            f"the map of the binding has no {printable(text)[:40]!r};"
            f" expected one of: {printable(known)[:80]}"
        )
    return mapping[text]


def _json_scalar(text: str) -> object:
    if text in _TRUTHS:
        return _TRUTHS[text]
    found = number((text,)) if _JSON_NUMBER.fullmatch(text) else None
    if found is None:
        return printable(text)
    is_whole = text.lstrip("-").isdigit() and abs(found) < _MAX_WHOLE
    return int(text) if is_whole else found
