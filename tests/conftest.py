"""Guards around every test: log calls must format, tasks and threads must end, CI skips nothing.

Tests under `tests/browser`, `tests/component` and `tests/integration` carry a marker of that name.
"""

import asyncio
import inspect
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from tests.helpers.patience import PATIENCE_S

TESTS = Path(__file__).parent
IN_CI = bool(os.environ.get("CI"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the directory they are in."""
    for item in items:
        if item.path.is_relative_to(TESTS):
            kind = item.path.relative_to(TESTS).parts[0]
            if kind in {"browser", "component", "integration"}:
                item.add_marker(kind)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure in CI, where whatever a test needs has to be there."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be missing: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Remember the threads that were there before the test's fixtures."""
    item.stash[_THREADS] = set(threading.enumerate())
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail if a thread outlives the test and its fixtures."""
    yield
    new = [thread for thread in threading.enumerate() if thread not in item.stash[_THREADS]]
    until = time.monotonic() + PATIENCE_S
    for thread in new:
        thread.join(max(0.0, until - time.monotonic()))
    names = [thread.name for thread in new if thread.is_alive()]
    if names:
        pytest.fail(f"threads still run after the test: {names}; end and join them", pytrace=False)


@pytest.fixture(autouse=True)
def _log_calls_format() -> Iterator[None]:
    """Fail if a log call's message and arguments do not fit, even where the error is swallowed."""
    faults: list[str] = []
    original = logging.getLogRecordFactory()
    root = logging.getLogger()
    handlers = root.handlers[:]

    def checked(*args: object, **kwargs: object) -> logging.LogRecord:
        record: logging.LogRecord = original(*args, **kwargs)
        try:
            record.getMessage()
        except (TypeError, ValueError, KeyError) as error:
            faults.append(f"{record.pathname}:{record.lineno}: {record.msg!r}: {error}")
        return record

    logging.setLogRecordFactory(checked)
    try:
        yield
    finally:
        logging.setLogRecordFactory(original)
        # A command that a test ran logs to its standard error, which is gone now.
        root.handlers[:] = handlers
    if faults:
        pytest.fail("log calls that cannot be formatted:\n" + "\n".join(faults), pytrace=False)


@pytest.fixture(autouse=True)
def _guard_tasks(request: pytest.FixtureRequest) -> None:
    """Watch the tasks of tests that have an event loop, and make none for the others."""
    function = getattr(request.node, "obj", None)
    if inspect.iscoroutinefunction(function):
        request.getfixturevalue("_tasks_end")


@pytest.fixture
async def _tasks_end() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    running = asyncio.all_tasks() - before - {asyncio.current_task()}
    if running:
        _, pending = await asyncio.wait(running, timeout=PATIENCE_S)
        names = sorted(task.get_name() for task in pending)
        if names:
            pytest.fail(
                f"tasks still run after the test: {names}; cancel and await them", pytrace=False
            )


_THREADS = pytest.StashKey[set[threading.Thread]]()
