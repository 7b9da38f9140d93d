"""Each pin's value stands at its topic, whatever happened before."""

import asyncio

import pytest

from blynk_gateway.core.change import Change, Intent, Origin, OriginKind
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.mqtt.states.pace import AT_ONCE
from blynk_gateway.mqtt.states.values import Values
from tests.helpers.mqtt import CONFIG, Core, FakeOutlet, Sent

DEVICE = Origin(OriginKind.DEVICE, "1")
BINDING = Origin(OriginKind.BINDING, "kitchen/temperature V5")


class Rig:
    def __init__(self) -> None:
        self.core = Core()
        self.values = Values(self.core.parts)
        self.outlet = FakeOutlet()

    def write(self, device: str, pin: str, *value: str, origin: Origin = DEVICE) -> None:
        self.core.store.write(device, pin, value, origin, Intent.REPORT)

    def tell(self) -> list[Sent]:
        self.core.tell(self.outlet, self.values)
        return self.outlet.take()

    async def connect(self) -> list[Sent]:
        await self.values.connected(self.outlet)
        return self.outlet.take()


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.core.add("shed", Datastream("V1", "Fan", DatastreamType.INT, default=("0",)))
    rig.core.changes()
    return rig


def test_points_of_the_past_are_not_told(rig: Rig) -> None:
    rig.write("shed", "V5", "1")
    rig.tell()
    rig.core.store.write("shed", "V5", ("0",), DEVICE, Intent.PAST, 5)
    assert rig.tell() == []


def test_values_of_all_kinds_of_pins_are_retained_text(rig: Rig) -> None:
    rig.write("shed", "V5", "21.50")
    rig.write("shed", "V5", "21.50")
    rig.write("shed", "D5", "1")
    rig.write("shed", "A0", "512")
    rig.write("shed", "V7", "255", "0", "0")
    rig.write("shed", "V8", "\udcff")
    assert rig.tell() == [
        Sent("blynk/shed/v5", "21.50", 0, True),
        Sent("blynk/shed/v5", "21.50", 0, True),
        Sent("blynk/shed/d5", "1", 0, True),
        Sent("blynk/shed/a0", "512", 0, True),
        Sent("blynk/shed/v7", '["255", "0", "0"]', 0, True),
        Sent("blynk/shed/v8", "\N{REPLACEMENT CHARACTER}", 0, True),
    ]


async def test_everything_that_is_shown_is_told_on_a_connection(rig: Rig) -> None:
    rig.write("shed", "V5", "21")
    rig.core.add("attic")
    rig.write("attic", "V5", "x")
    rig.core.changes()
    wanted = [("blynk/shed/v1", "0"), ("blynk/shed/v5", "21"), ("blynk/attic/v5", "x")]
    for _ in range(2):
        assert [(one.topic, one.payload) for one in await rig.connect()] == wanted
        rig.values.disconnected()


async def test_change_from_before_the_fill_does_not_undo_it(rig: Rig) -> None:
    rig.write("shed", "V5", "1")
    rig.write("shed", "V5", "2")
    assert ("blynk/shed/v5", "2") in [(one.topic, one.payload) for one in await rig.connect()]
    rig.write("shed", "V5", "3")
    rig.write("shed", "V6", "a")
    assert [one.payload for one in rig.tell()] == ["3", "a"]
    # Once one is past the fill, all are.
    assert rig.values._ahead == {}


async def test_change_during_the_fill_is_told_once(rig: Rig) -> None:
    for pin in range(2, 2 * AT_ONCE):
        rig.write("shed", f"V{pin}", "old")
    rig.core.changes()

    def interfere() -> None:
        # One pin is told already, one is still to come.
        rig.write("shed", "V2", "new")
        rig.write("shed", "V90", "new")

    asyncio.get_running_loop().call_soon(interfere)
    await rig.values.connected(rig.outlet)
    rig.core.tell(rig.outlet, rig.values)
    assert rig.outlet.of("blynk/shed/v2") == ["old", "new"]
    assert rig.outlet.of("blynk/shed/v90") == ["new"]


async def test_device_removed_during_the_fill_leaves_nothing(rig: Rig) -> None:
    rig.core.add("attic", Datastream("V1", "Lamp", default=("1",)))
    for pin in range(2 * AT_ONCE):
        rig.write("shed", f"V{pin}", "1")
    rig.core.changes()
    # One is being told, the other one is still to come.
    for slug in ("shed", "attic"):
        asyncio.get_running_loop().call_soon(rig.core.registry.remove, slug, CONFIG)
    await rig.connect()
    rig.tell()
    assert rig.outlet.retained == {}


