"""A bounded run of the fuzzer, and proof that it would find something."""

import random

import pytest

from blynk_gateway.protocol.server import ServerConnection
from tests.fuzz.fuzz_frames import Frames, count_frames, opened
from tests.fuzz.running import fuzz
from tests.helpers.wire_driver import drive


def test_mutated_conversations_break_no_promise() -> None:
    assert fuzz(opened, seed=1, rounds=1500) == 1500


def test_corpus_itself_is_understood_to_its_end() -> None:
    for chunks in Frames().corpus:
        result = drive(chunks)
        assert result.fault is None
        assert result.events


def test_mutations_repeat_with_their_seed_and_reach_events_and_faults() -> None:
    target = Frames()
    rng, again = random.Random(7), random.Random(7)  # noqa: S311 - repeatable
    inputs = [target.make_input(rng) for _ in range(200)]
    assert inputs == [target.make_input(again) for _ in range(200)]
    results = [drive([one]) for one in inputs]
    assert any(result.fault for result in results)
    assert sum(len(result.events) > 3 for result in results) > 50


def test_defect_is_found_and_reported_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def _fail(self: ServerConnection, *_args: object) -> None:
        raise IndexError

    monkeypatch.setattr(ServerConnection, "_handle", _fail)
    with pytest.raises(AssertionError, match=r"seed 3, round 0, input [0-9a-f]{2} 00 01"):
        fuzz(opened, seed=3, rounds=1)


def test_frames_of_the_corpus_are_counted() -> None:
    for chunks in Frames().corpus:
        data = b"".join(chunks)
        assert count_frames(data) == drive([data]).counters[0] > 0
        assert count_frames(data[:-1]) == count_frames(data) - 1
