import logging
from collections.abc import Iterator

import pytest

from blynk_gateway.runtime.log_level import (
    CHOICES,
    change_level,
    current_level,
    set_level,
    toggle_debug,
)


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    before = root.level
    yield root
    root.setLevel(before)


@pytest.mark.parametrize("level", CHOICES)
def test_the_level_that_was_set_is_in_force(level: str) -> None:
    set_level(level)
    assert current_level() == level


def test_a_level_between_two_is_the_quieter(root: logging.Logger) -> None:
    root.setLevel(logging.INFO + 1)
    assert current_level() == "warning"
    root.setLevel(1000)
    assert current_level() == "error"


@pytest.mark.parametrize(
    ("before", "now", "told_as"),
    [
        ("info", "debug", logging.INFO),
        ("debug", "info", logging.INFO),
        ("warning", "error", logging.WARNING),
        ("error", "warning", logging.WARNING),
        ("error", "debug", logging.INFO),
    ],
)
def test_the_log_says_that_its_level_changed(
    caplog: pytest.LogCaptureFixture, before: str, now: str, told_as: int
) -> None:
    set_level(before)
    change_level(now, "api")
    assert current_level() == now
    (record,) = caplog.records
    assert (record.getMessage(), record.levelno) == ("log level changed", told_as)
    assert (vars(record)["before"], vars(record)["now"]) == (before, now)


def test_a_level_that_is_in_force_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    set_level("info")
    change_level("info", "configuration")
    assert caplog.messages == []


def test_the_signal_goes_to_debug_and_back_to_the_configured_level() -> None:
    set_level("warning")
    toggle_debug("warning")
    assert current_level() == "debug"
    toggle_debug("warning")
    assert current_level() == "warning"


def test_the_signal_means_debug_also_where_somebody_chose_another_level() -> None:
    change_level("error", "api")
    toggle_debug("info")
    assert current_level() == "debug"
    toggle_debug("info")
    assert current_level() == "info"
