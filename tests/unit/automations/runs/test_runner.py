"""Many runs: modes, reloads, records, restarts."""

from dataclasses import replace

import pytest

from blynk_gateway.automations.runs.runner import LEAST_RECORDS, MAX_QUEUED, Runner
from blynk_gateway.config.automations.options import (
    Action,
    DelayAction,
    Mode,
    NotifyAction,
    PulseAction,
    SceneAction,
    WebhookAction,
)
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.automations import RunOutcome
from blynk_gateway.core.change import PinChange
from blynk_gateway.runtime.clock_quality import ClockQuality
from tests.unit.automations.runs.system import OWNER, System, results, rule, setting

PUMP = PinAddress("a", "V1")
WAIT = DelayAction(10_000)


def outcomes(system: System, slug: str = "hot") -> list[RunOutcome]:
    return [run.outcome for run in reversed(system.runner.runs(slug, 100))]


def test_single_does_not_run_while_it_runs() -> None:
    system = System()
    options = rule("Hot", WAIT, setting(a_V1="{value}"))
    assert system.start(options, system.cause(value=("1",))) is not None
    assert system.runner.is_running("hot")
    assert system.start(options, system.cause(value=("2",))) is None
    system.advance(30)
    assert system.writes == ["a/V1 = 1"]
    assert not system.runner.is_running("hot")
    assert system.start(options) is not None
    assert outcomes(system) == [RunOutcome.DONE, RunOutcome.RUNNING]


def test_restart_ends_the_run_and_begins_anew() -> None:
    system = System()
    options = rule("Hot", WAIT, setting(a_V1="{value}"), mode=Mode.RESTART)
    system.start(options, system.cause(value=("1",)))
    system.advance(9)
    system.start(options, system.cause(value=("2",)))
    system.advance(9)
    assert system.writes == []
    system.advance(1)
    assert system.writes == ["a/V1 = 2"]
    assert outcomes(system) == [RunOutcome.ENDED, RunOutcome.DONE]


def test_light_stays_on_when_its_pulse_begins_anew() -> None:
    system = System()
    options = rule("Hot", PulseAction(PUMP, 10_000), mode=Mode.RESTART)
    system.start(options)
    system.advance(9)
    system.start(options)
    system.advance(9)
    assert system.writes == ["a/V1 = 1", "a/V1 = 1"]
    system.advance(1)
    assert system.writes == ["a/V1 = 0"]


def test_pulse_that_does_not_begin_at_once_again_is_ended() -> None:
    system = System()
    options = rule("Hot", DelayAction(1000), PulseAction(PUMP, 10_000), mode=Mode.RESTART)
    system.start(options)
    system.advance(2)
    system.start(options)
    assert system.writes == ["a/V1 = 1", "a/V1 = 0"]


def test_queued_runs_one_after_the_other() -> None:
    system = System()
    options = rule("Hot", setting(a_V1="{value}"), WAIT, mode=Mode.QUEUED)
    for number in range(3):
        assert system.start(options, system.cause(value=(str(number),), depth=3)) is not None
    assert system.writes == ["a/V1 = 0"]
    system.advance(10)
    (change,) = system.changes
    assert isinstance(change, PinChange)
    assert (change.value, change.depth) == (("1",), 1)
    system.advance(20)
    assert system.writes == ["a/V1 = 2"]
    assert outcomes(system) == [RunOutcome.DONE] * 3


def test_queue_is_bounded() -> None:
    system = System()
    options = rule("Hot", WAIT, mode=Mode.QUEUED)
    began = [system.start(options) for _ in range(MAX_QUEUED + 3)]
    assert [run is not None for run in began] == [True] * (MAX_QUEUED + 1) + [False] * 2


@pytest.mark.parametrize("mode", [Mode.RESTART, Mode.QUEUED])
def test_scene_that_runs_itself_is_stopped_as_a_circle(mode: Mode) -> None:
    system = System()
    options = rule("Hot", SceneAction("hot"), mode=mode)
    system.doors.scenes["hot"] = options
    system.start(options)
    assert {slug for slug, _ in system.doors.loops} == {"hot"}
    assert not system.runner.is_running("hot")
    assert RunOutcome.RUNNING not in outcomes(system)


def test_scenes_that_run_each_other_are_stopped_as_a_circle() -> None:
    system = System()
    for one, other in (("day", "night"), ("night", "day")):
        system.doors.scenes[one] = rule(one, SceneAction(other), mode=Mode.RESTART)
    system.start(system.doors.scenes["day"])
    assert system.doors.loops
    assert system.runner.running() == set()


