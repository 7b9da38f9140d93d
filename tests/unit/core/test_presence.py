"""Silence is noticed, and what it costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import Origin, OriginKind, StatusChange
from blynk_gateway.core.clock import Clock, SystemClock
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.presence import LOOK_EVERY_S, Presence
from blynk_gateway.core.store import PinStore
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S

ORIGIN = Origin(OriginKind.HTTP, "shed")


class Rig:
    def __init__(self, clock: Clock, stale_after_ms: int) -> None:
        bus = PinBus()
        self.registry = DeviceRegistry(bus, PinStore(bus, clock), clock)
        self.presence = Presence(self.registry, clock)
        self.shed = self.registry.add(
            DeviceDefinition("shed", "Shed", "token-of-shed", stale_after_ms=stale_after_ms), ORIGIN
        )
        self.registry.add(DeviceDefinition("attic", "Attic", "token-of-attic"), ORIGIN)
        self.mailbox = Mailbox(100, Overflow.CLOSE)
        bus.subscribe(self.mailbox, origin=None, echo=True)

    def told(self) -> list[tuple[bool, bool]]:
        changes = self.mailbox.drain()
        return [(one.is_online, one.is_stale) for one in changes if isinstance(one, StatusChange)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = spawn(self.presence.run(), name="presence")
        yield
        await cancel(task)


async def test_it_waits_for_the_next_silence_and_no_longer() -> None:
    clock = FakeClock()
    rig = Rig(clock, 5000)
    assert rig.presence.look() == LOOK_EVERY_S
    rig.registry.heard(rig.shed, ORIGIN)
    assert rig.presence.look() == pytest.approx(5.001)
    clock.advance(4)
    assert rig.presence.look() == pytest.approx(1.001)
    clock.advance(1.001)
    assert rig.told() == [(True, False)]
    assert rig.presence.look() == LOOK_EVERY_S
    assert rig.told() == [(False, True)]


def test_only_what_brings_a_silence_nearer_wakes_it() -> None:
    rig = Rig(FakeClock(), 5000)
    woken: list[None] = []
    rig.registry.on_awake(lambda: woken.append(None))
    rig.registry.heard(rig.shed, ORIGIN)
    assert len(woken) == 1
    # A thousand of these a second must not have all devices looked at each time.
    rig.registry.heard(rig.shed, ORIGIN)
    rig.registry.connected(rig.shed, ORIGIN)
    assert len(woken) == 1


async def test_a_device_falls_silent_by_itself_and_is_heard_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("blynk_gateway.core.presence.PAUSE_S", 0.01)
    rig = Rig(SystemClock(), 50)
    async with rig.running(), asyncio.timeout(PATIENCE_S):
        # The watch sleeps for long now: it has to be woken.
        await asyncio.sleep(0.03)
        for _ in range(2):
            rig.registry.heard(rig.shed, ORIGIN)
            assert rig.told() == [(True, False)]
            assert await rig.mailbox.take()
            assert (rig.shed.is_online, rig.shed.is_stale) == (False, True)


async def test_at_the_end_nobody_stays_online_without_a_connection() -> None:
    rig = Rig(FakeClock(), 5000)
    rig.registry.heard(rig.shed, ORIGIN)
    rig.presence.end()
    rig.presence.end()
    assert rig.told() == [(True, False), (False, False)]
