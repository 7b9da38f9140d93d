import pytest

from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.history.archive import packing
from blynk_gateway.history.archive.chunk import decode, encode
from blynk_gateway.history.archive.packing import OpenChunk, Packing, Points, Wanted
from blynk_gateway.history.segments.segment import encode as encode_segment

DAY_MS = 86_400_000
ORIGIN = Origin(OriginKind.DEVICE, "1")


def segment(*points: tuple[int, int, str, int]) -> bytes:
    """Of `(stream, seq, value, at_ms)`."""
    ordered = sorted(points, key=lambda point: point[1])
    changes = [
        PinChange(seq, "a", "V1", (value,), (), ORIGIN, Intent.REPORT, at_ms, None, 0)
        for _, seq, value, at_ms in ordered
    ]
    return encode_segment(changes, [stream for stream, *_ in ordered]).body


def packing_of(*points: tuple[int, int, str, int]) -> Packing:
    packed = Packing()
    packed.add([segment(*points)])
    packed.streams()
    return packed


def chunks_of(points: Points, opened: OpenChunk | None = None) -> list[list[object]]:
    """The rows of the table, with decoded bodies; of points of stream 1."""
    packed = packing_of(*((1, seq, text, at_ms) for at_ms, seq, text in zip(*points, strict=True)))
    sql, values = packed.statements([Wanted(1, True, opened)])[0]
    assert sql.startswith("INSERT OR REPLACE INTO chunk")
    rows = [list(values[start : start + 6]) for start in range(0, len(values), 6)]
    return [[*row[:5], decode(row[5]).values] for row in rows]


def test_points_of_several_segments_are_ordered_by_stream_and_time() -> None:
    packed = Packing()
    packed.add([segment((2, 1, "a", 50), (1, 2, "b", 60)), segment((2, 3, "c", 40))])
    packed.add([segment((2, 4, "grün", 50))])
    assert packed.streams() == [(1, 1), (2, 3)]
    rows = []
    for stream in (1, 2):
        _, values = packed.statements([Wanted(stream, True, None)])[0]
        rows.append(decode(values[5]))
    assert [(one.times, one.seqs, one.values) for one in rows] == [
        ([60], [2], [("b",)]),
        ([40, 50, 50], [3, 1, 4], [("c",), ("a",), ("grün",)]),
    ]


def test_nothing_added_is_nothing() -> None:
    assert Packing().streams() == []


def test_what_was_not_asked_for_is_forgotten() -> None:
    packed = packing_of((1, 1, "1", 10))
    packed.add([segment((2, 2, "2", 10))])
    assert packed.streams() == [(2, 1)]
    with pytest.raises(KeyError):
        packed.statements([Wanted(1, True, None)])


def test_damaged_segment_is_left_out_and_said() -> None:
    packed = Packing()
    packed.add([b"", segment((1, 1, "a", 50)), b"\x01" * 40])
    assert packed.streams() == [(1, 1)]
    assert [event for event, _ in packed.damage] == ["points lost to the archive"] * 2


def test_damaged_chunk_is_left_as_it_is_and_said() -> None:
    packed = packing_of((1, 1, "1", 10))
    _, values = packed.statements([Wanted(1, True, OpenChunk(7, b"", 10, 10))])[0]
    assert values[0] is None
    assert [event for event, _ in packed.damage] == ["damaged chunk left as it is"]


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
    rows = chunks_of(Points([20, 40], [4, 3], ["2", "3"]), opened)
    assert rows == [[7, 1, 10, 40, 4, [("1.0",), ("2",), ("x",), ("3",)]]]


def test_open_chunk_of_another_day_is_left_alone() -> None:
    opened = OpenChunk(7, encode([(10, 1, ("1",))]), 10, 10)
    for at_ms in (10 + DAY_MS, 10 - DAY_MS):
        assert chunks_of(Points([at_ms], [2], ["2"]), opened)[0][:4] == [None, 1, at_ms, at_ms]


def test_without_raw_points_there_are_rollups_only_and_words_make_none() -> None:
    packed = packing_of((1, 1, "1", 0), (1, 2, "on", 1), (2, 3, "on", 0))
    statements = packed.statements([Wanted(1, False, None)])
    assert [sql.split()[2] for sql, _ in statements] == ["minute", "hour", "day"]
    assert all(values[2] == 1 for _, values in statements)
    assert packed.statements([Wanted(2, False, None)]) == []
