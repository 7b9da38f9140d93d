import sqlite3

import pytest

from blynk_gateway.core.history import HistoryPoint
from blynk_gateway.history.archive import chunk
from blynk_gateway.history.file.reader import Snapshot
from blynk_gateway.history.past import points as module
from blynk_gateway.history.past.points import (
    Extent,
    end_of_batch,
    range_of,
    read_extent,
    read_latest,
    read_numbers,
    read_points,
    read_times,
    tail_numbers,
)
from blynk_gateway.history.segments.tail import TailReader, Unsaved
from tests.helpers.archive import Point, put_archive, say_archived, segment_of


@pytest.fixture
def snapshot(connection: sqlite3.Connection) -> Snapshot:
    """A point each 10 ms to 1000; chunks of 10; then a late one, equal in time to another."""
    put_archive(connection, [Point(1, 10 * at, at, (str(at),)) for at in range(1, 101)], 10)
    put_archive(connection, [Point(1, 500, 101, ("late",)), Point(1, 2000, 102, ("x",))])
    say_archived(connection, 102)
    snapshot = Snapshot()
    snapshot.begin(connection)
    return snapshot


TAIL = segment_of([Point(1, 500, 103, ("0.5",)), Point(1, 3000, 104, ("new",))])
WHERE = range_of(Unsaved(1, [TAIL]), 1, 0, 10_000)


def test_points_equal_in_time_stay_in_order_of_seq(snapshot: Snapshot) -> None:
    assert read_points(snapshot, WHERE._replace(from_ms=490, to_ms=511)) == [
        HistoryPoint(490, ("49",)),
        HistoryPoint(500, ("50",)),
        HistoryPoint(500, ("late",)),
        HistoryPoint(500, ("0.5",)),
        HistoryPoint(510, ("51",)),
    ]


def test_all_points_are_read(snapshot: Snapshot) -> None:
    found = read_points(snapshot, WHERE)
    assert len(found) == 104
    assert [at for at, _ in found] == sorted(at for at, _ in found)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 12, 13, 55, 104, 1000])
def test_latest_are_the_end_of_all(snapshot: Snapshot, limit: int) -> None:
    assert read_latest(snapshot, WHERE, limit) == read_points(snapshot, WHERE)[-limit:]


def test_latest_read_few_chunks(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []

    def counted(body: bytes) -> chunk.Chunk:
        decoded.append(body)
        return chunk.decode(body)

    monkeypatch.setattr(module, "decode", counted)
    assert len(read_latest(snapshot, WHERE, 5)) == 5
    assert len(decoded) == 2


def test_numbers_leave_texts_out(snapshot: Snapshot) -> None:
    pieces = list(read_numbers(snapshot, WHERE._replace(from_ms=500, to_ms=2001)))
    found = sorted(
        (at, seq, value)
        for times, seqs, values in pieces
        for at, seq, value in zip(times, seqs, values, strict=True)
    )
    assert found[:2] == [(500, 50, 50.0), (500, 103, 0.5)]
    assert len(found) == 52
    assert tail_numbers(snapshot, WHERE) == ((500,), (103,), (0.5,))
    assert tail_numbers(snapshot, WHERE._replace(newest=TailReader(1, []))) == ((), (), ())


def test_times_are_of_all_points(snapshot: Snapshot) -> None:
    times = sorted(at for piece in read_times(snapshot, WHERE) for at in piece)
    assert times == [at for at, _ in read_points(snapshot, WHERE)]


def test_extent_is_about_right(snapshot: Snapshot) -> None:
    points, first_ms, last_ms = read_extent(snapshot, WHERE)
    assert (points, first_ms, last_ms) == (102, 10, 2000)
    points, first_ms, last_ms = read_extent(snapshot, WHERE._replace(from_ms=105, to_ms=205))
    assert 9 <= points <= 12
    assert (first_ms, last_ms) == (110, 200)
    assert read_extent(snapshot, WHERE._replace(stream=2)) == Extent(0, None, None)


def test_batch_ends_with_a_chunk(snapshot: Snapshot) -> None:
    assert end_of_batch(snapshot, WHERE, 15) == 201
    assert end_of_batch(snapshot, WHERE._replace(from_ms=201), 10) == 301
    assert end_of_batch(snapshot, WHERE._replace(from_ms=901), 20) == 10_000
