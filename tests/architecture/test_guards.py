"""The guards of `tests/conftest.py` do catch what they are there for."""

from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"

SAMPLES = """
import asyncio, logging, threading, time
import pytest

log = logging.getLogger("sample")
released = threading.Event()

async def test_clean():
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0), name="short")
    log.info("%d of %d", 1, 2)

def test_swallowed_log_fault():
    try:
        log.debug("%d messages", "many")
    except Exception:
        pass

async def test_leaked_task():
    global forever
    forever = asyncio.create_task(asyncio.Event().wait(), name="forgotten")

def test_leaked_thread():
    threading.Thread(target=released.wait, args=(60,), name="stray", daemon=True).start()

def test_skipped():
    pytest.skip("no broker here")

@pytest.mark.xfail
def test_expected_failure():
    assert False
"""


def run(pytester: pytest.Pytester) -> pytest.RunResult:
    # The sample has its own, so that what never ends is told soon.
    imported = "from tests.helpers.patience import PATIENCE_S"
    pytester.makeconftest(CONFTEST.read_text().replace(imported, "PATIENCE_S = 0.1"))
    pytester.makeini(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
        "log_level = DEBUG\n"
    )
    pytester.makepyfile(SAMPLES)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rA")


def test_guards_report_each_breach_at_its_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    result = run(pytester)
    assert result.parseoutcomes() == {"passed": 4, "skipped": 1, "xfailed": 1, "errors": 3}
    result.stdout.fnmatch_lines_random(
        [
            "ERROR *::test_swallowed_log_fault*",
            "ERROR *::test_leaked_task*",
            "ERROR *::test_leaked_thread*",
            "*%d messages*",
            "*['forgotten']*",
            "*['stray']*",
        ]
    )


def test_skip_is_a_failure_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    result = run(pytester)
    assert result.parseoutcomes() == {"passed": 4, "failed": 1, "xfailed": 1, "errors": 3}
    result.stdout.fnmatch_lines(["*skipped in CI*no broker here*"])
