"""Who is told of events."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from blynk_gateway.automations.event_notices import BETWEEN_S, MAX_WAIT_S, EventNotices
from blynk_gateway.core.change import EventKind
from blynk_gateway.core.device import Device
from blynk_gateway.core.events import EventDefinition
from blynk_gateway.runtime.tasks import cancel, spawn
from tests.helpers.system_events import CONFIG, EventRig

HOT = EventDefinition("hot", "Too hot", description="Open the window", notify=("phone",))


class Rig(EventRig):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[tuple[str, ...], str, str, str]] = []
        self.notices = EventNotices(self.parts, self.timers, self._notify)
        self.worker = spawn(self.notices.run(), name="notices")

    def _notify(
        self,
        to: Sequence[str],
        title: str,
        text: str,
        rule_slug: str,
        limit_ms: int,
        done: Callable[[str, bool], None],
        /,
    ) -> None:
        assert limit_ms == 0
        self.told.append((tuple(to), title, text, rule_slug))
        done("sent", False)

    async def log(
        self,
        device: Device,
        code: str,
        text: str = "",
        kind: EventKind = EventKind.LOGGED,
    ) -> None:
        self.registry.record_event(device, kind, code, text, CONFIG)
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.fixture
async def rig() -> Rig:
    rig = Rig()
    await asyncio.sleep(0)
    return rig


@pytest.fixture(autouse=True)
async def ended(rig: Rig) -> object:
    yield
    await cancel(rig.worker)


async def test_a_declared_event_is_told_by_its_services(rig: Rig) -> None:
    await rig.log(rig.add("barn", HOT), "hot")
    assert rig.told == [(("phone",), "Barn: Too hot", "Open the window", "event:hot")]


async def test_others_are_not(rig: Rig) -> None:
    quiet = EventDefinition("quiet", "Quiet")
    barn = rig.add("barn", HOT, quiet)
    await rig.log(barn, "quiet")
    await rig.log(barn, "undeclared")
    await rig.log(barn, "hot", kind=EventKind.RESOLVED)
    await rig.log(barn, "hot", kind=EventKind.INPUT)
    await rig.log(rig.shed, "hot")
    rig.registry.record_event(barn, EventKind.LOGGED, "hot", "", CONFIG)
    rig.registry.remove("barn", CONFIG)
    await asyncio.sleep(0)
    assert rig.told == []


async def test_what_the_gateway_notices_is_told_if_it_is_declared(rig: Rig) -> None:
    power = EventDefinition("power", "Supply", notify=())
    barn = rig.add("barn", power)
    await rig.log(barn, "power", "too weak", EventKind.SYSTEM)
    await rig.log(rig.own, "power", "too weak", EventKind.SYSTEM)
    assert rig.told == [((), "Barn: Supply", "too weak", "event:power")]


async def test_each_nth_counts_and_of_those_one_in_the_period(rig: Rig) -> None:
    hot = EventDefinition("hot", "Too hot", notify=(), limit_ms=60_000, every=3)
    barn, told = rig.add("barn", hot), list[int]()
    for number in range(1, 16):
        before = len(rig.told)
        await rig.log(barn, "hot", str(number))
        if len(rig.told) > before:
            told.append(number)
        rig.pass_time(15)
    # The 3rd, and of the 6th, 9th, … the first that comes a minute later.
    assert told == [3, 9, 15]
    assert rig.parts.health.counters["event_notifications_limited"] == 2


async def test_two_of_one_device_are_apart_and_none_is_lost(rig: Rig) -> None:
    wet = EventDefinition("wet", "Too wet", notify=())
    barn, attic = rig.add("barn", HOT, wet), rig.add("attic", HOT)
    await rig.log(barn, "hot")
    await rig.log(barn, "wet")
    await rig.log(attic, "hot")
    assert [title for _, title, _, _ in rig.told] == ["Barn: Too hot", "Attic: Too hot"]
    rig.pass_time(BETWEEN_S - 1)
    assert len(rig.told) == 2
    rig.pass_time(1)
    assert rig.told[-1] == ((), "Barn: Too wet", "Too wet", "event:wet")


async def test_a_flood_waits_no_longer_than_a_minute(rig: Rig) -> None:
    barn = rig.add("barn", HOT)
    for _ in range(100):
        await rig.log(barn, "hot")
    rig.pass_time(MAX_WAIT_S)
    assert len(rig.told) == MAX_WAIT_S / BETWEEN_S + 1
    rig.pass_time(600)
    assert len(rig.told) == MAX_WAIT_S / BETWEEN_S + 1
    assert rig.parts.health.counters["event_notifications_dropped"] == 87


async def test_counts_are_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blynk_gateway.automations.event_notices.MAX_COUNTS", 2)
    codes = [EventDefinition(str(number), "x", notify=(), every=2) for number in range(3)]
    barn = rig.add("barn", *codes)
    for one in codes:
        await rig.log(barn, one.code)
    await rig.log(barn, "2")
    await rig.log(barn, "0")
    assert [rule for *_, rule in rig.told] == ["event:2"]
