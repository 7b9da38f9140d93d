"""Which gateway this is and which devices it has."""

import asyncio

import pytest

from blynk_gateway import __version__
from blynk_gateway.mqtt.bridge import info
from blynk_gateway.mqtt.bridge.info import Info
from tests.helpers.mqtt import CONFIG, INSTANCE_ID, RUN_ID, Core, FakeOutlet, Json, reached

TOPIC = "blynk/bridge/info"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "RENEW_EVERY_S", 0.02)


def shown(outlet: FakeOutlet) -> Json:
    """What stands at the broker."""
    return [one for one in outlet.sent if one.topic == TOPIC][-1].json


async def test_info_names_the_gateway_and_its_devices() -> None:
    core, outlet = Core(), FakeOutlet()
    core.add("shed", name="Gärtner")
    await Info(core.parts).connected(outlet)
    assert shown(outlet) == {
        "instance_id": INSTANCE_ID,
        "run_id": RUN_ID,
        "version": __version__,
        "base_topic": "blynk",
        "devices": [
            {"slug": "pi", "name": "Pi", "online": True},
            {"slug": "shed", "name": "Gärtner", "online": False},
        ],
    }
    assert list(outlet.retained) == [TOPIC]


async def test_no_token_is_shown() -> None:
    core, outlet = Core(), FakeOutlet()
    core.add("shed")
    await Info(core.parts).connected(outlet)
    assert "token" not in outlet.texts[TOPIC]


async def test_many_changes_are_told_in_one_message() -> None:
    core, outlet = Core(), FakeOutlet()
    feature = Info(core.parts)
    await feature.connected(outlet)
    for number in range(20):
        device = core.add(f"device-{number}")
        core.registry.connected(device, CONFIG)
    core.tell(outlet, feature)
    assert len(outlet.sent) == 1
    await reached(lambda: len(outlet.sent) > 1)
    assert len(outlet.sent) == 2
    assert [one["slug"] for one in shown(outlet)["devices"] if one["online"]] == [
        "pi",
        *(f"device-{number}" for number in range(20)),
    ]


async def test_what_a_device_tells_of_itself_is_no_news() -> None:
    core, outlet = Core(), FakeOutlet()
    device = core.add("shed")
    feature = Info(core.parts)
    await feature.connected(outlet)
    core.registry.told(device, [("ver", "1.0")], CONFIG)
    core.tell(outlet, feature)
    await asyncio.sleep(0.1)
    assert len(outlet.sent) == 1


async def test_nothing_comes_after_the_connection_has_ended() -> None:
    core, outlet = Core(), FakeOutlet()
    feature = Info(core.parts)
    await feature.connected(outlet)
    core.add("shed")
    core.tell(outlet, feature)
    feature.disconnected()
    feature.disconnected()
    await asyncio.sleep(0.1)
    assert len(outlet.sent) == 1


async def test_a_new_connection_gets_it_even_if_nothing_changed() -> None:
    core = Core()
    feature = Info(core.parts)
    await feature.connected(FakeOutlet())
    feature.disconnected()
    second = FakeOutlet()
    await feature.connected(second)
    assert TOPIC in second.retained
    assert list(feature.subscriptions()) == []
