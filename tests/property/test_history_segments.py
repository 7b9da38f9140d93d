import contextlib

from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.value import decode_value
from blynk_gateway.errors import HistoryCorrupt
from blynk_gateway.history.segments.columns import count_streams
from blynk_gateway.history.segments.segment import Point, decode, decode_stream, encode

ORIGIN = Origin(OriginKind.DEVICE, "1")

points = st.builds(
    Point,
    seq=st.integers(1, 2**53),
    at_ms=st.integers(-(2**50), 2**50),
    stream=st.integers(1, 2**33),
    intent=st.sampled_from(Intent),
    value=st.binary(max_size=300).map(decode_value),
)


@given(st.lists(points, min_size=1, max_size=50, unique_by=lambda point: point.seq))
def test_decode_is_the_inverse_of_encode(unordered: list[Point]) -> None:
    expected = sorted(unordered)
    changes = [
        PinChange(one.seq, "d", "V1", one.value, (), ORIGIN, one.intent, one.at_ms, None, 0)
        for one in expected
    ]
    assert decode(encode(changes, [one.stream for one in expected]).body) == expected


@given(st.binary(max_size=200), st.integers(0, 30))
def test_any_bytes_are_a_segment_or_reported(noise: bytes, keep: int) -> None:
    change = PinChange(1, "d", "V1", ("1",), (), ORIGIN, Intent.REPORT, 1, None, 0)
    with contextlib.suppress(HistoryCorrupt):
        decode(encode([change], [1]).body[:keep] + noise)


@given(
    st.lists(points, min_size=1, max_size=80, unique_by=lambda point: point.seq),
    st.booleans(),
)
def test_points_of_one_stream_are_those_among_all(unordered: list[Point], are_few: bool) -> None:
    expected = sorted(
        one._replace(stream=one.stream % 5, seq=one.seq % 9000) if are_few else one
        for one in unordered
    )
    changes = [
        PinChange(one.seq, "d", "V1", one.value, (), ORIGIN, one.intent, one.at_ms, None, 0)
        for one in expected
    ]
    body = encode(changes, [one.stream for one in expected]).body
    for stream in {0, *(one.stream for one in expected)}:
        chosen = [(one.at_ms, one.seq, one.value) for one in decode(body) if one.stream == stream]
        assert decode_stream(body, stream) == chosen
        assert count_streams(body)[stream] == len(chosen)


@given(st.binary(max_size=200), st.integers(0, 30), st.integers(0, 300))
def test_one_stream_of_any_bytes_is_there_or_reported(noise: bytes, keep: int, stream: int) -> None:
    change = PinChange(1, "d", "V1", ("1",), (), ORIGIN, Intent.REPORT, 1, None, 0)
    with contextlib.suppress(HistoryCorrupt):
        decode_stream(encode([change], [1]).body[:keep] + noise, stream)
