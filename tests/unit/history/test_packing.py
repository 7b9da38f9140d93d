import pytest

from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.history import packing
from blynk_gateway.history.chunk import decode, encode
from blynk_gateway.history.packing import Gathered, OpenChunk, Points, statements_of
from blynk_gateway.history.segment import encode as encode_segment

DAY_MS = 86_400_000
ORIGIN = Origin(OriginKind.DEVICE, "1")


def segment(*points: tuple[int, int, str, int]) -> bytes:
    """Of `(stream, seq, value, at_ms)`."""
    changes = [
        PinChange(seq, "a", "V1", (value,), (), ORIGIN, Intent.REPORT, at_ms, None, 0)
        for _, seq, value, at_ms in points
    ]
    return encode_segment(changes, [stream for stream, *_ in points]).body


def chunks_of(points: Points, opened: dict[int, OpenChunk] | None = None) -> list[list[object]]:
    """The rows of the table, with decoded bodies."""
    sql, values = statements_of({1: (HistoryPolicy.RAW, points)}, opened or {})[0]
    assert sql.startswith("INSERT OR REPLACE INTO chunk")
    rows = [list(values[start : start + 6]) for start in range(0, len(values), 6)]
    return [[*row[:5], decode(row[5]).values] for row in rows]


def test_points_of_several_segments_are_ordered_by_stream_and_time() -> None:
    gathered = Gathered()
    gathered.add([segment((2, 1, "a", 50), (1, 2, "b", 60)), segment((2, 3, "c", 40))])
    gathered.add([segment((2, 4, "grün", 50))])
    assert (gathered.points, gathered.points_of_one) == (4, 3)
    assert gathered.by_stream() == {
        1: Points([60], [2], ["b"]),
        2: Points([40, 50, 50], [3, 1, 4], ["c", "a", "grün"]),
    }


def test_nothing_gathered_is_nothing() -> None:
    assert (Gathered().by_stream(), Gathered().points_of_one) == ({}, 0)


def test_damaged_segment_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    gathered = Gathered()
    gathered.add([b"", segment((1, 1, "a", 50)), b"\x01" * 40])
    assert gathered.points == 1
    assert caplog.messages == ["points lost to the archive"] * 2


def test_many_points_make_chunks_of_equal_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "CHUNK_POINTS", 4)
    points = Points(range(9), range(9), [str(at) for at in range(9)])
    assert chunks_of(points) == [
        [None, 1, 0, 2, 3, [("0",), ("1",), ("2",)]],
        [None, 1, 3, 5, 3, [("3",), ("4",), ("5",)]],
        [None, 1, 6, 8, 3, [("6",), ("7",), ("8",)]],
    ]


def test_long_gap_ends_a_chunk() -> None:
    rows = chunks_of(Points([0, 1, 1 + DAY_MS], [1, 2, 3], ["1", "nan", "2"]))
    assert [row[2:5] for row in rows] == [[0, 1, 2], [1 + DAY_MS, 1 + DAY_MS, 1]]


def test_open_chunk_takes_points_in_their_order() -> None:
    opened = OpenChunk(7, encode([(10, 1, ("1.0",)), (30, 2, ("x",))]), 10, 30)
    rows = chunks_of(Points([20, 40], [4, 3], ["2", "3"]), {1: opened})
    assert rows == [[7, 1, 10, 40, 4, [("1.0",), ("2",), ("x",), ("3",)]]]


def test_open_chunk_of_another_day_is_left_alone() -> None:
    opened = OpenChunk(7, encode([(10, 1, ("1",))]), 10, 10)
    for at_ms in (10 + DAY_MS, 10 - DAY_MS):
        assert chunks_of(Points([at_ms], [2], ["2"]), {1: opened})[0][:4] == [None, 1, at_ms, at_ms]


def test_policy_minute_writes_rollups_only_and_words_make_none() -> None:
    points = Points([0, 1], [1, 2], ["1", "on"])
    statements = statements_of({1: (HistoryPolicy.MINUTE, points)}, {})
    assert [sql.split()[2] for sql, _ in statements] == ["minute", "hour", "day"]
    assert all(values[2] == 1 for _, values in statements)
    assert statements_of({1: (HistoryPolicy.MINUTE, Points([0], [1], ["on"]))}, {}) == []
