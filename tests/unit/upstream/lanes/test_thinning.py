import statistics
import sys
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.trail import TrailPoint
from blynk_gateway.upstream.lanes.thinning import (
    DAY_MS,
    ENDLESS,
    Thinner,
    choose_step_ms,
    room_for,
)

A, B = PinAddress("greenhouse", "V1"), PinAddress("greenhouse", "V2")
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
NOON_MS = 1_700_000_000_000 // DAY_MS * DAY_MS + DAY_MS // 2


ROWS = st.lists(
    st.tuples(st.integers(0, 600_000), st.sampled_from([A, B]), st.floats(-1000, 1000, width=32)),
    min_size=1,
)


def thinner(step_ms: int = MINUTE_MS, *, texts: frozenset[PinAddress] = frozenset()) -> Thinner:
    return Thinner(step_ms, texts.__contains__)


def point(seq: int, at_ms: int, *value: str, address: PinAddress = A) -> TrailPoint:
    return TrailPoint(seq, at_ms, address, value)


def average(*values: str) -> str:
    thin = thinner()
    for seq, value in enumerate(values):
        thin.add(point(seq, 0, value))
    return thin.flush()[0].value[0]


# How coarse.


def test_what_fits_goes_as_it_is() -> None:
    assert choose_step_ms(10_000, DAY_MS, 1, 10_000) == 0


@pytest.mark.parametrize(
    ("room", "step_ms"),
    [
        (1441, MINUTE_MS),
        (1440, HOUR_MS),
        (25, HOUR_MS),
        (24, DAY_MS),
        (2, DAY_MS),
        (0, DAY_MS),
        (-5, DAY_MS),
    ],
)
def test_the_finest_step_that_fits_is_chosen_and_the_day_if_none_does(
    room: int, step_ms: int
) -> None:
    assert choose_step_ms(10_000, DAY_MS, 1, room) == step_ms


def test_each_pin_takes_steps_of_its_own() -> None:
    assert choose_step_ms(100_000, DAY_MS, 10, 14_410) == MINUTE_MS
    assert choose_step_ms(100_000, DAY_MS, 11, 14_410) == HOUR_MS


@given(
    st.lists(st.tuples(st.integers(0, 3 * DAY_MS), st.sampled_from([A, B])), min_size=1),
    st.integers(0, 100),
)
def test_what_was_chosen_fits(rows: list[tuple[int, PinAddress]], room: int) -> None:
    rows.sort()
    span_ms = rows[-1][0] - rows[0][0]
    step_ms = choose_step_ms(len(rows), span_ms, 2, room)
    thin = thinner(step_ms)
    out = []
    for seq, (at_ms, address) in enumerate(rows):
        out += thin.add(point(seq, at_ms, "1", address=address))
    out += thin.flush()
    assert len(out) <= room or step_ms == DAY_MS
    assert len(out) + thin.thinned == len(rows)


# How many.


def test_what_is_left_today_may_go_in_any_case() -> None:
    assert room_for(10_000, 4000, NOON_MS - 40 * DAY_MS, 30 * DAY_MS, NOON_MS, None) == 6000
    assert room_for(10_000, 12_000, NOON_MS - 40 * DAY_MS, 30 * DAY_MS, NOON_MS, None) == 0


