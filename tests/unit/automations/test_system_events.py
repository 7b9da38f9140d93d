"""What the gateway adds to timelines by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from blynk_gateway.automations.system.devices import GRACE_S
from blynk_gateway.automations.system.faults import LASTS_S
from blynk_gateway.automations.system_events import SystemEvents
from blynk_gateway.core.change import EventChange, EventKind
from blynk_gateway.core.device import Device
from blynk_gateway.errors import HistoryError
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.last_stop import Ending, LastStop
from tests.helpers.ports import MemoryJournal
from tests.helpers.power import weak_supply
from tests.helpers.system_events import CONFIG, EventRig

CLEAN = LastStop(Ending.CLEAN, "1.0")


class BrokenJournal(MemoryJournal):
    async def events(self, device: str | None, limit: int, before: int = 0) -> list[EventChange]:
        raise HistoryError("the disk cannot be read")


class Rig(EventRig):
    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self.journal = MemoryJournal(self.parts.bus)
        self.has_own = True

    def find_own(self) -> Device | None:
        return self.own if self.has_own else None

    @asynccontextmanager
    async def running(self, last: LastStop = CLEAN) -> AsyncIterator[None]:
        events = SystemEvents(self.parts, self.timers, self.journal, self.find_own, self.root)
        events.start()
        events.started("1.0", last)
        await self.settle()
        yield
        await events.stop()
        await events.stop()

    async def settle(self) -> None:
        """Let the worker read what there is."""
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@pytest.mark.parametrize(
    ("last", "text"),
    [
        (CLEAN, "version 1.0; after a clean stop"),
        (LastStop(Ending.CLEAN, "0.9"), "version 1.0, before it 0.9; after a clean stop"),
        (
            LastStop(Ending.FIRST),
            "version 1.0; for the first time with this data directory",
        ),
        (
            LastStop(Ending.POWER, "1.0"),
            "version 1.0; after the machine lost power or was reset",
        ),
    ],
)
async def test_a_start_tells_how_the_run_before_ended(rig: Rig, last: LastStop, text: str) -> None:
    async with rig.running(last):
        assert rig.entries() == [f"pi restart: {text}"]


async def test_devices_faults_and_power_are_told(rig: Rig) -> None:
    weak_supply(rig.root, is_weak=True)
    async with rig.running():
        rig.registry.connected(rig.shed, CONFIG)
        rig.parts.health.report("mqtt", HealthState.DEGRADED, "x" * 400)
        await rig.settle()
        rig.pass_time(LASTS_S)
        power, _, online, fault = rig.entries()
    assert power == "pi power: the supply is too weak (under-voltage)"
    assert online == "shed online"
    assert fault == f"pi fault: mqtt: {'x' * 294}"


async def test_a_restart_adds_nothing_about_devices_that_come_back(rig: Rig) -> None:
    async with rig.running():
        rig.registry.connected(rig.shed, CONFIG)
        await rig.settle()
    # The server disconnects them after that.
    rig.registry.disconnected(rig.shed, CONFIG)
    # More entries than are read at once.
    for number in range(1200):
        rig.registry.record_event(rig.own, EventKind.INPUT, str(number), "", CONFIG)
    rig.entries()
    async with rig.running():
        rig.registry.connected(rig.shed, CONFIG)
        await rig.settle()
        rig.pass_time(GRACE_S)
        assert [one for one in rig.entries() if one.startswith("shed")] == []
        rig.registry.disconnected(rig.shed, CONFIG)
        await rig.settle()
        assert rig.entries() == ["shed offline"]


async def test_who_connects_before_the_timeline_was_read_is_told(rig: Rig) -> None:
    rig.registry.connected(rig.shed, CONFIG)
    async with rig.running():
        assert rig.entries()[1:] == ["shed online"]


async def test_a_timeline_that_cannot_be_read_ends_nothing(rig: Rig) -> None:
    rig.journal = BrokenJournal(rig.parts.bus)
    async with rig.running():
        rig.registry.connected(rig.shed, CONFIG)
        await rig.settle()
        assert "shed online" in rig.entries()


async def test_without_a_device_of_its_own_the_gateway_says_nothing(rig: Rig) -> None:
    rig.has_own = False
    async with rig.running():
        assert rig.entries() == []
