"""Segments as columns, without making points of them. It imports little: the packer reads them.

Layout, little-endian: version (u8); the widths of the four columns of numbers (four of `B H I Q`);
count (u32); lowest seq (u64); lowest at_ms (i64). Then the columns: seq and at_ms as offsets from
the lowest, stream, length of the text in bytes, intent (u8). Then all texts in a row; a text is a
value as on the wire, its parameters joined by zero bytes.
"""

import struct
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence, Set
from itertools import accumulate, pairwise
from typing import NamedTuple

from blynk_gateway.core.value import SEPARATOR, decode_value
from blynk_gateway.errors import HistoryCorrupt

VERSION = 1

HEAD = struct.Struct("<B4sIQq")
WIDTHS = {"B": 1, "H": 2, "I": 4, "Q": 8}

PAST = 3
"""The intent of a point that was never the current value."""


class Columns(NamedTuple):
    """A segment up to its intents, which begin at `end`."""

    first_seq: int
    first_ms: int
    seqs: tuple[int, ...]
    times: tuple[int, ...]
    streams: tuple[int, ...]
    lengths: tuple[int, ...]
    end: int

    def ends(self, body: bytes) -> list[int]:
        """Where texts begin and, one further, end.

        Raises:
            HistoryCorrupt: the body ends elsewhere.
        """
        ends = list(accumulate(self.lengths, initial=self.end + len(self.lengths)))
        if ends[-1] != len(body):
            raise corrupt(f"{len(body)} bytes; expected {ends[-1]}")
        return ends


class Picked(NamedTuple):
    """Some points of a segment: where they are in the columns, and what `Columns.ends` returns."""

    columns: Columns
    places: list[int]
    ends: list[int]


def decode_columns(body: bytes) -> tuple[Sequence[int], list[int], list[int], list[str]]:
    """Stream, at_ms, seq and text of each point, parameters joined by zero bytes; 0.2 µs a point.

    Raises:
        HistoryCorrupt: the bytes are not what `segment.encode` makes.
    """
    try:
        head = read_columns(body)
        ends = head.ends(body)
        times = [head.first_ms + time for time in head.times]
        seqs = [head.first_seq + seq for seq in head.seqs]
        texts = body[ends[0] :]
        if texts.isascii():
            text, begin = texts.decode("ascii"), ends[0]
            ends = [end - begin for end in ends]
            return head.streams, times, seqs, [text[start:end] for start, end in pairwise(ends)]
        several = [SEPARATOR.join(decode_value(body[at:end])) for at, end in pairwise(ends)]
    except (struct.error, KeyError, IndexError, UnicodeDecodeError) as error:
        raise corrupt(str(error)) from error
    return head.streams, times, seqs, several


def count_streams(body: bytes) -> Counter[int]:
    """How many points there are of each stream.

    Raises:
        HistoryCorrupt: the bytes are not what `segment.encode` makes.
    """
    try:
        return Counter(read_columns(body).streams)
    except (struct.error, KeyError, UnicodeDecodeError) as error:
        raise corrupt(str(error)) from error


def pick(body: bytes, wanted: Set[int], after: int, upto: int) -> Picked | None:
    """Find the points of some streams with numbers after one up to another; None if there are none.

    Raises:
        HistoryCorrupt: the bytes are not what `segment.encode` makes.
    """
    try:
        if wanted.isdisjoint(_read_streams(body)):
            return None
        columns = read_columns(body)
    except (struct.error, KeyError, UnicodeDecodeError) as error:
        raise corrupt(str(error)) from error
    low, high = after + 1 - columns.first_seq, upto - columns.first_seq
    seqs = columns.seqs
    first, end = bisect_left(seqs, low), bisect_right(seqs, high)
    places = [
        place
        for place, stream in enumerate(columns.streams[first:end], first)
        # Damaged numbers need not be in order, and a reader moves on by them.
        if stream in wanted and low <= seqs[place] <= high
    ]
    return Picked(columns, places, columns.ends(body)) if places else None


def read_columns(body: bytes) -> Columns:
    """Unpack everything but intents and texts.

    Raises:
        HistoryCorrupt: the bytes are not what `segment.encode` makes.
        struct.error, KeyError, UnicodeDecodeError: likewise.
    """
    version, widths, count, first_seq, first_ms = HEAD.unpack_from(body)
    if version != VERSION:
        raise corrupt(f"version {version}; expected {VERSION}")
    at = HEAD.size
    columns = []
    for width in widths.decode("ascii"):
        end = at + count * WIDTHS[width]
        if end > len(body):
            raise corrupt(f"{len(body)} bytes; expected more for {count} changes")
        columns.append(struct.unpack_from(f"<{count}{width}", body, at))
        at = end
    seqs, times, streams, lengths = columns
    return Columns(first_seq, first_ms, seqs, times, streams, lengths, at)


def _read_streams(body: bytes) -> Sequence[int]:
    """The column of streams alone, where nothing else is wanted of most segments."""
    version, widths, count, _, _ = HEAD.unpack_from(body)
    if version != VERSION:
        raise corrupt(f"version {version}; expected {VERSION}")
    seqs, times, streams, _ = widths.decode("ascii")
    at = HEAD.size + count * (WIDTHS[seqs] + WIDTHS[times])
    column: tuple[int, ...] = struct.unpack_from(f"<{count}{streams}", body, at)
    return column


def corrupt(found: str) -> HistoryCorrupt:
    """The error that says what was found."""
    return HistoryCorrupt(f"a segment is damaged: {found}")