def test_each_day_that_begins_before_the_oldest_is_too_old_adds_its_points() -> None:
    oldest_ms = NOON_MS - 28 * DAY_MS
    assert room_for(10_000, 4000, oldest_ms, 30 * DAY_MS, NOON_MS, None) == 26_000
    # With half a day less, noon the day after tomorrow has become its midnight.
    assert room_for(10_000, 0, oldest_ms - DAY_MS // 2, 30 * DAY_MS, NOON_MS, None) == 30_000
    assert room_for(10_000, 0, oldest_ms - DAY_MS // 2 - 1, 30 * DAY_MS, NOON_MS, None) == 20_000


def test_the_budget_may_leave_less() -> None:
    oldest_ms = NOON_MS - 29 * DAY_MS
    assert room_for(10_000, 0, oldest_ms, 30 * DAY_MS, NOON_MS, 300) == 600
    assert room_for(10_000, 9900, oldest_ms, 30 * DAY_MS, NOON_MS, 300) == 400
    assert room_for(10_000, 0, oldest_ms, 30 * DAY_MS, NOON_MS, 50_000) == 20_000
    assert room_for(0, 0, oldest_ms, 30 * DAY_MS, NOON_MS, 300) == 600
    assert room_for(0, 0, oldest_ms, 30 * DAY_MS, NOON_MS, 0) == 0


def test_without_limits_everything_may_go() -> None:
    assert room_for(0, 7, NOON_MS, DAY_MS, NOON_MS, None) == ENDLESS


# Averages.


def test_a_step_is_dated_by_its_begin_and_has_the_number_of_its_last_point() -> None:
    thin = thinner()
    assert thin.add(point(1, NOON_MS + 5000, "20.5")) == []
    assert thin.add(point(2, NOON_MS + 59_999, "21.5")) == []
    assert thin.add(point(3, NOON_MS + 60_000, "9.0")) == []
    assert thin.add(point(4, NOON_MS + 120_000, "8.0")) == [point(2, NOON_MS, "21")]
    assert thin.flush() == [point(3, NOON_MS + 60_000, "9"), point(4, NOON_MS + 120_000, "8")]
    assert thin.flush() == []
    assert thin.thinned == 1


def test_pins_are_averaged_each_on_its_own() -> None:
    thin = thinner(HOUR_MS)
    thin.add(point(1, NOON_MS, "1.5"))
    thin.add(point(2, NOON_MS + 1, "100.5", address=B))
    thin.add(point(3, NOON_MS + 2, "2.0"))
    assert thin.flush() == [point(2, NOON_MS, "100.5", address=B), point(3, NOON_MS, "1.75")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("1.0", "2.0"), "1.5"),
        (("1.000", "3.000"), "2"),
        (("1", "2", "2"), "2"),
        (("0", "0", "1"), "0"),
        (("-7", "-8", "-8"), "-8"),
        (("1", "2.5"), "1.75"),
        (("1e3", "2000"), "1500"),
        (("1e308", "1e308", "1e308"), "5.992310449541053e+307"),
        (("-1e308", "-1e308"), "-8.988465674311579e+307"),
    ],
)
def test_whole_numbers_have_a_whole_average_and_none_is_infinite(
    values: tuple[str, ...], expected: str
) -> None:
    assert average(*values) == expected
    assert abs(float(average(*values))) <= sys.float_info.max


def test_of_texts_the_last_stands() -> None:
    assert average("dry", "wet") == "wet"
    thin = thinner(texts=frozenset({A}))
    thin.add(point(1, 0, "1"))
    thin.add(point(2, 0, "5"))
    assert thin.flush()[0].value == ("5",)


def test_of_values_of_several_parts_the_last_stands() -> None:
    thin = thinner()
    thin.add(point(1, 0, "1", "2", "3"))
    thin.add(point(2, 0, "7", "8", "9"))
    assert thin.flush()[0].value == ("7", "8", "9")


def test_what_is_no_number_does_not_harm_the_average() -> None:
    assert average("1.5", "nan", "2.5", "ovf") == "2"


def test_a_step_of_nothing_lets_everything_through() -> None:
    thin = thinner(0)
    one = point(1, NOON_MS + 17, "1.5")
    assert thin.add(one) == [one]
    assert (thin.flush(), thin.safe_seq(), thin.thinned) == ([], None, 0)


# What comes late.


def test_a_late_point_does_not_divide_the_step_that_is_open() -> None:
    thin = thinner()
    assert thin.add(point(1, NOON_MS, "1.0")) == []
    assert thin.add(point(2, NOON_MS - HOUR_MS, "50.0")) == []
    assert thin.add(point(3, NOON_MS + 1, "2.0")) == []
    assert thin.flush() == [point(2, NOON_MS - HOUR_MS, "50"), point(3, NOON_MS, "1.5")]


