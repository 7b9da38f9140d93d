"""Times and periods as people and other programs name them, as questions about the past.

Source: blynk-protocol §9.5 (periods of the legacy server) and §10.2 (of the cloud).
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, TypeVar

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import Aggregate, Question
from blynk_gateway.errors import InvalidValue

E = TypeVar("E", bound=StrEnum)

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

MAX_TIME_MS = 253_402_300_800_000
"""The end of the year 9999, where dates end."""

_UNITS_MS = {
    "ms": 1,
    "s": 1000,
    "m": MINUTE_MS,
    "h": HOUR_MS,
    "d": DAY_MS,
    "w": 7 * DAY_MS,
    "y": 365 * DAY_MS,
}

_BACK = re.compile(r"-(\d{1,12})(ms|s|m|h|d|w|y)", re.ASCII)
_MILLISECONDS = re.compile(r"\d{1,15}", re.ASCII)

_MAX_TEXT = 40
"""Characters that are looked at and shown; times are shorter."""


class Period(NamedTuple):
    """So many steps, up to now."""

    steps: int
    step_ms: int


LEGACY_PERIODS = {
    "LIVE": Period(60, MINUTE_MS),
    "FIFTEEN_MINUTES": Period(15, MINUTE_MS),
    "THIRTY_MINUTES": Period(30, MINUTE_MS),
    "ONE_HOUR": Period(60, MINUTE_MS),
    "THREE_HOURS": Period(180, MINUTE_MS),
    "SIX_HOURS": Period(360, MINUTE_MS),
    "TWELVE_HOURS": Period(720, MINUTE_MS),
    "DAY": Period(1440, MINUTE_MS),
    "N_DAY": Period(24, HOUR_MS),
    "TWO_DAYS": Period(48, HOUR_MS),
    "N_THREE_DAYS": Period(72, HOUR_MS),
    "WEEK": Period(168, HOUR_MS),
    "TWO_WEEKS": Period(336, HOUR_MS),
    "MONTH": Period(720, HOUR_MS),
    "THREE_MONTHS": Period(2160, HOUR_MS),
    "N_WEEK": Period(7, DAY_MS),
    "N_TWO_WEEKS": Period(14, DAY_MS),
    "N_MONTH": Period(30, DAY_MS),
    "N_THREE_MONTHS": Period(90, DAY_MS),
    "SIX_MONTHS": Period(180, DAY_MS),
    "ONE_YEAR": Period(360, DAY_MS),
}
"""Of the legacy server's charts. Its deprecated `THREE_DAYS` and `ALL` are not among them."""


class CloudPeriod(StrEnum):
    """Up to now."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    THREE_MONTHS = "THREE_MONTHS"


class Granularity(StrEnum):
    """The cloud's steps."""

    RAW_DATA = "RAW_DATA"
    MINUTE = "MINUTE"
    HOURLY = "HOURLY"
    DAILY = "DAILY"


class SourceType(StrEnum):
    """The cloud's aggregates."""

    AVG = "AVG"
    MIN = "MIN"
    MAX = "MAX"
    SUM = "SUM"
    COUNT = "COUNT"


_CLOUD_LENGTHS_MS = {
    CloudPeriod.HOUR: HOUR_MS,
    CloudPeriod.DAY: DAY_MS,
    CloudPeriod.WEEK: 7 * DAY_MS,
    CloudPeriod.MONTH: 30 * DAY_MS,
    CloudPeriod.THREE_MONTHS: 90 * DAY_MS,
}

_CLOUD_STEPS_MS = {
    Granularity.RAW_DATA: 0,
    Granularity.MINUTE: MINUTE_MS,
    Granularity.HOURLY: HOUR_MS,
    Granularity.DAILY: DAY_MS,
}

_AGGREGATES = {source: Aggregate(source.lower()) for source in SourceType}


class Span(NamedTuple):
    """A range in UTC ms, and its steps."""

    from_ms: int
    to_ms: int
    step_ms: int


def legacy_span(period: str, now_ms: int) -> Span:
    """A period of the legacy server; the last step is the one that we are in.

    Raises:
        InvalidValue: it has no such period.
    """
    found = LEGACY_PERIODS.get(period)
    if found is None:
        raise _unknown("period", period, list(LEGACY_PERIODS))
    return _span(now_ms, found.steps * found.step_ms, found.step_ms)


def cloud_question(
    address: PinAddress,
    now_ms: int,
    *,
    period: str = CloudPeriod.MONTH,
    granularity: str = Granularity.RAW_DATA,
    source: str = SourceType.AVG,
) -> Question:
    """What `/external/api/data/get` asks; names in capitals, as the cloud wants them.

    Raises:
        InvalidValue: one of the names is unknown, or raw data of three months are wanted.
    """
    length_ms = _CLOUD_LENGTHS_MS[_named("period", period, CloudPeriod)]
    step_ms = _CLOUD_STEPS_MS[_named("granularityType", granularity, Granularity)]
    aggregate = _AGGREGATES[_named("sourceType", source, SourceType)]
    if step_ms:
        return Question(address, *_span(now_ms, length_ms, step_ms), aggregate=aggregate)
    if period == CloudPeriod.THREE_MONTHS:
        raise InvalidValue(
            "granularityType is RAW_DATA with period THREE_MONTHS; expected MINUTE, HOURLY or"
            " DAILY: choose one of these, or a shorter period"
        )
    # Points of this millisecond are in.
    return Question(address, max(0, now_ms - length_ms), now_ms + 1, aggregate=aggregate)


def parse_time(text: str, now_ms: int) -> int:
    """UTC ms of `now`, `-90m` (before now), `2024-05-01T12:00+02:00` (UTC without a zone) or ms.

    Units are ms, s, m, h, d, w and y of 365 days; digits alone are milliseconds since 1970.

    Raises:
        InvalidValue: it is none of these, or not from 1970 to 9999.
    """
    at_ms = _find_time(text.strip(), now_ms) if len(text) <= _MAX_TEXT else None
    if at_ms is None:
        raise InvalidValue(
            f"the time {text[:_MAX_TEXT]!r} is none; expected now, a time before now such as -1d"
            " or -90m, a date such as 2024-05-01T12:00:00Z, or milliseconds since 1970: correct it"
        )
    if not 0 <= at_ms < MAX_TIME_MS:
        raise InvalidValue(
            f"the time {text!r} is {at_ms} ms; expected one from 1970 to 9999: choose a later one"
            if at_ms < 0
            else f"the time {text!r} is {at_ms} ms; expected one from 1970 to 9999: choose an"
            " earlier one"
        )
    return at_ms


def _find_time(text: str, now_ms: int) -> int | None:
    if text == "now":
        return now_ms
    if back := _BACK.fullmatch(text):
        return now_ms - int(back[1]) * _UNITS_MS[back[2]]
    if _MILLISECONDS.fullmatch(text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def _span(now_ms: int, length_ms: int, step_ms: int) -> Span:
    end_ms = (now_ms // step_ms + 1) * step_ms
    return Span(max(0, end_ms - length_ms), end_ms, step_ms)


def _named(what: str, text: str, names: type[E]) -> E:
    try:
        return names(text)
    except ValueError:
        raise _unknown(what, text, list(names)) from None


def _unknown(what: str, text: str, names: list[E] | list[str]) -> InvalidValue:
    return InvalidValue(
        f"the {what} {text[:_MAX_TEXT]!r} is unknown; expected one of {', '.join(names)}:"
        " choose one"
    )
