"""Pin values: text as it was written, and the views of it.

Blynk's wire is text, so a value is a tuple of the parameters as they came: `("1.0",)` is not
`("1",)`. Bytes that are not UTF-8 are kept as surrogate escapes, so that what one device wrote
reaches the other unchanged (`virtualWriteBinary`); `printable` makes such text fit for people.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from blynk_gateway.errors import InvalidValue

PinValue: TypeAlias = tuple[str, ...]

MAX_PARAMETER_BYTES = 1024
"""Longest single parameter. Source: the cloud's limit on string values, blynk-protocol §8."""

MAX_VALUE_BYTES = 4096
"""Longest value with its separators. Source: the largest receive buffer of a stock client, §1.4."""

SEPARATOR = "\0"

_NO_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def check_size(value: PinValue) -> None:
    """Refuse a value that is empty, longer than the limits above, or would split on the wire.

    Raises:
        InvalidValue: with what was found; nothing is changed.
    """
    if not value:
        raise InvalidValue("the value has no parameter; expected at least one")
    total = len(value) - 1
    for parameter in value:
        if SEPARATOR in parameter:
            raise InvalidValue("a parameter holds a zero byte; expected two parameters instead")
        size = len(parameter) if parameter.isascii() else len(_encode(parameter))
        if size > MAX_PARAMETER_BYTES:
            raise InvalidValue(
                f"the value has {size} bytes; expected at most {MAX_PARAMETER_BYTES}"
            )
        total += size
    if total > MAX_VALUE_BYTES:
        raise InvalidValue(f"the value has {total} bytes; expected at most {MAX_VALUE_BYTES}")


def encode_value(value: PinValue) -> bytes:
    """The value as on the wire: parameters joined by zero bytes."""
    return _encode(SEPARATOR.join(value))


def decode_value(body: bytes) -> PinValue:
    """The inverse of `encode_value`; accepts any bytes."""
    return tuple(body.decode("utf-8", "surrogateescape").split(SEPARATOR))


def printable(text: str) -> str:
    """The text with everything that is not valid Unicode shown as U+FFFD."""
    if text.isascii():
        return text
    return _encode(text).decode("utf-8", "replace")


def printable_value(value: Iterable[str]) -> list[str]:
    """Each parameter fit for JSON and terminals."""
    return [printable(parameter) for parameter in value]


def number(value: PinValue) -> float | None:
    """The value as a finite number, or None if it is not one single number.

    Accepts the formats of stock clients (`25.500`, `-7`, `1e3`); `nan`, `inf` and `ovf`, which AVR
    boards send, are no numbers. Source: blynk-protocol §1.3.
    """
    # float() also takes `1_000` and the digits of every other script.
    if len(value) != 1 or "_" in value[0] or not value[0].isascii():
        return None
    try:
        result = float(value[0])
    except ValueError:
        return None
    return result if math.isfinite(result) else None


def numbers(values: Sequence[PinValue]) -> Sequence[float | None]:
    """`number` of each; where all are plain numbers, as almost always, in a fifth of the time."""
    try:
        texts = [text for (text,) in values]
        joined = "".join(texts)
        if joined.isascii() and "_" not in joined:
            found = list(map(float, texts))
            if all(map(math.isfinite, found)):
                return found
    except ValueError:
        pass
    return [number(value) for value in values]


def _encode(text: str) -> bytes:
    # A lone surrogate that is no escaped byte (it cannot come from our own decoding, but from a
    # JSON body) is replaced: it has no bytes at all.
    return _NO_BYTES.sub("\N{REPLACEMENT CHARACTER}", text).encode("utf-8", "surrogateescape")
