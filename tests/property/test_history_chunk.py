"""Whatever the values: a chunk gives back every one to the letter, and finds damage."""

from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.value import PinValue, number
from blynk_gateway.errors import HistoryCorrupt
from blynk_gateway.history.archive.chunk import decode, decode_numbers, encode

TEXTS = st.one_of(
    st.integers(-(10**17), 10**17).map(str),
    st.floats().map(str),
    st.decimals(allow_nan=True, places=3, min_value=-(10**13), max_value=10**13).map(str),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6),
    st.text("0123456789.-+e_ \n", max_size=20),
)
VALUES = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
ONE = TEXTS.map(lambda text: (text,))
POINTS = st.lists(
    st.tuples(st.integers(-(2**60), 2**60), st.integers(0, 2**60), st.one_of(ONE, ONE, VALUES)),
    min_size=1,
    max_size=30,
).map(sorted)


@given(POINTS)
def test_every_point_comes_back(points: list[tuple[int, int, PinValue]]) -> None:
    body = encode(points)
    chunk = decode(body)
    assert list(zip(chunk.times, chunk.seqs, chunk.values, strict=True)) == points
    found = [(at_ms, number(value)) for at_ms, _, value in points]
    times, numbers = decode_numbers(body)
    assert list(zip(times, numbers, strict=True)) == [one for one in found if one[1] is not None]


@given(POINTS, st.integers(0, 10**6), st.integers(0, 255))
def test_damaged_bytes_raise_nothing_else(
    points: list[tuple[int, int, PinValue]], at: int, byte: int
) -> None:
    body = bytearray(encode(points))
    body[at % len(body)] = byte
    for damaged in (bytes(body), bytes(body[: at % len(body)])):
        try:
            len(decode(damaged).values)
            decode_numbers(damaged)
        except HistoryCorrupt:
            pass
