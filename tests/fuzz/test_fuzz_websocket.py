"""A bounded run of the fuzzer, and proof that it would find something."""

import random

import pytest

from blynk_gateway.api.live import watch
from blynk_gateway.blynk_server.carriers import LinkConnection
from tests.fuzz.fuzz_websocket import opened
from tests.fuzz.running import fuzz

ROUNDS = 150


def test_mutated_frames_break_no_promise() -> None:
    assert fuzz(opened, seed=1, rounds=ROUNDS) == ROUNDS


async def test_inputs_get_through_the_handshake_and_log_in() -> None:
    async with opened() as target:
        rng = random.Random(2)  # noqa: S311 - repeatable
        for _ in range(60):
            await target.check(target.make_input(rng), rng)
        pins = target._attacked.gateway.store.pins("greenhouse")
        # Devices wrote what no datastream declares.
        assert any(state.datastream is None for state in pins)


def test_fault_for_a_device_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(LinkConnection, "received", fail)
    with pytest.raises(AssertionError, match="seed 3, round"):
        fuzz(opened, seed=3, rounds=ROUNDS)


def test_fault_for_a_person_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(watch, "_addresses", fail)
    with pytest.raises(AssertionError, match="seed 3, round"):
        fuzz(opened, seed=3, rounds=ROUNDS)
