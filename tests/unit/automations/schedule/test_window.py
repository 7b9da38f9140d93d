from datetime import datetime

import pytest

from blynk_gateway.automations.schedule.sky import Sky
from blynk_gateway.automations.schedule.window import is_within
from blynk_gateway.config.automations.options import ALL_DAYS, DayTime, SunEvent, TimeCondition
from blynk_gateway.core.location import Location
from blynk_gateway.runtime.timezone import Zone

BERLIN = (Location(52.52, 13.41), "Europe/Berlin")
LONGYEARBYEN = (Location(78.22, 15.65), "Arctic/Longyearbyen")
FRIDAY = frozenset({4})
SUNRISE = DayTime(0, SunEvent.SUNRISE)
SUNSET = DayTime(0, SunEvent.SUNSET)


def at(text: str) -> DayTime:
    hours, minutes = text.split(":")
    return DayTime(3600 * int(hours) + 60 * int(minutes))


def sun(event: SunEvent, hours: float) -> DayTime:
    return DayTime(0, event, round(hours * 3_600_000))


def holds(
    condition: TimeCondition, moment: str, place: tuple[Location | None, str] = BERLIN
) -> bool:
    zone = Zone.of(place[1])
    wall = datetime.fromisoformat(moment)
    now_ms = zone.instant(wall) if wall.tzinfo is None else round(wall.timestamp() * 1000)
    return is_within(condition, now_ms, zone, Sky(place[0], zone))


def held(condition: TimeCondition, day: str, place: tuple[Location, str] = BERLIN) -> list[str]:
    """Hours of a day at whose half the window holds."""
    return [f"{hour:02}" for hour in range(24) if holds(condition, f"{day} {hour:02}:30:00", place)]


def hours(first: int, last: int) -> list[str]:
    return [f"{hour:02}" for hour in range(first, last + 1)]


def test_the_first_moment_is_within_and_the_last_is_not() -> None:
    window = TimeCondition(at("07:00"), at("09:00"))
    assert not holds(window, "2028-05-05 06:59:59.999")
    assert holds(window, "2028-05-05 07:00:00")
    assert holds(window, "2028-05-05 08:59:59.999")
    assert not holds(window, "2028-05-05 09:00:00")


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (TimeCondition(at("22:00"), at("06:00")), hours(0, 5) + hours(22, 23)),
        (TimeCondition(at("22:00"), at("00:00")), hours(22, 23)),
        (TimeCondition(at("00:00"), at("06:00")), hours(0, 5)),
        (TimeCondition(at("22:00"), at("22:00")), hours(0, 23)),
        (TimeCondition(after=at("20:00")), hours(20, 23)),
        (TimeCondition(before=at("03:00")), hours(0, 2)),
        (TimeCondition(), hours(0, 23)),
    ],
)
def test_windows_of_the_clock(window: TimeCondition, expected: list[str]) -> None:
    assert held(window, "2028-05-05") == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2028-05-04", []),
        ("2028-05-05", hours(22, 23)),
        ("2028-05-06", hours(0, 5)),
        ("2028-05-07", []),
    ],
)
def test_a_window_over_midnight_has_the_day_on_which_it_begins(
    day: str, expected: list[str]
) -> None:
    assert held(TimeCondition(at("22:00"), at("06:00"), FRIDAY), day) == expected


def test_a_day_alone_is_a_window() -> None:
    assert held(TimeCondition(days=FRIDAY), "2028-05-05") == hours(0, 23)
    assert held(TimeCondition(days=FRIDAY), "2028-05-06") == []
    assert held(TimeCondition(days=frozenset()), "2028-05-05") == []


