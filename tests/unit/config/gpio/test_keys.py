from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from blynk_gateway.config.fault import Rejected, Report
from blynk_gateway.config.gpio.common import Level, Range
from blynk_gateway.config.gpio.keys import (
    DIRECTORY,
    FACTOR,
    LEVEL_AT_STOP,
    LINE,
    ONE_WIRE_ID,
    SENSOR_NAME,
    TIME_OF_DAY,
    DirectLines,
    RangeOf,
    every,
    sampled,
    shape,
)
from blynk_gateway.config.gpio.sensors import PingOptions
from blynk_gateway.config.kinds import Key, Kind
from blynk_gateway.config.scalars import HOST
from blynk_gateway.config.scope import Scope

Read = Callable[[Kind[Any], str], Any]


@pytest.fixture
def scope() -> Scope:
    return Scope(Path("a.yaml"), Report(), {})


@pytest.fixture
def read(scope: Scope) -> Read:
    def read_text(kind: Kind[Any], text: str) -> Any:  # noqa: ANN401  of whatever kind
        node = yaml.compose(text)
        assert isinstance(node, yaml.Node)
        return kind.read(node, "key", scope)

    return read_text


@pytest.mark.parametrize(
    ("kind", "text", "value", "shown"),
    [
        (LINE, "0", 0, "0"),
        (LINE, "27", 27, "27"),
        (LEVEL_AT_STOP, "off", Level.OFF, "off"),
        (LEVEL_AT_STOP, '"on"', Level.ON, "on"),
        (LEVEL_AT_STOP, "keep", Level.KEEP, "keep"),
        (TIME_OF_DAY, "7:05", 425, '"07:05"'),
        (TIME_OF_DAY, "00:00", 0, '"00:00"'),
        (TIME_OF_DAY, '"23:59"', 1439, '"23:59"'),
        (SENSOR_NAME, "bme280@76", "bme280@76", '"bme280@76"'),
        (ONE_WIRE_ID, "28-0123456789AB", "28-0123456789ab", '"28-0123456789ab"'),
        (DIRECTORY, "/", "/", '"/"'),
        (FACTOR, "-0.5", -0.5, "-0.5"),
        (RangeOf(), "[100, -5.5]", Range(100, -5.5), "[100, -5.5]"),
        (RangeOf(must_hold_0=True), "[0, 100]", Range(0, 100), "[0, 100]"),
        (RangeOf(0.1, 19, is_rising=True), "[0.5, 2.5]", Range(0.5, 2.5), "[0.5, 2.5]"),
        (DirectLines(), "all", None, "all"),
        (DirectLines(), "[13, 5]", (13, 5), "[13, 5]"),
        (DirectLines(), "[]", (), "[]"),
    ],
)
def test_value_is_read_and_shown_so_that_it_reads_the_same(
    read: Read, kind: Kind[Any], text: str, value: object, shown: str
) -> None:
    assert read(kind, text) == value
    assert kind.flow(value) == shown
    assert read(kind, shown) == value


@pytest.mark.parametrize(
    ("kind", "text", "complaint"),
    [
        (LINE, "28", 'found "28", expected a GPIO line by its BCM number, 0 to 27'),
        (
            LINE,
            "GPIO4",
            'found "GPIO4", expected a GPIO line by its BCM number, 0 to 27; did you mean "4"?',
        ),
        (LEVEL_AT_STOP, "last", 'found "last", expected one of on, off, keep'),
        (TIME_OF_DAY, "24:00", 'found "24:00", expected a time of day, "00:00" to "23:59"'),
        (
            TIME_OF_DAY,
            "17.30",
            'found "17.30", expected a time of day, "00:00" to "23:59"; did you mean "17:30"?',
        ),
        (
            LEVEL_AT_STOP,
            "false",
            'found "false", expected one of on, off, keep; did you mean "off"?',
        ),
        (TIME_OF_DAY, "7:5", 'found "7:5", expected a time of day, "00:00" to "23:59"'),
        (
            SENSOR_NAME,
            "../x",
            'found "../x", expected a name as `blynk-gateway sensors scan` prints it,'
            " without blanks",
        ),
        (ONE_WIRE_ID, "28-01", 'found "28-01", expected an id such as 28-0123456789ab'),
        (DIRECTORY, "srv", 'found "srv", expected a path that begins with /'),
        (DIRECTORY, '"/\\n"', 'found "/\\x0a", expected a path that begins with /'),
        (FACTOR, "0", 'found "0", expected a number other than 0'),
        (RangeOf(), "5", 'found "5", expected a list of two different numbers'),
        (
            RangeOf(),
            "0-255",
            'found "0-255", expected a list of two different numbers; did you mean "[0, 255]"?',
        ),
        (RangeOf(), "[5, x]", 'found "x", expected a number'),
        (RangeOf(), "[5, 5]", "found [5, 5], expected a list of two different numbers"),
        (
            RangeOf(),
            "[1, 2, 3, 4]",
            "found [1, 2, 3, …], expected a list of two different numbers",
        ),
        (
            RangeOf(1, 9),
            "[1, 10]",
            "found [1, 10], expected a list of two different numbers from 1 to 9",
        ),
        (
            RangeOf(1, 9, is_rising=True),
            "[2, 1]",
            "found [2, 1], expected a list of two different numbers from 1 to 9,"
            " the smaller one first",
        ),
        (
            RangeOf(must_hold_0=True),
            "[1, 2]",
            "found [1, 2], expected a list of two different numbers, with 0 between them",
        ),
        (
            DirectLines(),
            "none",
            'found "none", expected a list of lines such as [5, 6, 13], or all',
        ),
        (DirectLines(), "~", "found nothing, expected a list of lines such as [5, 6, 13], or all"),
        (
            DirectLines(),
            "{a: 1}",
            "found a mapping, expected a list of lines such as [5, 6, 13], or all",
        ),
    ],
)
def test_value_that_does_not_fit_is_told_what_would(
    read: Read, scope: Scope, kind: Kind[Any], text: str, complaint: str
) -> None:
    with pytest.raises(Rejected):
        read(kind, text)
    assert [fault.text for fault in scope.report.faults] == [complaint]


def test_numbers_of_a_range_have_limits_even_if_none_are_named(read: Read) -> None:
    with pytest.raises(Rejected):
        read(RangeOf(), "[0, 1e300]")


def test_needed_keys_come_first_and_the_pin_always_is_one() -> None:
    made = shape(PingOptions, (Key("host", HOST),), every(1000))
    assert [key.name for key in made.keys] == ["type", "host", "pin", "every"]
    assert made.required == ("host", "pin")


def test_readings_have_an_interval_of_at_least_what_was_said() -> None:
    keys = {key.name: key for key in sampled(60)}
    assert list(keys) == ["every", "deadband", "smoothing", "decimals", "heartbeat"]
    assert keys["every"].target == "every_ms"
    assert "from 60ms to 1d" in getattr(keys["every"].kind, "expected", "")
