"""Pairing as a switch at the broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from blynk_gateway.mqtt.bridge import pairing
from blynk_gateway.mqtt.bridge.pairing import PairingState, find_minutes
from blynk_gateway.mqtt.bridge.request import RequestRefused
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import Core, FakeOutlet
from tests.helpers.patience import PATIENCE_S

TOPIC = "blynk/bridge/pairing"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "LOOK_EVERY_S", 0.005)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def core(clock: FakeClock) -> Core:
    return Core(clock=clock)


@pytest.fixture
async def state(core: Core) -> AsyncIterator[PairingState]:
    state = PairingState(core.parts)
    yield state
    state.disconnected()
    state.disconnected()


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  nothing signals it
            await asyncio.sleep(0.002)


async def test_a_request_opens_it_and_time_closes_it(
    core: Core, clock: FakeClock, state: PairingState
) -> None:
    outlet = FakeOutlet()
    await state.connected(outlet)
    assert outlet.texts == {TOPIC: "OFF"}
    assert await state.pair({"minutes": 2}) == {"seconds_left": 120}
    assert outlet.texts == {TOPIC: "ON"}
    clock.advance(119)
    await asyncio.sleep(0.05)
    assert outlet.of(TOPIC) == ["OFF", "ON"]
    clock.advance(1)
    await until(lambda: outlet.of(TOPIC) == ["OFF", "ON", "OFF"])


async def test_a_request_closes_it(core: Core, state: PairingState) -> None:
    outlet = FakeOutlet()
    core.parts.pairing.open(60)
    await state.connected(outlet)
    assert await state.pair("OFF") == {"seconds_left": 0}
    assert outlet.of(TOPIC) == ["ON", "OFF"]
    assert core.parts.pairing.seconds_left == 0


async def test_what_others_do_is_told(core: Core, state: PairingState) -> None:
    outlet = FakeOutlet()
    await state.connected(outlet)
    core.parts.pairing.open(60)
    await until(lambda: outlet.of(TOPIC) == ["OFF", "ON"])


async def test_a_faulty_request_changes_nothing(core: Core, state: PairingState) -> None:
    core.parts.pairing.open(60)
    with pytest.raises(RequestRefused):
        await state.pair({"minutes": -1})
    assert core.parts.pairing.seconds_left == 60


async def test_each_connection_is_told_and_none_after_its_end(
    core: Core, state: PairingState
) -> None:
    first, second = FakeOutlet(), FakeOutlet()
    await state.connected(first)
    state.disconnected()
    core.parts.pairing.open(60)
    await state.pair(5)
    await asyncio.sleep(0.05)
    await state.connected(second)
    assert first.of(TOPIC) == ["OFF"]
    assert second.of(TOPIC) == ["ON"]
    assert list(state.subscriptions()) == []


@pytest.mark.parametrize(
    ("body", "minutes"),
    [
        ({"minutes": 5}, 5),
        ({"minutes": 0.5, "transaction": 1}, 0.5),
        ({"minutes": "7"}, 7),
        (5, 5),
        (0, 0),
        (1440, 1440),
        ("5", 5),
        (" 5\n", 5),
        ("ON", 5),
        ("on", 5),
        ("OFF", 0),
    ],
)
def test_minutes_may_be_said_in_these_ways(body: object, minutes: float) -> None:
    assert find_minutes(body) == minutes


@pytest.mark.parametrize(
    "body",
    [
        *(None, "", {}, [], [5], True, {"minutes": None}, {"minutes": True}, {"minutes": {}}),
        *(-1, 1441, "nan", "inf", float("inf"), "5 minutes", "1_0", 10**400, "x" * 5000),
    ],
)
def test_anything_else_is_refused_in_few_words(body: object) -> None:
    with pytest.raises(RequestRefused, match="expected") as refused:
        find_minutes(body)
    assert len(str(refused.value)) < 200
