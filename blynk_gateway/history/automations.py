"""The tables of rules: their states, their runs, and what has still to go out.

Of runs the latest are kept, 100 of each rule and 10,000 of all. Old ones go with new ones, so that
a write takes no longer for it: `PRUNE_AFTER` more than that may be there for a while.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from blynk_gateway.core.automation_records import RecordBatch
from blynk_gateway.core.automations import ActionResult, Run, RunOutcome
from blynk_gateway.history.archive.archiver import Access
from blynk_gateway.history.file.database import Statement

RUNS_PER_RULE = 100
MAX_RUNS = 10_000

PRUNE_AFTER = 20
"""New runs of a rule after which its old ones go; of all together ten times as many."""

ROWS_AT_ONCE = 500
"""In one statement; SQLite takes 32,766 values."""

_ROWS = "(?)"
"""Where the rows go."""

_PUT_STATES = "INSERT OR REPLACE INTO automation_state VALUES (?)"
_DROP_STATES = "DELETE FROM automation_state WHERE (automation) IN (VALUES (?))"
_PUT_OUTBOX = (
    "INSERT INTO outbox (kind, key, payload) VALUES (?)"
    " ON CONFLICT (kind, key) DO UPDATE SET payload = excluded.payload"
)
_DROP_OUTBOX = "DELETE FROM outbox WHERE (kind, key) IN (VALUES (?))"
_PUT_RUNS = "INSERT OR REPLACE INTO automation_run VALUES (?)"
_RUN_COLUMNS = "id, automation, at_ms, cause, cause_seq, outcome, actions, ended_ms"
_PRUNE_RULE = (
    "DELETE FROM automation_run WHERE automation = ?1 AND id <= (SELECT id FROM automation_run"
    " WHERE automation = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)"
)
_PRUNE_ALL = (
    "DELETE FROM automation_run WHERE id <= (SELECT id FROM automation_run"
    " ORDER BY id DESC LIMIT 1 OFFSET ?)"
)


class AutomationTable:
    """Meets `core.automation_records.AutomationRecords`.

    Args:
        access: the database for one user at a time; raises HistoryError when there is none.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._since_pruned: Counter[str] = Counter()
        # A start looks once, whatever an earlier one left.
        self._since_all_pruned = MAX_RUNS

    async def states(self) -> dict[str, str]:
        """The state of each rule as JSON, by slug.

        Raises:
            HistoryError: it cannot be read.
        """
        async with self._access() as database:
            return dict(await database.fetch("SELECT automation, state FROM automation_state"))

    async def runs(self, slug: str | None, limit: int) -> list[Run]:
        """The latest runs of one rule or of all, newest first.

        Raises:
            HistoryError: they cannot be read.
        """
        where, values = ("", ()) if slug is None else ("WHERE automation = ?", (slug,))
        query = f"SELECT {_RUN_COLUMNS} FROM automation_run {where} ORDER BY id DESC LIMIT ?"  # noqa: S608  both are ours
        async with self._access() as database:
            rows = await database.fetch(query, (*values, limit))
        return [_run(*row) for row in rows]

    async def last_run(self) -> int:
        """Number of the latest run, 0 for none.

        Raises:
            HistoryError: it cannot be read.
        """
        async with self._access() as database:
            ((last,),) = await database.fetch("SELECT coalesce(max(id), 0) FROM automation_run")
        return int(last)

    async def end_runs(self, *, but: Collection[int], at_ms: int) -> None:
        """Say of runs that an earlier run of the gateway left under way that they have ended.

        Args:
            but: numbers of those that go on.

        Raises:
            HistoryError: it cannot be written; nothing is changed.
        """
        statement = (
            "UPDATE automation_run SET outcome = ?, ended_ms = max(?, at_ms)"
            " WHERE outcome = ? AND id NOT IN (SELECT value FROM json_each(?))"
        )
        values = (RunOutcome.ENDED, at_ms, RunOutcome.RUNNING, json.dumps(list(but)))
        async with self._access() as database:
            await database.write([(statement, values)], is_synced=False)

    async def outbox(self, kind: str) -> list[tuple[str, str]]:
        """Key and JSON of what has still to go out, those put first first.

        Raises:
            HistoryError: it cannot be read.
        """
        query = "SELECT key, payload FROM outbox WHERE kind = ? ORDER BY id"
        async with self._access() as database:
            return [tuple(row) for row in await database.fetch(query, (kind,))]

    async def write(self, batch: RecordBatch) -> None:
        """Keep what is new.

        Raises:
            HistoryError: it cannot be written; nothing is changed.
        """
        pruned = self._since_pruned + Counter(run.automation for run in batch.runs)
        due = [slug for slug, count in pruned.items() if count >= PRUNE_AFTER]
        all_pruned = self._since_all_pruned + len(batch.runs)
        is_all_due = all_pruned >= 10 * PRUNE_AFTER
        async with self._access() as database:
            await database.write(
                [*_statements(batch), *_prunings(due, is_all_due=is_all_due)],
                is_synced=batch.is_urgent,
            )
        for slug in due:
            del pruned[slug]
        self._since_pruned = pruned
        self._since_all_pruned = 0 if is_all_due else all_pruned


def _statements(batch: RecordBatch) -> Iterator[Statement]:
    states, outbox = batch.states.items(), batch.outbox.items()
    yield from _of_rows(_PUT_STATES, [item for item in states if item[1] is not None])
    yield from _of_rows(_DROP_STATES, [(slug,) for slug, state in states if state is None])
    yield from _of_rows(_PUT_OUTBOX, [(*key, text) for key, text in outbox if text is not None])
    yield from _of_rows(_DROP_OUTBOX, [key for key, text in outbox if text is None])
    yield from _of_rows(_PUT_RUNS, [_row(run) for run in batch.runs])


def _of_rows(sql: str, rows: Sequence[Sequence[Any]]) -> Iterator[Statement]:
    """As few statements as possible: each is a way to the database's thread and back."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        row = f"({', '.join('?' * len(some[0]))})"
        marks = ", ".join([row] * len(some))
        yield sql.replace(_ROWS, marks), [column for one in some for column in one]


def _prunings(slugs: Collection[str], *, is_all_due: bool) -> Iterator[Statement]:
    for slug in slugs:
        yield _PRUNE_RULE, (slug, RUNS_PER_RULE)
    if is_all_due:
        yield _PRUNE_ALL, (MAX_RUNS,)


def _row(run: Run) -> tuple[int | str | None, ...]:
    actions = [[action, result, int(is_failed)] for action, result, is_failed in run.actions]
    return (
        run.id,
        run.automation,
        run.at_ms,
        run.cause,
        run.cause_seq,
        run.outcome,
        json.dumps(actions, ensure_ascii=False, separators=(",", ":")),
        run.ended_ms,
    )


def _run(
    number: int,
    automation: str,
    at_ms: int,
    cause: str,
    cause_seq: int | None,
    outcome: str,
    actions: str,
    ended_ms: int | None,
) -> Run:
    results = tuple(
        ActionResult(action, result, bool(is_failed))
        for action, result, is_failed in json.loads(actions)
    )
    return Run(number, automation, at_ms, cause, cause_seq, RunOutcome(outcome), results, ended_ms)
