"""Widget properties stand at their topics."""

import asyncio

import pytest

from blynk_gateway.mqtt.states.pace import AT_ONCE
from blynk_gateway.mqtt.states.properties import Properties
from tests.helpers.mqtt import CONFIG, Core, FakeOutlet, Sent


class Rig:
    def __init__(self) -> None:
        self.core = Core()
        self.core.add("shed")
        self.core.changes()
        self.feature = Properties(self.core.parts)
        self.outlet = FakeOutlet()

    def set(self, device: str, pin: str, name: str, *value: str) -> None:
        self.core.registry.set_property(self.core.registry.get(device), pin, name, value, CONFIG)

    def tell(self) -> list[Sent]:
        self.core.tell(self.outlet, self.feature)
        return self.outlet.take()


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_property_is_retained_text(rig: Rig) -> None:
    rig.set("shed", "V5", "label", "Größe")
    rig.set("shed", "V5", "labels", "off", "auto")
    rig.set("shed", "V5", "color", "\udcff")
    assert rig.tell() == [
        Sent("blynk/shed/v5/prop/label", "Größe", 0, True),
        Sent("blynk/shed/v5/prop/labels", '["off", "auto"]', 0, True),
        Sent("blynk/shed/v5/prop/color", "\N{REPLACEMENT CHARACTER}", 0, True),
    ]


async def test_all_are_told_on_a_connection_and_none_is_undone(rig: Rig) -> None:
    rig.set("shed", "V5", "label", "old")
    rig.set("shed", "V5", "label", "new")
    await rig.feature.connected(rig.outlet)
    rig.tell()
    assert set(rig.outlet.of("blynk/shed/v5/prop/label")) <= {"new"}
    assert rig.outlet.texts == {"blynk/shed/v5/prop/label": "new"}


def test_removal_clears_those_of_the_device_and_no_other(rig: Rig) -> None:
    rig.core.add("attic")
    for device in ("shed", "attic"):
        rig.set(device, "V5", "label", "x")
        rig.set(device, "V6", "min", "0")
    rig.tell()
    rig.core.redefine("attic", name="Loft")
    rig.core.registry.remove("shed", CONFIG)
    rig.tell()
    assert set(rig.outlet.texts) == {"blynk/attic/v5/prop/label", "blynk/attic/v6/prop/min"}
    assert rig.feature._shelf.topics.keys() == {"attic"}


def test_change_that_is_told_after_the_removal_brings_nothing_back(rig: Rig) -> None:
    rig.set("shed", "V5", "label", "x")
    rig.core.registry.remove("shed", CONFIG)
    rig.tell()
    assert rig.outlet.retained == {}


def test_device_that_comes_again_has_only_its_new_ones(rig: Rig) -> None:
    rig.set("shed", "V5", "label", "x")
    rig.set("shed", "V6", "label", "x")
    rig.tell()
    rig.core.registry.remove("shed", CONFIG)
    rig.core.add("shed")
    rig.set("shed", "V6", "label", "y")
    rig.tell()
    assert rig.outlet.texts == {"blynk/shed/v6/prop/label": "y"}


async def test_what_went_while_the_broker_was_away_is_cleared(rig: Rig) -> None:
    rig.set("shed", "V5", "label", "x")
    rig.tell()
    rig.core.registry.remove("shed", CONFIG)
    rig.core.changes()
    await rig.feature.connected(rig.outlet)
    assert rig.outlet.retained == {}


async def test_device_removed_during_the_fill_leaves_nothing(rig: Rig) -> None:
    for pin in range(2 * AT_ONCE):
        rig.set("shed", f"V{pin}", "label", "x")
    rig.core.changes()
    asyncio.get_running_loop().call_soon(rig.core.registry.remove, "shed", CONFIG)
    await rig.feature.connected(rig.outlet)
    assert len(rig.outlet.sent) == AT_ONCE
    rig.tell()
    assert rig.outlet.retained == {}
    rig.feature.disconnected()
