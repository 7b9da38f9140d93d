"""Chunks: points of one stream in one blob, column by column, as small as zlib makes them.

A value that is a plain decimal number, which almost all are, is kept as a whole number of the
chunk's smallest unit, with the count of its decimals, so that "1.0" comes back as "1.0" and not as
"1"; what cannot be given back to the letter in this way (`1e3`, `-0`, words, several parameters) is
kept as text beside it.

Layout, little-endian. Head: version (u8), whether the rest is compressed (u8), decimals of the unit
(u8), decimals of all values (u8; 255 if they differ, or there are texts), widths of the columns of
differences (`b h i q` each, for at_ms, unit, seq) and of the lengths (`B H I`), count of points
(u32), count of texts (u32), first at_ms (i64), first value in units (i64), first seq (i64). Then
columns: differences of at_ms, differences of values, decimals of each value (u8; 255 for a text;
only if they differ), lengths of texts in bytes, texts, differences of seq. A column wider than a
byte has first all lowest bytes, then all second ones, and so on: the upper ones are nearly all the
same.
"""

import struct
import zlib
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from operator import sub
from typing import NamedTuple, Self

from blynk_gateway.core.value import SEPARATOR, PinValue, decode_value, encode_value, number
from blynk_gateway.errors import HistoryCorrupt

VERSION = 1

COMPRESSION = 1
"""Level of zlib. Measured on points of sensors: 6 saves 2 % more, and makes packing take a quarter
longer."""

_HEAD = struct.Struct("<BBBB4sIIqqq")
_SIGNED = {"b": 1, "h": 2, "i": 4, "q": 8}
_UNSIGNED = {"B": 1, "H": 2, "I": 4}

_MIXED = 255

_MAX_UNITS = 10**15
"""Whole numbers below it, divided by a power of ten, are floats that show the same 15 digits."""

_MAX_LENGTH = 17
"""Fifteen digits, sign and point."""

_MAX_BODY_BYTES = 32 * 1024 * 1024
"""Twice what 4000 texts of 4 kB take: what unpacks to more would only fill the memory."""


class Numbers(NamedTuple):
    """Values of points, told apart: plain numbers as a column, and the rest.

    Attributes:
        decimals: of the unit: a value is `units / 10 ** decimals`.
        units: for each point; where it is a text, that of the point before.
        places: decimals of each value, `_MIXED` for a text; one for all in place of a list.
        texts: by index, what is no plain number.
    """

    decimals: int
    units: list[int]
    places: int | list[int]
    texts: dict[int, str]

    @classmethod
    def scan(cls, texts: Sequence[str]) -> Self:
        """Tell values apart; about 0.3 µs each, less where they repeat.

        Args:
            texts: at least one value, several parameters joined by zero bytes.
        """
        distinct = list(dict.fromkeys(texts))
        places = _places(distinct[0])
        units = _units(distinct, places)
        if units is None:
            return cls._scan_each(texts, distinct)
        by_text = dict(zip(distinct, units, strict=True))
        return cls(places, [by_text[text] for text in texts], places, {})

    @classmethod
    def _scan_each(cls, texts: Sequence[str], distinct: Iterable[str]) -> Self:
        groups: dict[int, list[str]] = {}
        for text in distinct:
            if len(text) <= _MAX_LENGTH:
                groups.setdefault(_places(text), []).append(text)
        plain: dict[str, tuple[int, int]] = {}
        for places, group in groups.items():
            # All of a group at once, and one by one only if one of them is no number.
            for some in [group] if _units(group, places) else [[text] for text in group]:
                units = _units(some, places) or []
                plain.update((text, (one, places)) for text, one in zip(some, units, strict=False))
        decimals = max((places for _, places in plain.values()), default=0)
        # What the common unit makes too large is a text, too.
        scaled = {
            text: units * 10 ** (decimals - places) for text, (units, places) in plain.items()
        }
        others: dict[int, str] = {}
        column: list[int] = []
        each: list[int] = []
        before = 0
        for index, text in enumerate(texts):
            if text in scaled and -_MAX_UNITS < scaled[text] < _MAX_UNITS:
                before = scaled[text]
                each.append(plain[text][1])
            else:
                others[index] = text
                each.append(_MIXED)
            column.append(before)
        return cls(decimals, column, each, others)

    def floats(self) -> tuple["array[float]", list[int] | None]:
        """The numbers among the values, texts such as `1e3` included, and their indices.

        Returns:
            None for the indices if every value is a number.
        """
        column = _divided(self.units, self.decimals)
        if not self.texts:
            return column, None
        missing = set()
        for at, text in self.texts.items():
            value = number(tuple(text.split(SEPARATOR)))
            if value is None:
                missing.add(at)
            else:
                column[at] = value
        if not missing:
            return column, None
        kept = [at for at in range(len(column)) if at not in missing]
        return array("d", [column[at] for at in kept]), kept

    def values(self) -> list[PinValue]:
        """Every value as it was written."""
        column = _divided(self.units, self.decimals)
        if isinstance(self.places, int):
            shown = _shown(column, self.places)
            return list(zip(shown, strict=True))
        texts = self.texts
        return [
            (f"{value:.{places}f}",) if places != _MIXED else tuple(texts[at].split(SEPARATOR))
            for at, (places, value) in enumerate(zip(self.places, column, strict=True))
        ]

    def part(self, start: int, end: int) -> "Numbers":
        """Those from one index to before another."""
        return Numbers(
            self.decimals,
            self.units[start:end],
            self.places if isinstance(self.places, int) else self.places[start:end],
            {at - start: text for at, text in self.texts.items() if start <= at < end},
        )


