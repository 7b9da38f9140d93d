"""A bounded run of the fuzzer, and proof that it would find something."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from blynk_gateway.protocol.server import ServerConnection
from tests.fuzz.fuzz_frames import fuzz, mutate, read_corpus
from tests.helpers.wire_driver import drive


def test_mutated_conversations_break_no_promise() -> None:
    assert fuzz(seed=1, rounds=1500) == 1500


def test_make_runs_the_fuzzer() -> None:
    result = subprocess.run(
        # With the environment of this test, so that nothing is installed.
        [
            *("make", "-o", ".venv/.dev-installed", f"BIN={Path(sys.executable).parent}"),
            *("fuzz", "FUZZ_SECONDS=0.1"),
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "no fault found" in result.stdout


def test_corpus_itself_is_understood_to_its_end() -> None:
    for chunks in read_corpus():
        result = drive(chunks)
        assert result.fault is None
        assert result.events


def test_mutations_repeat_with_their_seed_and_reach_events_and_faults() -> None:
    inputs = [mutate(chunks, random.Random(7)) for chunks in read_corpus()]  # noqa: S311
    assert inputs == [mutate(chunks, random.Random(7)) for chunks in read_corpus()]  # noqa: S311
    rng = random.Random(2)  # noqa: S311 - repeatable
    corpus = read_corpus()
    results = [drive([mutate(rng.choice(corpus), rng)]) for _ in range(200)]
    assert any(result.fault for result in results)
    assert sum(len(result.events) > 3 for result in results) > 50


def test_defect_is_found_and_reported_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def _fail(self: ServerConnection, *_args: object) -> None:
        raise IndexError

    monkeypatch.setattr(ServerConnection, "_handle", _fail)
    with pytest.raises(AssertionError, match=r"seed 3, round 0, input [0-9a-f]{2} 00 01"):
        fuzz(seed=3, rounds=1)
