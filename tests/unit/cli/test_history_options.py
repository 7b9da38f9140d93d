import pytest

from blynk_gateway.cli.history_options import AGGREGATES, FORMATS
from blynk_gateway.cli.parser import build_parser
from blynk_gateway.core.history import Aggregate
from blynk_gateway.formats.text import TextFormat


def test_words_are_those_of_the_gateway() -> None:
    assert set(AGGREGATES) == set(Aggregate)
    assert set(FORMATS) - {"parquet"} <= set(TextFormat)


@pytest.mark.parametrize("begin", ["-1d", "-90m", "2026-01-31", "1700000000000"])
def test_time_before_now_is_no_option(begin: str) -> None:
    arguments = build_parser().parse_args(["history", "a/V1", "--from", begin, "--to", "-5m"])
    assert (arguments.since, arguments.to) == (begin, "-5m")


def test_the_last_day_is_what_is_asked_for_by_default() -> None:
    arguments = build_parser().parse_args(["history", "a/V1"])
    assert (arguments.since, arguments.to, arguments.step, arguments.agg) == (
        "-1d",
        None,
        None,
        "avg",
    )


@pytest.mark.parametrize("options", [["--agg", "median"], ["--format", "xml"], ["--no"]])
def test_other_words_are_bad_usage(options: list[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        build_parser().parse_args(["history", "a/V1", *options])
    assert ending.value.code == 2
