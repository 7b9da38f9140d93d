"""The feature that tells Home Assistant of devices."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from blynk_gateway.broker.message import Message
from blynk_gateway.config.mqtt.options import Discovery, MqttOptions
from blynk_gateway.core.change import EventKind, Intent
from blynk_gateway.core.datastream import Datastream, DatastreamType
from blynk_gateway.core.presentation import Presentation
from blynk_gateway.errors import PeerRefused
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.discovery import announcer, board
from blynk_gateway.mqtt.discovery.announcer import Announcer
from tests.helpers.mqtt import CONFIG, OWN, Core, FakeOutlet, Json, Sent
from tests.helpers.patience import PATIENCE_S

PI = "homeassistant/device/blynk_0123456789ab_pi/config"
SHED = "homeassistant/device/blynk_0123456789ab_shed/config"
FAN = Datastream("V5", "Fan", DatastreamType.BOOL)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer, "GATHER_S", 0.005)
    monkeypatch.setattr(announcer, "REST_S", 0.0)
    monkeypatch.setattr(announcer, "BIRTH_S", 0.005)
    monkeypatch.setattr(announcer, "LISTEN_S", 0.0)
    monkeypatch.setattr(board, "STEP_S", 0.0)


class Told:
    """An announcer, and what it said."""

    def __init__(
        self,
        form: Discovery = Discovery.DEVICE,
        *datastreams: Datastream,
        prefix: str = "homeassistant",
    ) -> None:
        self.core = Core(MqttOptions(discovery=form, discovery_prefix=prefix))
        self.device = self.core.add("shed", *(datastreams or (FAN,)))
        self.core.changes()
        self.refills = 0
        self.outlet = FakeOutlet()
        self.announcer = Announcer(
            self.core.parts,
            peripherals=dict,
            url=lambda: "http://pi:8080/",
            refill=self._refill,
            complaints=Complaints(self.core.parts),
        )

    def _refill(self) -> None:
        self.refills += 1

    @asynccontextmanager
    async def connected(self, outlet: FakeOutlet | None = None) -> AsyncIterator[None]:
        """A connection on which everything has been told."""
        self.outlet = outlet or self.outlet
        await self.announcer.connected(self.outlet)
        try:
            await self.quiet()
            yield
        finally:
            self.announcer.disconnected()
            await asyncio.sleep(0)

    async def quiet(self) -> None:
        """Wait until nothing more is said, for many turns of the loop: each may take its time."""
        turns, count = 0, -1
        while turns < 20:
            await asyncio.sleep(0.003)
            turns = turns + 1 if count == len(self.outlet.sent) else 0
            count = len(self.outlet.sent)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.005)

    def tell(self) -> None:
        """Hand over what happened in the core."""
        self.core.tell(self.outlet, self.announcer)

    def hear(self, payload: str, *, is_retained: bool = False) -> None:
        """A message of Home Assistant about itself."""
        born = self.announcer.subscriptions()[0]
        assert born.filter == "homeassistant/status"
        born.handler(Message(born.filter, payload.encode(), is_retained=is_retained))

    def of(self, topic: str) -> list[Sent]:
        return [one for one in self.outlet.sent if one.topic == topic]

    def components(self, topic: str = SHED) -> Json:
        return self.of(topic)[-1].json["components"]


async def test_all_devices_are_announced_the_gateways_own_first() -> None:
    told = Told()
    async with told.connected():
        assert [one.topic for one in told.outlet.sent] == [PI, SHED]
        assert all(one.retain for one in told.outlet.sent)
        assert told.of(PI)[0].json["device"]["configuration_url"] == "http://pi:8080/"
        assert list(told.components()) == ["v5_switch"]


async def test_connected_returns_before_anything_is_read() -> None:
    told = Told()
    await told.announcer.connected(told.outlet)
    assert told.outlet.sent == []
    told.announcer.disconnected()
    await asyncio.sleep(0)


async def test_next_connection_publishes_differences_only() -> None:
    told = Told()
    async with told.connected():
        kept = dict(told.outlet.texts)
    told.core.redefine("shed", FAN, Datastream("V6", "Text"))
    async with told.connected(FakeOutlet(kept)):
        assert [one.topic for one in told.outlet.sent] == [SHED]


async def test_refill_of_a_broker_that_forgot_publishes_all_again() -> None:
    told = Told()
    async with told.connected():
        told.outlet.retained.clear()
        await told.announcer.connected(told.outlet)
        await told.quiet()
        assert [one.topic for one in told.outlet.sent] == [PI, SHED] * 2


async def test_changes_are_gathered_into_one_message() -> None:
    told = Told()
    async with told.connected():
        told.outlet.take()
        for number in range(10, 20):
            told.core.store.write("shed", f"V{number}", ("1",), CONFIG, Intent.REPORT)
            told.core.registry.set_property(
                told.device, f"V{number}", "label", (f"Pin {number}",), CONFIG
            )
        told.tell()
        await told.quiet()
        (sent,) = told.outlet.sent
        assert [one["name"] for one in sent.json["components"].values()] == [
            *(f"Pin {number}" for number in range(10, 20)),
            "Fan",
        ]


async def test_label_that_changes_all_the_time_is_told_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(announcer, "REST_S", 0.1)
    told = Told()
    async with told.connected():
        told.outlet.take()
        began = asyncio.get_running_loop().time()
        for number in range(60):
            told.core.registry.set_property(told.device, "V5", "label", (str(number),), CONFIG)
            told.tell()
            await asyncio.sleep(0.005)
        await told.until(lambda: told.components()["v5_switch"]["name"] == "59")
        took_s = asyncio.get_running_loop().time() - began
        assert 2 <= len(told.outlet.sent) <= took_s / announcer.REST_S + 2


async def test_value_of_a_known_pin_announces_nothing() -> None:
    told = Told()
    told.core.store.write("shed", "V5", ("0",), CONFIG, Intent.REPORT)
    async with told.connected():
        told.outlet.take()
        told.core.changes()
        told.core.store.write("shed", "V5", ("1",), CONFIG, Intent.REPORT)
        told.tell()
        await told.quiet()
        assert told.outlet.sent == []


async def test_pin_that_becomes_another_component_takes_the_old_one_away() -> None:
    told = Told()
    async with told.connected():
        told.core.registry.set_property(told.device, "V5", "isDisabled", ("1",), CONFIG)
        told.tell()
        await told.quiet()
        components = told.components()
        assert components["v5_switch"] == {"platform": "switch"}
        assert components["v5_binary_sensor"]["name"] == "Fan"


async def test_removed_device_is_taken_away_and_a_new_one_announced() -> None:
    told = Told()
    async with told.connected():
        told.core.registry.remove("shed", CONFIG)
        told.core.add("attic", FAN)
        told.tell()
        await told.quiet()
        attic = SHED.replace("shed", "attic")
        assert set(told.outlet.texts) == {PI, attic}


async def test_event_is_an_entity_from_its_first_occurrence_on_and_after_a_restart() -> None:
    told = Told()
    async with told.connected():
        told.core.registry.record_event(told.device, EventKind.LOGGED, "too hot", "", CONFIG)
        told.tell()
        await told.quiet()
        kept = dict(told.outlet.texts)
    again = Told()
    async with again.connected(FakeOutlet(kept)):
        assert again.outlet.sent == []


async def test_pin_that_is_an_event_is_told_to_nobody_again() -> None:
    told = Told(Discovery.DEVICE, Datastream("V5", "Bell", presentation=Presentation("event")))
    async with told.connected():
        topic = told.components()["v5_event"]["state_topic"]
        told.core.store.write("shed", "V5", ("1",), CONFIG, Intent.REPORT)
        told.tell()
        await told.announcer.connected(told.outlet)
        await told.quiet()
        assert told.of(topic) == [Sent(topic, "1")]
        told.core.redefine("shed", FAN)
        told.tell()
        await told.quiet()
        told.core.store.write("shed", "V5", ("0",), CONFIG, Intent.REPORT)
        told.tell()
        assert len(told.of(topic)) == 1


async def test_own_messages_of_a_device_that_is_gone_are_cleared() -> None:
    gone = SHED.replace("shed", "gone")
    others = {"homeassistant/device/0x1/config": "{}"}
    told = Told()
    async with told.connected(FakeOutlet({gone: "{}", **others})):
        assert set(told.outlet.texts) == {PI, SHED, *others}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Discovery.DEVICE, Discovery.ENTITY),
        (Discovery.ENTITY, Discovery.DEVICE),
        (Discovery.DEVICE, Discovery.OFF),
        (Discovery.ENTITY, Discovery.OFF),
    ],
)
async def test_other_form_replaces_what_stands_there(before: Discovery, after: Discovery) -> None:
    first, fresh, second = Told(before), Told(after), Told(after)
    async with first.connected(), fresh.connected():
        pass
    async with second.connected(FakeOutlet(first.outlet.texts)):
        assert second.outlet.texts == fresh.outlet.texts
        assert (not second.outlet.texts) == (after is Discovery.OFF)


async def test_without_discovery_nothing_is_heard_and_nothing_followed() -> None:
    told = Told(Discovery.OFF)
    assert list(told.announcer.subscriptions()) == []
    async with told.connected():
        told.core.add("attic", FAN)
        told.tell()
        await told.quiet()
        assert told.outlet.sent == []


async def test_home_assistant_that_comes_is_told_everything_and_all_states_when_it_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(announcer, "LISTEN_S", 1.0)
    told = Told()
    async with told.connected():
        told.outlet.take()
        told.hear("online")
        await told.quiet()
        assert [one.topic for one in told.outlet.sent] == [PI, SHED]
        assert told.refills == 0
        await told.until(lambda: told.refills)


def test_birth_is_awaited_where_home_assistant_and_where_its_owner_may_put_it() -> None:
    filters = [one.filter for one in Told(prefix="ha").announcer.subscriptions()]
    assert filters == ["ha/status", "homeassistant/status", "blynk/+/+/light/set"]


@pytest.mark.parametrize(("payload", "is_retained"), [("offline", False), ("online", True)])
async def test_home_assistant_that_goes_or_was_there_is_told_nothing(
    payload: str, is_retained: bool
) -> None:
    told = Told()
    async with told.connected():
        told.outlet.take()
        told.hear(payload, is_retained=is_retained)
        await told.quiet()
        assert (told.outlet.sent, told.refills) == ([], 0)


async def test_flood_of_births_is_answered_once_in_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = Told()
    async with told.connected():
        for _ in range(50):
            told.hear("online")
            await asyncio.sleep(0.005)
        await told.quiet()
        assert told.refills == 1


async def test_lights_are_told_in_their_own_words() -> None:
    strip = Datastream("V5", "Strip", DatastreamType.INT, 0, 255, default=("0", "0", "0"))
    told = Told(Discovery.DEVICE, strip)
    stale = "blynk/shed/v9/light"
    async with told.connected(FakeOutlet({stale: "{}"})):
        light = "blynk/shed/v5/light"
        assert told.of(light)[-1].json == {"state": "OFF"}
        assert stale not in told.outlet.texts
        filters = [one.filter for one in told.announcer.subscriptions()]
        assert filters == ["homeassistant/status", "blynk/+/+/light/set"]
        told.core.store.write("shed", "V5", ("255", "0", "0"), CONFIG, Intent.REPORT)
        told.tell()
        assert told.of(light)[-1].json["state"] == "ON"
        told.core.registry.remove("shed", CONFIG)
        told.tell()
        await told.quiet()
        assert light not in told.outlet.texts


async def test_changes_are_told_while_the_next_birth_waits() -> None:
    told = Told()
    async with told.connected():
        told.hear("online")
        await told.until(lambda: told.refills)
        told.hear("online")
        told.outlet.take()
        told.core.redefine("shed", FAN, Datastream("V6", "Text"))
        told.tell()
        await told.quiet()
        assert [one.topic for one in told.outlet.sent] == [SHED]


async def test_birth_that_comes_after_the_end_of_a_connection_is_forgotten() -> None:
    told = Told()
    async with told.connected():
        told.hear("online")
    await asyncio.sleep(0.1)
    assert told.refills == 0


async def test_broker_that_shows_nothing_is_told_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Mute(FakeOutlet):
        async def collect(self, *filters: str) -> dict[str, bytes]:
            raise PeerRefused(f"no right to read {filters}")

    told = Told()
    async with told.connected(Mute()):
        assert set(told.outlet.texts) == {PI, SHED}
        assert "discovery messages not read" in caplog.text


async def test_broker_that_could_not_be_read_is_read_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Busy(FakeOutlet):
        tries = 0

        async def collect(self, *filters: str) -> dict[str, bytes]:
            self.tries += 1
            if self.tries == 1:
                raise PeerRefused("too many connections")
            return await super().collect(*filters)

    monkeypatch.setattr(announcer, "REREAD_S", 0.05)
    stale = SHED.replace("shed", "gone")
    told, busy = Told(Discovery.OFF), Busy({stale: "{}"})
    async with told.connected(busy):
        await told.until(lambda: stale not in busy.texts)
        await told.quiet()
        assert busy.tries == 2


async def test_hundreds_of_devices_leave_others_their_turn() -> None:
    told = Told()
    for number in range(300):
        told.core.add(f"device-{number}", FAN)
    turns = 0
    async with told.connected():
        told.core.changes()
        told.hear("online")
        while not told.refills:
            await asyncio.sleep(0)
            turns += 1
    assert turns >= 300
    assert told.outlet.rooms >= 600


def test_own_device_is_known_by_its_slug() -> None:
    assert PI.endswith(f"_{OWN}/config")