def test_imported_points_are_averaged_beside_the_newest() -> None:
    thin, out = thinner(), []
    thin.add(point(1, NOON_MS, "1.0"))
    for minute in range(3):
        for half in range(2):
            at_ms = NOON_MS - HOUR_MS + minute * MINUTE_MS + half * 30_000
            out += thin.add(point(10 + 2 * minute + half, at_ms, f"{minute}.{half}"))
    out += thin.add(point(20, NOON_MS + 1, "2.0"))
    out += thin.flush()
    assert [(one.seq, one.value[0]) for one in out] == [
        (11, "0.05"),
        (13, "1.05"),
        (15, "2.05"),
        (20, "1.5"),
    ]


def test_a_point_of_the_future_harms_none_after_it() -> None:
    thin, out = thinner(), []
    out += thin.add(point(1, NOON_MS + 90 * DAY_MS, "99.0"))
    for seq in range(2, 8):
        out += thin.add(point(seq, NOON_MS + seq * 30_000, f"{seq}.0"))
    out += thin.flush()
    assert [one.value[0] for one in out] == ["2.5", "4.5", "99", "6.5"]


# How far the place may move.


def test_the_place_stays_before_the_first_point_of_what_is_unfinished() -> None:
    thin = thinner()
    assert thin.safe_seq() is None
    thin.add(point(5, NOON_MS, "1.0"))
    thin.add(point(6, NOON_MS, "1.0", address=B))
    thin.add(point(7, NOON_MS, "1.0"))
    assert thin.safe_seq() == 4
    thin.add(point(8, NOON_MS + MINUTE_MS, "1.0"))
    assert thin.safe_seq() == 4
    thin.add(point(9, NOON_MS + 2 * MINUTE_MS, "1.0"))
    assert thin.safe_seq() == 7
    thin.flush()
    assert thin.safe_seq() is None


def test_a_pin_that_falls_silent_does_not_hold_the_place() -> None:
    thin = thinner()
    thin.add(point(1, NOON_MS, "1.0", address=B))
    thin.add(point(2, NOON_MS, "1.0"))
    assert thin.add(point(3, NOON_MS + MINUTE_MS, "1.0")) == []
    assert thin.add(point(4, NOON_MS + 2 * MINUTE_MS, "1.0")) == [
        point(1, NOON_MS, "1", address=B),
        point(2, NOON_MS, "1"),
    ]
    assert thin.safe_seq() == 2


@given(ROWS, st.data())
def test_what_is_told_again_after_a_break_is_the_same(
    rows: list[tuple[int, PinAddress, float]], data: st.DataObject
) -> None:
    points = [
        point(seq, at_ms, repr(value), address=address)
        for seq, (at_ms, address, value) in enumerate(sorted(rows))
    ]

    def told(some: list[TrailPoint]) -> tuple[Thinner, set[TrailPoint]]:
        thin = thinner()
        return thin, {out for one in some for out in thin.add(one)}

    first, before = told(points[: data.draw(st.integers(1, len(points)))])
    safe_seq = first.safe_seq()
    assert safe_seq is not None
    second, after = told(points[safe_seq + 1 :])
    whole, expected = told(points)
    assert before | after | set(second.flush()) == expected | set(whole.flush())


@given(ROWS, st.booleans())
def test_every_point_is_in_one_step_or_held_back(
    rows: list[tuple[int, PinAddress, float]], is_in_order: bool
) -> None:
    if is_in_order:
        rows.sort()
    thin, out = thinner(), []
    out_steps: set[tuple[PinAddress, int]] = set()
    for seq, (at_ms, address, value) in enumerate(rows):
        out += thin.add(point(seq, at_ms, repr(value), address=address))
        out_steps = {(one.address, one.at_ms) for one in out}
        safe_seq = thin.safe_seq()
        for before in range(seq + 1 if safe_seq is None else safe_seq + 1):
            then_ms, pin, _ = rows[before]
            assert (pin, then_ms // MINUTE_MS * MINUTE_MS) in out_steps
    out += thin.flush()
    assert len(out) + thin.thinned == len(rows)
    if is_in_order:
        values = defaultdict(list)
        for at_ms, address, value in rows:
            values[address, at_ms // MINUTE_MS * MINUTE_MS].append(value)
        found = {(one.address, one.at_ms): float(one.value[0]) for one in out}
        assert len(found) == len(out)
        assert found.keys() == values.keys()
        for key, some in values.items():
            assert found[key] == pytest.approx(statistics.fmean(some), abs=1e-6)
