from datetime import datetime

import pytest

from blynk_gateway.automations.schedule.cron import CronTimes
from blynk_gateway.config.automations.options import CronTrigger
from blynk_gateway.runtime.timezone import Zone

BERLIN = "Europe/Berlin"
SPRING = "2028-03-26T01:40+01:00"
AUTUMN = "2028-10-29T01:40+02:00"


def coming(expression: str, start: str, count: int, zone_name: str = BERLIN) -> list[str]:
    """Coming moments as local `day hour:minute offset`."""
    zone = Zone.of(zone_name)
    times = CronTimes(CronTrigger(expression), zone)
    now_ms = round(datetime.fromisoformat(start).timestamp() * 1000)
    found = []
    for _ in range(count):
        moment = times.after(now_ms)
        assert moment is not None
        assert moment.text == f"cron {expression}"
        now_ms = moment.at_ms
        found.append(zone.iso(now_ms)[8:16].replace("T", " ") + zone.iso(now_ms)[-6:-3])
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/15 6-22 * * 1-5", ["03 06:00+01", "03 06:15+01", "03 06:30+01"]),
        ("0 0 29 2 *", ["29 00:00+01", "29 00:00+01", "29 00:00+01"]),
        ("0 12 13 * 5", ["07 12:00+01", "13 12:00+01", "14 12:00+01"]),
        ("0 12 */2 * 5", ["07 12:00+01", "21 12:00+01", "11 12:00+01"]),
        ("30 7 * jan,mar sun", ["02 07:30+01", "09 07:30+01", "16 07:30+01"]),
        ("0 0 * * 7", ["02 00:00+01", "09 00:00+01", "16 00:00+01"]),
        ("@daily", ["02 00:00+01", "03 00:00+01", "04 00:00+01"]),
        ("@weekly", ["02 00:00+01", "09 00:00+01", "16 00:00+01"]),
        ("@monthly", ["01 00:00+01", "01 00:00+01", "01 00:00+02"]),
        ("@yearly", ["01 00:00+01", "01 00:00+01", "01 00:00+01"]),
        ("@hourly", ["01 01:00+01", "01 02:00+01", "01 03:00+01"]),
    ],
)
def test_expressions_mean_what_cron_says(expression: str, expected: list[str]) -> None:
    # A Saturday; the moment itself is not one that comes.
    assert coming(expression, "2028-01-01T00:00+01:00", 3) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/15 * * * *", ["26 01:45+01", "26 03:00+02", "26 03:15+02"]),
        ("@hourly", ["26 03:00+02", "26 04:00+02"]),
        ("0 */2 * * *", ["26 04:00+02", "26 06:00+02"]),
        # Of a time of the day that the clock skips, all is due at the change, and once.
        ("30 2 * * *", ["26 03:00+02", "27 02:30+02"]),
        ("*/20 2-3 * * *", ["26 03:00+02", "26 03:20+02", "26 03:40+02", "27 02:00+02"]),
    ],
)
def test_in_spring_an_hour_is_skipped(expression: str, expected: list[str]) -> None:
    assert coming(expression, SPRING, len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("20,40 * * * *", ["29 02:20+02", "29 02:40+02", "29 02:20+01", "29 02:40+01"]),
        ("@hourly", ["29 02:00+02", "29 02:00+01", "29 03:00+01"]),
        ("0 */2 * * *", ["29 02:00+02", "29 02:00+01", "29 04:00+01"]),
        ("30 2 * * *", ["29 02:30+02", "30 02:30+01"]),
        ("*/30 2-3 * * *", ["29 02:00+02", "29 02:30+02", "29 03:00+01", "29 03:30+01"]),
    ],
)
def test_in_autumn_an_hour_comes_twice(expression: str, expected: list[str]) -> None:
    assert coming(expression, AUTUMN, len(expected)) == expected


def test_a_restart_in_the_second_of_the_two_hours_repeats_nothing() -> None:
    assert coming("*/30 2 * * *", "2028-10-29T02:10+01:00", 1) == ["30 02:00+01"]
    assert coming("*/30 * * * *", "2028-10-29T02:10+01:00", 2) == ["29 02:30+01", "29 03:00+01"]


def test_a_year_between_two_moments_sees_both_changes_of_the_clock() -> None:
    assert coming("0 * 1 1 *", "2028-01-01T23:00+01:00", 1) == ["01 00:00+01"]
    # Of the day on which the clock is set back, in the field of the hour.
    assert coming("30 * 29 10 *", "2028-01-01T00:00+01:00", 5)[2:] == [
        "29 02:30+02",
        "29 02:30+01",
        "29 03:30+01",
    ]


def test_half_an_hour_is_changed_on_lord_howe() -> None:
    lord_howe = "Australia/Lord_Howe"
    assert coming("*/15 * * * *", "2028-04-02T01:40+11:00", 4, lord_howe) == [
        "02 01:45+11",
        "02 01:30+10",
        "02 01:45+10",
        "02 02:00+10",
    ]


def test_milliseconds_of_the_clock_do_not_matter() -> None:
    zone = Zone.of("UTC")
    times = CronTimes(CronTrigger("* * * * *"), zone)
    minute = 1_800_000_000_000
    for now_ms in (minute - 60_000, minute - 59_999, minute - 500, minute - 1):
        moment = times.after(now_ms)
        assert moment is not None
        assert moment.at_ms == minute


def test_a_day_that_no_year_has_never_comes() -> None:
    assert CronTimes(CronTrigger("0 0 30 2 *"), Zone.of(BERLIN)).after(0) is None
