"""Segments as columns, without making points of them. It imports little: the packer reads them.

Layout, little-endian: version (u8); the widths of the four columns of numbers (four of `B H I Q`);
count (u32); lowest seq (u64); lowest at_ms (i64). Then the columns: seq and at_ms as offsets from
the lowest, stream, length of the text in bytes, intent (u8). Then all texts in a row; a text is a
value as on the wire, its parameters joined by zero bytes.
"""

import struct
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from blynk_gateway.core.value import SEPARATOR, decode_value
from blynk_gateway.errors import HistoryCorrupt

VERSION = 1

HEAD = struct.Struct("<B4sIQq")
WIDTHS = {"B": 1, "H": 2, "I": 4, "Q": 8}


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


def corrupt(found: str) -> HistoryCorrupt:
    """The error that says what was found."""
    return HistoryCorrupt(f"a segment is damaged: {found}")
