"""The course of one run: order, waits, pulses, chains, faults."""

import logging

import pytest

from blynk_gateway.config.automations.options import (
    Action,
    DelayAction,
    EventAction,
    PulseAction,
    SetAction,
)
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.automations import RunOutcome
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.store import MAX_DEPTH
from tests.unit.automations.runs.system import System, results, rule, setting

PUMP = PinAddress("a", "V1")


def test_what_needs_no_waiting_is_done_at_once() -> None:
    system = System()
    run = system.start(rule("Hot", setting(a_V1="1"), setting(a_V2="2")))
    assert run is not None
    assert system.writes == ["a/V1 = 1", "a/V2 = 2"]
    assert run.outcome is RunOutcome.DONE
    assert run.ended_ms == system.clock.now_ms()


def test_rule_without_actions_is_done() -> None:
    run = System().start(rule("Hot"))
    assert run is not None
    assert run.outcome is RunOutcome.DONE


def test_what_follows_a_delay_is_done_after_it() -> None:
    system = System()
    options = rule("Hot", setting(a_V1="1"), DelayAction(2500), setting(a_V1="0"))
    run = system.start(options)
    assert run is not None
    system.advance(2.4)
    assert system.writes == ["a/V1 = 1"]
    assert [one[1] for one in results(run)] == ["done", "", ""]
    assert run.view().outcome is RunOutcome.RUNNING
    system.advance(0.1)
    assert system.writes == ["a/V1 = 0"]
    assert [one[1] for one in results(run)] == ["done", "done", "done"]
    assert (run.outcome, run.ended_ms) == (RunOutcome.DONE, system.clock.now_ms())


def test_delays_add_up() -> None:
    system = System()
    options = rule(
        "Hot", DelayAction(1000), setting(a_V1="1"), DelayAction(2000), setting(a_V1="2")
    )
    system.start(options)
    system.advance(2.9)
    assert system.writes == ["a/V1 = 1"]
    system.advance(0.1)
    assert system.writes == ["a/V1 = 2"]


def test_delay_of_nothing_is_none() -> None:
    system = System()
    run = system.start(rule("Hot", DelayAction(0), setting(a_V1="1")))
    assert run is not None
    assert run.outcome is RunOutcome.DONE


def test_action_that_fails_stops_no_other() -> None:
    system = System()
    run = system.start(rule("Hot", setting(a_V9="1"), DelayAction(1000), setting(a_V1="1")))
    assert run is not None
    system.advance(1)
    assert system.writes == ["a/V1 = 1"]
    assert [one[2] for one in results(run)] == [True, False, False]
    assert run.outcome is RunOutcome.FAILED


def test_fault_of_the_gateway_is_logged_and_stops_no_other(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = System()

    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(system.doors, "note_depth", broken)
    run = system.start(rule("Hot", EventAction("hot"), setting(a_V1="1")))
    assert "a/V1 = 1" in system.writes
    assert [one[1:] for one in results(run)] == [
        ("a fault of the gateway; see its log", True),
        ("done", False),
    ]
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert record.exc_info is not None


def test_pulse_switches_on_and_off_and_then_goes_on() -> None:
    system = System()
    options = rule("Hot", PulseAction(PUMP, 300), setting(a_V2="1"))
    run = system.start(options)
    assert system.writes == ["a/V1 = 1"]
    assert results(run)[0] == ("pulse a/V1 for 300 ms", "", False)
    system.advance(0.29)
    assert system.writes == []
    system.advance(0.01)
    assert system.writes == ["a/V1 = 0", "a/V2 = 1"]
    assert [one[1] for one in results(run)] == ["done", "done"]


def test_blink_has_its_own_values_and_no_wait_after_the_last() -> None:
    system = System()
    action = PulseAction(PUMP, 100, 200, times=3, on=("255", "1"), off=("{value}",))
    run = system.start(rule("Hot", action), system.cause(value=("9",)))
    assert run is not None
    flanks = []
    for _ in range(8):
        flanks += [(round(system.clock.monotonic() * 10), write) for write in system.writes]
        system.advance(0.1)
    start = flanks[0][0]
    assert [(at - start, write) for at, write in flanks] == [
        (0, "a/V1 = 255 1"),
        (1, "a/V1 = 9"),
        (3, "a/V1 = 255 1"),
        (4, "a/V1 = 9"),
        (6, "a/V1 = 255 1"),
        (7, "a/V1 = 9"),
    ]
    assert run.outcome is RunOutcome.DONE


def test_pulse_of_a_pin_that_refuses_waits_for_nothing() -> None:
    system = System()
    run = system.start(rule("Hot", PulseAction(PinAddress("a", "V9")), setting(a_V1="1")))
    assert system.writes == ["a/V1 = 1"]
    assert results(run)[0][2]


def test_pulse_that_cannot_end_has_failed() -> None:
    system = System()
    run = system.start(rule("Hot", PulseAction(PUMP, off=("x" * 2000,)), setting(a_V2="1")))
    assert run is not None
    system.advance(1)
    assert system.writes == ["a/V1 = 1", "a/V2 = 1"]
    assert [one[2] for one in results(run)] == [True, False]
    assert run.outcome is RunOutcome.FAILED


def depths(system: System) -> list[int]:
    return [change.depth for change in system.changes if isinstance(change, PinChange)]


def test_second_of_waiting_begins_a_new_chain() -> None:
    system = System()
    steps: list[Action] = [setting(a_V1="1"), DelayAction(600), setting(a_V1="2"), DelayAction(600)]
    system.start(rule("Hot", *steps, setting(a_V1="3")), system.cause(depth=5, seq=7))
    system.advance(2)
    assert depths(system) == [6, 6, 1]


def test_run_that_is_too_deep_is_a_circle() -> None:
    system = System()
    run = system.start(rule("Hot", EventAction("hot")), system.cause(depth=MAX_DEPTH))
    assert run is not None
    assert system.changes == []
    assert run.outcome is RunOutcome.FAILED
    ((slug, reason),) = system.doors.loops
    assert slug == "hot"
    assert reason.startswith("it was the last of more than 8 effects of one change: hot;")
    assert results(run)[0][1:] == ("not done: it runs in a circle", True)
    assert not system.runner.is_running("hot")


def test_circle_that_the_store_sees_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System()
    # As if the executor let one more through than the store does.
    monkeypatch.setattr("blynk_gateway.automations.runs.execution.MAX_DEPTH", MAX_DEPTH + 1)
    action = SetAction({PUMP: ("1",), PinAddress("a", "V2"): ("1",)})
    run = system.start(rule("Hot", action, setting(a_V3="1")), system.cause(depth=MAX_DEPTH))
    assert run is not None
    assert system.writes == []
    assert [one[2] for one in results(run)] == [True, False]
    assert [slug for slug, _ in system.doors.loops] == ["hot"]
    assert run.outcome is RunOutcome.FAILED
