from datetime import datetime

import pytest

from blynk_gateway.automations.schedule.clock_times import ClockTimes
from blynk_gateway.config.automations.options import ALL_DAYS, TimeTrigger
from blynk_gateway.runtime.timezone import Zone


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def coming(times: ClockTimes, zone: Zone, start: str, count: int) -> list[str]:
    now_ms = ms(start)
    found = []
    for _ in range(count):
        moment = times.after(now_ms)
        assert moment is not None
        now_ms = moment.at_ms
        found.append(f"{zone.iso(now_ms)} {moment.text}")
    return found


def clock_times(zone: Zone, *hours: float, days: frozenset[int] = ALL_DAYS) -> ClockTimes:
    return ClockTimes(TimeTrigger(tuple(round(hour * 3600) for hour in hours), days), zone)


def test_times_come_in_the_order_of_the_day_whatever_that_of_the_file() -> None:
    zone = Zone.of("Europe/Berlin")
    assert coming(clock_times(zone, 19.5, 7), zone, "2028-02-28T20:00+01:00", 4) == [
        "2028-02-29T07:00:00+01:00 at 07:00",
        "2028-02-29T19:30:00+01:00 at 19:30",
        "2028-03-01T07:00:00+01:00 at 07:00",
        "2028-03-01T19:30:00+01:00 at 19:30",
    ]


def test_only_its_days_count_even_a_week_on() -> None:
    zone = Zone.of("America/New_York")
    times = clock_times(zone, 12, days=frozenset({1}))
    assert coming(times, zone, "2028-02-29T12:00-05:00", 2) == [
        "2028-03-07T12:00:00-05:00 at 12:00",
        "2028-03-14T12:00:00-04:00 at 12:00",
    ]


@pytest.mark.parametrize(
    ("name", "start", "expected"),
    [
        (
            "Europe/Berlin",
            "2028-03-25T12:00+01:00",
            ["2028-03-26T03:00:00+02:00", "2028-03-27T02:30:00+02:00"],
        ),
        (
            "Europe/Berlin",
            "2028-10-28T12:00+02:00",
            ["2028-10-29T02:30:00+02:00", "2028-10-30T02:30:00+01:00"],
        ),
        (
            "Africa/Casablanca",
            "2028-01-22T12:00+01:00",
            ["2028-01-23T02:30:00+01:00", "2028-01-24T02:30:00+00:00"],
        ),
        (
            "Asia/Tokyo",
            "2028-03-25T12:00+09:00",
            ["2028-03-26T02:30:00+09:00", "2028-03-27T02:30:00+09:00"],
        ),
    ],
)
def test_a_time_happens_once_a_day_when_the_clock_is_changed(
    name: str, start: str, expected: list[str]
) -> None:
    zone = Zone.of(name)
    found = coming(clock_times(zone, 2.5), zone, start, 2)
    assert found == [f"{moment} at 02:30" for moment in expected]


def test_two_times_that_fall_together_are_one() -> None:
    zone = Zone.of("Europe/Berlin")
    assert coming(clock_times(zone, 2.5, 3), zone, "2028-03-26T00:00+01:00", 2) == [
        "2028-03-26T03:00:00+02:00 at 02:30",
        "2028-03-27T02:30:00+02:00 at 02:30",
    ]


def test_half_an_hour_is_changed_on_lord_howe() -> None:
    zone = Zone.of("Australia/Lord_Howe")
    assert coming(clock_times(zone, 1.75, 2.25), zone, "2028-04-01T12:00+11:00", 2) == [
        "2028-04-02T01:45:00+11:00 at 01:45",
        "2028-04-02T02:15:00+10:30 at 02:15",
    ]
    assert coming(clock_times(zone, 2.25), zone, "2028-09-30T12:00+10:30", 2) == [
        "2028-10-01T02:30:00+11:00 at 02:15",
        "2028-10-02T02:15:00+11:00 at 02:15",
    ]


def test_a_day_that_a_zone_leaves_out_is_made_up_for_at_the_change() -> None:
    zone = Zone.of("Pacific/Apia")
    friday = clock_times(zone, 12, days=frozenset({4}))
    assert coming(friday, zone, "2011-12-24T00:00-10:00", 2) == [
        "2011-12-31T00:00:00+14:00 at 12:00",
        "2012-01-06T12:00:00+14:00 at 12:00",
    ]


def test_without_days_or_times_nothing_comes() -> None:
    zone = Zone.of("UTC")
    assert clock_times(zone, 1, days=frozenset()).after(0) is None
    assert clock_times(zone).after(0) is None
