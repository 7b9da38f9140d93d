"""Who is there and who is not."""

from collections.abc import AsyncIterator

import pytest

from blynk_gateway.mqtt.states.availability import Availability
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import CONFIG, Core, FakeOutlet, Sent

TOPIC = "blynk/shed/availability"


class Rig:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.core = Core(clock=self.clock)
        self.registry = self.core.registry
        self.shed = self.core.add("shed")
        self.core.changes()
        self.feature = Availability(self.core.parts)
        self.outlet = FakeOutlet()

    def tell(self) -> list[Sent]:
        self.core.tell(self.outlet, self.feature)
        return self.outlet.take()

    def seen(self) -> None:
        self.registry.seen(self.shed, self.core.clock.now_ms())

    def fall_silent(self) -> None:
        self.clock.advance(1)
        self.registry.check_silence(self.shed)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    await rig.feature.connected(rig.outlet)
    yield rig
    rig.feature.disconnected()
    rig.feature.disconnected()


async def test_all_are_told_on_a_connection(rig: Rig) -> None:
    wanted = {"blynk/pi/availability": "online", TOPIC: "offline"}
    assert rig.outlet.texts == wanted
    # Asked to fill again on the same connection.
    rig.outlet.retained.clear()
    await rig.feature.connected(rig.outlet)
    assert rig.outlet.texts == wanted


async def test_device_that_comes_and_goes_is_told_once_each(rig: Rig) -> None:
    rig.outlet.take()
    rig.registry.connected(rig.shed, CONFIG)
    rig.registry.told(rig.shed, [("ver", "1")], CONFIG)
    assert rig.tell() == [Sent(TOPIC, "online", 0, True)]
    rig.registry.disconnected(rig.shed, CONFIG)
    assert rig.tell() == [Sent(TOPIC, "offline", 0, True)]


async def test_device_without_limit_is_there_however_silent_it_is(rig: Rig) -> None:
    rig.outlet.take()
    rig.registry.connected(rig.shed, CONFIG)
    rig.shed.last_seen_ms = 1
    assert [one.payload for one in rig.tell()] == ["online"]


async def test_silent_device_is_away_until_its_next_message(rig: Rig) -> None:
    rig.core.redefine("shed", stale_after_ms=40)
    rig.registry.connected(rig.shed, CONFIG)
    rig.tell()
    assert rig.outlet.texts[TOPIC] == "online"
    rig.fall_silent()
    assert [one.payload for one in rig.tell()] == ["offline"]
    rig.seen()
    assert [one.payload for one in rig.tell()] == ["online"]


async def test_device_that_sleeps_is_there_without_a_connection(rig: Rig) -> None:
    rig.core.redefine("shed", stale_after_ms=200)
    rig.registry.connected(rig.shed, CONFIG)
    rig.registry.disconnected(rig.shed, CONFIG)
    rig.tell()
    assert rig.outlet.texts[TOPIC] == "online"
    rig.fall_silent()
    assert [one.payload for one in rig.tell()] == ["offline"]
    rig.registry.heard(rig.shed, CONFIG)
    assert [one.payload for one in rig.tell()] == ["online"]


async def test_device_that_was_never_heard_of_is_away(rig: Rig) -> None:
    rig.outlet.take()
    rig.core.redefine("shed", stale_after_ms=2**40)
    assert rig.tell() == []
    assert rig.outlet.texts[TOPIC] == "offline"


async def test_own_device_is_always_there(rig: Rig) -> None:
    rig.outlet.take()
    rig.registry.disconnected(rig.registry.get("pi"), CONFIG)
    assert rig.tell() == []


async def test_device_is_told_when_it_is_added_and_cleared_when_removed(rig: Rig) -> None:
    rig.outlet.take()
    rig.core.add("attic")
    assert [(one.topic, one.payload) for one in rig.tell()] == [
        ("blynk/attic/availability", "offline")
    ]
    rig.core.registry.remove("attic", CONFIG)
    assert [(one.topic, one.payload) for one in rig.tell()] == [("blynk/attic/availability", "")]
    rig.core.add("attic")
    assert [one.payload for one in rig.tell()] == ["offline"]


async def test_news_of_a_device_that_went_meanwhile_bring_nothing_back(rig: Rig) -> None:
    rig.outlet.take()
    rig.registry.connected(rig.shed, CONFIG)
    rig.registry.remove("shed", CONFIG)
    rig.tell()
    assert TOPIC not in rig.outlet.texts


async def test_device_removed_and_added_at_once_is_told_as_it_is(rig: Rig) -> None:
    rig.registry.connected(rig.shed, CONFIG)
    rig.tell()
    rig.registry.remove("shed", CONFIG)
    rig.core.add("shed")
    rig.tell()
    assert rig.outlet.texts[TOPIC] == "offline"
