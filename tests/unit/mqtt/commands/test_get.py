"""What `…/get` has published, and what is read for it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.core.change import Intent
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.reads import PinReads
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.commands.get import GetCommands
from blynk_gateway.mqtt.states.device_state import DeviceStates
from blynk_gateway.mqtt.states.values import Values
from tests.helpers.mqtt import CONFIG, Core, FakeOutlet, Sent, matches
from tests.helpers.ports import MemoryGpio


class Rig:
    def __init__(self) -> None:
        self.core = Core()
        self.core.add("shed", Datastream("V1", "Fan", DatastreamType.INT, default=("0",)))
        self.store = self.core.store
        parts = self.core.parts
        self.gpio = MemoryGpio(parts.store)
        self.values = Values(parts)
        self.states = DeviceStates(parts)
        reads = PinReads(parts.registry, parts.store, self.gpio)
        self.feature = GetCommands(parts, Complaints(parts), reads, self.values, self.states)
        self.outlet = FakeOutlet()

    async def connect(self) -> None:
        for feature in (self.values, self.states, self.feature):
            await feature.connected(self.outlet)
        self.core.changes()
        self.outlet.take()

    def disconnect(self) -> None:
        for feature in (self.values, self.states, self.feature):
            feature.disconnected()

    async def ask(self, *topics: str) -> list[Sent]:
        """What is published for questions, and for changes that they lead to."""
        for topic in topics:
            for one in self.feature.subscriptions():
                if matches(one.filter, f"blynk/{topic}"):
                    one.handler(Message(f"blynk/{topic}", b"whatever"))
        for _ in range(10):
            await asyncio.sleep(0)
        self.core.tell(self.outlet, self.values, self.feature)
        return self.outlet.take()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    await rig.connect()
    yield rig
    rig.disconnect()


async def test_value_is_published_as_it_stands_there(rig: Rig) -> None:
    rig.store.write("shed", "V5", ("1", "2"), CONFIG, Intent.REPORT)
    rig.core.tell(rig.outlet, rig.values)
    first = rig.outlet.take()
    assert await rig.ask("shed/v5/get") == first == [Sent("blynk/shed/v5", '["1", "2"]', 0, True)]


async def test_default_is_told_before_the_first_write(rig: Rig) -> None:
    assert await rig.ask("shed/v1/get") == [Sent("blynk/shed/v1", "0", 0, True)]


async def test_change_on_its_way_does_not_follow_the_newer_value(rig: Rig) -> None:
    for value in ("1", "2"):
        rig.store.write("shed", "V5", (value,), CONFIG, Intent.REPORT)
    assert await rig.ask("shed/v5/get") == [Sent("blynk/shed/v5", "2", 0, True)]


async def test_state_is_published_although_it_is_the_same(rig: Rig) -> None:
    assert await rig.ask("shed/get") == [Sent("blynk/shed/state", '{"v1": 0}', 0, True)]


async def test_many_questions_get_one_answer(rig: Rig) -> None:
    questions = ["shed/v1/get", "shed/get"] * 500
    topics = [one.topic for one in await rig.ask(*questions)]
    assert sorted(topics) == ["blynk/shed/state", "blynk/shed/v1"]


@pytest.mark.parametrize(
    ("topic", "place", "complaint"),
    [
        ("shed/v9/get", "shed", "never written"),
        ("shed/x/get", "shed", "no pin"),
        ("nowhere/v1/get", "bridge", "no device"),
        ("nowhere/get", "bridge", "no device"),
    ],
)
async def test_what_cannot_be_told_is_complained_of(
    rig: Rig, topic: str, place: str, complaint: str
) -> None:
    (sent,) = await rig.ask(topic)
    assert sent.topic == f"blynk/{place}/error"
    assert complaint in sent.json["message"]


async def test_pin_that_shows_nothing_is_complained_of(rig: Rig) -> None:
    rig.core.redefine("shed", Datastream("V2", "Note"))
    rig.core.changes()
    (sent,) = await rig.ask("shed/v2/get")
    assert sent.json["message"] == "shed/V2 has no value; expected it to be written first"


async def test_input_is_read_and_told_once(rig: Rig) -> None:
    rig.store.set_mode("shed", "D5", DirectPin(PinMode.IN), CONFIG)
    rig.store.write("shed", "D5", ("0",), CONFIG, Intent.REPORT)
    rig.core.changes()
    rig.gpio.on_pins["shed", "D5"] = ("1",)
    assert await rig.ask("shed/d5/get", "shed/d5/get") == [Sent("blynk/shed/d5", "1", 0, True)]
    assert rig.gpio.asked == [("shed", "D5")]


async def test_last_known_value_is_told_if_nothing_answers(rig: Rig) -> None:
    rig.store.set_mode("shed", "D5", DirectPin(PinMode.IN), CONFIG)
    rig.store.write("shed", "D5", ("0",), CONFIG, Intent.REPORT)
    rig.core.changes()
    assert await rig.ask("shed/d5/get") == [Sent("blynk/shed/d5", "0", 0, True)]
    assert rig.gpio.asked == [("shed", "D5")]


async def test_pin_that_may_not_be_read_is_complained_of(rig: Rig) -> None:
    (sent,) = await rig.ask("pi/d4/get")
    assert sent.topic == "blynk/pi/error"
    assert "not open" in sent.json["message"]


async def test_silent_pin_that_was_never_read_is_complained_of(rig: Rig) -> None:
    (sent,) = await rig.ask("shed/d5/get")
    assert sent.topic == "blynk/shed/error"
    assert sent.json["error"] == "pin.unknown"


async def test_pin_being_read_is_not_read_twice_and_others_do_not_wait(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blynk_gateway.mqtt.commands.get.MAX_READS", 1)
    rig.store.write("shed", "D6", ("1",), CONFIG, Intent.REPORT)
    rig.core.changes()
    rig.gpio.is_silent = True
    assert await rig.ask("shed/d5/get") == []
    assert await rig.ask("shed/d5/get", "shed/v1/get", "shed/d6/get") == [
        Sent("blynk/shed/v1", "0", 0, True),
        Sent("blynk/shed/d6", "1", 0, True),
    ]
    assert rig.gpio.asked == [("shed", "D5")]


@pytest.mark.parametrize("topic", ["shed/v1/get", "shed/get"])
async def test_device_that_was_removed_is_complained_of(rig: Rig, topic: str) -> None:
    await rig.ask(topic)
    rig.core.registry.remove("shed", CONFIG)
    rig.core.tell(rig.outlet, rig.values, rig.states)
    rig.outlet.take()
    assert [one.topic for one in await rig.ask(topic)] == ["blynk/bridge/error"]


async def test_refill_on_the_same_connection_doubles_no_answer(rig: Rig) -> None:
    await rig.feature.connected(rig.outlet)
    assert [one.topic for one in await rig.ask("shed/v1/get")] == ["blynk/shed/v1"]


async def test_question_of_an_earlier_connection_is_not_answered(rig: Rig) -> None:
    rig.feature.subscriptions()[1].handler(Message("blynk/shed/v1/get", b""))
    rig.disconnect()
    await rig.connect()
    assert await rig.ask() == []


async def test_read_that_ends_before_it_began_does_not_block_the_pin(rig: Rig) -> None:
    rig.gpio.is_silent = True
    rig.feature.subscriptions()[1].handler(Message("blynk/shed/d5/get", b""))
    while not rig.feature._reading:  # noqa: ASYNC110  not one turn of the loop too many
        await asyncio.sleep(0)
    rig.disconnect()
    assert rig.gpio.asked == []
    await rig.connect()
    await rig.ask("shed/d5/get")
    assert rig.gpio.asked == [("shed", "D5")]


async def test_end_of_the_connection_ends_the_answers(rig: Rig) -> None:
    rig.gpio.is_silent = True
    await rig.ask("shed/d5/get")
    rig.disconnect()
    assert await rig.ask("shed/v1/get") == []
    # On the next connection the same pin is read again.
    await rig.connect()
    await rig.ask("shed/d5/get")
    assert rig.gpio.asked == [("shed", "D5")] * 2
    assert [one.topic for one in await rig.ask("shed/v1/get")] == ["blynk/shed/v1"]
