"""Kills in a storm of writes: the short form of `python -m bench.crash`."""

import copy
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from bench.crash import Daemon, Totals, cycle
from bench.crash_check import check, read
from bench.crash_load import Ledger

SLACK_S = 1.0
"""A commit on a busy test machine."""

TAMPERINGS = {
    "DELETE FROM chunk WHERE id = 1": "accepted points are missing",
    "UPDATE chunk SET stream = stream + 1 WHERE id = 1": "points are there twice",
    "UPDATE minute SET total = total + 1": "minutes differ from what the points give",
    "UPDATE hour SET last_seq = last_seq + 1": "hours differ from what the points give",
    "UPDATE day SET count = count + 1": "minutes, hours and days count",
    "UPDATE setting SET value = 1 WHERE name = 'reserved_seq'": "the highest reserved",
}
"""What may be wrong with a file, and what is to be said of it."""


def faults_of(database: Path, ledger: Ledger) -> list[str]:
    return check(read(database), copy.deepcopy(ledger), due_at=0.0, killed_at=0.0).faults


async def test_kills_cost_at_most_the_commit_window_and_leave_nothing_wrong(tmp_path: Path) -> None:
    daemon, ledger, totals = Daemon(tmp_path / "crash", 2), Ledger(2), Totals()
    found = archived = 0
    for kind in ("storm", "backup", "start", "storm"):
        findings = await cycle(daemon, ledger, kind, totals, SLACK_S)
        assert findings.faults == []
        found += findings.found
        archived = findings.archived
    assert found > 0
    assert archived > 0
    database = daemon.data_dir / "gateway.db"
    assert faults_of(database, ledger) == []
    for tampering, fault in TAMPERINGS.items():
        tampered = Path(shutil.copy(database, tmp_path / "tampered.db"))
        with closing(sqlite3.connect(tampered)) as connection, connection:
            connection.execute(tampering)
        assert any(fault in one for one in faults_of(tampered, ledger)), tampering