class Chunk(NamedTuple):
    """What a chunk holds, ordered by time and seq."""

    times: list[int]
    seqs: list[int]
    numbers: Numbers

    @property
    def values(self) -> list[PinValue]:
        """Every value as it was written; computed at each call, about 0.25 µs a point."""
        return self.numbers.values()


def encode(points: Sequence[tuple[int, int, PinValue]]) -> bytes:
    """Pack `(at_ms, seq, value)`, at least one, ordered by time and seq."""
    times, seqs, values = zip(*points, strict=True)
    return pack(times, seqs, Numbers.scan([SEPARATOR.join(value) for value in values]))


def pack(times: Sequence[int], seqs: Sequence[int], numbers: Numbers) -> bytes:
    """Pack columns of equal length, at least one point, ordered by time and seq."""
    bodies = [encode_value((text,)) for text in numbers.texts.values()]
    lengths = list(map(len, bodies))
    time_width, time_column = _differences(times)
    unit_width, unit_column = _differences(numbers.units)
    seq_width, seq_column = _differences(seqs)
    length_width = next(
        width for width, size in _UNSIGNED.items() if max(lengths, default=0) < 1 << 8 * size
    )
    is_mixed = not isinstance(numbers.places, int)
    body = b"".join(
        (
            time_column,
            unit_column,
            bytes(numbers.places) if is_mixed else b"",
            _shuffled(struct.pack(f"<{len(lengths)}{length_width}", *lengths), length_width),
            *bodies,
            seq_column,
        )
    )
    packed = zlib.compress(body, COMPRESSION)
    is_smaller = len(packed) < len(body)
    head = _HEAD.pack(
        VERSION,
        is_smaller,
        numbers.decimals,
        numbers.places if isinstance(numbers.places, int) else _MIXED,
        (time_width + unit_width + seq_width + length_width).encode(),
        len(times),
        len(lengths),
        times[0],
        numbers.units[0],
        seqs[0],
    )
    return head + (packed if is_smaller else body)


def decode(body: bytes) -> Chunk:
    """The inverse of `encode`.

    Raises:
        HistoryCorrupt: the bytes are not what `encode` makes.
    """
    reader = _Reader(body)
    try:
        times, numbers = reader.times(), reader.numbers()
        return Chunk(times, reader.seqs(), numbers)
    except _DAMAGE as error:
        raise _corrupt(str(error)) from error


def decode_numbers(body: bytes) -> tuple[list[int], "array[float]"]:
    """Times and values of those points that are numbers, for charts; about 0.15 µs a point.

    Raises:
        HistoryCorrupt: the bytes are not what `encode` makes.
    """
    reader = _Reader(body)
    try:
        times, numbers = reader.times(), reader.numbers()
        floats, kept = numbers.floats()
    except _DAMAGE as error:
        raise _corrupt(str(error)) from error
    return (times if kept is None else [times[at] for at in kept]), floats


_DAMAGE = (struct.error, zlib.error, KeyError, IndexError, ValueError, OverflowError)


