"""A bounded run of the fuzzer, and proof that it would find something."""

import random

import pytest
from aiohttp import web

from blynk_gateway.api.legacy import LegacyDialect
from blynk_gateway.api.v1.access import TokenAccess
from blynk_gateway.api.v1.route import Caller
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.change import Origin, OriginKind
from tests.fuzz.fuzz_http import described, opened, read_corpus
from tests.fuzz.running import fuzz

ROUNDS = 150


def test_mutated_requests_break_no_promise() -> None:
    assert fuzz(opened, seed=1, rounds=ROUNDS) == ROUNDS


async def test_inputs_reach_every_route_of_the_description() -> None:
    async with opened() as target:
        heads = b"\n".join(one.head for one in target.corpus)
        for path in (b"/api/v1/devices", b"/api/v1/users", b"/api/v1/ws", b"/metrics"):
            assert path in heads
        assert len(target.corpus) > 150
        # Half of the inputs are whole requests: what they say is looked at.
        rng = random.Random(1)  # noqa: S311 - repeatable
        whole = sum(target.make_input(rng) == target._whole for _ in range(100))
        assert 40 < whole < 80


def test_bodies_are_made_of_the_description() -> None:
    field = {"type": "object", "properties": {"n": {"type": "number", "minimum": 5}}}
    body = {"content": {"application/json": {"schema": field}}}
    (made,) = described({"paths": {"/api/v1/x/{slug}": {"put": {"requestBody": body}}}})
    assert made.head.startswith(b"PUT /api/v1/x/greenhouse HTTP/1.1\r\n")
    assert made.body == b'{"n": 5}'
    assert all(one.head.endswith(b"\r\n\r\n") for one in read_corpus())


def test_fault_of_the_gateway_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> web.Response:
        raise KeyError

    monkeypatch.setattr(LegacyDialect, "handle", fail)
    with pytest.raises(AssertionError, match="seed 3, round"):
        fuzz(opened, seed=3, rounds=ROUNDS)


async def test_door_that_lets_everybody_in_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def let_in(*_: object) -> Caller:
        return Caller(Role.ADMIN, Origin(OriginKind.API, "anybody"))

    async with opened() as target:
        rng = random.Random(4)  # noqa: S311 - repeatable
        (right,) = (one for one in target.corpus if one.body == b'{"value": "1"}')
        wrong = (right.head + right.body).replace(b"{admin}", b"wrong").replace(b"*", b"14")
        await target.check(wrong, rng)
        monkeypatch.setattr(TokenAccess, "identify", let_in)
        with pytest.raises(AssertionError, match="changed without a login"):
            await target.check(wrong, rng)
