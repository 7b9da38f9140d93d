"""Databases with a past, written straight into the tables."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TypeVar

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.value import PinValue, number
from blynk_gateway.history.archive import chunk
from blynk_gateway.history.archive.rollup import Level, coarser, fold, upserts
from blynk_gateway.history.file.database import PAGE_BYTES
from blynk_gateway.history.file.migration import scripts
from blynk_gateway.history.file.reader import Reader, Snapshot
from blynk_gateway.history.segments.segment import Segment, encode
from blynk_gateway.history.segments.tail import Unsaved

T = TypeVar("T")

ORIGIN = Origin(OriginKind.DEVICE, "1")


class Point(NamedTuple):
    """A point of any stream."""

    stream: int
    at_ms: int
    seq: int
    value: PinValue


def create(path: Path | str) -> sqlite3.Connection:
    """A database with the current schema."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    for script in scripts():
        connection.executescript(script)
    return connection


def add_stream(connection: sqlite3.Connection, stream: int, address: PinAddress) -> None:
    connection.execute("INSERT INTO stream VALUES (?, ?, ?)", (stream, *address))


def segment_of(points: Sequence[Point]) -> Segment:
    """Points in `seq` order, as the journal packs them."""
    changes = [
        PinChange(one.seq, "d", "V1", one.value, (), ORIGIN, Intent.REPORT, one.at_ms, None, 0)
        for one in points
    ]
    return encode(changes, [one.stream for one in points])


def put_segment(connection: sqlite3.Connection, segment: Segment) -> None:
    connection.execute("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)", segment)


def put_archive(
    connection: sqlite3.Connection, points: Iterable[Point], chunk_points: int = 4000
) -> None:
    """Points of one stream, as a pass of the archiver leaves them."""
    ordered = sorted(points, key=lambda one: (one.at_ms, one.seq))
    if not ordered:
        return
    stream = ordered[0].stream
    cuts = [*range(0, len(ordered), chunk_points), len(ordered)]
    for start, end in pairwise(cuts):
        some = ordered[start:end]
        body = chunk.encode([(one.at_ms, one.seq, one.value) for one in some])
        connection.execute(
            "INSERT INTO chunk (stream, first_ms, last_ms, count, body) VALUES (?, ?, ?, ?, ?)",
            (stream, some[0].at_ms, some[-1].at_ms, len(some), body),
        )
    found = [(one.at_ms, one.seq, number(one.value)) for one in ordered]
    numbers = [(at_ms, seq, value) for at_ms, seq, value in found if value is not None]
    if numbers:
        minutes = fold(Level.MINUTE, *zip(*numbers, strict=True)).values()
        for level in Level:
            for sql, values in upserts(level, {stream: coarser(level, minutes).values()}):
                connection.execute(sql, values)


def say_archived(
    connection: sqlite3.Connection, archived: int, moving: int = 0, moving_stream: int = 0
) -> None:
    connection.execute(
        "UPDATE archive SET archived_seq = ?, moving_seq = ?, moving_stream = ?",
        (archived, moving, moving_stream),
    )


class FakeTail:
    """Meets `history.segments.tail.Tail`."""

    def __init__(self, streams: dict[PinAddress, int], segments: Sequence[Segment] = ()) -> None:
        self.streams = streams
        self.segments = list(segments)

    async def unsaved(self, address: PinAddress | None) -> Unsaved:
        return Unsaved(self.streams.get(address) if address else None, self.segments)


class PlainReader(Reader):
    """Reads over a connection that it is given, without a thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(Path("memory"))
        self._given = connection

    async def run(self, work: Callable[[Snapshot], T]) -> T:
        snapshot = Snapshot()
        snapshot.begin(self._given)
        try:
            return work(snapshot)
        finally:
            self._given.rollback()
