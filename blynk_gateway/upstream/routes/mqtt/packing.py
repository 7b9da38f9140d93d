"""What goes up, as MQTT messages of the vendor's device interface.

A message is at most 1024 bytes with its topic. Values go by the names of their datastreams, alone
as plain text, several at once as JSON, where they must have the type of the datastream; so what has
no known type, or does not fit in JSON, goes alone. Source: blynk-protocol §11.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.value import PinValue, encode_value, number, printable
from blynk_gateway.upstream.route import Past, Refusal, Write

MAX_BYTES = 1024
"""Of a message with its variable header: topic, its length, and message id."""

_HEADER_BYTES = 4
"""Length of the topic, and message id."""

_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")

_COORDINATES = 2

_EXACT = 2**53
"""Up to here a double holds every whole number."""

_UNFIT = re.compile(r"[/+#\0]")
"""What a level of a topic cannot hold, or what would make it two."""


class Message(NamedTuple):
    """One to publish."""

    topic: str
    payload: bytes


class Packed(NamedTuple):
    """Messages, and what none of them can carry."""

    messages: list[Message]
    refusals: list[Refusal]


class Packing:
    """Makes the messages of one device.

    Args:
        prefix: of all topics, `dev/TOKEN/` or empty.
        datastream_of: what is known here of a pin, by its name above.
    """

    def __init__(self, prefix: str, datastream_of: Callable[[str], Datastream | None]) -> None:
        self._prefix = prefix
        self._datastream_of = datastream_of
        self._batch_room = self.room("batch_ds")

    def room(self, topic: str) -> int:
        """How many bytes a payload may have; 0 and less where not even the topic will do."""
        return MAX_BYTES - _HEADER_BYTES - len(f"{self._prefix}{topic}".encode())

    def one(self, levels: Sequence[str], payload: bytes) -> Message | None:
        """A message, None if there can be no such one."""
        topic = "/".join(levels)
        if not all(map(_is_level, levels)) or len(payload) > self.room(topic):
            return None
        return Message(f"{self._prefix}{topic}", payload)

    def live(self, writes: Sequence[Write]) -> Packed:
        """Values that are so now; two of one name are in their order, in two messages."""
        packed = Packed([], [])
        batch: dict[str, tuple[str, Message]] = {}
        size = 1
        for at, (pin, value) in enumerate(writes):
            plain = self.one(("ds", pin), encode_value(value))
            if plain is None:
                packed.refusals.append(Refusal(at, _too_large(pin)))
                continue
            item = self._item(pin, value)
            item_size = 0 if item is None else len(item.encode()) + 1
            if pin in batch or size + item_size > self._batch_room:
                self._close(batch, packed)
                size = 1
            if item is None or size + item_size > self._batch_room:
                packed.messages.append(plain)
            else:
                batch[pin] = item, plain
                size += item_size
        self._close(batch, packed)
        return packed

    def past(self, points: Sequence[Past]) -> Packed:
        """Values that were so; those of one name in their order."""
        packed = Packed([], [])
        by_pin: dict[str, list[int]] = {}
        for at, point in enumerate(points):
            by_pin.setdefault(point.pin, []).append(at)
        for pin, places in by_pin.items():
            self._pack_past(pin, [(at, points[at]) for at in places], packed)
        packed.refusals.sort()
        return packed

    def questions(self, topic: str, names: Iterable[str]) -> list[Message]:
        """Messages that ask for names; those that cannot be asked for are left out."""
        room = self.room(topic)
        asked = [one.encode() for one in names if one and "," not in one]
        pieces = _pieces((one for one in asked if len(one) <= room), room)
        return [Message(f"{self._prefix}{topic}", piece) for piece in pieces]

    def _pack_past(self, pin: str, points: Iterable[tuple[int, Past]], packed: Packed) -> None:
        """Pack the points of one pin, each with its place among those that were given."""
        topic = f"ds/{pin}/timestamped_batch"
        room = self.room(topic) - len("[]") if _is_level(pin) else 0
        datastream = self._datastream_of(pin)
        items = []
        for at, (at_ms, _, value) in points:
            text = typed(datastream, value)
            item = b"" if text is None else f"[{at_ms},{text}]".encode()
            if not item:
                packed.refusals.append(Refusal(at, _no_point(pin)))
            elif len(item) > room:
                packed.refusals.append(Refusal(at, _too_large(pin)))
            else:
                items.append(item)
        for piece in _pieces(items, room):
            packed.messages.append(Message(f"{self._prefix}{topic}", b"[%b]" % piece))

    def _item(self, pin: str, value: PinValue) -> str | None:
        datastream = self._datastream_of(pin)
        if datastream is None or any(printable(one) != one for one in value):
            return None
        text = typed(datastream, value)
        return None if text is None else f"{_quoted(pin)}:{text}"

    def _close(self, batch: dict[str, tuple[str, Message]], packed: Packed) -> None:
        """Finish the batch; alone, a value is shorter as it is."""
        if len(batch) == 1:
            packed.messages.extend(plain for _, plain in batch.values())
        elif batch:
            body = ",".join(item for item, _ in batch.values())
            packed.messages.append(Message(f"{self._prefix}batch_ds", f"{{{body}}}".encode()))
        batch.clear()


def typed(datastream: Datastream | None, value: PinValue) -> str | None:
    """The value as JSON of the datastream's type, None if it has none there.

    Args:
        datastream: None where the type is a guess: a number if it looks like one, else text.
    """
    kind = None if datastream is None else datastream.type
    if kind is DatastreamType.LOCATION:
        found = [_number(text) for text in value]
        return f"[{found[0]},{found[1]}]" if len(found) == _COORDINATES and all(found) else None
    if len(value) != 1:
        return None
    (text,) = value
    match kind:
        case DatastreamType.STRING:
            return _quoted(text)
        case DatastreamType.BOOL:
            return {"0": "false", "1": "true"}.get(text)
        case None:
            return text if _JSON_NUMBER.fullmatch(text) else _quoted(text)
        case _:
            return _number(text)


def _number(text: str) -> str | None:
    """`+05`, `.5`, which are no JSON, as what they mean."""
    if _JSON_NUMBER.fullmatch(text):
        return text
    found = number((text,))
    if found is None:
        return None
    return str(int(found)) if found.is_integer() and abs(found) < _EXACT else repr(found)


def _quoted(text: str) -> str:
    return json.dumps(printable(text), ensure_ascii=False)


def _pieces(items: Iterable[bytes], room: int) -> Iterator[bytes]:
    """Items with commas between them, so many in a piece as have room; each has."""
    piece: list[bytes] = []
    size = -1
    for item in items:
        if piece and size + 1 + len(item) > room:
            yield b",".join(piece)
            piece, size = [], -1
        piece.append(item)
        size += 1 + len(item)
    if piece:
        yield b",".join(piece)


def _is_level(text: str) -> bool:
    return bool(text) and not _UNFIT.search(text)


def _too_large(pin: str) -> str:
    return f"{printable(pin)[:40]} has a value or a name that no message of {MAX_BYTES} bytes holds"


def _no_point(pin: str) -> str:
    return (
        f"{printable(pin)[:40]} has several values at once, or none of its type: that has no time"
    )
