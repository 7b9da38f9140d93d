"""Entries of timelines, and how many a device may add."""

import pytest

from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import EventChange, EventKind, Origin, OriginKind
from blynk_gateway.core.definition import DeviceDefinition
from blynk_gateway.core.device import Device
from blynk_gateway.core.event_log import EventLog, OpenCodes
from blynk_gateway.core.events import ALL
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.quota import EVENTS_PER_DAY
from tests.helpers.clock import FakeClock

ORIGIN = Origin(OriginKind.DEVICE, "1")


class Rig:
    def __init__(self) -> None:
        self.clock = FakeClock()
        bus = PinBus()
        self.log = EventLog(bus, self.clock)
        self.device = Device(DeviceDefinition("shed", "Shed", "token-of-shed"))
        self._mailbox = Mailbox(10_000, Overflow.CLOSE)
        bus.subscribe(self._mailbox, origin=None, echo=True)

    def record(self, kind: EventKind, description: str = "") -> int:
        """How many entries that makes."""
        self.log.record(self.device, kind, "hot", description, ORIGIN)
        return sum(isinstance(one, EventChange) for one in self._mailbox.drain())

    def may_log(self, code: str = "hot") -> bool:
        return self.log.may_log(self.device, code)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_events_are_a_second_apart_by_code_and_a_hundred_a_day_in_all(rig: Rig) -> None:
    assert rig.may_log()
    rig.clock.advance(0.9)
    assert not rig.may_log()
    assert rig.may_log("cold")
    rig.clock.advance(0.1)
    assert rig.may_log()
    assert sum(rig.may_log(f"code {number}") for number in range(200)) == EVENTS_PER_DAY - 3
    rig.clock.advance(86_400)
    assert rig.may_log()


def test_limits_are_of_one_device(rig: Rig) -> None:
    other = Device(DeviceDefinition("barn", "Barn", "token-of-barn"))
    assert rig.may_log()
    assert rig.log.may_log(other, "hot")


def test_firmware_that_resolves_again_and_again_leaves_one_entry(rig: Rig) -> None:
    assert rig.record(EventKind.LOGGED) == 1
    assert rig.record(EventKind.RESOLVED, ALL) == 1
    assert [rig.record(EventKind.RESOLVED, ALL) for _ in range(3)] == [0, 0, 0]
    assert rig.record(EventKind.RESOLVED) == 0
    # What was not recorded is not counted either: a later event can still be resolved.
    assert all(rig.log.may_resolve(rig.device, "hot") for _ in range(2 * EVENTS_PER_DAY))
    assert rig.record(EventKind.LOGGED) == 1
    assert rig.record(EventKind.RESOLVED) == 1
    assert rig.record(EventKind.RESOLVED) == 0


def test_resolutions_of_what_may_be_open_are_limited(rig: Rig) -> None:
    rig.record(EventKind.LOGGED)
    taken = sum(rig.log.may_resolve(rig.device, "hot") for _ in range(2 * EVENTS_PER_DAY))
    assert taken == EVENTS_PER_DAY


def test_what_was_never_logged_is_not_resolved(rig: Rig) -> None:
    assert [rig.record(EventKind.RESOLVED) for _ in range(3)] == [0, 0, 0]
    assert rig.record(EventKind.RESOLVED, ALL) == 0
    # Firmware that resolves whenever all is well: the one time that matters is not refused.
    assert all(rig.log.may_resolve(rig.device, "hot") for _ in range(2 * EVENTS_PER_DAY))


def test_what_an_earlier_run_left_open_can_be_resolved(rig: Rig) -> None:
    for kind in (EventKind.RESOLVED, EventKind.LOGGED, EventKind.LOGGED, EventKind.RESOLVED):
        rig.log.restore(rig.device, kind, "hot", "")
    assert [rig.record(EventKind.RESOLVED) for _ in range(2)] == [1, 0]


def test_too_many_open_codes_may_all_be_open() -> None:
    codes = OpenCodes()
    for number in range(1000):
        codes.logged(str(number))
    # That errs on the side of one entry more.
    assert codes.resolve("0", is_all=False)
    assert codes.resolve("0", is_all=False)
    assert codes.resolve("999", is_all=False)
