"""Leaves out what needs Home Assistant where it is not installed, and says so at the end.

Its newest versions need a Python that the gateway's own oldest system, Debian 12, does not have.
"""

from pathlib import Path

import pytest

from tests.helpers.home_assistant import IS_INSTALLED, NOT_RUN

_HERE = Path(__file__).parent
_LEFT_OUT = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take the tests of this directory out of a run without Home Assistant."""
    if IS_INSTALLED:
        return
    left_out = [item for item in items if item.path.is_relative_to(_HERE)]
    config.stash[_LEFT_OUT] = len(left_out)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was left out."""
    if count := config.stash.get(_LEFT_OUT, 0):
        terminalreporter.line(NOT_RUN.format(count=count), yellow=True, bold=True)
