from datetime import UTC, datetime

from blynk_gateway.automations.cause import Cause
from blynk_gateway.config.automations.options import StartupTrigger, TimeTrigger
from tests.helpers.clock import FakeClock
from tests.helpers.rules import RuleRig, options

HALF_PAST_7 = 7 * 3600 + 1800
AT_7 = round(datetime(2026, 11, 21, 7, tzinfo=UTC).timestamp() * 1000)


def at_7() -> RuleRig:
    rig = RuleRig(FakeClock(AT_7))
    rig.agenda.start()
    return rig


def test_a_rule_runs_at_its_time() -> None:
    rig = at_7()
    rig.define(options(TimeTrigger((HALF_PAST_7,))))
    assert rig.rule.next_ms == AT_7 + 1_800_000
    for _ in range(179):
        assert rig.pass_time(10) == []
    rig.clock.advance(10)
    rig.timers.advance()
    assert rig.runs.causes == [("rule", Cause("at 07:30", AT_7 + 1_800_000))]


def test_a_rule_that_is_gone_runs_no_more() -> None:
    rig = at_7()
    rig.define(options(TimeTrigger((HALF_PAST_7,))))
    rig.define()
    assert [rig.pass_time(10) for _ in range(200)] == [[]] * 200


def test_a_reload_neither_loses_nor_doubles_a_moment() -> None:
    rig = at_7()
    rule = options(TimeTrigger((HALF_PAST_7,)))
    rig.define(rule)
    rig.clock.advance(1800)
    rig.define(rule)
    rig.timers.advance()
    assert rig.runs.take() == ["rule"]


def test_a_rule_without_a_schedule_has_no_next_moment() -> None:
    rig = at_7()
    rig.define(options())
    assert rig.rule.next_ms is None


def test_what_is_to_run_at_the_start_runs_then() -> None:
    rig = at_7()
    rig.define(options(StartupTrigger()), options(slug="other"))
    assert rig.runs.take() == []
    rig.engine.started()
    assert rig.runs.causes == [("rule", Cause("startup", AT_7))]
