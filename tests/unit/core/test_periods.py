from datetime import UTC, datetime

import pytest

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.history import Aggregate, Question
from blynk_gateway.core.periods import (
    DAY_MS,
    HOUR_MS,
    LEGACY_PERIODS,
    MAX_TIME_MS,
    MINUTE_MS,
    cloud_question,
    legacy_span,
    parse_time,
)
from blynk_gateway.errors import InvalidValue

ADDRESS = PinAddress("a", "V1")
NOON_MS = int(datetime(2024, 5, 1, 12, tzinfo=UTC).timestamp()) * 1000
NOW_MS = NOON_MS + 90_500


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("now", NOW_MS),
        (" now ", NOW_MS),
        ("-1d", NOW_MS - DAY_MS),
        ("-90m", NOW_MS - 90 * MINUTE_MS),
        ("-250ms", NOW_MS - 250),
        ("-2w", NOW_MS - 14 * DAY_MS),
        ("-1y", NOW_MS - 365 * DAY_MS),
        ("2024-05-01T12:00:00Z", NOON_MS),
        ("2024-05-01T12:00", NOON_MS),
        ("2024-05-01 14:00+02:00", NOON_MS),
        ("2024-05-01T12:00:00.123456", NOON_MS + 123),
        ("2024-05-01", NOON_MS - 12 * HOUR_MS),
        ("0", 0),
        ("20240501", 20_240_501),
        (str(NOON_MS), NOON_MS),
        (str(MAX_TIME_MS - 1), MAX_TIME_MS - 1),
    ],
)
def test_times_are_understood(text: str, at_ms: int) -> None:
    assert parse_time(text, NOW_MS) == at_ms


@pytest.mark.parametrize(
    "text", ["", "yesterday", "-5", "1d", "-1.5h", "-1month", "12:00", "٣", "-٣d", "9" * 60, "1e3"]
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidValue, match="is none; expected now, a time before now such as -1d"):
        parse_time(text, NOW_MS)


@pytest.mark.parametrize(
    "text", ["-99y", "1969-12-31", "0001-01-01T00:00+14:00", "999999999999999"]
)
def test_time_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="expected one from 1970 to 9999"):
        parse_time(text, NOW_MS)


def test_every_legacy_period_has_its_steps_and_ends_with_the_one_under_way() -> None:
    for name, (steps, step_ms) in LEGACY_PERIODS.items():
        span = legacy_span(name, NOW_MS)
        assert span.step_ms == step_ms
        assert (span.to_ms - span.from_ms) / step_ms == steps
        assert span.to_ms - step_ms <= NOW_MS < span.to_ms
        assert span.from_ms % step_ms == 0


@pytest.mark.parametrize(
    ("name", "length_ms", "step_ms"),
    [
        ("LIVE", HOUR_MS, MINUTE_MS),
        ("DAY", DAY_MS, MINUTE_MS),
        ("N_DAY", DAY_MS, HOUR_MS),
        ("THREE_MONTHS", 90 * DAY_MS, HOUR_MS),
        ("N_THREE_MONTHS", 90 * DAY_MS, DAY_MS),
        ("ONE_YEAR", 360 * DAY_MS, DAY_MS),
    ],
)
def test_legacy_periods_are_as_long_as_the_server_had_them(
    name: str, length_ms: int, step_ms: int
) -> None:
    steps, found_ms = LEGACY_PERIODS[name]
    assert (steps * found_ms, found_ms) == (length_ms, step_ms)


def test_unknown_legacy_period_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidValue, match=r"period 'ALL' is unknown; expected one of LIVE, .*"):
        legacy_span("ALL", NOW_MS)


def test_cloud_asks_for_a_month_of_raw_data_unless_told() -> None:
    assert cloud_question(ADDRESS, NOW_MS) == Question(
        ADDRESS, NOW_MS - 30 * DAY_MS, NOW_MS + 1, 0, aggregate=Aggregate.AVG
    )


@pytest.mark.parametrize(
    ("period", "granularity", "source", "expected"),
    [
        (
            "HOUR",
            "MINUTE",
            "MAX",
            Question(
                ADDRESS,
                NOON_MS - 58 * MINUTE_MS,
                NOON_MS + 2 * MINUTE_MS,
                MINUTE_MS,
                aggregate=Aggregate.MAX,
            ),
        ),
        (
            "WEEK",
            "HOURLY",
            "COUNT",
            Question(
                ADDRESS,
                NOON_MS + HOUR_MS - 7 * DAY_MS,
                NOON_MS + HOUR_MS,
                HOUR_MS,
                aggregate=Aggregate.COUNT,
            ),
        ),
        (
            "THREE_MONTHS",
            "DAILY",
            "SUM",
            Question(
                ADDRESS,
                NOON_MS + 12 * HOUR_MS - 90 * DAY_MS,
                NOON_MS + 12 * HOUR_MS,
                DAY_MS,
                aggregate=Aggregate.SUM,
            ),
        ),
    ],
)
def test_cloud_names_are_answered(
    period: str, granularity: str, source: str, expected: Question
) -> None:
    found = cloud_question(ADDRESS, NOW_MS, period=period, granularity=granularity, source=source)
    assert found == expected


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"period": "YEAR"}, "the period 'YEAR' is unknown; expected one of HOUR, DAY, WEEK"),
        ({"period": "day"}, "the period 'day'"),
        ({"granularity": "SECOND"}, "the granularityType 'SECOND' is unknown"),
        ({"source": "LAST"}, "the sourceType 'LAST' is unknown; expected one of AVG, MIN"),
        ({"period": "THREE_MONTHS"}, "RAW_DATA with period THREE_MONTHS"),
    ],
)
def test_unknown_cloud_names_are_refused(names: dict[str, str], found: str) -> None:
    with pytest.raises(InvalidValue, match=found):
        cloud_question(ADDRESS, NOW_MS, **names)


def test_clock_that_stands_at_its_begin_makes_no_time_before_1970() -> None:
    assert legacy_span("ONE_YEAR", 5).from_ms == 0
    assert cloud_question(ADDRESS, 5).from_ms == 0