def test_circle_ends_what_waits_behind_it() -> None:
    system = System()
    options = rule("Hot", WAIT, SceneAction("hot"), mode=Mode.QUEUED)
    system.doors.scenes["hot"] = rule("Hot", mode=Mode.QUEUED)
    system.start(options)
    behind = system.start(options)
    run = system.runner._programs["hot"].active
    assert run is not None
    assert behind is not None
    system.runner.circles(run)
    assert behind.outcome is RunOutcome.ENDED
    assert not system.runner.is_running("hot")


def test_queue_that_is_dropped_does_not_begin() -> None:
    system = System()
    options = rule("Hot", setting(a_V1="1"), WAIT, setting(a_V1="0"), mode=Mode.QUEUED)
    system.runner.drop_queue("hot")
    assert system.runner.is_free(options)
    system.start(options)
    behind = system.start(options)
    system.runner.drop_queue("hot")
    system.advance(600)
    # What is under way goes on: the pump does not stay on.
    assert system.writes == ["a/V1 = 1", "a/V1 = 0"]
    assert behind is not None
    assert behind.outcome is RunOutcome.ENDED
    assert not system.runner.is_running("hot")


def test_rule_is_free_if_a_run_would_begin_or_be_queued() -> None:
    system = System()
    for mode in Mode:
        options = rule(mode, WAIT, mode=mode)
        assert system.runner.is_free(options)
        system.start(options)
        assert system.runner.is_free(options) is (mode is not Mode.SINGLE)
    full = rule("queued", WAIT, mode=Mode.QUEUED)
    while system.runner.is_free(full):
        assert system.start(full) is not None
    assert system.start(full) is None


def test_run_that_a_reload_ends_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    system = System()
    run = system.start(rule("Hot", setting(a_V1="1"), WAIT, setting(a_V1="0")))
    system.runner.keep({})
    assert [result for _, result, _ in results(run)] == ["done", "broken off", "not done"]
    (warning,) = caplog.records
    assert (warning.levelname, warning.getMessage()) == ("WARNING", "run ended")


def test_reload_ends_runs_of_rules_that_are_gone_or_changed() -> None:
    system = System()
    gone = rule("Gone", setting(a_V1="1"), WAIT, setting(a_V1="0"))
    changed = rule("Changed", setting(a_V2="1"), WAIT, setting(a_V2="0"), mode=Mode.QUEUED)
    same = rule("Same", setting(a_V3="1"), WAIT, setting(a_V3="0"))
    for options in (gone, changed, changed, same):
        system.start(options)
    after = rule("Changed", setting(a_V2="1"), WAIT, setting(a_V2="5"))
    renamed = replace(same, name="Renamed", mode=Mode.RESTART)
    system.changes  # noqa: B018  what was written so far
    system.runner.keep({"changed": after, "same": renamed})
    assert outcomes(system, "changed") == [RunOutcome.ENDED] * 2
    assert outcomes(system, "same") == [RunOutcome.RUNNING]
    system.advance(20)
    assert system.writes == ["a/V3 = 0"]
    saved = {run.automation: run.outcome for run in system.runner.take_unsaved(100)}
    assert saved["gone"] is RunOutcome.ENDED
    assert system.runner.runs("gone", 10) == []
    system.start(after)
    assert outcomes(system, "changed") == [RunOutcome.ENDED] * 2 + [RunOutcome.RUNNING]


def test_rule_that_changed_without_notice_runs_as_it_is_now() -> None:
    system = System()
    system.start(rule("Hot", WAIT, setting(a_V1="1")))
    system.start(rule("Hot", setting(a_V1="2")))
    system.advance(20)
    assert system.writes == ["a/V1 = 2"]
    assert outcomes(system) == [RunOutcome.ENDED, RunOutcome.DONE]


def test_reload_ends_the_pulse_it_breaks_off() -> None:
    system = System()
    system.start(rule("Hot", PulseAction(PUMP, 10_000)))
    system.runner.keep({})
    assert system.writes == ["a/V1 = 1", "a/V1 = 0"]


def test_pulse_of_a_device_that_is_gone_is_broken_off_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    system = System()
    system.start(rule("Hot", PulseAction(PUMP, 10_000)))
    system.parts.registry.remove("a", OWNER)
    system.runner.keep({})
    assert "pulse not ended" in caplog.text


def test_latest_runs_are_kept_of_each_rule() -> None:
    system = System()
    hot, cold = rule("Hot", setting(a_V1="1")), rule("Cold")
    for _ in range(60):
        system.start(hot)
        system.start(cold)
    assert len(system.runner.runs("hot", 100)) == 50
    assert [run.id for run in system.runner.runs(None, 3)] == [120, 119, 118]
    assert [run.id for run in system.runner.runs("cold", 2)] == [120, 118]
    assert system.runner.runs("warm", 2) == []


