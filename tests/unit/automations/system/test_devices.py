"""`online`, `offline` and `stale` in timelines."""

import pytest

from blynk_gateway.automations.system.devices import BURST, EVERY_S, GRACE_S, DeviceEvents
from blynk_gateway.core.device import Device
from tests.helpers.system_events import CONFIG, EventRig


class Rig(EventRig):
    def __init__(self) -> None:
        super().__init__()
        self.begin({})

    def begin(self, told: dict[str, str]) -> None:
        self.events = DeviceEvents(self.parts, self.timers, told)

    def come(self, device: Device) -> None:
        self.registry.connected(device, CONFIG)
        self.events.look(device.slug)

    def go(self, device: Device) -> None:
        self.registry.disconnected(device, CONFIG)
        self.events.look(device.slug)

    def check(self, device: Device) -> None:
        self.registry.check_silence(device)
        self.events.look(device.slug)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_device_that_comes_and_goes_is_told_at_once(rig: Rig) -> None:
    rig.come(rig.shed)
    rig.go(rig.shed)
    rig.events.look("shed")
    assert rig.entries() == ["shed online", "shed offline"]


def test_the_gateway_itself_and_who_is_gone_are_not(rig: Rig) -> None:
    rig.come(rig.own)
    rig.events.look("nobody")
    assert rig.entries() == []


def test_a_device_that_was_never_there_is_not_offline(rig: Rig) -> None:
    rig.pass_time(GRACE_S)
    rig.events.look("shed")
    assert rig.entries() == []


def test_devices_that_come_back_after_a_restart_are_no_news(rig: Rig) -> None:
    slugs = [f"d{number}" for number in range(500)]
    devices = [rig.add(slug) for slug in slugs]
    rig.begin(dict.fromkeys(slugs, "online"))
    for device in devices[1:]:
        rig.events.look(device.slug)
        rig.come(device)
    assert rig.entries() == []
    rig.pass_time(GRACE_S, 10)
    assert rig.entries() == ["d0 offline"]
    rig.come(devices[0])
    assert rig.entries() == ["d0 online"]


def test_who_was_told_offline_before_the_restart_is_told_when_it_comes(rig: Rig) -> None:
    rig.begin({"shed": "offline"})
    rig.come(rig.shed)
    assert rig.entries() == ["shed online"]


def test_a_board_that_sleeps_is_told_when_it_does_not_wake(rig: Rig) -> None:
    board = rig.add("board", stale_after_ms=60_000)
    rig.pass_time(GRACE_S)
    for _ in range(20):
        rig.come(board)
        rig.go(board)
        rig.pass_time(30)
        rig.check(board)
    assert rig.entries() == ["board online"]
    rig.pass_time(31)
    rig.check(board)
    assert rig.entries() == ["board offline: nothing heard for 60 s"]


def test_a_connection_without_a_word_is_stale_and_offline_when_it_ends(rig: Rig) -> None:
    board = rig.add("board", stale_after_ms=60_000)
    rig.pass_time(GRACE_S)
    rig.come(board)
    rig.pass_time(61)
    rig.check(board)
    rig.go(board)
    rig.registry.heard(board, CONFIG)
    rig.events.look("board")
    assert rig.entries() == [
        "board online",
        "board stale: nothing heard for 60 s",
        "board offline: nothing heard for 60 s",
        "board online",
    ]


def test_one_that_flaps_is_cut_and_ends_as_it_is(rig: Rig) -> None:
    rig.pass_time(GRACE_S)
    for _ in range(100):
        rig.come(rig.shed)
        rig.go(rig.shed)
    rig.come(rig.shed)
    entries = rig.entries()
    assert len(entries) == BURST
    assert entries[-1] == "shed offline"
    assert rig.parts.health.counters["system_events_limited"] == 96
    rig.pass_time(EVERY_S)
    assert rig.entries() == ["shed online"]
    rig.pass_time(10 * EVERY_S)
    assert rig.entries() == []


def test_a_device_that_is_added_anew_is_another_one(rig: Rig) -> None:
    rig.pass_time(GRACE_S)
    rig.come(rig.shed)
    rig.registry.remove("shed", CONFIG)
    rig.events.look("shed")
    rig.come(rig.add("shed"))
    assert rig.entries() == ["shed online", "shed online"]
