from blynk_gateway.automations.runs.record import Program, RunRecord, cause_text
from blynk_gateway.config.automations.options import DelayAction, WebhookAction
from blynk_gateway.core.automations import ActionResult, RunOutcome
from tests.unit.automations.runs.system import System, rule, setting


def test_view_shows_what_is_done_and_what_comes() -> None:
    system = System()
    options = rule("Hot", setting(a_V1="{value}"), DelayAction(1000), WebhookAction("x"))
    run = RunRecord(3, Program(options), system.cause(seq=7), 42)
    run.results = [("done", False), ("", False)]
    run.show(0, setting(a_V1="30"))
    view = run.view()
    assert (view.id, view.automation, view.at_ms, view.cause_seq) == (3, "hot", 42, 7)
    assert (view.outcome, view.ended_ms) == (RunOutcome.RUNNING, None)
    assert view.actions == (
        ActionResult("set a/V1 to 30", "done"),
        ActionResult("wait 1 s", ""),
        ActionResult("send webhook x", ""),
    )


def test_words_that_outlived_a_restart_are_shown() -> None:
    run = RunRecord(1, Program(rule("Hot", setting(a_V1="{value}"))), System().cause(), 0)
    assert run.words(0) == "set a/V1 to {value}"
    run.show(0, "set a/V1 to 30")
    assert run.words(0) == "set a/V1 to 30"


def test_cause_without_a_text_is_its_pin() -> None:
    cause = System().cause(text="", device="a", pin="V5", value=("1", "\udcff"))
    assert cause_text(cause) == "a/V5 = 1, \N{REPLACEMENT CHARACTER}"
    assert cause_text(cause._replace(text="at 07:30")) == "at 07:30"
    assert cause_text(cause._replace(pin="")) == ""
    assert len(cause_text(cause._replace(text="x" * 1000))) == 200