def test_many_rules_share_the_memory() -> None:
    system = System()
    rules = {f"r{number}": rule(f"r{number}") for number in range(2000)}
    for _ in range(60):
        system.start(rules["r1"])
    system.runner.keep(rules)
    assert len(system.runner.runs("r1", 100)) == LEAST_RECORDS
    system.start(rules["r2"])
    for _ in range(60):
        system.start(rules["r2"])
    assert len(system.runner.runs("r2", 100)) == LEAST_RECORDS


def test_each_run_is_saved_when_new_and_when_something_became_of_it() -> None:
    system = System()
    run = system.start(rule("Hot", NotifyAction("x"), WAIT, WebhookAction("y")))
    assert run is not None
    assert [one.outcome for one in system.runner.take_unsaved(10)] == [RunOutcome.RUNNING]
    assert system.runner.take_unsaved(10) == []
    system.advance(10)
    assert [one.outcome for one in system.runner.take_unsaved(10)] == [RunOutcome.DONE]
    ((*_, done),) = system.doors.webhooks
    done("200 OK", False)
    (saved,) = system.runner.take_unsaved(10)
    assert results(saved)[2][1] == "200 OK"


def test_flood_is_saved_latest_first_and_what_is_forgotten_never() -> None:
    system = System()
    hot, cold = rule("Hot"), rule("Cold")
    system.start(cold)
    for _ in range(60):
        system.start(hot)
    first = system.runner.take_unsaved(30)
    assert [run.id for run in first] == list(range(61, 31, -1))
    rest = system.runner.take_unsaved(30)
    assert [run.id for run in rest] == [*range(31, 11, -1), 1]
    assert system.runner.take_unsaved(30) == []


def test_dry_run_tells_actions_filled_in_and_does_nothing() -> None:
    system = System()
    options = rule("Hot", setting(a_V1="{value}"), WAIT, NotifyAction("{rule} at {value}"))
    words = system.runner.render(options, system.cause(value=("30",)))
    assert words == ("set a/V1 to 30", "wait 10 s", "notify: Hot at 30")
    assert system.changes == []
    assert system.runner.runs(None, 10) == []


def test_delay_goes_on_after_a_restart() -> None:
    system = System()
    options = rule("Hot", setting(a_V1="{value}"), WAIT, setting(a_V1="{previous}"))
    system.start(options, system.cause(value=("1", "\udcff"), previous=("7",), seq=3))
    system.advance(4)
    after = system.restarted(2, options)
    (run,) = after.runner.runs("hot", 10)
    assert run.id == 1
    assert [action.action for action in run.actions[:2]] == [
        "set a/V1 to 1, \N{REPLACEMENT CHARACTER}",
        "wait 10 s",
    ]
    after.advance(3.9)
    assert after.writes == []
    after.advance(0.1)
    (change,) = after.changes
    assert isinstance(change, PinChange)
    assert (change.value, change.cause, change.depth) == (("7",), 3, 1)
    (run,) = after.runner.runs("hot", 10)
    assert run.outcome is RunOutcome.DONE
    second = after.start(options)
    assert second is not None
    assert second.id == 2


def test_what_was_due_meanwhile_is_done_at_once() -> None:
    system = System()
    delays: list[Action] = [
        WAIT,
        setting(a_V1="1"),
        WAIT,
        setting(a_V1="2"),
        WAIT,
        setting(a_V1="3"),
    ]
    options = rule("Hot", *delays)
    system.start(options)
    after = system.restarted(24, options)
    assert after.writes == ["a/V1 = 1", "a/V1 = 2"]
    after.advance(5.9)
    assert after.writes == []
    after.advance(0.1)
    assert after.writes == ["a/V1 = 3"]


@pytest.mark.parametrize("passed_s", [0.5, 60])
def test_pulse_ends_after_a_restart(passed_s: float) -> None:
    system = System()
    options = rule("Hot", PulseAction(PUMP, 10_000, times=3), setting(a_V2="1"))
    system.start(options)
    after = system.restarted(passed_s, options)
    if passed_s < 10:
        assert after.writes == []
        after.advance(60)
        assert after.writes[-2:] == ["a/V1 = 0", "a/V2 = 1"]
    else:
        # What was left of the blinking is left out.
        assert after.writes == ["a/V1 = 0", "a/V2 = 1"]


