import struct

import pytest

from blynk_gateway.core.change import Intent, Origin, OriginKind, PastChange, PinChange
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HistoryCorrupt
from blynk_gateway.history.segments.columns import PAST, read_columns
from blynk_gateway.history.segments.segment import Point, decode, encode

NOW_MS = 1_700_000_000_000


def change(seq: int, *value: str, at_ms: int = NOW_MS, intent: Intent = Intent.REPORT) -> PinChange:
    origin = Origin(OriginKind.DEVICE, "1")
    return PinChange(seq, "greenhouse", "V5", value, (), origin, intent, at_ms, None, 0)


def values(*changes: PinChange) -> list[PinValue]:
    return [point.value for point in decode(encode(changes, [1] * len(changes)).body)]


def test_change_comes_back_as_it_went_in() -> None:
    first = change(7, "21.5", at_ms=NOW_MS + 5)
    second = change(9, "1", "2", "", intent=Intent.COMMAND)
    third = change(10, "x", intent=Intent.SYNC)
    past = PastChange(*change(11, "y", at_ms=NOW_MS + 1, intent=Intent.PAST))
    segment = encode([first, second, third, past], [3, 70_000, 3, 4])
    assert decode(segment.body) == [
        Point(7, NOW_MS + 5, 3, Intent.REPORT, ("21.5",)),
        Point(9, NOW_MS, 70_000, Intent.COMMAND, ("1", "2", "")),
        Point(10, NOW_MS, 3, Intent.SYNC, ("x",)),
        Point(11, NOW_MS + 1, 4, Intent.PAST, ("y",)),
    ]
    head = read_columns(segment.body)
    assert segment.body[head.end : head.end + 4] == bytes((0, 1, 2, PAST))


def test_segment_tells_its_range() -> None:
    segment = encode([change(7, "1", at_ms=NOW_MS + 5), change(9, "2")], [1, 1])
    assert segment[:5] == (7, 9, 2, NOW_MS, NOW_MS + 5)


def test_halves_of_a_character_from_two_changes_stay_two_values() -> None:
    assert values(change(1, "\udcc3"), change(2, "\udca9")) == [("\udcc3",), ("\udca9",)]


def test_parameters_that_are_not_ascii_keep_their_borders() -> None:
    assert values(change(1, "21 °C", "ä"), change(2, "1")) == [("21 °C", "ä"), ("1",)]


@pytest.mark.parametrize("distance", [0, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**45])
def test_any_distance_in_seq_and_time_fits(distance: int) -> None:
    changes = [change(1, "a"), change(1 + distance, "b", at_ms=NOW_MS - distance)]
    first, last = decode(encode(changes, [1, distance]).body)
    assert (last.seq - first.seq, first.at_ms - last.at_ms) == (distance, distance)
    assert last.stream == distance


def test_times_before_1970_fit() -> None:
    (point,) = decode(encode([change(1, "a", at_ms=-5)], [1]).body)
    assert point.at_ms == -5


def test_number_costs_about_eleven_bytes() -> None:
    changes = [change(seq, "21.50", at_ms=NOW_MS + 50 * seq) for seq in range(1, 21)]
    assert len(encode(changes, list(range(1, 21))).body) <= 20 * 11 + 25


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: b"",
        lambda body: body[:-1],
        lambda body: body + b"x",
        lambda body: b"\x02" + body[1:],
        lambda body: body[:1] + b"BBB?" + body[5:],
        lambda body: body[:1] + b"BBB\xff" + body[5:],
        lambda body: body[:5] + struct.pack("<I", 2**32 - 1) + body[9:],
        lambda body: body[:-3] + b"\x04" + body[-2:],
    ],
    ids=["empty", "short", "long", "version", "width", "no-ascii", "count", "intent"],
)
def test_damaged_segment_is_reported(damage: object) -> None:
    body = encode([change(1, "ab")], [1]).body
    assert callable(damage)
    with pytest.raises(HistoryCorrupt, match="segment is damaged"):
        decode(damage(body))
