"""Sunrise and sunset at one place; after Jean Meeus, Astronomical Algorithms, as NOAA computes it.

Own, because Debian 12 packages astral 1.6, whose API is another one than that of Debian 13's.

1. An event belongs to the day whose noon it is next to: sunrise before it, sunset after it. In
   Fairbanks in June the sunset at half past midnight is that of the day before. So each day has
   one at most.
2. That noon is the mean one of the place, nearest to 12:00 by the gateway's clock.
3. The sun is up while its upper edge is, in air as it is on average: its centre above -0.833°.
   Mountains and the height of the place are not known here.
"""

import math
from datetime import date, datetime, time
from functools import lru_cache

from blynk_gateway.config.automations.options import SunEvent
from blynk_gateway.core.location import Location
from blynk_gateway.runtime.timezone import Zone

HORIZON = -0.833
"""Degrees: 0.567 by which air bends light at the horizon, and 0.266 of radius. Source: NOAA."""

_DAY_MS = 86_400_000
_MINUTE_MS = 60_000
_MINUTES_A_DEGREE = 4.0
_J2000_MS = 946_728_000_000
"""2000-01-01 12:00 UTC, from which centuries are counted; leap seconds do not matter here."""

_CENTURY_MS = 36_525 * _DAY_MS
_EXACT_MS = 500

_REMEMBERED = 1000
"""Two years of sunrises: conditions ask for the same few days again and again."""


class Sky:
    """The sun above the gateway.

    Args:
        location: None if nobody told: then there is neither sunrise nor sunset.
        zone: whose days are meant.
    """

    def __init__(self, location: Location | None, zone: Zone) -> None:
        self.location = location
        self.zone = zone
        self._find = lru_cache(_REMEMBERED)(self._find_moment)

    def moment(self, day: date, event: SunEvent) -> int | None:
        """UTC ms of the event of this day; None on days without, as polar ones."""
        return self._find(day, event)

    def move(self, location: Location | None) -> None:
        """The gateway stands here now, as the file says."""
        if location == self.location:
            return
        self.location = location
        self._find.cache_clear()

    def _find_moment(self, day: date, event: SunEvent) -> int | None:
        if self.location is None:
            return None
        latitude, longitude = self.location
        noon_ms = self._noon_of(day, longitude)
        is_rise = event is SunEvent.SUNRISE
        up_ms, down_ms = noon_ms, noon_ms + (-_DAY_MS if is_rise else _DAY_MS) // 2
        if not (
            elevation(up_ms, latitude, longitude)
            > HORIZON
            > elevation(down_ms, latitude, longitude)
        ):
            return None
        # From noon to midnight the sun only sinks, so the middle tells the side.
        while abs(up_ms - down_ms) > _EXACT_MS:
            middle_ms = (up_ms + down_ms) // 2
            if elevation(middle_ms, latitude, longitude) > HORIZON:
                up_ms = middle_ms
            else:
                down_ms = middle_ms
        return up_ms

    def _noon_of(self, day: date, longitude: float) -> int:
        """When the sun is highest."""
        clock_noon_ms = self.zone.instant(datetime.combine(day, time(12)))
        mean_noon_ms = _DAY_MS // 2 - round(longitude * _MINUTES_A_DEGREE * _MINUTE_MS)
        days = math.floor((clock_noon_ms - mean_noon_ms) / _DAY_MS + 0.5)
        noon_ms = days * _DAY_MS + mean_noon_ms
        return noon_ms - round(_sun(noon_ms)[1] * _MINUTE_MS)


def elevation(at_ms: int, latitude: float, longitude: float) -> float:
    """Degrees of the sun's centre above the horizon, the bending of light left out."""
    declination, minutes_ahead = _sun(at_ms)
    minutes = at_ms / _MINUTE_MS + minutes_ahead + _MINUTES_A_DEGREE * longitude
    hour_angle = math.radians(minutes / _MINUTES_A_DEGREE - 180.0)
    north = math.radians(latitude)
    sine = math.sin(north) * math.sin(declination) + math.cos(north) * math.cos(
        declination
    ) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def _sun(at_ms: int) -> tuple[float, float]:
    """Declination in radians, and the minutes by which a sundial is ahead of a clock.

    Source: NOAA's spreadsheet of solar calculations, after Meeus, chapters 22, 25 and 28.
    """
    t = (at_ms - _J2000_MS) / _CENTURY_MS
    mean_longitude = math.radians((280.46646 + t * (36_000.76983 + t * 0.0003032)) % 360)
    anomaly = math.radians(357.52911 + t * (35_999.05029 - 0.0001537 * t))
    eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t)
    centre = math.radians(
        math.sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
        + math.sin(2 * anomaly) * (0.019993 - 0.000101 * t)
        + math.sin(3 * anomaly) * 0.000289
    )
    node = math.radians(125.04 - 1934.136 * t)
    longitude = mean_longitude + centre + math.radians(-0.00569 - 0.00478 * math.sin(node))
    obliquity = math.radians(
        23.439291 - t * (0.0130042 + t * (0.00000016 - t * 0.000000504)) + 0.00256 * math.cos(node)
    )
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    y = math.tan(obliquity / 2) ** 2
    equation = (
        y * math.sin(2 * mean_longitude)
        - 2 * eccentricity * math.sin(anomaly)
        + 4 * eccentricity * y * math.sin(anomaly) * math.cos(2 * mean_longitude)
        - y * y / 2 * math.sin(4 * mean_longitude)
        - 1.25 * eccentricity * eccentricity * math.sin(2 * anomaly)
    )
    return declination, _MINUTES_A_DEGREE * math.degrees(equation)
