"""What stands at the broker, and how it becomes what is wanted."""

import json

import pytest

from blynk_gateway.config.mqtt.options import Discovery
from blynk_gateway.errors import PeerRefused
from blynk_gateway.mqtt.discovery import board
from blynk_gateway.mqtt.discovery.board import MIGRATION, Board
from blynk_gateway.mqtt.discovery.entities.description import Description
from blynk_gateway.mqtt.discovery.entities.entity import Entity
from blynk_gateway.mqtt.discovery.entities.event_codes import event_entities
from blynk_gateway.mqtt.discovery.forms import Forms
from blynk_gateway.mqtt.discovery.ids import Ids
from blynk_gateway.mqtt.topics import Topics
from tests.helpers.mqtt import INSTANCE_ID, FakeOutlet

IDS, TOPICS = Ids(INSTANCE_ID), Topics("blynk")
FORMS = Forms("homeassistant", IDS, TOPICS)
BOTH_FORMS = (Discovery.DEVICE, Discovery.ENTITY)

OTHERS = {
    "homeassistant/device/0x00158d0001/config": "{}",
    "homeassistant/switch/0x00158d0001/switch/config": "{}",
    "homeassistant/device/blynk_ffffffffffff_shed/config": "{}",
}


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "STEP_S", 0.0)


def messages(
    form: Discovery, slug: str = "shed", component: str = "switch", codes: tuple[str, ...] = ()
) -> dict[str, str]:
    """What is wanted of a device with one pin."""
    pin = Entity(component, "v5", {"name": "Fan"})
    events = event_entities(IDS, TOPICS, slug, codes)
    entities = (pin, *events)
    return FORMS.messages(
        form, Description(slug, {}, entities, frozenset(), {}, frozenset(), frozenset())
    )


async def make_board(outlet: FakeOutlet, form: Discovery = Discovery.DEVICE) -> Board:
    made = Board(outlet, FORMS, form)
    await made.read()
    return made


@pytest.mark.parametrize("form", BOTH_FORMS)
async def test_what_is_missing_is_published_and_kept(form: Discovery) -> None:
    outlet = FakeOutlet()
    await (await make_board(outlet, form)).settle({"shed": messages(form)})
    assert outlet.texts == messages(form)
    assert outlet.rooms == len(outlet.sent)


@pytest.mark.parametrize("form", BOTH_FORMS)
async def test_what_stands_there_already_is_not_published_again(form: Discovery) -> None:
    outlet = FakeOutlet(messages(form))
    made = await make_board(outlet, form)
    await made.settle({"shed": messages(form)})
    assert outlet.sent == []
    await made.settle({"shed": messages(form)}, is_forced=True)
    assert {one.topic for one in outlet.sent} == set(messages(form))


@pytest.mark.parametrize("form", [*BOTH_FORMS, Discovery.OFF])
async def test_what_is_gone_is_cleared_and_nothing_of_others(form: Discovery) -> None:
    stands = {**OTHERS, **messages(Discovery.DEVICE), **messages(Discovery.ENTITY)}
    outlet = FakeOutlet(stands)
    made = await make_board(outlet, form)
    assert made.slugs() == ["shed"]
    await made.settle({"shed": {}})
    assert outlet.texts == OTHERS
    assert made.slugs() == []


async def test_component_that_changes_is_one_message_in_the_device_form() -> None:
    outlet = FakeOutlet(messages(Discovery.DEVICE))
    made = await make_board(outlet)
    await made.settle({"shed": messages(Discovery.DEVICE, component="sensor")})
    (sent,) = outlet.sent
    assert sent.json["components"] == {
        "v5_switch": {"platform": "switch"},
        "v5_sensor": {"platform": "sensor", "name": "Fan"},
    }
    await made.settle({"shed": messages(Discovery.DEVICE, component="sensor")})
    assert len(outlet.sent) == 1


async def test_component_that_changes_is_cleared_first_in_the_entity_form() -> None:
    old = messages(Discovery.ENTITY)
    new = messages(Discovery.ENTITY, component="sensor")
    outlet = FakeOutlet(old)
    await (await make_board(outlet, Discovery.ENTITY)).settle({"shed": new})
    assert [(one.topic, one.payload) for one in outlet.sent] == [
        *((topic, "") for topic in old),
        *new.items(),
    ]


@pytest.mark.parametrize(("before", "after"), [BOTH_FORMS, BOTH_FORMS[::-1]])
async def test_other_form_is_let_go_of_then_replaced_then_cleared(
    before: Discovery, after: Discovery
) -> None:
    old, new = messages(before), messages(after)
    outlet = FakeOutlet({**OTHERS, **old})
    await (await make_board(outlet, after)).settle({"shed": new})
    assert [(one.topic, one.payload) for one in outlet.sent] == [
        *((topic, MIGRATION) for topic in old),
        *new.items(),
        *((topic, "") for topic in old),
    ]
    assert outlet.texts == OTHERS | new


async def test_migration_that_was_cut_off_is_finished() -> None:
    old = dict.fromkeys(messages(Discovery.ENTITY), MIGRATION)
    new = messages(Discovery.DEVICE)
    outlet = FakeOutlet({**old, **new})
    await (await make_board(outlet)).settle({"shed": new})
    assert outlet.texts == new


async def test_device_without_anything_to_show_needs_no_migration() -> None:
    outlet = FakeOutlet(messages(Discovery.ENTITY))
    await (await make_board(outlet)).settle({"shed": {}})
    assert [one.payload for one in outlet.sent] == [""]


@pytest.mark.parametrize("form", BOTH_FORMS)
async def test_codes_of_events_are_found_in_either_form(form: Discovery) -> None:
    outlet = FakeOutlet({**OTHERS, **messages(form, codes=("too hot", "b"))})
    made = await make_board(outlet)
    assert sorted(made.codes()) == [("shed", "b"), ("shed", "too hot")]


async def test_broken_messages_under_our_own_ids_are_replaced() -> None:
    (topic,) = messages(Discovery.DEVICE)
    outlet = FakeOutlet({topic: b"\xff{"})
    made = await make_board(outlet)
    assert list(made.codes()) == []
    await made.settle({"shed": messages(Discovery.DEVICE)})
    assert outlet.texts == messages(Discovery.DEVICE)


async def test_what_cannot_be_read_is_not_taken_to_stand_there() -> None:
    class Mute(FakeOutlet):
        async def collect(self, *filters: str) -> dict[str, bytes]:
            if self.sent:
                raise PeerRefused(f"no right to read {filters}")
            return await super().collect(*filters)

    outlet = Mute()
    made = await make_board(outlet)
    for _ in range(2):
        await made.settle({"shed": messages(Discovery.DEVICE)})
        with pytest.raises(PeerRefused):
            await made.read()
    assert len(outlet.sent) == 2


async def test_further_topics_are_read_and_left_alone() -> None:
    outlet = FakeOutlet({"blynk/shed/v5/light": "{}"})
    made = Board(outlet, FORMS, Discovery.DEVICE)
    assert await made.read("blynk/+/+/light") == {"blynk/shed/v5/light": b"{}"}
    assert made.slugs() == []


def test_migration_is_what_home_assistant_asks_for() -> None:
    assert json.loads(MIGRATION) == {"migrate_discovery": True}
