"""What all fuzzers share notices every kind of fault, and `make fuzz` runs them all."""

import asyncio
import logging
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.fuzz import running
from tests.fuzz.mutation import cut, mutate
from tests.fuzz.running import Opening, fuzz

HERE = Path(__file__).parent


def target_that(does: Callable[[], object]) -> Opening:
    """A target whose inputs are `in`, and that does something with each of them."""

    class Faulty:
        def make_input(self, rng: random.Random) -> bytes:
            return b"in"

        async def check(self, data: bytes, rng: random.Random) -> None:
            does()
            await asyncio.sleep(0)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Faulty]:
        yield Faulty()

    return opened


def log_traceback() -> None:
    try:
        int("none")
    except ValueError:
        logging.getLogger("x").warning("survived", exc_info=True)


def fail_later() -> None:
    asyncio.get_running_loop().call_soon(lambda: int("none"))


@pytest.mark.parametrize(
    "fault", [lambda: int("none"), log_traceback, fail_later], ids=["raised", "logged", "later"]
)
def test_fault_is_told_with_seed_round_and_input(fault: Callable[[], object]) -> None:
    with pytest.raises(AssertionError, match="seed 5, round 0, input 69 6e"):
        fuzz(target_that(fault), seed=5, rounds=3)


def test_slow_target_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "TOO_SLOW_S", -1.0)
    with pytest.raises(AssertionError) as caught:
        fuzz(target_that(lambda: None), seed=5, rounds=3)
    assert "it took" in str(caught.value.__cause__)


def test_mutations_repeat_with_their_seed_and_pieces_are_the_whole() -> None:
    rng, again = random.Random(3), random.Random(3)  # noqa: S311 - repeatable
    for _ in range(50):
        changed = mutate(b"a text of some length", rng, [b"word"])
        assert changed == mutate(b"a text of some length", again, [b"word"])
        assert b"".join(cut(changed, rng)) == changed
        cut(changed, again)


def test_make_runs_every_fuzzer(tmp_path: Path) -> None:
    (python := tmp_path / "python").write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    result = subprocess.run(
        # With another interpreter, and nothing is installed.
        [
            *("make", "--no-print-directory", "-o", ".venv/.dev-installed"),
            f"BIN={tmp_path}",
            *("fuzz", "FUZZ_SECONDS=7"),
        ],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert result.stdout.splitlines() == [
        f"-m tests.fuzz.{path.stem} --seconds 7" for path in sorted(HERE.glob("fuzz_*.py"))
    ]


def test_command_line_runs_for_as_long_as_it_is_told() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.fuzz_frames", "--seconds", "0.1", "--seed", "5"],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert result.stdout.endswith("inputs, seed 5: no fault found\n")
