import sqlite3
from collections.abc import Sequence
from contextlib import closing

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.history.file.reader import Snapshot
from blynk_gateway.history.past.points import range_of
from blynk_gateway.history.segments import tail
from blynk_gateway.history.segments.segment import Segment
from blynk_gateway.history.segments.tail import (
    RawPoint,
    TailCount,
    TailReader,
    Unsaved,
    count_tail,
    end_of_tail_batch,
    read_tail,
)
from tests.helpers.archive import (
    Point,
    add_stream,
    create,
    put_segment,
    say_archived,
    segment_of,
)

POINTS = [Point(1 + seq % 2, 1000 + seq, seq, (str(seq),)) for seq in range(1, 13)]
SEGMENTS = [segment_of(POINTS[start : start + 3]) for start in range(0, 12, 3)]


def snapshot_of(connection: sqlite3.Connection) -> Snapshot:
    snapshot = Snapshot()
    snapshot.begin(connection)
    return snapshot


def seqs(stream: int, *, archived: int = 0, moving: int = 0, moved: int = 0) -> list[int]:
    """What is read of a stream with two segments in the file and three in memory, one twice."""
    with closing(create(":memory:")) as connection:
        for one in SEGMENTS[:2]:
            put_segment(connection, one)
        say_archived(connection, archived, moving, moved)
        points = read_tail(snapshot_of(connection), stream, SEGMENTS[1:], 0, 2000)
        return [seq for _, seq, _ in points]


def test_points_of_file_and_memory_are_read_once() -> None:
    assert seqs(1) == [2, 4, 6, 8, 10, 12]
    assert seqs(2) == [1, 3, 5, 7, 9, 11]


def test_what_is_archived_is_left_out() -> None:
    assert seqs(1, archived=3) == [4, 6, 8, 10, 12]
    assert seqs(1, archived=12) == []


def test_stream_that_is_moved_already_is_left_out_while_others_are_not() -> None:
    assert seqs(1, archived=3, moving=6, moved=1) == [8, 10, 12]
    assert seqs(2, archived=3, moving=6, moved=1) == [5, 7, 9, 11]


def test_memory_that_was_committed_and_archived_since_is_left_out() -> None:
    with closing(create(":memory:")) as connection:
        say_archived(connection, 9)
        points = read_tail(snapshot_of(connection), 1, SEGMENTS, 0, 2000)
        assert [seq for _, seq, _ in points] == [10, 12]


def test_late_points_are_put_in_order() -> None:
    late = segment_of([Point(1, 1005, 20, ("late",)), Point(1, 1004, 21, ("twin",))])
    with closing(create(":memory:")) as connection:
        points = read_tail(snapshot_of(connection), 1, [*SEGMENTS, late], 1004, 1007)
        assert points == [
            (1004, 4, ("4",)),
            (1004, 21, ("twin",)),
            (1005, 20, ("late",)),
            (1006, 6, ("6",)),
        ]


def test_batch_ends_before_too_much_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(create(":memory:")) as connection:
        for one in SEGMENTS:
            put_segment(connection, one)
        snapshot = snapshot_of(connection)
        monkeypatch.setattr(tail, "BATCH_POINTS", 6)
        assert end_of_tail_batch(snapshot, 1, 0, 2000) == 1007
        assert end_of_tail_batch(snapshot, 1, 1007, 2000) == 1013
        assert end_of_tail_batch(snapshot, 1, 1013, 2000) == 2000


def test_points_are_counted_by_stream() -> None:
    with closing(create(":memory:")) as connection:
        add_stream(connection, 1, PinAddress("a", "V1"))
        put_segment(connection, SEGMENTS[1])
        say_archived(connection, 3, 6, 1)
        snapshot = snapshot_of(connection)
        # Of the stream that is moved the segment in the file is archived.
        assert count_tail(snapshot, SEGMENTS[1:]) == TailCount({1: 3, 2: 4}, 1004)
        say_archived(connection, 12)
        assert count_tail(snapshot, SEGMENTS) == TailCount({}, None)


def test_range_reads_its_tail() -> None:
    with closing(create(":memory:")) as connection:
        where = range_of(Unsaved(2, SEGMENTS), 2, 1003, 1006)
        assert [seq for _, seq, _ in where.tail(snapshot_of(connection))] == [3, 5]


def test_part_of_what_was_read_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []

    def counted(
        snapshot: Snapshot, stream: int, unsaved: Sequence[Segment], from_ms: int, to_ms: int
    ) -> list[RawPoint]:
        reads.append((from_ms, to_ms))
        return read_tail(snapshot, stream, unsaved, from_ms, to_ms)

    monkeypatch.setattr(tail, "read_tail", counted)
    with closing(create(":memory:")) as connection:
        snapshot = snapshot_of(connection)
        reader = TailReader(2, SEGMENTS)
        for bounds in ((1002, 1008), (1003, 1006), (1002, 1008), (1007, 1008), (1001, 1008)):
            assert reader.read(snapshot, *bounds) == read_tail(snapshot, 2, SEGMENTS, *bounds)
        assert reads == [(1002, 1008), (1001, 1008)]
