import math

import pytest

from blynk_gateway.history.past.downsample import thin


def test_few_points_are_all_kept() -> None:
    assert thin([1, 2, 3], [5, 5, 5], 3) == [0, 1, 2]
    assert thin([], [], 1) == []


def test_spikes_survive() -> None:
    values = [0.0] * 1000
    values[333], values[777] = 9.0, -9.0
    kept = thin(list(range(1000)), values, 20)
    assert {0, 333, 777, 999} <= set(kept)
    assert len(kept) <= 20


@pytest.mark.parametrize(("width", "expected"), [(1, [0]), (2, [0, 9]), (3, [0, 3, 9])])
def test_narrow_charts_keep_ends_then_the_lowest(width: int, expected: list[int]) -> None:
    assert thin(list(range(10)), [5, 5, 5, 1, 5, 5, 9, 5, 5, 5], width) == expected


def test_corners_are_kept_rather_than_points_on_a_straight_line() -> None:
    # A trapezium: up to 30, level, down from 60.
    values = [float(min(at, 30, 90 - at)) for at in range(91)]
    kept = thin(list(range(91)), values, 12)
    assert any(abs(at - 30) <= 1 for at in kept)
    assert any(abs(at - 60) <= 1 for at in kept)


def test_gap_does_not_shrink() -> None:
    times = [*range(500), *range(2000, 2500)]
    kept = [times[at] for at in thin(times, [math.sin(at / 9) for at in times], 50)]
    assert not [at for at in kept if 500 <= at < 2000]
    before = max(at for at in kept if at < 500)
    after = min(at for at in kept if at >= 2000)
    assert before > 400
    assert after < 2100


def test_numbers_too_large_to_add_up_do_no_harm() -> None:
    kept = thin(list(range(100)), [1.7e308, -1.7e308] * 50, 10)
    assert kept[0] == 0
    assert kept[-1] == 99
