"""All pins of a device in one object, now and then."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.value import PinValue
from blynk_gateway.mqtt.states.device_state import DeviceStates, state_json
from tests.helpers.mqtt import CONFIG, Core, FakeOutlet, Json, reached

DEVICE = Origin(OriginKind.DEVICE, "1")
TOPIC = "blynk/shed/state"


def state(pin: str, value: PinValue, type_: DatastreamType | None = None) -> PinState:
    datastream = None if type_ is None else Datastream(pin, "It", type_)
    return PinState(pin, value, 0, 0, datastream)


@pytest.mark.parametrize(
    ("pin", "type_", "value", "shown"),
    [
        ("V5", DatastreamType.DOUBLE, ("21.50",), "21.5"),
        ("V5", DatastreamType.DOUBLE, ("21.0",), "21"),
        ("V5", DatastreamType.DOUBLE, ("1e3",), "1000"),
        ("V5", DatastreamType.DOUBLE, ("1e300",), "1e+300"),
        ("V5", DatastreamType.INT, ("-7",), "-7"),
        ("V5", DatastreamType.BOOL, ("1",), "1"),
        ("V5", DatastreamType.ENUM, ("2",), "2"),
        # Restored from a time when it was another datastream.
        ("V5", DatastreamType.INT, ("warm",), '"warm"'),
        ("V5", DatastreamType.DOUBLE, ("nan",), '"nan"'),
        ("V5", DatastreamType.STRING, ("21.50",), '"21.50"'),
        ("V5", DatastreamType.STRING, ("",), '""'),
        ("V5", DatastreamType.LOCATION, ("13.4", "52.5"), '["13.4", "52.5"]'),
        ("V5", DatastreamType.INT, ("1", "2"), '["1", "2"]'),
        ("V5", None, ("21.50",), '"21.50"'),
        ("V5", None, ("°\udcff",), '"°\N{REPLACEMENT CHARACTER}"'),
        ("D5", None, ("1",), "1"),
        ("A0", None, ("512",), "512"),
    ],
)
def test_numbers_are_numbers_where_they_are_meant_so(
    pin: str, type_: DatastreamType | None, value: PinValue, shown: str
) -> None:
    assert state_json([state(pin, value, type_)]) == f'{{"{pin.lower()}": {shown}}}'


def test_defaults_are_shown_and_pins_without_value_left_out() -> None:
    unknown = state("V1", (), DatastreamType.INT)
    given = PinState("V2", (), 0, 0, Datastream("V2", "Fan", DatastreamType.INT, default=("1",)))
    assert state_json([unknown, given]) == '{"v2": 1}'
    assert state_json([]) == "{}"


class Rig:
    def __init__(self) -> None:
        self.core = Core()
        self.core.add("shed")
        self.core.changes()
        self.feature = DeviceStates(self.core.parts)
        self.outlet = FakeOutlet()

    def write(self, device: str, pin: str, *value: str) -> None:
        self.core.store.write(device, pin, value, DEVICE, Intent.REPORT)

    def tell(self) -> None:
        self.core.tell(self.outlet, self.feature)

    def states(self, topic: str = TOPIC) -> list[Json]:
        return [one.json for one in self.outlet.sent if one.topic == topic and one.payload]


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr("blynk_gateway.mqtt.states.device_state.EVERY_S", 0.05)
    rig = Rig()
    await rig.feature.connected(rig.outlet)
    yield rig
    rig.feature.disconnected()
    rig.feature.disconnected()


async def test_all_are_told_on_a_connection(rig: Rig) -> None:
    assert rig.outlet.texts == {"blynk/pi/state": "{}", TOPIC: "{}"}
    rig.outlet.take()
    # Asked to fill again on the same connection: all, also what is the same.
    await rig.feature.connected(rig.outlet)
    assert [one.topic for one in rig.outlet.sent] == ["blynk/pi/state", TOPIC]


async def test_others_get_their_turn_after_each_device(rig: Rig) -> None:
    rig.outlet.take()
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(lambda: turns.append(len(rig.outlet.sent)))
    await rig.feature.connected(rig.outlet)
    assert (turns, len(rig.outlet.sent)) == ([1], 2)


async def test_burst_is_told_at_once_and_the_last_value_always(rig: Rig) -> None:
    rig.outlet.take()
    for pin in range(5):
        rig.write("shed", f"V{pin}", "x")
    rig.tell()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert rig.states() == [{f"v{pin}": "x" for pin in range(5)}]
    for number in range(100):
        rig.write("shed", "V0", str(number))
        rig.tell()
        await asyncio.sleep(0)
    assert len(rig.states()) == 1
    await reached(lambda: rig.states()[-1]["v0"] == "99")
    assert len(rig.states()) == 2


async def test_state_that_stayed_the_same_is_told_only_if_asked_for(rig: Rig) -> None:
    rig.write("shed", "V5", "1")
    rig.tell()
    await reached(lambda: rig.states() == [{}, {"v5": "1"}])
    rig.write("shed", "V5", "1")
    rig.tell()
    rig.write("pi", "V5", "1")
    rig.tell()
    await reached(lambda: rig.states("blynk/pi/state")[1:] == [{"v5": "1"}])
    assert len(rig.states()) == 2
    rig.feature.again("shed")
    await reached(lambda: rig.states() == [{}, {"v5": "1"}, {"v5": "1"}])


async def test_definition_is_followed(rig: Rig) -> None:
    rig.write("shed", "V5", "21.50")
    rig.core.redefine("shed", Datastream("V5", "Heat", DatastreamType.DOUBLE))
    rig.core.add("attic")
    rig.tell()
    await reached(lambda: rig.states()[-1] == {"v5": 21.5})
    await reached(lambda: rig.outlet.texts.get("blynk/attic/state") == "{}")


async def test_removal_clears_the_topic_also_of_what_was_about_to_be_told(rig: Rig) -> None:
    rig.write("shed", "V5", "1")
    rig.tell()
    rig.core.registry.remove("shed", CONFIG)
    rig.tell()
    rig.write("pi", "V5", "1")
    rig.tell()
    await reached(lambda: rig.outlet.texts["blynk/pi/state"] != "{}")
    assert TOPIC not in rig.outlet.texts


async def test_nothing_is_told_after_the_end_of_the_connection(rig: Rig) -> None:
    rig.outlet.take()
    rig.write("shed", "V5", "1")
    rig.tell()
    rig.feature.disconnected()
    for _ in range(5):
        await asyncio.sleep(0)
    assert rig.outlet.sent == []
    await rig.feature.connected(rig.outlet)
    assert rig.states() == [{"v5": "1"}]
    rig.write("shed", "V5", "2")
    rig.tell()
    await reached(lambda: rig.states()[-1] == {"v5": "2"})
