"""When what is written, with records that may fail; the real tables have tests of their own."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from typing import Any

import pytest

from blynk_gateway.automations.saving import (
    HURRIES,
    MAX_RUNS_KEPT,
    RUNS_AT_ONCE,
    STATES_AT_ONCE,
    Saving,
)
from blynk_gateway.core.automation_records import RecordBatch
from blynk_gateway.core.automations import Run, RunOutcome
from blynk_gateway.errors import HistoryError
from tests.helpers.clock import FakeClock
from tests.helpers.patience import PATIENCE_S


def run_of(number: int, slug: str = "hot", outcome: RunOutcome = RunOutcome.DONE) -> Run:
    return Run(number, slug, 1000 + number, "by hand", None, outcome, (), None)


class Records:
    """Meets `core.automation_records.AutomationRecords` in memory."""

    def __init__(self) -> None:
        self.batches: list[RecordBatch] = []
        self.entries: dict[tuple[str, str], str] = {}
        self.stored: dict[str, str] = {}
        self.kept: dict[int, Run] = {}
        self.ended: list[tuple[set[int], int]] = []
        self.is_broken = False
        self.before_write: asyncio.Future[None] | None = None
        self.began = asyncio.Event()

    def _check(self) -> None:
        if self.is_broken:
            raise HistoryError("the disk is full")

    async def states(self) -> dict[str, str]:
        self._check()
        return self.stored

    async def runs(self, slug: str | None, limit: int) -> list[Run]:
        self._check()
        runs = [run for run in self.kept.values() if slug in (None, run.automation)]
        return sorted(runs, key=lambda run: -run.id)[:limit]

    async def last_run(self) -> int:
        self._check()
        return max(self.kept, default=0)

    async def end_runs(self, *, but: Collection[int], at_ms: int) -> None:
        self._check()
        self.ended.append((set(but), at_ms))

    async def outbox(self, kind: str) -> list[tuple[str, str]]:
        self._check()
        return [(key, text) for (one, key), text in self.entries.items() if one == kind]

    async def write(self, batch: RecordBatch) -> None:
        self.began.set()
        if self.before_write is not None:
            await self.before_write
        self._check()
        self.batches.append(batch)
        self.kept.update((run.id, run) for run in batch.runs)
        for key, text in batch.outbox.items():
            if text is None:
                self.entries.pop(key, None)
            else:
                self.entries[key] = text


class Rules:
    """Meets `RunSource` and `StateSource`."""

    def __init__(self) -> None:
        self.changed_waits: set[str] = set()
        self.hurry: Callable[[], None] = lambda: None
        self.dirty: set[str] = set()
        self.new: list[Run] = []
        self.latest: list[Run] = []
        self.waits: dict[str, dict[str, Any]] = {}

    def take_unsaved(self, limit: int) -> list[Run]:
        taken, self.new = self.new[:limit], self.new[limit:]
        return taken

    def saved_wait(self, slug: str) -> dict[str, Any] | None:
        return self.waits.get(slug)

    def runs(self, slug: str | None, limit: int) -> list[Run]:
        return [run for run in self.latest if slug in (None, run.automation)][:limit]

    def running(self) -> set[int]:
        return {7}

    def state_of(self, slug: str) -> dict[str, Any]:
        return {"rule": slug}


def attached() -> tuple[Saving, Records, Rules]:
    records, rules = Records(), Rules()
    saving = Saving(records, FakeClock(5000))
    saving.attach(rules, rules)
    return saving, records, rules


async def test_nothing_new_writes_nothing() -> None:
    saving, records, _ = attached()
    await saving.save()
    await saving.save()
    assert records.batches == []


async def test_runs_that_nobody_goes_on_with_are_ended_once() -> None:
    saving, records, _ = attached()
    records.is_broken = True
    await saving.save()
    records.is_broken = False
    await saving.save()
    await saving.save()
    assert records.ended == [({7}, 5000)]


async def test_states_and_runs_alone_are_not_urgent() -> None:
    saving, records, rules = attached()
    rules.dirty = {"hot"}
    rules.new = [run_of(1)]
    await saving.save()
    (batch,) = records.batches
    assert dict(batch.states) == {"hot": '{"rule": "hot"}'}
    assert batch.runs == [run_of(1)]
    assert not batch.is_urgent
    assert rules.dirty == set()


async def test_wait_is_urgent_and_goes_with_its_end() -> None:
    saving, records, rules = attached()
    rules.changed_waits, rules.waits = {"hot"}, {"hot": {"id": 7}}
    await saving.save()
    assert records.entries == {("run", "hot"): '{"id": 7}'}
    assert records.batches[0].is_urgent
    rules.changed_waits, rules.waits = {"hot"}, {}
    await saving.save()
    assert records.entries == {}
    assert not records.batches[1].is_urgent


async def test_entry_that_is_done_with_before_it_was_written_is_never_written() -> None:
    saving, records, _ = attached()
    saving.put("webhook", "1", {})
    saving.remove("webhook", "1")
    saving.remove("webhook", "2")
    await saving.save()
    assert records.batches == []


async def test_entry_that_is_done_with_while_it_is_written_is_removed() -> None:
    saving, records, _ = attached()
    saving.put("webhook", "1", {})
    records.before_write = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(saving.save())
    await records.began.wait()
    saving.remove("webhook", "1")
    records.before_write.set_result(None)
    await task
    await saving.save()
    assert records.entries == {}


async def test_entry_of_an_earlier_run_of_the_gateway_is_removed() -> None:
    saving, records, _ = attached()
    records.entries[("webhook", "1")] = '{"value": ["1", "\\udcff"]}'
    assert await saving.load("webhook") == [("1", {"value": ["1", "\udcff"]})]
    saving.remove("webhook", "1")
    await saving.save()
    assert records.entries == {}
    saving.put("webhook", "1", {"value": 2})
    saving.remove("webhook", "1")
    await saving.save()
    assert len(records.batches) == 1


async def test_what_could_not_be_written_comes_with_the_next_try(
    caplog: pytest.LogCaptureFixture,
) -> None:
    saving, records, rules = attached()
    records.is_broken = True
    rules.dirty, rules.new = {"hot", "cold"}, [run_of(1)]
    saving.put("webhook", "1", {"value": 1})
    saving.put("webhook", "2", {"value": 1})
    await saving.save()
    assert caplog.text.count("automations not saved") == 1
    caplog.clear()
    saving.put("webhook", "1", {"value": 2})
    rules.new = [run_of(2)]
    await saving.save()
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []
    records.is_broken = False
    await saving.save()
    (batch,) = records.batches
    assert set(batch.states) == {"hot", "cold"}
    assert [run.id for run in batch.runs] == [1, 2]
    assert json.loads(records.entries["webhook", "1"]) == {"value": 2}
    assert ("webhook", "2") in records.entries


async def test_runs_that_cannot_be_written_are_bounded() -> None:
    saving, records, rules = attached()
    records.is_broken = True
    rules.new = [run_of(number) for number in range(3 * MAX_RUNS_KEPT)]
    for _ in range(3 * MAX_RUNS_KEPT // RUNS_AT_ONCE):
        await saving.save()
    records.is_broken = False
    await saving.save()
    (batch,) = records.batches
    assert [run.id for run in batch.runs] == list(range(2 * MAX_RUNS_KEPT, 3 * MAX_RUNS_KEPT))


async def test_write_that_is_cancelled_is_repeated() -> None:
    saving, records, _ = attached()
    saving.put("webhook", "1", {})
    records.before_write = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(saving.save())
    await records.began.wait()
    task.cancel()
    await asyncio.wait([task])
    records.before_write = None
    await saving.save()
    assert ("webhook", "1") in records.entries


async def test_flood_of_states_is_written_bit_by_bit_and_all_at_stop() -> None:
    saving, records, rules = attached()
    rules.dirty = {f"r{number}" for number in range(3 * STATES_AT_ONCE)}
    await saving.save()
    assert len(records.batches[0].states) == STATES_AT_ONCE
    await saving.close()
    assert sum(len(batch.states) for batch in records.batches) == 3 * STATES_AT_ONCE


async def test_stop_that_cannot_save_says_so(caplog: pytest.LogCaptureFixture) -> None:
    saving, records, rules = attached()
    records.is_broken = True
    rules.dirty = {"hot"}
    await saving.close()
    assert "automations not saved at stop" in caplog.text


async def test_rule_that_is_gone_is_forgotten() -> None:
    saving, records, _ = attached()
    saving.forget("hot")
    await saving.save()
    assert dict(records.batches[0].states) == {"hot": None}


async def test_runs_of_memory_go_before_those_of_the_database() -> None:
    saving, records, rules = attached()
    records.kept = {number: run_of(number, outcome=RunOutcome.RUNNING) for number in (1, 2, 3)}
    rules.latest = [run_of(4), run_of(3)]
    assert await saving.runs("hot", 3) == [
        run_of(4),
        run_of(3),
        run_of(2, outcome=RunOutcome.RUNNING),
    ]
    assert [run.id for run in await saving.runs(None, 10)] == [4, 3, 2, 1]
    assert await saving.runs("cold", 3) == []


async def test_what_an_earlier_run_left_is_restored() -> None:
    records = Records()
    records.stored = {"hot": '{"runs": 1}', "odd": "[]"}
    records.entries = {("run", "hot"): '{"id": 7}', ("webhook", "x"): "{}"}
    records.kept = {9: run_of(9)}
    saved = await Saving(records, FakeClock()).restore()
    assert saved.states == {"hot": {"runs": 1}, "odd": {}}
    assert saved.waiting == [{"id": 7}]
    assert saved.next_run == 10


async def test_run_that_begins_to_wait_is_saved_at_once_but_not_all_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("blynk_gateway.automations.saving.EVERY_S", 2 * PATIENCE_S)
    saving, records, rules = attached()
    task = asyncio.ensure_future(saving.run())
    async with asyncio.timeout(PATIENCE_S):
        for number in range(HURRIES):
            records.began.clear()
            rules.changed_waits, rules.waits = {"pump"}, {"pump": {"id": number}}
            rules.hurry()
            await records.began.wait()
    rules.changed_waits, rules.waits = {"pump"}, {"pump": {"id": HURRIES}}
    rules.hurry()
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(records.batches) == HURRIES
    task.cancel()
    await asyncio.wait([task])


async def test_worker_saves_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blynk_gateway.automations.saving.EVERY_S", 0.001)
    saving, records, rules = attached()
    task = asyncio.ensure_future(saving.run())
    async with asyncio.timeout(PATIENCE_S):
        for number in (1, 2):
            records.began.clear()
            rules.new = [run_of(number)]
            await records.began.wait()
    task.cancel()
    await asyncio.wait([task])
    assert set(records.kept) == {1, 2}
