"""Times of day, and when to look again."""

import pytest

from blynk_gateway.gpio.sensors.time_window import is_within, seconds_to_minute

EIGHT, TEN, TWENTY_TWO = 8 * 60, 10 * 60, 22 * 60


@pytest.mark.parametrize(
    ("minute", "expected"),
    [(0, False), (EIGHT - 1, False), (EIGHT, True), (TEN - 1, True), (TEN, False), (1439, False)],
)
def test_window_holds_from_its_start_until_its_end(minute: int, expected: bool) -> None:
    assert is_within(minute, EIGHT, TEN) is expected


@pytest.mark.parametrize(
    ("minute", "expected"),
    [(TWENTY_TWO - 1, False), (TWENTY_TWO, True), (1439, True), (0, True), (EIGHT - 1, True),
     (EIGHT, False), (TEN, False)],
)  # fmt: skip
def test_window_may_span_midnight(minute: int, expected: bool) -> None:
    assert is_within(minute, TWENTY_TWO, EIGHT) is expected


def test_window_may_end_or_begin_at_midnight() -> None:
    assert is_within(1439, EIGHT, 0)
    assert not is_within(0, EIGHT, 0)
    assert is_within(0, 0, EIGHT)


@pytest.mark.parametrize(
    ("now_ms", "seconds"),
    [(0, 60.0), (1, 59.999), (59_999, 0.001), (60_000, 60.0), (1_700_000_030_000, 10.0)],
)
def test_next_look_is_at_the_full_minute(now_ms: int, seconds: float) -> None:
    assert seconds_to_minute(now_ms) == seconds
