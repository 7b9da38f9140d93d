"""What is asked in a sandbox that hides the kernel's own word."""

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from blynk_gateway.runtime.time_service import (
    ASK_EVERY_S,
    TimeService,
    kernel_is_synchronised,
)
from tests.helpers.clock import FakeClock


def _in_sandbox(clock: FakeClock, question: Sequence[str]) -> TimeService:
    return TimeService(clock, question, kernel=lambda: None)


def _answered(service: TimeService) -> bool:
    service.is_synchronised()
    for thread in threading.enumerate():
        if thread.name == "time service":
            thread.join()
    return service.is_synchronised()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        pytest.param(("echo", "b true"), True, id="yes"),
        pytest.param(("echo", "b false"), False, id="no"),
        pytest.param(("false",), False, id="refused"),
        pytest.param(("no-such-program-here",), False, id="no systemd"),
        pytest.param(("printf", r"\377"), False, id="no text"),
    ],
)
def test_answer_is_what_the_command_says(question: Sequence[str], expected: bool) -> None:
    assert _answered(_in_sandbox(FakeClock(), question)) is expected


def test_it_never_waits_and_asks_once_at_a_time() -> None:
    clock = FakeClock()
    service = _in_sandbox(clock, (sys.executable, "-c", "import time; time.sleep(0.2)"))
    assert not service.is_synchronised()
    clock.advance(ASK_EVERY_S)
    assert not service.is_synchronised()
    asking = [thread for thread in threading.enumerate() if thread.name == "time service"]
    assert len(asking) <= 1
    for thread in asking:
        thread.join()


def test_it_asks_again_when_the_answer_is_old(tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    answer.write_text("b false\n")
    clock = FakeClock()
    service = _in_sandbox(clock, ("cat", str(answer)))
    assert not _answered(service)
    answer.write_text("b true\n")
    assert not _answered(service)
    clock.advance(ASK_EVERY_S)
    assert _answered(service)


@pytest.mark.parametrize("told", [True, False])
def test_what_the_kernel_says_is_asked_of_nobody_else(told: bool) -> None:
    service = TimeService(FakeClock(), ("echo", "b true"), kernel=lambda: told)
    assert _answered(service) is told


def test_kernel_of_this_machine_answers() -> None:
    assert kernel_is_synchronised() in (True, False, None)
