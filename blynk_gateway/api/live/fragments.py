"""What dashboards are told, as JSON texts that are made once and sent to many.

A message is joined of such texts, and framed for WebSockets once for all that get the same.
"""

import json
import struct
from collections.abc import Iterable
from typing import Any

from blynk_gateway.core.change import PinChange
from blynk_gateway.core.value import PinValue, printable

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_TEXT_FRAME = 0x81
"""The final frame of a text message. Source: RFC 6455 §5.2."""
_TWO_BYTES, _EIGHT_BYTES = 126, 127
"""Instead of a length: it stands in so many bytes that follow."""


def to_fragment(document: Any) -> bytes:  # noqa: ANN401  any JSON
    """Compact JSON in UTF-8."""
    return _encode(document).encode("utf-8", "replace")


def value_fragment(change: PinChange) -> bytes:
    """`{"address", "value", "at_ms", "seq"}`, put together by hand: it runs for every change."""
    return (
        f'{{"address":"{change.device}/{change.pin}","value":{_texts(change.value)},'
        f'"at_ms":{change.at_ms},"seq":{change.seq}}}'
    ).encode()


def message(kind: str, now_ms: int, name: str, parts: Iterable[bytes]) -> bytes:
    """A message of this type whose array `name` has these parts."""
    head = f'{{"type":"{kind}","now_ms":{now_ms},"{name}":['.encode()
    return head + b",".join(parts) + b"]}"


def framed(text: bytes) -> bytes:
    """A text message as a server's unmasked WebSocket frame."""
    size = len(text)
    if size < _TWO_BYTES:
        return struct.pack("!BB", _TEXT_FRAME, size) + text
    if size < 1 << 16:
        return struct.pack("!BBH", _TEXT_FRAME, _TWO_BYTES, size) + text
    return struct.pack("!BBQ", _TEXT_FRAME, _EIGHT_BYTES, size) + text


def _texts(value: PinValue) -> str:
    return f"[{','.join([_encode(printable(text)) for text in value])}]"
