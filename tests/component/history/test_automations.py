from pathlib import Path

import pytest

from blynk_gateway.core.automation_records import OutboxKey, RecordBatch
from blynk_gateway.core.automations import ActionResult, Run, RunOutcome
from blynk_gateway.errors import HistoryError
from blynk_gateway.history import automations
from blynk_gateway.history.automations import AutomationTable
from blynk_gateway.history.file import database
from tests.component.history.system import System, locked

ACTIONS = (
    ActionResult("set pi/V1 to 1, ä\0\N{REPLACEMENT CHARACTER}", "done"),
    ActionResult("send webhook x", "502", is_failed=True),
)
RUN = Run(1, "hot", 1_800_000_000_000, 'a/V5 = "30"', 7, RunOutcome.RUNNING, ACTIONS, None)


def batch(*runs: Run, **fields: object) -> RecordBatch:
    return RecordBatch({}, runs, {}, is_urgent=False)._replace(**fields)  # type: ignore[arg-type]  # whatever a test gives


async def test_runs_are_kept_and_brought_up_to_date(tmp_path: Path) -> None:
    ended = RUN._replace(outcome=RunOutcome.DONE, ended_ms=1_800_000_010_000)
    other = RUN._replace(id=2, automation="cold", cause_seq=None)
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        assert await table.last_run() == 0
        await table.write(batch(RUN, other))
        await table.write(batch(ended))
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        assert await table.runs(None, 10) == [other, ended]
        assert await table.runs(None, 1) == [other]
        assert await table.runs("hot", 10) == [ended]
        assert await table.last_run() == 2


async def test_runs_under_way_that_nobody_goes_on_with_are_ended(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        done = RUN._replace(id=3, outcome=RunOutcome.DONE, ended_ms=1)
        await table.write(batch(RUN, RUN._replace(id=2), done))
        await table.end_runs(but={2}, at_ms=1_800_000_000_500)
        found = {run.id: (run.outcome, run.ended_ms) for run in await table.runs(None, 10)}
        assert found == {
            1: (RunOutcome.ENDED, 1_800_000_000_500),
            2: (RunOutcome.RUNNING, None),
            3: (RunOutcome.DONE, 1),
        }


async def test_states_are_kept_until_dropped(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        await table.write(batch(states={"hot": "{}", "cold": '{"a": 1}'}))
        await table.write(batch(states={"hot": None, "cold": '{"a": 2}', "gone": None}))
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        assert await table.states() == {"cold": '{"a": 2}'}


async def test_outbox_keeps_its_order(tmp_path: Path) -> None:
    first, second, third = (OutboxKey("webhook", key) for key in "zya")
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        await table.write(batch(outbox={first: "1", second: "2", third: "3"}, is_urgent=True))
        await table.write(batch(outbox={first: "4", second: None, OutboxKey("run", "z"): "5"}))
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        assert await table.outbox("webhook") == [("z", "4"), ("a", "3")]
        assert await table.outbox("run") == [("z", "5")]
        assert await table.outbox("other") == []


async def test_more_rows_than_a_statement_takes_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automations, "ROWS_AT_ONCE", 3)
    runs = [RUN._replace(id=number) for number in range(1, 9)]
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        await table.write(batch(*runs, states={f"r{n}": "{}" for n in range(7)}))
        assert await table.runs("hot", 100) == runs[::-1]
        assert len(await table.states()) == 7


async def test_old_runs_of_a_rule_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automations, "RUNS_PER_RULE", 5)
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        await table.write(batch(RUN._replace(automation="cold")))
        for number in range(2, 42):
            await table.write(batch(RUN._replace(id=number)))
        assert [run.id for run in await table.runs("hot", 100)] == [41, 40, 39, 38, 37]
        for number in range(42, 61):
            await table.write(batch(RUN._replace(id=number)))
        # Some more for a while: not each write looks for old ones.
        assert len(await table.runs("hot", 100)) == 5 + automations.PRUNE_AFTER - 1
        assert len(await table.runs("cold", 100)) == 1


async def test_old_runs_of_rules_that_are_gone_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automations, "MAX_RUNS", 30)
    monkeypatch.setattr(automations, "PRUNE_AFTER", 2)
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        for number in range(1, 101):
            await table.write(batch(RUN._replace(id=number, automation=f"r{number}")))
        assert 30 <= len(await table.runs(None, 1000)) <= 30 + 20
        assert (await table.runs(None, 1))[0].id == 100


async def test_start_looks_for_old_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        await table.write(batch(*(RUN._replace(id=n, automation=f"r{n}") for n in range(1, 51))))
    monkeypatch.setattr(automations, "MAX_RUNS", 10)
    monkeypatch.setattr(automations, "PRUNE_AFTER", 1)
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        await table.write(batch(RUN._replace(id=51)))
        assert len(await table.runs(None, 1000)) == 10


async def test_batch_that_cannot_be_written_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        with locked(system.path), pytest.raises(HistoryError, match="database is locked"):
            await table.write(batch(RUN, states={"hot": "{}"}))
        assert await table.runs(None, 10) == []
        assert await table.states() == {}