class _Reader:
    """Reads columns in their order; `seqs` comes last."""

    def __init__(self, body: bytes) -> None:
        try:
            head = _HEAD.unpack_from(body)
            version, is_packed, self._decimals, self._places, widths, *rest = head
            self._widths = widths.decode("ascii")
            self._count, self._text_count, self._first_ms, self._first_unit, self._first_seq = rest
            if version != VERSION:
                raise _corrupt(f"version {version}; expected {VERSION}")
            columns = body[_HEAD.size :]
            self._body = _decompressed(columns) if is_packed else columns
        except _DAMAGE as error:
            raise _corrupt(str(error)) from error
        self._at = 0

    def times(self) -> list[int]:
        return self._summed(self._first_ms, self._widths[0])

    def numbers(self) -> Numbers:
        units = self._summed(self._first_unit, self._widths[1])
        if self._places != _MIXED:
            return Numbers(self._decimals, units, self._places, {})
        places = list(self._take(self._count))
        width = self._widths[3]
        size = _UNSIGNED[width]
        packed = _unshuffled(self._take(self._text_count * size), size)
        ends = list(
            accumulate(struct.unpack(f"<{self._text_count}{width}", packed), initial=self._at)
        )
        self._at = ends[-1]
        texts = [self._body[start:end] for start, end in pairwise(ends)]
        at = (index for index, one in enumerate(places) if one == _MIXED)
        return Numbers(
            self._decimals,
            units,
            places,
            {
                index: SEPARATOR.join(decode_value(text))
                for index, text in zip(at, texts, strict=True)
            },
        )

    def seqs(self) -> list[int]:
        seqs = self._summed(self._first_seq, self._widths[2])
        if self._at != len(self._body):
            raise ValueError(f"{len(self._body)} bytes; expected {self._at}")
        return seqs

    def _summed(self, first: int, width: str) -> list[int]:
        size = _SIGNED[width]
        packed = _unshuffled(self._take((self._count - 1) * size), size)
        return list(accumulate(struct.unpack(f"<{self._count - 1}{width}", packed), initial=first))

    def _take(self, size: int) -> bytes:
        start = self._at
        self._at += size
        if size < 0 or self._at > len(self._body):
            raise ValueError(f"{len(self._body)} bytes; expected {self._at} or more")
        return self._body[start : self._at]


def _decompressed(packed: bytes) -> bytes:
    reader = zlib.decompressobj()
    body = reader.decompress(packed, _MAX_BODY_BYTES)
    if not reader.eof or reader.unused_data:
        raise ValueError(f"{len(packed)} packed bytes; expected one stream")
    return body


def _places(text: str) -> int:
    at = text.find(".")
    return 0 if at < 0 else len(text) - at - 1


def _units(texts: Sequence[str], places: int) -> list[int] | None:
    """Every text as a multiple of the unit; None if one of them would not come back as it is."""
    try:
        units = list(map(int, "\n".join(texts).replace(".", "").split("\n")))
    except ValueError:
        return None
    if not (places < _MAX_LENGTH and min(units) > -_MAX_UNITS and max(units) < _MAX_UNITS):
        return None
    return units if _shown(_divided(units, places), places) == texts else None


def _divided(units: Sequence[int], decimals: int) -> "array[float]":
    if decimals == 0:
        return array("d", units)
    # Both are exact as floats: the quotient is the float that is nearest to the decimal number.
    unit = 10.0**decimals
    return array("d", [one / unit for one in units])


def _shown(column: Sequence[float], places: int) -> list[str]:
    return (f"%.{places}f\n" * len(column) % tuple(column)).split("\n")[:-1]


def _differences(numbers: Sequence[int]) -> tuple[str, bytes]:
    steps = list(map(sub, numbers[1:], numbers))
    low, high = (min(steps), max(steps)) if steps else (0, 0)
    largest = max(high, -1 - low)
    width = next((one for one, size in _SIGNED.items() if largest < 1 << 8 * size - 1), "q")
    return width, _shuffled(struct.pack(f"<{len(steps)}{width}", *steps), width)


def _shuffled(packed: bytes, width: str) -> bytes:
    size = struct.calcsize(f"<{width}")
    return packed if size == 1 else b"".join(packed[byte::size] for byte in range(size))


def _unshuffled(planes: bytes, size: int) -> bytes | bytearray:
    if size == 1:
        return planes
    packed = bytearray(len(planes))
    count = len(planes) // size
    for byte in range(size):
        packed[byte::size] = planes[byte * count : (byte + 1) * count]
    return packed


def _corrupt(found: str) -> HistoryCorrupt:
    return HistoryCorrupt(f"a chunk is damaged: {found}")
