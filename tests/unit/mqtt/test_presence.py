from blynk_gateway.core.change import Origin, OriginKind, StatusChange
from blynk_gateway.mqtt.presence import Presence
from tests.helpers.clock import FakeClock
from tests.helpers.mqtt import Core

ORIGIN = Origin(OriginKind.MQTT)


def made() -> tuple[Core, Presence]:
    core = Core()
    core.add("kitchen")
    core.changes()
    return core, Presence(core.registry, core.clock, ORIGIN)


def test_first_message_connects_a_device_once() -> None:
    core, presence = made()
    presence.heard("kitchen")
    presence.heard("kitchen")
    assert core.registry.get("kitchen").connections == 1
    (change,) = core.changes()
    assert isinstance(change, StatusChange)
    assert (change.is_online, change.origin) == (True, ORIGIN)


def test_each_message_is_a_sign_of_life() -> None:
    core, presence = made()
    assert isinstance(core.clock, FakeClock)
    presence.heard("kitchen")
    core.clock.advance(60)
    presence.heard("kitchen")
    assert core.registry.get("kitchen").last_seen_ms == core.clock.now_ms()


def test_end_of_the_connection_takes_back_what_it_brought_and_no_more() -> None:
    core, presence = made()
    device = core.registry.get("kitchen")
    core.registry.connected(device, ORIGIN)
    presence.heard("kitchen")
    presence.disconnected()
    presence.disconnected()
    assert device.connections == 1


def test_next_connection_begins_anew() -> None:
    core, presence = made()
    presence.heard("kitchen")
    presence.disconnected()
    presence.heard("kitchen")
    assert core.registry.get("kitchen").is_online


def test_single_device_may_leave() -> None:
    core, presence = made()
    presence.heard("kitchen")
    presence.left("kitchen")
    presence.left("kitchen")
    assert core.registry.get("kitchen").connections == 0


def test_unknown_device_is_nobody() -> None:
    core, presence = made()
    presence.heard("cellar")
    assert core.changes() == []


def test_device_that_took_the_name_of_a_removed_one_counts_for_itself() -> None:
    core, presence = made()
    presence.heard("kitchen")
    core.registry.remove("kitchen", ORIGIN)
    device = core.add("kitchen", token="another")
    presence.heard("kitchen")
    assert device.connections == 1
    presence.disconnected()
    assert device.connections == 0
