import tracemalloc
import zlib

import pytest

from blynk_gateway.core.value import MAX_VALUE_BYTES, PinValue
from blynk_gateway.errors import HistoryCorrupt
from blynk_gateway.history.archive.chunk import (
    _HEAD,
    _MAX_BODY_BYTES,
    decode,
    decode_numbers,
    encode,
)
from blynk_gateway.history.archive.packing import CHUNK_POINTS

START_MS = 1_700_000_000_000


def points(*values: str | PinValue) -> list[tuple[int, int, PinValue]]:
    """Points a second apart."""
    return [
        (START_MS + 1000 * at, 7 + at, (value,) if isinstance(value, str) else value)
        for at, value in enumerate(values)
    ]


def back(some: list[tuple[int, int, PinValue]]) -> list[tuple[int, int, PinValue]]:
    chunk = decode(encode(some))
    return list(zip(chunk.times, chunk.seqs, chunk.values, strict=True))


@pytest.mark.parametrize(
    "values",
    [
        ["21.5"],
        ["21.5", "21.6", "-3.0", "0.0"],
        ["1", "1.0", "1.00", "-0.5", "12"],
        ["0", "-0", "00", "+1", ".5", "5.", "-0.0", "1_0", " 1"],
        ["nan", "21.5", "inf", "1e3", "ovf", ""],
        ["0.8414709848078965", "-0.1234567890123456789", "1"],
        ["999999999999999", "-999999999999999", "1000000000000000", "9" * 400],
        ["0.000000000000001", "123456789.1", "1." + "0" * 300],
        ["\N{ARABIC-INDIC DIGIT ONE}", "1\n2", "1.2.3", "grün", "\udcff"],
        [("1", "2"), "3", ("a", "", "b"), ("", "")],
        ["on"] * 300 + ["a" * 1024, "1"],
    ],
)
def test_values_come_back_to_the_letter(values: list[str | PinValue]) -> None:
    some = points(*values)
    assert back(some) == some
    assert back(some[:1]) == some[:1]


def test_any_steps_of_time_and_number_come_back() -> None:
    for step in (0, 1, 127, 128, 32_767, 32_768, 2**31 - 1, 2**31, 2**40):
        some: list[tuple[int, int, PinValue]] = [
            (at * step, 1000 - at * step, ("1",)) for at in range(5)
        ]
        assert back(some) == some


def test_numbers_are_those_of_the_texts() -> None:
    texts = ["21.5", "0.1", "nan", "1e3", "-7", "x", "0.30000000000000004"]
    times, numbers = decode_numbers(encode([*points(*texts), *points(("1", "2"))]))
    assert list(numbers) == [21.5, 0.1, 1000.0, -7.0, 0.30000000000000004]
    assert times == [START_MS + 1000 * at for at in (0, 1, 3, 4, 6)]


def test_plain_numbers_are_all_there() -> None:
    times, numbers = decode_numbers(encode(points("1", "2.25")))
    assert (times, list(numbers)) == ([START_MS, START_MS + 1000], [1.0, 2.25])


def test_part_of_the_values_is_that_part() -> None:
    values = ["1", "nan", "2.5", "3", "x"]
    numbers = decode(encode(points(*values))).numbers
    assert numbers.part(1, 4).values() == [("nan",), ("2.5",), ("3",)]
    assert list(numbers.part(1, 4).floats()[0]) == [2.5, 3.0]
    same = decode(encode(points("1", "2", "3"))).numbers
    assert same.part(1, 2).values() == [("2",)]


def test_a_point_of_a_sensor_takes_few_bytes() -> None:
    some = [
        (START_MS + 5000 * at + at * 7 % 13, 20 * at + at % 5, (f"{20 + at * 31 % 47 / 10}",))
        for at in range(1000)
    ]
    assert len(encode(some)) < 4 * len(some)


def test_damaged_bytes_are_told_from_good_ones() -> None:
    for body in (encode(points("1")), encode(points(*"abcabcabc" * 20, "21.5"))):
        for damaged in (b"", body[:10], body[:-1], b"\x02" + body[1:], body[:30], body + b"x" * 9):
            with pytest.raises(HistoryCorrupt, match="a chunk is damaged"):
                decode(damaged)
    with pytest.raises(HistoryCorrupt, match="a chunk is damaged"):
        decode_numbers(encode(points("1", "x"))[:-8])


def test_what_unpacks_to_far_more_than_a_chunk_is_damaged_and_takes_little_memory() -> None:
    body = encode(points(*"abcabcabc" * 20))
    assert body[1] == 1
    bomb = body[: _HEAD.size] + zlib.compress(bytes(8 * _MAX_BODY_BYTES))
    tracemalloc.start()
    try:
        with pytest.raises(HistoryCorrupt, match="a chunk is damaged"):
            decode(bomb)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 3 * _MAX_BODY_BYTES


def test_largest_values_fit_into_a_chunk() -> None:
    some = points(*[f"{at:04d}".ljust(MAX_VALUE_BYTES, "x") for at in range(CHUNK_POINTS)])
    assert back(some) == some