@pytest.mark.parametrize(
    ("window", "winter", "summer"),
    [
        # Berlin: 08:15 to 15:54 in December, 04:43 to 21:33 in June.
        (TimeCondition(SUNSET, SUNRISE), hours(0, 7) + hours(16, 23), hours(0, 4) + hours(22, 23)),
        (TimeCondition(SUNRISE, SUNSET), hours(8, 15), hours(5, 21)),
        (TimeCondition(at("18:00"), SUNSET), [], hours(18, 21)),
        (
            TimeCondition(at("22:00"), SUNRISE),
            hours(0, 7) + hours(22, 23),
            hours(0, 4) + hours(22, 23),
        ),
        (TimeCondition(at("06:00"), SUNRISE), hours(6, 7), []),
        (TimeCondition(SUNSET, at("21:00")), hours(16, 20), []),
        (TimeCondition(SUNSET, at("01:00")), ["00", *hours(16, 23)], ["00", "22", "23"]),
        (TimeCondition(SUNRISE, at("12:00")), hours(8, 11), hours(5, 11)),
        (TimeCondition(before=SUNRISE), hours(0, 7), hours(0, 4)),
        (TimeCondition(after=SUNSET), hours(16, 23), hours(22, 23)),
        (TimeCondition(SUNSET, sun(SunEvent.SUNSET, 2)), hours(16, 17), hours(22, 23)),
        (TimeCondition(sun(SunEvent.SUNSET, -2), SUNSET), hours(14, 15), hours(20, 21)),
        (
            TimeCondition(sun(SunEvent.SUNRISE, -9), SUNRISE),
            [*hours(0, 7), "23"],
            hours(0, 4) + hours(20, 23),
        ),
        (
            TimeCondition(sun(SunEvent.SUNSET, 26), sun(SunEvent.SUNSET, 28)),
            hours(18, 19),
            hours(0, 1),
        ),
        (TimeCondition(sun(SunEvent.SUNSET, 4), at("03:00")), hours(0, 2) + hours(20, 23), ["02"]),
    ],
)
def test_windows_of_the_sun_in_winter_and_summer(
    window: TimeCondition, winter: list[str], summer: list[str]
) -> None:
    assert held(window, "2028-12-15") == winter
    assert held(window, "2028-06-16") == summer


def test_a_window_that_begins_by_the_sun_has_the_suns_day() -> None:
    window = TimeCondition(sun(SunEvent.SUNSET, 4), at("06:00"), FRIDAY)
    # Friday's sunset of 21:31, four hours later: on Saturday.
    assert held(window, "2028-06-16") == []
    assert held(window, "2028-06-17") == hours(2, 5)


@pytest.mark.parametrize("day", ["2028-06-21", "2028-12-21"])
@pytest.mark.parametrize(
    "window",
    [
        TimeCondition(SUNSET, SUNRISE),
        TimeCondition(SUNRISE, SUNSET),
        TimeCondition(after=SUNSET),
        TimeCondition(before=SUNRISE),
        TimeCondition(at("12:00"), SUNSET),
    ],
)
def test_a_bound_that_does_not_come_makes_no_window(window: TimeCondition, day: str) -> None:
    assert held(window, day, LONGYEARBYEN) == []


def test_without_a_place_only_the_clock_counts() -> None:
    assert not holds(TimeCondition(after=SUNRISE), "2028-05-05 12:00", (None, "UTC"))
    assert holds(TimeCondition(after=at("11:00")), "2028-05-05 12:00", (None, "UTC"))


def test_a_skipped_hour_holds_no_window_and_a_double_one_the_first() -> None:
    window = TimeCondition(at("02:00"), at("03:00"))
    assert not holds(window, "2028-03-26T01:59:59+01:00")
    assert not holds(window, "2028-03-26T03:00:00+02:00")
    assert holds(window, "2028-10-29T02:30:00+02:00")
    # It lasts until the clock shows its end, so the second pass is within.
    assert holds(window, "2028-10-29T02:30:00+01:00")
    assert not holds(window, "2028-10-29T03:00:00+01:00")
    quarter = TimeCondition(at("02:00"), at("02:15"))
    assert not holds(quarter, "2028-10-29T02:05:00+01:00")
    assert not holds(quarter, "2028-03-26T03:05:00+02:00")


def test_every_day_of_all_is_a_day() -> None:
    assert all(
        holds(TimeCondition(days=ALL_DAYS), f"2028-05-{day:02} 00:00") for day in range(1, 8)
    )
