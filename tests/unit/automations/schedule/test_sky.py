import contextlib
import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import astral
import astral.sun
import pytest

from blynk_gateway.automations.schedule.sky import HORIZON, Sky, elevation
from blynk_gateway.config.automations.options import SunEvent
from blynk_gateway.core.location import Location
from blynk_gateway.runtime.timezone import Zone

BERLIN = Location(52.52, 13.41)
DAY_MS = 86_400_000

PLACES = {
    "Berlin": (BERLIN, "Europe/Berlin"),
    "Quito": (Location(-0.18, -78.47), "America/Guayaquil"),
    "Sydney": (Location(-33.87, 151.21), "Australia/Sydney"),
    "Auckland": (Location(-36.85, 174.76), "Pacific/Auckland"),
    "Honolulu": (Location(21.31, -157.86), "Pacific/Honolulu"),
    "Anchorage": (Location(61.22, -149.90), "America/Anchorage"),
    "Reykjavik": (Location(64.15, -21.94), "Atlantic/Reykjavik"),
    "Kiritimati": (Location(1.87, -157.43), "Pacific/Kiritimati"),
    "Apia": (Location(-13.83, -171.77), "Pacific/Apia"),
    "Kashgar": (Location(39.47, 75.99), "Asia/Shanghai"),
}
POLAR = {
    "Tromsø": (Location(69.65, 18.96), "Europe/Oslo"),
    "Longyearbyen": (Location(78.22, 15.65), "Arctic/Longyearbyen"),
    "Rothera": (Location(-67.57, -68.13), "America/Punta_Arenas"),
}


def sky_of(place: Location, zone: str) -> Sky:
    return Sky(place, Zone.of(zone))


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(day) for day in range((date(year + 1, 1, 1) - first).days)]


def reference(place: Location, event: SunEvent, year: int) -> list[int]:
    """Every such event of the year and a little more, by another implementation, in order.

    Astral's own horizon is 0.04° higher: it bends light a little less.
    """
    observer = astral.Observer(*place, 0.0)
    direction = (
        astral.SunDirection.RISING if event is SunEvent.SUNRISE else astral.SunDirection.SETTING
    )
    moments = set()
    for day in [date(year - 1, 12, 31), *days_of(year), date(year + 1, 1, 1)]:
        with contextlib.suppress(ValueError):
            found = astral.sun.time_of_transit(observer, day, 90 - HORIZON, direction, False)
            moments.add(round(found.timestamp() * 1000))
    return sorted(moments)


def nearest(moment: int, moments: list[int]) -> int:
    return min((abs(moment - other) for other in moments), default=DAY_MS)


@pytest.mark.parametrize("event", SunEvent)
@pytest.mark.parametrize("name", PLACES)
def test_each_day_of_a_year_is_within_seconds_of_astral(name: str, event: SunEvent) -> None:
    place, zone_name = PLACES[name]
    sky = sky_of(place, zone_name)
    expected = reference(place, event, 2028)
    moments = [sky.moment(day, event) for day in days_of(2028)]
    known = [moment for moment in moments if moment is not None]
    assert len(known) == 366
    # Astral counts days in UTC and leaves one out where the event crosses its midnight.
    assert sum(nearest(moment, expected) > 2000 for moment in known) <= 1


@pytest.mark.parametrize("event", SunEvent)
@pytest.mark.parametrize("name", sorted(PLACES.keys() - {"Reykjavik"}))
def test_each_event_is_that_of_the_local_day(name: str, event: SunEvent) -> None:
    place, zone_name = PLACES[name]
    sky = sky_of(place, zone_name)
    for day in days_of(2028):
        moment = sky.moment(day, event)
        assert moment is not None
        assert sky.zone.local(moment).date() == day


@pytest.mark.parametrize("name", POLAR)
@pytest.mark.parametrize("event", SunEvent)
def test_polar_days_are_those_of_astral_but_for_the_first_and_the_last(
    name: str, event: SunEvent
) -> None:
    place, zone_name = POLAR[name]
    sky = sky_of(place, zone_name)
    expected = reference(place, event, 2028)
    moments = [sky.moment(day, event) for day in days_of(2028)]
    known = [moment for moment in moments if moment is not None]
    # Where the sun only touches the horizon, a hundredth of a degree is many minutes.
    assert sum(nearest(moment, expected) > 60_000 for moment in known) <= 4
    assert sum(nearest(moment, known) > 60_000 for moment in expected[1:-1]) <= 4
    # From the first missing day to the last, none comes: one polar day and one polar night.
    changes = sum((one is None) != (other is None) for one, other in pairwise(moments))
    assert changes == 4


