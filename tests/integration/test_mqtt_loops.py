"""Two gateways on one broker, pins bound to each other in every way: it ends, and alike."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from blynk_gateway.mqtt.bindings.echoes import ECHO_S
from tests.helpers.bench import eventually
from tests.helpers.broker import Broker, Listener
from tests.helpers.processes import GatewayProcess

NAMES = ("left", "right")
TOKENS = {"left": "4ae3851817194e2596cf1b7103603ef8", "right": "9b1f0c53a9f94ad6b5a0d0b0c1f5a2b7"}

MIRRORED, COMMANDED, SHARED, ONE_WAY, EVERYTHING = PINS = ("V1", "V2", "V3", "V4", "V5")

ROUNDS = 10
SILENCE_S = 1.6
"""What is suspect waits for at most one and a half seconds."""

AWAY_S = ECHO_S + 0.5
"""Longer than anything is taken for an echo."""

PERIOD_S = 0.02
WITHIN_S = 20.0
MESSAGES_PER_WRITE = 12


def bindings(name: str, other: str) -> list[dict[str, Any]]:
    """Each pin is bound to its like on the other gateway in a way of its own."""

    def mirror(pin: str) -> dict[str, Any]:
        return {"topic": f"{other}/dev/{pin.lower()}", "pin": f"dev/{pin}"}

    def command(pin: str) -> dict[str, Any]:
        topic = f"{other}/dev/{pin.lower()}/set"
        return {"topic": topic, "pin": f"dev/{pin}", "direction": "out"}

    def share(pin: str) -> dict[str, Any]:
        topic = f"shared/{pin}"
        return {"topic": topic, "pin": f"dev/{pin}", "direction": "both", "retain": True}

    one_way = [mirror(ONE_WAY), command(ONE_WAY)] if name == "left" else []
    everything = [mirror(EVERYTHING), command(EVERYTHING), share(EVERYTHING)]
    return [mirror(MIRRORED), command(COMMANDED), share(SHARED), *one_way, *everything]


def config(name: str, other: str, port: int) -> dict[str, Any]:
    """One of the two gateways."""
    return {
        "devices": {"dev": {"name": "Dev", "token": TOKENS[name]}},
        "mqtt": {"port": port, "base_topic": name, "bindings": bindings(name, other)},
    }


class Two:
    """Both gateways, their broker, and what is said on it."""

    def __init__(
        self, gateways: dict[str, GatewayProcess], broker: Broker, listener: Listener
    ) -> None:
        self.gateways = gateways
        self.broker = broker
        self.listener = listener
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        await self._session.close()

    @property
    def heard(self) -> int:
        """Messages about pins so far."""
        return sum("/dev/v" in one.topic or "shared/" in one.topic for one in self.listener.heard)

    async def write(self, name: str, pin: str, value: int) -> None:
        """Write a pin over HTTP, as a board does."""
        port = self.gateways[name].port
        url = f"http://127.0.0.1:{port}/external/api/update?token={TOKENS[name]}&{pin}={value}"
        async with self._session.get(url) as answer:
            assert answer.status == 200, await answer.text()

    async def values(self, name: str) -> dict[str, str]:
        """Values of all pins."""
        port = self.gateways[name].port
        found = {}
        for pin in PINS:
            url = f"http://127.0.0.1:{port}/external/api/get?token={TOKENS[name]}&{pin}"
            async with self._session.get(url) as answer:
                found[pin] = await answer.text()
        return found

    async def are_alike(self) -> bool:
        """Whether all pins have the same values on both sides."""
        return await self.values("left") == await self.values("right")

    async def shown(self, name: str) -> dict[str, str]:
        """Values of the pins that every gateway follows, whenever it comes."""
        values = await self.values(name)
        return {pin: values[pin] for pin in (SHARED, MIRRORED)}

    async def both_show(self, value: int) -> None:
        """Return when those pins have a value on both sides, which nothing overturns."""
        expected = {SHARED: str(value), MIRRORED: str(value)}
        for name in NAMES:
            await eventually(partial(self.shown, name), expected)
        await self.silence()
        assert {name: await self.shown(name) for name in NAMES} == dict.fromkeys(NAMES, expected)

    async def silence(self) -> None:
        """Return when nothing is said about pins any more."""
        async with asyncio.timeout(WITHIN_S):
            quiet_polls, before = 0, self.heard
            while quiet_polls * PERIOD_S < SILENCE_S:
                await asyncio.sleep(PERIOD_S)
                quiet_polls = quiet_polls + 1 if self.heard == before else 0
                before = self.heard

    async def broker_comes_back(self) -> None:
        """Start the broker again, and return when everyone is there."""
        self.listener.heard.clear()
        self.broker.start()
        for name in NAMES:
            await self.ready(name)

    async def ready(self, name: str) -> None:
        """Return when a gateway is on the broker with all that it does there."""
        await self.listener.expect(f"{name}/bridge/state", "online")


@pytest.fixture
def is_persistent() -> bool:
    """Whether the broker keeps what was retained over a kill."""
    return False


@pytest.fixture
async def two(tmp_path: Path, is_persistent: bool) -> AsyncIterator[Two]:
    with Broker(is_persistent=is_persistent) as broker:
        gateways = {}
        for name, other in (NAMES, NAMES[::-1]):
            directory = tmp_path / name
            directory.mkdir()
            gateways[name] = GatewayProcess(directory, config(name, other, broker.port))
        async with Listener(broker.port) as listener, AsyncExitStack() as stack:
            await asyncio.gather(*map(stack.enter_async_context, gateways.values()))
            found = Two(gateways, broker, listener)
            stack.push_async_callback(found.close)
            for name in NAMES:
                await found.ready(name)
            yield found


async def test_burst_of_simultaneous_writes_dies_out_and_both_end_alike(two: Two) -> None:
    numbers = random.Random(1)  # noqa: S311  nothing secret
    before = two.heard
    for _ in range(ROUNDS):
        writes = [two.write(name, pin, numbers.randrange(3)) for name in NAMES for pin in PINS]
        for name in NAMES:
            topic = f"{name}/dev/{numbers.choice(PINS).lower()}/set"
            two.listener.publish(topic, str(numbers.randrange(3)))
        await asyncio.gather(*writes)
    await two.silence()
    await eventually(two.are_alike, expected=True)
    assert two.heard - before <= MESSAGES_PER_WRITE * ROUNDS * (2 * len(PINS) + 2)

    # Equal values that are told anew go round once.
    before = two.heard
    for pin in PINS:
        for name in NAMES:
            two.listener.publish(f"{name}/dev/{pin.lower()}/get", "")
    await two.silence()
    assert 4 * len(PINS) <= two.heard - before <= 8 * len(PINS)
    for gateway in two.gateways.values():
        assert "mqtt_loop" not in gateway.log


@pytest.mark.parametrize("away_s", [0, AWAY_S], ids=["a moment", "a while"])
async def test_gateway_that_was_away_takes_what_happened_meanwhile(two: Two, away_s: float) -> None:
    for pin in (SHARED, MIRRORED):
        await two.write("left", pin, 1)
    await two.both_show(1)
    await two.gateways["right"].kill()
    for pin in (SHARED, MIRRORED):
        await two.write("left", pin, 2)
    await asyncio.sleep(away_s)
    await two.gateways["right"].start()
    await two.both_show(2)


@pytest.mark.parametrize("is_persistent", [True, False], ids=["persistent", "forgetful"])
async def test_what_was_written_while_the_broker_was_away_stands(two: Two) -> None:
    for pin in (SHARED, MIRRORED):
        await two.write("left", pin, 1)
    await two.both_show(1)
    two.broker.kill()
    for pin in (SHARED, MIRRORED):
        await two.write("left", pin, 2)
    await asyncio.sleep(AWAY_S)
    await two.broker_comes_back()
    await two.both_show(2)


async def test_what_was_written_on_both_sides_meanwhile_ends_alike(two: Two) -> None:
    for pin in (SHARED, MIRRORED):
        await two.write("left", pin, 1)
    await two.both_show(1)
    two.broker.kill()
    for name, value in zip(NAMES, (2, 3), strict=True):
        for pin in (SHARED, MIRRORED):
            await two.write(name, pin, value)
    await asyncio.sleep(AWAY_S)
    await two.broker_comes_back()
    await two.silence()
    await eventually(two.are_alike, expected=True)
    assert set((await two.shown("left")).values()) <= {"2", "3"}
