"""A bounded run of the fuzzer, and proof that it would find something."""

import random

import pytest

from blynk_gateway.protocol.client import ClientConnection
from blynk_gateway.protocol.events import LoggedIn, Redirected
from tests.fuzz.fuzz_cloud import Cloud, drive, opened
from tests.fuzz.running import fuzz


def test_mutated_conversations_break_no_promise() -> None:
    assert fuzz(opened, seed=1, rounds=1500) == 1500


def test_inputs_reach_what_a_server_can_cause() -> None:
    target, rng = Cloud(), random.Random(2)  # noqa: S311 - repeatable
    results = [drive([target.make_input(rng)]) for _ in range(200)]
    events = [event for result in results for event in result[0]]
    assert any(isinstance(event, Redirected) for event in events)
    assert sum(isinstance(event, LoggedIn) for event in events) > 50
    assert any(fault for _, _, fault, _ in results)


def test_defect_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def _fail(self: ClientConnection, *_args: object) -> None:
        raise IndexError

    monkeypatch.setattr(ClientConnection, "_handle_hardware", _fail)
    with pytest.raises(AssertionError, match=r"seed 3, round \d+, input 00 00 01 00"):
        fuzz(opened, seed=3, rounds=50)


async def test_frame_that_waits_for_what_comes_behind_it_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decode = ClientConnection._decode
    held: dict[ClientConnection, bytes] = {}

    def late(self: ClientConnection, data: bytes) -> None:
        # However the stream is cut, its last byte is not looked at.
        data = held.pop(self, b"") + data
        held[self] = data[-1:]
        decode(self, data[:-1])

    target, rng = Cloud(), random.Random(1)  # noqa: S311 - repeatable
    answer = target.corpus[0][0]
    await target.check(answer, rng)
    monkeypatch.setattr(ClientConnection, "_decode", late)
    with pytest.raises(AssertionError, match="waits for more"):
        await target.check(answer, rng)
