"""How the gateway is, as the broker tells it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from blynk_gateway.mqtt.bridge import health
from blynk_gateway.mqtt.bridge.health import BridgeHealth
from blynk_gateway.runtime.health import HealthState
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import CONFIG, INSTANCE_ID, RUN_ID, Core, FakeOutlet, Json
from tests.helpers.patience import PATIENCE_S
from tests.helpers.sensors import put

TOPIC = "blynk/bridge/health"
ZONE = "sys/class/thermal/thermal_zone0"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LOOK_EVERY_S", 0.005)


class Case:
    """The feature on a connection; use `start`."""

    def __init__(self, root: Path) -> None:
        self.core = Core()
        self.outlet = FakeOutlet()
        self.backlog = 7
        self.feature = BridgeHealth(self.core.parts, lambda: self.backlog, root)

    async def start(self) -> None:
        await self.feature.connected(self.outlet)

    @property
    def shown(self) -> Json:
        return self.outlet.sent[-1].json

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110  nothing signals it
                await asyncio.sleep(0.002)


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    case = Case(tmp_path)
    yield case
    case.feature.disconnected()
    case.feature.disconnected()


async def test_health_has_all_that_is_to_be_watched(case: Case, tmp_path: Path) -> None:
    put(tmp_path, f"{ZONE}/type", "cpu-thermal")
    put(tmp_path, f"{ZONE}/temp", "48312")
    case.core.registry.connected(case.core.add("shed"), CONFIG)
    case.core.add("barn")
    assert isinstance(case.core.clock, FakeClock)
    case.core.clock.advance(3600.5)
    await case.start()
    assert case.shown == {
        "instance_id": INSTANCE_ID,
        "run_id": RUN_ID,
        "status": "ok",
        "devices": 2,
        "connected_devices": 1,
        "last_error": "",
        "backlog": 7,
        "temperature": 48.3,
        "uptime_s": int(case.core.clock.monotonic() - case.core.parts.started_at),
    }
    assert list(case.outlet.retained) == [TOPIC]


async def test_machine_that_does_not_know_its_temperature_says_null(case: Case) -> None:
    await case.start()
    assert case.shown["temperature"] is None


async def test_trouble_is_told_at_once_and_remembered_when_it_is_over(case: Case) -> None:
    await case.start()
    case.core.parts.health.report("history", HealthState.FAILED, "the disk\nis full")
    await case.until(lambda: case.shown["status"] == "failed")
    assert case.shown["last_error"] == "history: the disk is full"
    case.core.parts.health.report("history", HealthState.OK)
    await case.until(lambda: case.shown["status"] == "ok")
    assert case.shown["last_error"] == "history: the disk is full"


async def test_error_is_never_longer_than_a_state_may_be(case: Case) -> None:
    case.core.parts.health.report("x", HealthState.FAILED, "é" * 500)
    await case.start()
    assert len(case.shown["last_error"]) == 255


async def test_device_that_connects_is_told_at_once(case: Case) -> None:
    device = case.core.add("shed")
    await case.start()
    case.core.registry.connected(device, CONFIG)
    await case.until(lambda: case.shown["connected_devices"] == 1)


async def test_backlog_alone_is_told_now_and_then(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LOOKS", 4)
    await case.start()
    case.backlog = 9
    await asyncio.sleep(0)
    assert case.shown["backlog"] == 7
    await case.until(lambda: case.shown["backlog"] == 9)


async def test_nothing_is_told_while_nothing_changes(case: Case) -> None:
    await case.start()
    await asyncio.sleep(0.1)
    assert len(case.outlet.sent) == 1


async def test_a_second_filling_does_not_tell_twice_as_often(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    await case.start()
    await case.start()
    case.core.parts.health.report("history", HealthState.FAILED, "disk full")
    await case.until(lambda: case.shown["status"] == "failed")
    await asyncio.sleep(0.05)
    assert len(case.outlet.sent) == 3


async def test_nothing_comes_after_the_connection_has_ended(case: Case) -> None:
    await case.start()
    case.feature.disconnected()
    case.core.parts.health.report("history", HealthState.FAILED, "disk full")
    await asyncio.sleep(0.05)
    assert len(case.outlet.sent) == 1
    assert list(case.feature.subscriptions()) == []
