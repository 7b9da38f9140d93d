"""Segments: many changes of pins in one blob; its layout is in `history/segments/columns.py`."""

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from blynk_gateway.core.change import Intent, PastChange, PinChange
from blynk_gateway.core.value import SEPARATOR, PinValue, decode_value, encode_value
from blynk_gateway.history.segments.columns import HEAD, VERSION, WIDTHS, corrupt, read_columns

_INTENTS = (Intent.REPORT, Intent.COMMAND, Intent.SYNC, Intent.PAST)
"""By the byte that stands for them. A PAST was never the current value."""

_REPORT = Intent.REPORT

_FEW = 64
"""Points of a segment of a second in a quiet house."""


class Segment(NamedTuple):
    """A row of the table `segment`: `first_ms` is the earliest time in it, `last_ms` the latest."""

    first_seq: int
    last_seq: int
    points: int
    first_ms: int
    last_ms: int
    body: bytes


class Point(NamedTuple):
    """What a segment keeps of a change."""

    seq: int
    at_ms: int
    stream: int
    intent: Intent
    value: PinValue


def encode(changes: Sequence[PinChange | PastChange], streams: Sequence[int]) -> Segment:
    """Pack changes; costs about 0.4 µs each.

    Args:
        changes: at least one, in `seq` order.
        streams: the stream's number for each.
    """
    count = len(changes)
    # Column by column in one step: half the time of asking each change for each field.
    seqs, _, _, values, _, _, intents, times, _, _ = zip(*changes, strict=True)
    first_seq, last_seq = seqs[0], seqs[-1]
    first_ms = min(times)
    last_ms = max(times)
    texts = list(map(SEPARATOR.join, values))
    text = "".join(texts)
    if text.isascii():
        lengths = list(map(len, texts))
        body = text.encode()
    else:
        # One by one: the halves of a character that two changes brought must not grow together.
        bodies = list(map(encode_value, values))
        lengths = list(map(len, bodies))
        body = b"".join(bodies)
    columns = (
        _pack([seq - first_seq for seq in seqs], last_seq - first_seq),
        _pack([time - first_ms for time in times], last_ms - first_ms),
        _pack(streams, max(streams)),
        _pack(lengths, max(lengths)),
    )
    widths = "".join(width for width, _ in columns).encode()
    head = HEAD.pack(VERSION, widths, count, first_seq, first_ms)
    packed = b"".join((head, *(column for _, column in columns), _pack_intents(intents), body))
    return Segment(first_seq, last_seq, count, first_ms, last_ms, packed)


def decode(body: bytes) -> list[Point]:
    """The inverse of `encode`.

    Raises:
        HistoryCorrupt: the bytes are not what `encode` makes.
    """
    try:
        return _decode(body)
    except (struct.error, KeyError, IndexError, UnicodeDecodeError) as error:
        raise corrupt(str(error)) from error


def decode_stream(body: bytes, stream: int) -> list[tuple[int, int, PinValue]]:
    """Of one stream `(at_ms, seq, value)`, in `seq` order; costs little where there are few.

    Raises:
        HistoryCorrupt: the bytes are not what `encode` makes.
    """
    try:
        _, widths, count, _, _ = HEAD.unpack_from(body)
        if count <= _FEW and widths[2:] == b"BB":
            return _decode_few(body, stream)
        head = read_columns(body)
        chosen = _indices(head.streams, stream)
        if not chosen:
            return []
        ends = head.ends(body)
        return [
            (
                head.first_ms + head.times[at],
                head.first_seq + head.seqs[at],
                decode_value(body[ends[at] : ends[at + 1]]),
            )
            for at in chosen
        ]
    except (struct.error, KeyError, IndexError, UnicodeDecodeError) as error:
        raise corrupt(str(error)) from error


def _pack(numbers: Sequence[int], largest: int) -> tuple[str, bytes]:
    if largest < 1 << 8:
        return "B", bytes(numbers)
    width = "H" if largest < 1 << 16 else "I" if largest < 1 << 32 else "Q"
    return width, struct.pack(f"<{len(numbers)}{width}", *numbers)


def _pack_intents(intents: Sequence[Intent]) -> bytes:
    if intents.count(_REPORT) == len(intents):
        return bytes(len(intents))
    return bytes(map(_INTENTS.index, intents))


def _decode_few(body: bytes, stream: int) -> list[tuple[int, int, PinValue]]:
    """As `decode_stream` in half the time: of columns of bytes only what is wanted is unpacked."""
    version, widths, count, first_seq, first_ms = HEAD.unpack_from(body)
    if version != VERSION:
        raise corrupt(f"version {version}; expected {VERSION}")
    seq_size, time_size = WIDTHS[chr(widths[0])], WIDTHS[chr(widths[1])]
    seqs = HEAD.size
    times = seqs + count * seq_size
    streams = times + count * time_size
    lengths = streams + count
    texts = lengths + 2 * count
    end = texts + sum(body[lengths : lengths + count])
    if end != len(body):
        raise corrupt(f"{len(body)} bytes; expected {end}")
    points = []
    at = body.find(stream, streams, lengths) if stream < 1 << 8 else -1
    while at >= 0:
        index = at - streams
        seq = int.from_bytes(body[seqs + index * seq_size :][:seq_size], "little")
        time = int.from_bytes(body[times + index * time_size :][:time_size], "little")
        begin = texts + sum(body[lengths : lengths + index])
        value = decode_value(body[begin : begin + body[lengths + index]])
        points.append((first_ms + time, first_seq + seq, value))
        at = body.find(stream, at + 1, lengths)
    return points


def _indices(streams: tuple[int, ...], stream: int) -> list[int]:
    # In steps from one to the next: of many streams, one is rare.
    found = []
    at = -1
    for _ in range(streams.count(stream)):
        at = streams.index(stream, at + 1)
        found.append(at)
    return found


def _decode(body: bytes) -> list[Point]:
    head = read_columns(body)
    ends = head.ends(body)
    intents = [_INTENTS[intent] for intent in body[head.end : ends[0]]]
    values = [decode_value(body[start:end]) for start, end in pairwise(ends)]
    return [
        Point(head.first_seq + seq, head.first_ms + time, stream, intent, value)
        for seq, time, stream, intent, value in zip(
            head.seqs, head.times, head.streams, intents, values, strict=True
        )
    ]
