"""Home Assistant discovery on a real broker."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from blynk_gateway.broker.connection import connect
from blynk_gateway.broker.message import Message
from blynk_gateway.broker.router import Router
from blynk_gateway.config.mqtt.options import Discovery, MqttOptions
from blynk_gateway.core.clock import SystemClock
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.discovery import announcer, board
from blynk_gateway.mqtt.discovery.announcer import Announcer
from tests.helpers.broker import Broker, Listener
from tests.helpers.mqtt import Core

SHED = "homeassistant/device/blynk_0123456789ab_shed/config"
FAN = "homeassistant/switch/blynk_0123456789ab_shed/v5_switch/config"
FOREIGN = (
    "homeassistant/switch/0x00158d0001/switch/config",
    "homeassistant/device/blynk_doctor/config",
    "homeassistant/device/blynk_0123456789a_shed/config",
    "homeassistant/switch/blynk_0123456789abc_shed/v5_switch/config",
    "homeassistant/switch/other/blynk_0123456789ab_shed/config",
    "blynk/kitchen/v1/light",
)

pytestmark = pytest.mark.component


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer, "GATHER_S", 0.05)
    monkeypatch.setattr(announcer, "REST_S", 0.0)
    monkeypatch.setattr(announcer, "BIRTH_S", 0.05)
    monkeypatch.setattr(announcer, "LISTEN_S", 0.05)
    monkeypatch.setattr(board, "STEP_S", 0.05)


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as made:
        yield made


class Announced:
    """A gateway with a fan and a strip of light, of which Home Assistant is told.

    Attributes:
        refills: how often it was asked to publish everything.
    """

    def __init__(self, port: int, form: Discovery) -> None:
        self.options = MqttOptions(host="127.0.0.1", port=port, discovery=form)
        self.core = Core(self.options, SystemClock())
        self.core.add(
            "shed",
            Datastream("V5", "Fan", DatastreamType.BOOL),
            Datastream("V6", "Strip", DatastreamType.INT, 0, 255, default=("0", "0", "0")),
        )
        self.core.changes()
        self.refills = 0
        self.feature = Announcer(
            self.core.parts,
            peripherals=dict,
            url=lambda: None,
            refill=self._refill,
            complaints=Complaints(self.core.parts),
        )
        self._router = Router()
        self._router.add(self.feature.subscriptions())

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """A connection to the broker."""
        self._connection = await connect(
            self.options,
            client_id="announcer",
            will=None,
            clock=self.core.clock,
            on_messages=self._received,
        )
        try:
            if filters := self._router.filters():
                await self._connection.subscribe(filters)
            await self.feature.connected(self._connection)
            yield
        finally:
            self.feature.disconnected()
            await self._connection.close()

    def tell(self) -> None:
        """Hand over what happened in the core."""
        for change in self.core.changes():
            self.feature.changed(change, self._connection)

    def _refill(self) -> None:
        self.refills += 1

    def _received(self, messages: list[Message]) -> None:
        for message in messages:
            for handler in self._router.handlers(message.topic):
                handler(message)
        self.tell()


@asynccontextmanager
async def announced(port: int, form: Discovery = Discovery.DEVICE) -> AsyncIterator[Announced]:
    """One that is connected."""
    made = Announced(port, form)
    async with made.connected():
        yield made


async def test_forms_follow_each_other_and_nothing_of_others_is_touched(broker: Broker) -> None:
    async with Listener(broker.port) as listener:
        for topic in FOREIGN:
            listener.publish(topic, "{}", retain=True)
        async with announced(broker.port):
            message = await listener.expect(SHED)
            assert sorted(message.json["components"]) == ["v5_switch", "v6_light"]
        async with announced(broker.port, Discovery.ENTITY):
            assert (await listener.expect(FAN)).json["name"] == "Fan"
            await listener.expect(SHED, "")
        async with announced(broker.port, Discovery.OFF):
            await listener.expect(FAN, "")
        assert [listener.of(topic) for topic in FOREIGN] == [["{}"]] * len(FOREIGN)


async def test_second_run_says_nothing_and_home_assistant_hears_everything_again(
    broker: Broker,
) -> None:
    async with Listener(broker.port) as listener:
        async with announced(broker.port):
            await listener.expect(SHED)
        async with announced(broker.port) as second:
            second.core.add("attic", Datastream("V1", "Text"))
            second.tell()
            await listener.expect(SHED.replace("shed", "attic"))
            assert len(listener.of(SHED)) == 1
            listener.publish("homeassistant/status", "online")
            await listener.until(lambda: second.refills)
            await listener.until(lambda: len(listener.of(SHED)) == 2)


async def test_light_is_switched_by_home_assistants_words(broker: Broker) -> None:
    light = "blynk/shed/v6/light"
    async with Listener(broker.port) as listener, announced(broker.port):
        await listener.expect(light)
        command = {"state": "ON", "color": {"r": 255, "g": 0, "b": 0}, "brightness": 51}
        listener.publish(f"{light}/set", json.dumps(command))
        state = await listener.until(
            lambda: [one for one in listener.heard if one.topic == light][1:]
        )
        assert state[0].json == command | {"color_mode": "rgb"}
