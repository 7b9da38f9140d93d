import math
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blynk_gateway.upstream.lanes.pace import (
    MAX_RETRY_AFTER_S,
    MAX_STOP_S,
    MIN_SHARE,
    RATE_IN_DOUBT,
    RECOVERY_S,
    Pace,
)


def test_a_seconds_worth_goes_at_once_and_then_the_rate() -> None:
    pace = Pace(10, 100.0)
    assert pace.room(100.0) == 10
    pace.spend(10, 100.0)
    assert pace.room(100.0) == 0
    assert pace.next_at(100.0) == pytest.approx(100.1)
    assert pace.room(100.5) == 5
    assert pace.room(1000.0) == 10


def test_without_a_rate_there_is_no_limit() -> None:
    pace = Pace(0, 100.0)
    pace.spend(1_000_000, 100.0)
    assert pace.room(100.0) == sys.maxsize
    assert pace.next_at(100.0) == 100.0


def test_more_than_there_was_room_for_is_paid_back() -> None:
    pace = Pace(10, 0.0)
    pace.spend(30, 0.0)
    assert pace.room(1.9) == 0
    assert pace.next_at(0.0) == pytest.approx(2.1)


def test_after_a_flood_nothing_goes_for_a_second_and_then_half_as_much() -> None:
    pace = Pace(10, 0.0)
    pace.flooded(5.0)
    assert pace.room(5.9) == 0
    assert pace.next_at(5.0) == pytest.approx(6.2)
    assert pace.room(7.0) == 5
    pace.spend(5, 7.0)
    assert pace.room(8.0) == 5


def test_each_further_flood_stops_for_twice_as_long_up_to_a_minute() -> None:
    pace, now, stops = Pace(1000, 0.0), 0.0, []
    for _ in range(8):
        pace.flooded(now)
        stops.append(round(pace.next_at(now) - now, 1))
        now = pace.next_at(now)
    assert stops == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, MAX_STOP_S, MAX_STOP_S]


def test_however_often_there_is_a_flood_a_little_goes() -> None:
    pace, now = Pace(160, 0.0), 0.0
    for _ in range(20):
        pace.flooded(now)
        now = pace.next_at(now)
    assert pace.room(now + 0.5) >= 160 * MIN_SHARE / 2


def test_the_server_may_ask_for_more_time_but_not_for_ever() -> None:
    pace = Pace(10, 0.0)
    pace.flooded(0.0, retry_after_s=30.0)
    assert (pace.room(29.9), pace.room(31.0)) == (0, 5)
    for asked in (math.inf, 1e300):
        pace = Pace(10, 0.0)
        pace.flooded(0.0, retry_after_s=asked)
        assert pace.next_at(0.0) <= MAX_RETRY_AFTER_S + 1
    pace = Pace(10, 0.0)
    pace.flooded(0.0, retry_after_s=math.nan)
    assert pace.next_at(0.0) == pytest.approx(1.2)


def test_two_answers_to_one_flood_count_once() -> None:
    pace = Pace(10, 0.0)
    pace.flooded(0.0)
    pace.flooded(0.5, retry_after_s=1.5)
    assert pace.next_at(0.5) == pytest.approx(2.2)
    pace.flooded(0.6)
    assert pace.next_at(0.6) == pytest.approx(2.2)
    pace.flooded(3.0)
    assert pace.next_at(3.0) == pytest.approx(3.0 + 2.0 + 1 / 2.5, abs=0.02)


def test_the_rate_recovers_by_a_tenth_each_ten_seconds() -> None:
    pace = Pace(100, 0.0)
    pace.flooded(0.0)
    assert pace.room(11.0) == 60
    assert pace.room(31.0) == 80
    assert pace.room(51.0) == 100
    assert pace.room(500.0) == 100


def test_a_flood_long_after_the_last_one_is_like_the_first() -> None:
    pace = Pace(10, 0.0)
    pace.flooded(0.0)
    pace.flooded(10.0)
    pace.flooded(10.0 + 2 * RECOVERY_S)
    assert pace.next_at(10.0 + 2 * RECOVERY_S) == pytest.approx(10.0 + 2 * RECOVERY_S + 1.2)


def test_without_a_rate_a_flood_brings_one_until_it_is_over() -> None:
    pace = Pace(0, 0.0)
    pace.flooded(0.0)
    assert pace.room(0.5) == 0
    assert pace.room(2.0) == RATE_IN_DOUBT // 2
    assert pace.next_at(2.0) == 2.0
    pace.spend(5, 2.0)
    assert pace.next_at(2.0) > 2.0
    assert pace.room(1.0 + RECOVERY_S) == sys.maxsize


@example(rate=11, steps=[("spend", 12.0), ("spend", 16.0), ("spend", 17.0), ("spend", 0.0)])
@given(
    st.integers(0, 50),
    st.lists(st.tuples(st.sampled_from(["spend", "flood", "wait"]), st.floats(0, 20))),
)
def test_there_is_room_at_the_time_that_it_tells(rate: int, steps: list[tuple[str, float]]) -> None:
    pace, now = Pace(rate, 0.0), 0.0
    for what, by in steps:
        if what == "spend":
            pace.spend(int(by), now)
        elif what == "flood":
            pace.flooded(now, by)
        else:
            now += by
        at = pace.next_at(now)
        assert at >= now
        assert at == now or pace.room(now) == 0 or rate == 0
        now = at
        assert pace.room(now) >= 1
