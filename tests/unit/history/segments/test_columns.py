from collections import Counter

import pytest

from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.errors import HistoryCorrupt
from blynk_gateway.history.segments.columns import PAST, count_streams, decode_columns, pick
from blynk_gateway.history.segments.segment import encode

ORIGIN = Origin(OriginKind.DEVICE, "1")


def body_of(*points: tuple[int, int, int, tuple[str, ...]]) -> bytes:
    """Of stream, at_ms, seq and value."""
    changes = [
        PinChange(seq, "a", "V1", value, (), ORIGIN, Intent.REPORT, at_ms, None, 0)
        for _, at_ms, seq, value in points
    ]
    return encode(changes, [stream for stream, *_ in points]).body


@pytest.mark.parametrize("text", ["21.5", "grün", "\udcff", ""])
def test_columns_are_those_of_the_points(text: str) -> None:
    body = body_of((3, 1000, 7, (text,)), (70_000, 400, 9, ("1", text)))
    streams, times, seqs, texts = decode_columns(body)
    assert (list(streams), times, seqs) == ([3, 70_000], [1000, 400], [7, 9])
    assert texts == [text, f"1\0{text}"]


def test_streams_are_counted() -> None:
    points = [(stream, 0, seq, ("1",)) for seq, stream in enumerate((5, 6, 5))]
    assert count_streams(body_of(*points)) == Counter({5: 2, 6: 1})


@pytest.mark.parametrize("read", [decode_columns, count_streams])
def test_damage_is_told(read: object) -> None:
    assert callable(read)
    body = body_of((1, 0, 1, ("21.5",)))
    for damaged in (b"", body[:20], body[:27], b"\x09" + body[1:], body[:1] + b"Z" + body[2:]):
        with pytest.raises(HistoryCorrupt, match="a segment is damaged"):
            read(damaged)


def test_text_that_is_too_short_is_damage() -> None:
    body = body_of((1, 0, 1, ("21.5",)))
    with pytest.raises(HistoryCorrupt, match="expected"):
        decode_columns(body[:-1])


SEVERAL = [(5, 100, 1, ("a",)), (6, 300, 3, ("bb", "c")), (300, 200, 4, ("ü",)), (5, 50, 9, ("",))]


def picked(wanted: set[int], after: int = 0, upto: int = 99) -> list[tuple[int, int, int, bytes]]:
    """Of stream, at_ms, seq and text."""
    body = body_of(*SEVERAL)
    found = pick(body, wanted, after, upto)
    if found is None:
        return []
    columns, places, ends = found
    return [
        (
            columns.streams[at],
            columns.first_ms + columns.times[at],
            columns.first_seq + columns.seqs[at],
            body[ends[at] : ends[at + 1]],
        )
        for at in places
    ]


def test_points_of_some_streams_are_picked_in_order() -> None:
    assert picked({5, 300}) == [(5, 100, 1, b"a"), (300, 200, 4, "ü".encode()), (5, 50, 9, b"")]
    assert picked({6}) == [(6, 300, 3, b"bb\0c")]
    assert picked({7, 255, 70_000}) == []


def test_points_are_picked_by_their_numbers() -> None:
    assert [seq for *_, seq, _ in picked({5, 6, 300}, after=1, upto=4)] == [3, 4]
    assert [seq for *_, seq, _ in picked({5, 6, 300}, after=2, upto=3)] == [3]
    assert picked({5, 6, 300}, after=4, upto=8) == []
    assert picked({5}, after=9) == []
    assert picked({5}, upto=0) == []


def test_a_point_of_the_past_is_told_by_its_intent() -> None:
    changes = [
        PinChange(seq, "a", "V1", ("1",), (), ORIGIN, intent, 0, None, 0)
        for seq, intent in enumerate((Intent.REPORT, Intent.PAST, Intent.COMMAND))
    ]
    body = encode(changes, [1, 1, 1]).body
    found = pick(body, {1}, -1, 99)
    assert found is not None
    assert [body[found.columns.end + at] == PAST for at in found.places] == [False, True, False]


def test_damaged_numbers_are_never_beyond_what_was_asked_for() -> None:
    body = bytearray(body_of(*SEVERAL))
    # The first column follows the head; its numbers need not be in order then.
    at = body.index(bytes([0, 2, 3, 8]))
    for damage in (bytes([0, 200, 3, 8]), bytes([9, 2, 3, 0]), bytes([255] * 4)):
        body[at : at + 4] = damage
        found = pick(bytes(body), {5, 6, 300}, 1, 4)
        places = () if found is None else found.places
        assert all(1 < 1 + body[at + place] <= 4 for place in places)


def test_damage_among_what_is_picked_is_told() -> None:
    body = body_of(*SEVERAL)
    for damaged in (b"", body[:20], body[:27], b"\x09" + body[1:], body[:-1], body[:1] + b"Z" * 30):
        with pytest.raises(HistoryCorrupt, match="a segment is damaged"):
            pick(damaged, {5}, 0, 99)
