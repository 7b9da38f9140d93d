"""The schedule of readings, and the choice of what is reported."""

import pytest

from blynk_gateway.config.gpio.common import Range, SampledOptions
from blynk_gateway.gpio.sampling import Schedule, Selection, number_text, scale


def selection(**options: float | None) -> Selection:
    return Selection(SampledOptions(name="x", type="x", pin="V1", **options))  # type: ignore[arg-type]  # each test gives fitting ones


def reported(chosen: Selection, *values: float) -> list[str | None]:
    """What is reported of readings that come every `every_ms`."""
    return [chosen.take(value, slot * chosen.period_s) for slot, value in enumerate(values)]


def test_first_reading_is_always_reported() -> None:
    assert reported(selection(deadband=1000.0), 0.0) == ["0"]


def test_equal_readings_are_reported_once() -> None:
    assert reported(selection(), 20, 20, 20.001, 21) == ["20", None, None, "21"]


def test_reading_within_dead_band_of_the_reported_one_is_left_out() -> None:
    chosen = selection(deadband=0.5)
    assert reported(chosen, 21.6, 22.1, 22.11, 21.7, 21.6) == ["21.6", None, "22.11", None, "21.6"]


def test_slow_drift_leaves_the_dead_band_too() -> None:
    drift = [20 + step * 0.2 for step in range(7)]
    assert reported(selection(deadband=0.5), *drift) == [
        "20", None, None, "20.6", None, None, "21.2",
    ]  # fmt: skip


def test_smoothing_reports_the_mean_of_the_last_readings() -> None:
    assert reported(selection(smoothing=3), 0, 3, 6, 9, 9) == ["0", "1.5", "3", "6", "8"]


def test_smoothing_of_large_numbers_keeps_no_remains() -> None:
    assert reported(selection(smoothing=2), 1e16, 1, 1)[-1] == "1"


def test_heartbeat_repeats_a_value_that_stands_still() -> None:
    chosen = selection(every_ms=1000, heartbeat_ms=3000)
    assert reported(chosen, *[5] * 8) == ["5", None, None, "5", None, None, "5", None]


def test_heartbeat_between_two_slots_takes_the_earlier_one() -> None:
    chosen = selection(every_ms=1000, heartbeat_ms=2500)
    assert reported(chosen, *[5] * 5) == ["5", None, "5", None, "5"]


def test_heartbeat_counts_from_the_latest_report_of_any_kind() -> None:
    chosen = selection(every_ms=1000, heartbeat_ms=3000)
    assert reported(chosen, 5, 5, 6, 6, 6, 6) == ["5", None, "6", None, None, "6"]


def test_heartbeat_shorter_than_the_period_makes_readings_come_so_often() -> None:
    chosen = selection(every_ms=10_000, heartbeat_ms=2000)
    assert chosen.period_s == 2.0
    assert reported(chosen, 5, 5, 5) == ["5", "5", "5"]


def test_text_is_the_latest_reading_though_it_is_not_reported() -> None:
    chosen = selection(deadband=10.0)
    reported(chosen, 20, 25)
    assert chosen.text == "25"


def test_schedule_keeps_its_grid_whatever_a_reading_takes() -> None:
    schedule = Schedule(5.0, 100.0)
    assert schedule.advance(100.4) == pytest.approx(4.6)
    assert schedule.advance(105.003) == pytest.approx(4.997)
    assert schedule.due_s == 110.0


def test_schedule_leaves_out_the_slots_of_a_stall() -> None:
    schedule = Schedule(1.0, 0.0)
    assert schedule.advance(7.25) == pytest.approx(0.75)
    assert schedule.due_s == 8.0


def test_reading_that_ends_on_a_slot_goes_on_with_the_next() -> None:
    schedule = Schedule(1.0, 0.0)
    assert schedule.advance(1.0) == 1.0
    assert schedule.due_s == 2.0


def test_extra_reading_before_a_slot_does_not_move_it() -> None:
    schedule = Schedule(60.0, 0.0)
    schedule.advance(0.1)
    assert schedule.advance(5.0) == 55.0


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (21.5, 2, "21.5"),
        (20.0, 2, "20"),
        (20.0, 0, "20"),
        (100.0, 0, "100"),
        (-0.001, 2, "0"),
        (-0.4, 0, "0"),
        (-7.25, 1, "-7.2"),
        (1 / 3, 4, "0.3333"),
        (0.1 + 0.2, 9, "0.3"),
        (123456789.1, 9, "123456789.1"),
        (0.00000012, 9, "0.00000012"),
        (1e21, 1, "1000000000000000000000"),
    ],
)
def test_numbers_have_no_needless_digits(value: float, decimals: int, text: str) -> None:
    assert number_text(value, decimals) == text


@pytest.mark.parametrize(
    ("fraction", "full", "value"),
    [
        (0.0, Range(0, 100), 0),
        (1.0, Range(0, 100), 100),
        (0.25, Range(100, 0), 75),
        (-1.0, Range(0, 10), -10),
        (0.5, Range(-10, 10), 0),
    ],
)
def test_fraction_of_full_scale_becomes_a_value(fraction: float, full: Range, value: float) -> None:
    assert scale(fraction, full) == value
