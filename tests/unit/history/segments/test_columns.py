from collections import Counter

import pytest

from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.errors import HistoryCorrupt
from blynk_gateway.history.segments.columns import count_streams, decode_columns
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