def test_blinking_is_left_out_also_in_a_dark_moment() -> None:
    system = System()
    options = rule("Hot", PulseAction(PUMP, 1000, 9000, times=3), setting(a_V2="1"))
    system.start(options)
    system.advance(5)
    after = system.restarted(60, options)
    assert after.writes == ["a/V2 = 1"]


def test_pulse_that_comes_late_has_its_whole_length() -> None:
    system = System()
    options = rule("Hot", WAIT, PulseAction(PUMP, 2000), setting(a_V2="1"))
    system.start(options)
    after = system.restarted(60, options)
    assert after.writes == ["a/V1 = 1"]
    after.advance(2)
    assert after.writes == ["a/V1 = 0", "a/V2 = 1"]


def test_delay_lasts_no_longer_than_it_is_if_the_clock_is_not_set_yet() -> None:
    system = System()
    options = rule("Hot", WAIT, setting(a_V1="1"))
    system.start(options)
    after = system.restarted(-86_400, options)
    after.advance(9.9)
    assert after.writes == []
    after.advance(0.1)
    assert after.writes == ["a/V1 = 1"]


def test_waits_are_saved_anew_when_the_clock_becomes_right() -> None:
    system = System()
    clock = system.clock
    quality = ClockQuality(clock, is_synchronised=lambda: False)
    quality.is_trusted = False
    system.parts.clock_quality = quality
    runner = Runner(system.parts, system.timers, system.doors, system.placeholders)
    options = rule("Hot", WAIT)
    runner.start(options, system.cause())
    (before,) = runner.waiting()
    runner.changed_waits.clear()
    clock.step(86_400_000)
    quality._trust()
    assert runner.changed_waits == {"hot"}
    (after,) = runner.waiting()
    assert after["due_ms"] == before["due_ms"] + 86_400_000


def test_runs_behind_go_on_after_a_restart() -> None:
    system = System()
    options = rule("Hot", WAIT, setting(a_V1="{value}"), mode=Mode.QUEUED)
    for number in range(3):
        system.start(options, system.cause(value=(str(number),)))
    after = system.restarted(5, options)
    assert after.runner.running() == {1, 2, 3}
    after.advance(5)
    assert after.writes == ["a/V1 = 0"]
    after.advance(20)
    assert after.writes == ["a/V1 = 1", "a/V1 = 2"]
    assert outcomes(after) == [RunOutcome.DONE] * 3


def test_run_of_a_rule_that_changed_does_not_go_on_after_a_restart(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    system = System()
    system.start(rule("Hot", PulseAction(PUMP, 10_000), setting(a_V1="1")))
    after = system.restarted(5, rule("Hot", PulseAction(PUMP, 10_000), setting(a_V1="2")))
    # Whatever is on for a pulse must not stay so.
    assert after.writes == ["a/V1 = 0"]
    assert "run ended" in caplog.text
    assert after.runner.changed_waits == {"hot"}
    after.advance(60)
    assert after.writes == []
    gone = System()
    gone.start(rule("Hot", WAIT, setting(a_V1="1")))
    assert gone.restarted(60).writes == []


@pytest.mark.parametrize("document", [{}, {"automation": "hot"}, {"queue": 1}])
def test_wait_that_cannot_be_read_is_left_out(
    document: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    system = System()
    system.runner.resume([document], {})
    assert "run not resumed" in caplog.text
    assert system.runner.running() == set()


def test_stopped_runner_does_nothing_more() -> None:
    system = System()
    system.start(rule("Hot", WAIT, setting(a_V1="1")))
    system.start(rule("Cold"))
    system.runner.changed_waits.clear()
    system.runner.stop()
    system.advance(60)
    assert system.writes == []
    assert system.runner.changed_waits == {"hot"}
    assert len(system.runner.waiting()) == 1


def test_waits_that_changed_are_noted() -> None:
    system = System()
    options = rule("Hot", WAIT, setting(a_V1="1"))
    assert system.runner.saved_wait("hot") is None
    system.start(options)
    assert system.runner.changed_waits == {"hot"}
    assert system.runner.saved_wait("hot") is not None
    system.runner.changed_waits.clear()
    system.advance(10)
    assert system.runner.changed_waits == {"hot"}
    assert system.runner.saved_wait("hot") is None


def test_rule_that_never_waits_costs_no_record_of_waits() -> None:
    system = System()
    system.start(rule("Hot", setting(a_V1="1")))
    assert system.runner.changed_waits == set()


def test_numbers_go_on_where_an_earlier_run_of_the_gateway_left() -> None:
    system = System()
    system.runner.number_from(100)
    system.runner.number_from(50)
    run = system.start(rule("Hot"))
    assert run is not None
    assert run.id == 100
