import asyncio
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from blynk_gateway.errors import HistoryCorrupt, HistoryError, SchemaTooNew
from blynk_gateway.history.backup import copying
from blynk_gateway.history.backup.copying import (
    SKIPPED_SEQS,
    Stopped,
    check_database,
    copy_database,
    skip_numbers,
)
from blynk_gateway.history.file.migration import STEPS
from tests.component.history.system import ORIGIN, System
from tests.helpers.patience import PATIENCE_S


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def filled(directory: Path) -> Path:
    async with System(directory) as system:
        system.add("a")
        system.write("a", "V1", "1", at_ms=1_700_000_000_123)
    return system.path


async def test_copy_of_a_database_in_use_has_what_was_committed(tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    async with System(tmp_path / "data") as system:
        system.add("a")
        system.write("a", "V1", "1", at_ms=1_700_000_000_123)
        await system.journal.flush()
        await asyncio.to_thread(copy_database, system.path, target)
        system.write("a", "V1", "2")
        await system.journal.flush()
        instance_id = system.restored.instance_id
    facts = check_database(target)
    assert facts == (len(STEPS), instance_id, 1_700_000_000_123)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert names(tmp_path) == ["copy.db", "data"]


async def test_commits_go_on_in_the_middle_of_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "SYNC_EVERY_BYTES", 1)
    monkeypatch.setattr(copying, "LOOK_EVERY_STEPS", 1)
    is_under_way, may_go_on = threading.Event(), threading.Event()

    def hold(_size: int) -> None:
        is_under_way.set()
        assert may_go_on.wait(PATIENCE_S)

    async with System(tmp_path / "data") as system:
        system.add("a")
        for number in range(5000):
            system.write("a", f"V{number % 200}", f"{number} and some more text {number * 7}")
        await system.journal.flush()
        target = tmp_path / "copy.db"
        task = asyncio.create_task(
            asyncio.to_thread(copy_database, system.path, target, progress=hold)
        )
        assert await asyncio.to_thread(is_under_way.wait, 10)
        for number in range(5):
            system.write("a", "V1", f"later {number}")
            await system.journal.flush()
        assert not task.done()
        may_go_on.set()
        await task
        with closing(sqlite3.connect(target)) as connection:
            ((last,),) = connection.execute("SELECT max(last_seq) FROM segment")
            ((latest,),) = connection.execute("SELECT max(seq) FROM value")
        assert max(last, latest) == system.store.get("a", "V1").seq - 5


async def test_copy_that_is_to_stop_leaves_nothing(tmp_path: Path) -> None:
    path = await filled(tmp_path / "data")
    stop = threading.Event()
    stop.set()
    change(
        path,
        "CREATE TABLE filler AS WITH RECURSIVE n(i) AS"
        " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT i FROM n",
    )
    with pytest.raises(Stopped):
        copy_database(path, tmp_path / "copy.db", stop=stop)
    assert not (tmp_path / "copy.db").exists()


def test_interrupted_copy_ends_like_any_work_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "SYNC_EVERY_BYTES", 1)
    monkeypatch.setattr(copying, "LOOK_EVERY_STEPS", 1)
    source = asyncio.run(filled(tmp_path / "data"))

    def press(_: int) -> None:
        signal.raise_signal(signal.SIGINT)

    # Who runs the tests in the background of a shell has SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            copy_database(source, tmp_path / "copy.db", progress=press)
    finally:
        signal.signal(signal.SIGINT, before)
    assert names(tmp_path) == ["data"]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from blynk_gateway.errors import GatewayError
from blynk_gateway.history.backup.copying import copy_database

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
try:
    copy_database(Path(sys.argv[1]), Path(sys.argv[2]))
except GatewayError as error:
    print(error.code, error)
"""


def test_disk_that_fills_up_in_the_middle_of_a_copy_leaves_nothing(tmp_path: Path) -> None:
    source = asyncio.run(filled(tmp_path / "data"))
    with closing(sqlite3.connect(source)) as connection, connection:
        blobs = [(number, b"x" * 1000) for number in range(6000)]
        connection.executemany("INSERT INTO chunk VALUES (?, 1, 1, 1, 1, ?)", blobs)
    target = tmp_path / "copy.db"
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, source, target],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith(f"history.error {target}: ")
    assert "check free space" in run.stdout
    assert names(tmp_path) == ["data"]
    assert names(tmp_path / "data") == ["gateway.db", "lock"]


async def test_copy_never_replaces_a_file(tmp_path: Path) -> None:
    path = await filled(tmp_path / "data")
    target = tmp_path / "copy.db"
    target.write_text("mine")
    with pytest.raises(HistoryError, match="File exists"):
        copy_database(path, target)
    assert target.read_text() == "mine"


async def test_damaged_database_is_not_copied(tmp_path: Path) -> None:
    path = await filled(tmp_path / "data")
    body = bytearray(path.read_bytes())
    body[4096:12_000] = bytes(len(body[4096:12_000]))
    path.write_bytes(body)
    with pytest.raises(HistoryCorrupt):
        copy_database(path, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


async def test_missing_source_is_explained_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="unable to open database file; check free space"):
        copy_database(tmp_path / "none.db", tmp_path / "copy.db")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        (f"PRAGMA user_version = {len(STEPS) + 1}", SchemaTooNew),
        ("DROP TABLE setting", HistoryCorrupt),
        ("DELETE FROM setting WHERE name = 'instance_id'", HistoryCorrupt),
    ],
)
async def test_copy_that_cannot_be_used_is_named(
    tmp_path: Path, sql: str, error: type[HistoryError]
) -> None:
    path = await filled(tmp_path / "data")
    change(path, sql)
    with pytest.raises(error):
        check_database(path)


def test_text_file_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("no database at all\n" * 100)
    with pytest.raises(HistoryCorrupt, match="not a database"):
        check_database(path)


async def test_older_state_goes_on_with_numbers_never_used(tmp_path: Path) -> None:
    path = await filled(tmp_path / "data")
    async with System(tmp_path / "data") as system:
        before = system.restored.next_seq
    skip_numbers(path)
    async with System(tmp_path / "data") as system:
        assert system.restored.next_seq >= before + SKIPPED_SEQS
        assert system.values == {"a/V1": ("1",)}
        system.registry.add(system.restored.definitions[0], ORIGIN)
        system.write("a", "V1", "2")
    async with System(tmp_path / "data") as system:
        assert system.values == {"a/V1": ("2",)}
