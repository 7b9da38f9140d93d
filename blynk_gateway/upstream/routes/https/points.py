"""Points of the past as bodies of `batch/update`: `[[ms, value], …]` of one pin.

The server compares the type of each value with the pin's datastream. Ours may be of another type,
or there is none: so there are two forms of the same points. Source: blynk-protocol §10.3.
"""

import json
import re
from collections.abc import Container, Sequence
from enum import Enum

from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.value import PinValue, number, printable
from blynk_gateway.formats.plain import plain_number
from blynk_gateway.upstream.route import Past

MAX_POINTS = 10_000
"""Of a request, and of a device and day."""

MAX_CHARACTERS = 1_000_000
"""Of a body, at half of what the server takes, as if every character of a value were escaped."""

_ESCAPED = 6
_POINT = 20
"""Characters of one, and of a point around its value."""

_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Form(Enum):
    """How the values of a pin are told."""

    NUMBERS = "numbers"
    """Numbers as such, and other values as text."""

    TEXTS = "texts"

    TRUTHS = "truths"
    """`0` and `1` as false and true."""


def forms(stream: Datastream | None) -> tuple[Form, Form]:
    """The likelier form first.

    What is a truth here is 0 or 1 above, as a rule: its datastreams are made as numbers.
    """
    match None if stream is None else stream.type:
        case DatastreamType.STRING:
            return Form.TEXTS, Form.NUMBERS
        case DatastreamType.BOOL:
            return Form.NUMBERS, Form.TRUTHS
        case _:
            return Form.NUMBERS, Form.TEXTS


def bodies_of(points: Sequence[Past], left_out: Container[int] = ()) -> list[list[int]]:
    """Which points go together, by index: of one pin, in order, as many as a request takes.

    Args:
        left_out: indexes of those that go nowhere.
    """
    bodies: dict[str, list[list[int]]] = {}
    room: dict[str, int] = {}
    for at, (_, pin, value) in enumerate(points):
        if at in left_out:
            continue
        size = _POINT + _ESCAPED * (len(value[0]) if len(value) == 1 else len("___".join(value)))
        left = room.get(pin, 0) - size
        if left < 0 or len(bodies[pin][-1]) == MAX_POINTS:
            bodies.setdefault(pin, []).append([])
            left = MAX_CHARACTERS - size
        bodies[pin][-1].append(at)
        room[pin] = left
    return [part for parts in bodies.values() for part in parts]


def by_type(points: Sequence[Past], ats: Sequence[int]) -> list[list[int]]:
    """The same indexes, those of whole numbers, of other numbers and of the rest apart."""
    found: dict[int, list[int]] = {}
    for at in ats:
        found.setdefault(_type(points[at].value), []).append(at)
    return list(found.values())


def body_of(points: Sequence[Past], form: Form) -> bytes:
    """JSON; numbers as they were written, wherever JSON has them so too."""
    known: dict[PinValue, str] = {}
    rows = []
    for at_ms, _, value in points:
        text = known.get(value)
        if text is None:
            text = known[value] = _json(value, form)
        rows.append(f"[{at_ms},{text}]")
    return f"[{','.join(rows)}]".encode()


def _type(value: PinValue) -> int:
    match = _JSON_NUMBER.fullmatch(value[0]) if len(value) == 1 else None
    return 0 if match is None else 2 if match[2] or match[3] else 1


def _json(value: PinValue, form: Form) -> str:
    texts = [_json_one(text, form) for text in value]
    return texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"


def _json_one(text: str, form: Form) -> str:
    if form is Form.TRUTHS and text in _TRUTHS:
        return _TRUTHS[text]
    if form is not Form.TEXTS and (found := number((text,))) is not None:
        return text if _JSON_NUMBER.fullmatch(text) else json.dumps(plain_number(found))
    return json.dumps(printable(text), ensure_ascii=False)


_TRUTHS = {"0": "false", "1": "true"}