async def test_many_values_leave_time_to_others(rig: Rig) -> None:
    for pin in range(256):
        rig.write("shed", f"V{pin}", "1")
    await rig.connect()
    assert rig.outlet.rooms == 256 // AT_ONCE


def test_removal_clears_every_topic_of_the_device_and_no_other(rig: Rig) -> None:
    rig.core.add("attic")
    for pin in ("V5", "D5", "A0"):
        rig.write("shed", pin, "1")
        rig.write("attic", pin, "1")
    rig.tell()
    rig.core.registry.remove("shed", CONFIG)
    assert rig.tell() == [Sent(f"blynk/shed/{pin}", "", 0, True) for pin in ("v5", "d5", "a0")]
    assert set(rig.outlet.texts) == {f"blynk/attic/{pin}" for pin in ("v5", "d5", "a0")}
    assert "shed" not in rig.values._shelf.topics
    assert not [topic for topic in rig.values._told if "shed" in topic]


def test_device_that_comes_again_has_only_what_it_shows_now(rig: Rig) -> None:
    for pin in ("V1", "V5", "V6"):
        rig.write("shed", pin, "1")
    rig.tell()
    rig.core.registry.remove("shed", CONFIG)
    rig.core.add("shed", Datastream("V1", "Fan", default=("9",)))
    rig.write("shed", "V6", "2")
    rig.tell()
    assert rig.outlet.texts == {"blynk/shed/v1": "9", "blynk/shed/v6": "2"}


async def test_what_went_while_the_broker_was_away_is_cleared(rig: Rig) -> None:
    rig.core.add("attic")
    rig.write("attic", "V5", "1")
    rig.core.changes()
    await rig.connect()
    rig.values.disconnected()
    rig.core.registry.remove("attic", CONFIG)
    rig.core.redefine("shed", Datastream("V2", "Lamp", default=("1",)))
    rig.core.changes()
    await rig.connect()
    assert rig.outlet.texts == {"blynk/shed/v2": "1"}


async def test_definition_loses_no_value_and_follows_defaults(rig: Rig) -> None:
    rig.write("shed", "V5", "21")
    rig.core.changes()
    await rig.connect()
    rig.core.redefine(
        "shed", Datastream("V2", "Lamp", default=("1",)), Datastream("V5", "Heat", default=("5",))
    )
    rig.tell()
    assert rig.outlet.texts == {"blynk/shed/v2": "1", "blynk/shed/v5": "21"}


async def test_empty_text_leaves_nothing_at_the_broker(rig: Rig) -> None:
    rig.outlet.retained["blynk/shed/v5"] = b"from before"
    rig.write("shed", "V5", "")
    await rig.connect()
    assert "blynk/shed/v5" not in rig.outlet.texts


class TestBindings:
    """What a binding brings is told if it is news only."""

    def test_equal_value_of_a_binding_is_not_told(self, rig: Rig) -> None:
        rig.write("shed", "V5", "1", origin=BINDING)
        assert [one.payload for one in rig.tell()] == ["1"]
        rig.write("shed", "V5", "1", origin=BINDING)
        assert rig.tell() == []
        rig.write("shed", "V5", "2", origin=BINDING)
        rig.write("shed", "V5", "2", origin=DEVICE)
        assert [one.payload for one in rig.tell()] == ["2", "2"]

    async def test_equal_value_of_a_binding_is_not_told_after_a_connection(self, rig: Rig) -> None:
        rig.write("shed", "V5", "1")
        rig.core.changes()
        await rig.connect()
        rig.write("shed", "V5", "1", origin=BINDING)
        assert rig.tell() == []

    def test_equal_value_that_stands_for_a_conflated_one_is_told(self, rig: Rig) -> None:
        box = Mailbox(2, Overflow.CONFLATE)
        rig.core.bus.subscribe(box, origin=None, echo=True)
        rig.write("shed", "V5", "1")
        _follow(rig, box.drain())
        rig.write("shed", "V5", "2")
        rig.write("shed", "V5", "2", origin=BINDING)
        rig.write("shed", "V6", "1")
        changes = box.drain()
        assert len(changes) == 2
        rig.outlet.take()
        _follow(rig, changes)
        assert rig.outlet.of("blynk/shed/v5") == ["2"]


def _follow(rig: Rig, changes: list[Change]) -> None:
    for change in changes:
        rig.values.changed(change, rig.outlet)
