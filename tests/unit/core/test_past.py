import pytest

from blynk_gateway.core.past import MAX_AGE_MS, MAX_AHEAD_MS, Point, is_recent, latest_first

NOW_MS = 1_700_000_000_000


@pytest.mark.parametrize(
    ("at_ms", "expected"),
    [
        (NOW_MS - MAX_AGE_MS, True),
        (NOW_MS - MAX_AGE_MS - 1, False),
        (NOW_MS + MAX_AHEAD_MS, True),
        (NOW_MS + MAX_AHEAD_MS + 1, False),
    ],
)
def test_a_month_back_and_minutes_ahead_are_taken(at_ms: int, expected: bool) -> None:
    assert is_recent(at_ms, NOW_MS) is expected


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(1, ("a",))], "a"),
        ([(1, ("a",)), (2, ("b",)), (3, ("c",))], "cab"),
        ([(1, ("a",)), (2, ("b",)), (2, ("c",))], "bca"),
        ([(1, ("a",)), (1, ("b",))], "ab"),
    ],
)
def test_points_of_the_latest_time_come_first_in_their_order(
    points: list[Point], expected: str
) -> None:
    assert [value for _, value in latest_first(points)] == [(letter,) for letter in expected]