@pytest.mark.parametrize(
    ("day", "is_polar_day"),
    [(date(2028, 6, 21), True), (date(2028, 12, 21), False), (date(2028, 4, 25), True)],
)
def test_the_sun_neither_rises_nor_sets_in_polar_day_and_night(
    day: date, is_polar_day: bool
) -> None:
    place, zone_name = POLAR["Longyearbyen"]
    sky = sky_of(place, zone_name)
    assert sky.moment(day, SunEvent.SUNRISE) is None
    assert sky.moment(day, SunEvent.SUNSET) is None
    noon = round(datetime(day.year, day.month, day.day, 11, tzinfo=UTC).timestamp() * 1000)
    heights = [elevation(noon + hour * 3_600_000, *place) for hour in range(24)]
    assert all((height > HORIZON) == is_polar_day for height in heights)


@pytest.mark.parametrize("latitude", [90.0, -90.0])
def test_at_the_poles_the_sun_rises_and_sets_once_a_year_at_most(latitude: float) -> None:
    sky = sky_of(Location(latitude, 0.0), "UTC")
    for event in SunEvent:
        found = [day for day in days_of(2028) if sky.moment(day, event) is not None]
        assert len(found) <= 1
        assert all(day.month in (3, 9) for day in found)


@pytest.mark.parametrize("place", [BERLIN, Location(-33.87, 151.21)])
def test_days_are_longest_and_shortest_at_the_solstices(place: Location) -> None:
    sky = sky_of(place, "UTC")

    def length(day: date) -> int:
        rise, down = sky.moment(day, SunEvent.SUNRISE), sky.moment(day, SunEvent.SUNSET)
        assert rise is not None
        assert down is not None
        return down - rise

    by_length = sorted(days_of(2028), key=length)
    june, december = date(2028, 6, 20), date(2028, 12, 21)
    longest, shortest = (june, december) if place.latitude > 0 else (december, june)
    assert abs(by_length[-1] - longest) <= timedelta(2)
    assert abs(by_length[0] - shortest) <= timedelta(2)


def test_a_sunset_after_midnight_is_that_of_the_day_before() -> None:
    fairbanks = sky_of(Location(64.84, -147.72), "America/Anchorage")
    moments = [fairbanks.moment(day, SunEvent.SUNSET) for day in days_of(2028)]
    known = [moment for moment in moments if moment is not None]
    # One for each day, about a day apart: none is left out where they cross midnight.
    assert len(known) == 366
    assert all(abs(later - earlier - DAY_MS) < 9 * 60_000 for earlier, later in pairwise(known))
    midsummer = fairbanks.moment(date(2028, 6, 21), SunEvent.SUNSET)
    assert midsummer is not None
    assert fairbanks.zone.iso(midsummer).startswith("2028-06-22T00:4")


@pytest.mark.parametrize(
    ("longitude", "equinox"),
    [
        (-179.9, "2028-03-21T06:1"),
        (-122.0, "2028-03-21T02:2"),
        (0.0, "2028-03-20T18:1"),
        (122.0, "2028-03-20T10:0"),
        (179.9, "2028-03-20T06:1"),
    ],
)
def test_a_gateway_left_on_utc_has_one_event_a_day_all_the_same(
    longitude: float, equinox: str
) -> None:
    sky = sky_of(Location(40.0, longitude), "UTC")
    moments = [sky.moment(day, SunEvent.SUNSET) for day in days_of(2028)]
    known = [moment for moment in moments if moment is not None]
    assert len(set(known)) == 366
    assert known == sorted(known)
    # That of the noon nearest to 12:00.
    moment = sky.moment(date(2028, 3, 20), SunEvent.SUNSET)
    assert moment is not None
    assert sky.zone.iso(moment).startswith(equinox)


def test_without_a_place_there_is_no_sun_and_with_another_one_another_sun() -> None:
    sky = Sky(None, Zone.of("Europe/Berlin"))
    day = date(2028, 3, 1)
    assert sky.moment(day, SunEvent.SUNRISE) is None
    sky.move(BERLIN)
    berlin = sky.moment(day, SunEvent.SUNRISE)
    assert berlin is not None
    sky.move(Location(BERLIN.latitude, BERLIN.longitude + 15))
    east = sky.moment(day, SunEvent.SUNRISE)
    assert east is not None
    assert math.isclose(berlin - east, 3_600_000, abs_tol=10_000)
    sky.move(sky.location)
    assert sky.moment(day, SunEvent.SUNRISE) == east


def test_the_sun_is_where_an_almanac_says() -> None:
    # Greenwich on the equinox of 2028: noon, and the height there.
    moment = round(datetime(2028, 3, 20, 12, 7, 30, tzinfo=UTC).timestamp() * 1000)
    assert elevation(moment, 51.48, 0.0) == pytest.approx(90 - 51.48, abs=0.2)
