from datetime import datetime

from blynk_gateway.automations.schedule.sky import Sky
from blynk_gateway.automations.schedule.sun_times import SunTimes
from blynk_gateway.config.automations.options import ALL_DAYS, SunEvent, SunTrigger
from blynk_gateway.core.location import Location
from blynk_gateway.runtime.timezone import Zone

BERLIN = (Location(52.52, 13.41), "Europe/Berlin")
LONGYEARBYEN = (Location(78.22, 15.65), "Arctic/Longyearbyen")
HOUR_MS = 3_600_000


def coming(
    place: tuple[Location, str],
    start: str,
    count: int,
    event: SunEvent = SunEvent.SUNSET,
    offset_ms: int = 0,
    days: frozenset[int] = ALL_DAYS,
) -> list[str]:
    zone = Zone.of(place[1])
    times = SunTimes(SunTrigger(event, offset_ms, days), zone, Sky(place[0], zone))
    now_ms = round(datetime.fromisoformat(start).timestamp() * 1000)
    found = []
    for _ in range(count):
        moment = times.after(now_ms)
        assert moment is not None
        now_ms = moment.at_ms
        found.append(zone.iso(now_ms)[:16])
    return found


def test_sunsets_follow_each_other_day_by_day() -> None:
    assert coming(BERLIN, "2028-02-28T00:00+01:00", 3) == [
        "2028-02-28T17:42",
        "2028-02-29T17:44",
        "2028-03-01T17:46",
    ]


def test_an_offset_may_cross_midnight_and_keeps_the_day_of_the_sun() -> None:
    friday = frozenset({4})
    # The sunset of Friday 16 June 2028 at 21:31, and three hours: a Saturday.
    assert coming(BERLIN, "2028-06-15T00:00+02:00", 2, offset_ms=3 * HOUR_MS, days=friday) == [
        "2028-06-17T00:31",
        "2028-06-24T00:33",
    ]
    assert coming(BERLIN, "2028-06-15T00:00+02:00", 1, SunEvent.SUNRISE, -5 * HOUR_MS, friday) == [
        "2028-06-15T23:42"
    ]


def test_between_event_and_offset_the_moment_is_still_to_come() -> None:
    start = "2028-06-16T22:00+02:00"
    assert coming(BERLIN, start, 1, offset_ms=HOUR_MS) == ["2028-06-16T22:31"]
    assert coming(BERLIN, start, 1, offset_ms=-HOUR_MS) == ["2028-06-17T20:32"]


def test_a_sunset_after_midnight_is_found_after_midnight() -> None:
    fairbanks = (Location(64.84, -147.72), "America/Anchorage")
    assert coming(fairbanks, "2028-06-22T00:10-08:00", 2) == [
        "2028-06-22T00:47",
        "2028-06-23T00:47",
    ]


def test_after_polar_night_the_sun_comes_back() -> None:
    assert coming(LONGYEARBYEN, "2028-12-01T00:00+01:00", 1, SunEvent.SUNRISE)[0].startswith(
        "2029-02-1"
    )
    assert coming(LONGYEARBYEN, "2028-06-01T00:00+02:00", 1)[0].startswith("2028-08-2")


def test_without_a_place_the_sun_never_sets() -> None:
    zone = Zone.of("UTC")
    assert SunTimes(SunTrigger(SunEvent.SUNSET), zone, Sky(None, zone)).after(0) is None


def test_where_the_sun_never_sets_on_these_days_nothing_is_in_sight() -> None:
    zone = Zone.of("UTC")
    sky = Sky(Location(90.0, 0.0), zone)
    assert SunTimes(SunTrigger(SunEvent.SUNRISE, 0, frozenset({0})), zone, sky).after(0) is None
