"""Pin values as payloads, and back.

1. A payload is the value's text. A value of several parameters is a JSON array of strings.
2. A payload that is a JSON array of texts, numbers and booleans always stands for the parameters of
   a value. So a single text that looks like one is published as an array too, `["[1,2]"]`: a value
   that is read and sent back stays as it was.
3. Any other payload is one text, as it stands: blanks, line ends, JSON objects.
"""

import json

from blynk_gateway.core.json_text import DIGITS, Json, decode_json, scalar_texts
from blynk_gateway.core.value import MAX_VALUE_BYTES, SEPARATOR, PinValue, printable
from blynk_gateway.errors import InvalidValue

ONLINE = "online"
OFFLINE = "offline"
"""Of the gateway and of each device; what Home Assistant expects where nothing else is said."""

MAX_JSON_BYTES = 64 * 1024
"""Longest JSON that is looked at. A value of 4,096 bytes needs less than half of it, however its
characters are escaped."""


def value_payload(value: PinValue) -> str:
    """The payload of a value. What is not valid Unicode in it is shown as U+FFFD."""
    if len(value) != 1:
        return _array(value)
    text = value[0]
    if text[:1] == "[" and _find_array(text) is not None:
        return _array(value)
    return text if text.isascii() else printable(text)


def parse_payload(payload: bytes) -> PinValue:
    """The value that a payload stands for; an empty one is an empty text.

    Raises:
        InvalidValue: too long, not UTF-8, or with a zero byte.
    """
    if payload[:1] == b"[":
        text = decode_payload(payload, MAX_JSON_BYTES)
        value = _find_array(text)
        if value is not None:
            return value
    text = decode_payload(payload, MAX_VALUE_BYTES)
    if SEPARATOR in text:
        raise InvalidValue("the payload holds a zero byte; expected text, or a JSON array of texts")
    return (text,)


def decode_payload(payload: bytes, limit: int) -> str:
    """The payload as text.

    Raises:
        InvalidValue: more than `limit` bytes, or not UTF-8.
    """
    if len(payload) > limit:
        raise InvalidValue(f"the payload has {len(payload)} bytes; expected at most {limit}")
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise InvalidValue("the payload is no text in UTF-8; expected a value as text") from None


def parse_json(payload: bytes) -> Json:
    """The payload as JSON.

    Raises:
        InvalidValue: too long, or what `decode_json` refuses.
    """
    text = decode_payload(payload, MAX_JSON_BYTES)
    try:
        return decode_json(text)
    except ValueError as error:
        raise InvalidValue(f"the payload is no plain JSON: {error}") from None


def find_value(item: Json) -> PinValue | None:
    """The value of a JSON scalar or of an array of scalars; None for anything else.

    `true` and `false` are `1` and `0`, as devices have them.
    """
    return scalar_texts(item, DIGITS) or None


def _find_array(text: str) -> PinValue | None:
    """The parameters, if the text is a JSON array of scalars that holds any."""
    if text[-1] != "]":
        return None
    try:
        return find_value(decode_json(text))
    except ValueError:
        return None


def _array(value: PinValue) -> str:
    return json.dumps([printable(text) for text in value], ensure_ascii=False)
