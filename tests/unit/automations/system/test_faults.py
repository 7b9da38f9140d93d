"""`fault` and `recovered` in the gateway's timeline."""

import pytest

from blynk_gateway.automations.system.faults import BURST, EVERY_S, LASTS_S, FaultEvents
from blynk_gateway.runtime.health import HealthState
from tests.helpers.system_events import EventRig

OK, DEGRADED, FAILED = HealthState.OK, HealthState.DEGRADED, HealthState.FAILED


class Rig(EventRig):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.health = self.parts.health

    def begin(self) -> None:
        FaultEvents(self.parts, self.timers, lambda code, text: self.told.append(f"{code} {text}"))

    def report(self, state: HealthState, detail: str = "") -> None:
        self.health.report("mqtt", state, detail)


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.begin()
    return rig


def test_a_fault_that_lasts_is_told_and_its_end_at_once(rig: Rig) -> None:
    rig.report(DEGRADED, "no broker")
    rig.pass_time(LASTS_S - 1)
    assert rig.told == []
    rig.pass_time(1)
    rig.report(DEGRADED, "still no broker")
    rig.pass_time(100)
    rig.report(OK)
    rig.timers.advance()
    assert rig.told == ["fault mqtt: no broker", "recovered mqtt"]


def test_what_is_over_before_it_lasts_was_none(rig: Rig) -> None:
    rig.report(DEGRADED, "connecting")
    rig.report(OK)
    rig.pass_time(100)
    assert rig.told == []


def test_a_fault_that_grows_is_told_again_and_one_that_shrinks_is_not(rig: Rig) -> None:
    rig.report(DEGRADED, "slow")
    rig.pass_time(LASTS_S)
    rig.report(FAILED, "dead")
    rig.pass_time(LASTS_S)
    rig.report(DEGRADED, "slow")
    rig.pass_time(LASTS_S)
    assert rig.told == ["fault mqtt: slow", "fault mqtt: dead"]


def test_faults_from_before_the_start_are_told() -> None:
    rig = Rig()
    rig.report(FAILED, "dead")
    rig.begin()
    rig.pass_time(LASTS_S)
    assert rig.told == ["fault mqtt: dead"]


def test_one_that_flaps_is_cut_and_ends_as_it_is(rig: Rig) -> None:
    for _ in range(20):
        rig.report(DEGRADED, "away")
        rig.pass_time(LASTS_S)
        rig.report(OK)
        rig.pass_time(1)
    rig.report(FAILED, "dead")
    # Some come back with the time that has passed.
    assert BURST <= len(rig.told) <= BURST + 1
    assert rig.health.counters["system_events_limited"] > 0
    rig.pass_time(2 * EVERY_S)
    assert rig.told[-1] == "fault mqtt: dead"
