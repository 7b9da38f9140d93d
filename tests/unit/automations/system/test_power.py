"""`power` in the gateway's timeline."""

from pathlib import Path

from blynk_gateway.automations.system.power import GOOD, LOOK_EVERY_S, QUIET_S, PowerEvents
from blynk_gateway.runtime.power import PowerSupply
from tests.helpers.power import weak_supply, with_flags
from tests.helpers.system_events import EventRig

WEAK = "the supply is too weak (under-voltage)"


def test_a_weak_supply_is_told_once_and_good_after_a_quiet_time(tmp_path: Path) -> None:
    alarm = weak_supply(tmp_path, is_weak=False)
    rig, told = EventRig(), list[str]()
    PowerEvents(rig.timers, PowerSupply(tmp_path), told.append)
    rig.pass_time(10)
    assert told == []
    for _ in range(20):
        alarm.write_text("1\n")
        rig.pass_time(2 * LOOK_EVERY_S)
        alarm.write_text("0\n")
        rig.pass_time(QUIET_S / 2)
    assert told == [WEAK]
    rig.pass_time(QUIET_S)
    assert told == [WEAK, GOOD]


def test_more_trouble_is_told_too(tmp_path: Path) -> None:
    flags = with_flags(tmp_path, "1")
    rig, told = EventRig(), list[str]()
    PowerEvents(rig.timers, PowerSupply(tmp_path), told.append)
    flags.write_text("5\n")
    rig.pass_time(LOOK_EVERY_S)
    assert told == [WEAK, f"{WEAK}; the processor is slowed down"]


def test_what_cannot_be_read_is_neither_bad_nor_good(tmp_path: Path) -> None:
    alarm = weak_supply(tmp_path, is_weak=True)
    rig, told = EventRig(), list[str]()
    PowerEvents(rig.timers, PowerSupply(tmp_path), told.append)
    alarm.unlink()
    rig.pass_time(2 * QUIET_S)
    assert told == [WEAK]


def test_a_machine_that_tells_nothing_is_not_asked(tmp_path: Path) -> None:
    rig, told = EventRig(), list[str]()
    PowerEvents(rig.timers, PowerSupply(tmp_path), told.append)
    assert rig.timers.advance() is None
