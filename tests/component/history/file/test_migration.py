import shutil
import sqlite3
from pathlib import Path

import aiosqlite
import pytest

from blynk_gateway.core.automations import ActionResult, RunOutcome
from blynk_gateway.core.direct import PinMode
from blynk_gateway.errors import SchemaTooNew
from blynk_gateway.history.api_tokens import ApiTokenTable
from blynk_gateway.history.archive.chunk import decode
from blynk_gateway.history.automations import AutomationTable
from blynk_gateway.history.file.migration import STEPS, migrate, scripts
from tests.component.history.system import System, files_of

SCHEMAS = Path(__file__).parents[3] / "data" / "schemas"


def schema(path: Path) -> dict[str, str]:
    """Every table and index as SQL, blanks and comments left out."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    found = {
        name: " ".join(" ".join(line.split("--")[0] for line in sql.splitlines()).split())
        for name, sql in rows
    }
    connection.close()
    return found


async def test_empty_file_and_every_released_one_get_the_same_schema(tmp_path: Path) -> None:
    async with System(tmp_path / "new") as system:
        pass
    expected = schema(system.path)
    released = sorted(SCHEMAS.glob("v*.db"))
    assert len(released) == len(STEPS)
    for path in released:
        shutil.copy(path, tmp_path / "gateway.db")
        async with System(tmp_path) as system:
            pass
        assert schema(system.path) == expected


async def test_database_of_schema_1_is_read_in_full(tmp_path: Path) -> None:
    shutil.copy(SCHEMAS / "v1.db", tmp_path / "gateway.db")
    async with System(tmp_path) as system:
        restored = system.restored
        assert system.values == {
            "greenhouse/V5": ("21.5",),
            "greenhouse/V6": ("1", "\udcff"),
            "shed/D4": ("1",),
        }
        assert [one.slug for one in restored.definitions] == ["greenhouse", "shed"]
        assert restored.properties == {"greenhouse": {("V5", "color"): ("#23C48E",)}}
        assert restored.metadata == {"greenhouse": {"Location": "Garten"}}
        assert restored.infos["greenhouse"] == (("ver", "1.3.2"), ("h-beat", "50"))
        assert restored.last_seen == {"greenhouse": 1_700_000_000_000}
        assert restored.instance_id == "0123456789abcdef0123456789abcdef"
        assert restored.next_seq > 10
        assert [event.code for event in await system.journal.events(None, 10)] == ["too_hot"]
        tokens = await ApiTokenTable(system.journal.exclusive).api_tokens()
        assert [token.name for token in tokens] == ["phone"]


async def test_database_of_schema_2_keeps_the_modes_of_pins(tmp_path: Path) -> None:
    shutil.copy(SCHEMAS / "v2.db", tmp_path / "gateway.db")
    async with System(tmp_path) as system:
        assert system.restored.modes == {
            "shed": {"D4": (PinMode.OUT, None), "A0": (PinMode.IN, 1000)}
        }
        assert system.values["shed/D4"] == ("1",)


async def test_database_of_schema_2_goes_into_the_archive(tmp_path: Path) -> None:
    shutil.copy(SCHEMAS / "v2.db", tmp_path / "gateway.db")
    async with System(tmp_path) as system:
        await system.journal.archive()
    assert archived(tmp_path / "gateway.db") == {1: ["20.0", "21.5"], 2: ["1 \udcff"], 3: ["1"]}
    async with System(tmp_path) as system:
        assert system.values["greenhouse/V5"] == ("21.5",)


async def test_database_of_schema_3_keeps_its_archive(tmp_path: Path) -> None:
    shutil.copy(SCHEMAS / "v3.db", tmp_path / "gateway.db")
    temperatures = ["20.0", "21.5", "21.0", "21.5", "22.0", "22.5", "23.0"]
    assert archived(tmp_path / "gateway.db")[1] == temperatures
    async with System(tmp_path) as system:
        assert system.values["greenhouse/V5"] == ("30.0",)
        await system.journal.archive()
    assert archived(tmp_path / "gateway.db")[1] == [*temperatures, "30.0"]


async def test_database_of_schema_4_keeps_what_is_known_of_servers_above(tmp_path: Path) -> None:
    shutil.copy(SCHEMAS / "v4.db", tmp_path / "gateway.db")
    async with System(tmp_path) as system:
        async with system.journal.exclusive() as database:
            rows = await database.fetch("SELECT * FROM upstream")
        assert rows == [("cloud/greenhouse", '{"done": 7}')]
        assert system.values["greenhouse/V5"] == ("30.0",)


async def test_database_of_schema_6_keeps_what_rules_left(tmp_path: Path) -> None:
    shutil.copy(SCHEMAS / "v6.db", tmp_path / "gateway.db")
    async with System(tmp_path) as system:
        table = AutomationTable(system.journal.exclusive)
        assert await table.states() == {"too-hot": '{"last_run_ms": 1700000000000}'}
        (run,) = await table.runs("too-hot", 10)
        assert (run.id, run.outcome) == (7, RunOutcome.DONE)
        assert run.actions == (ActionResult("set shed/D4 to 1", "done"),)
        assert await table.outbox("webhook") == [("particle/greenhouse/V5", '{"value": ["1"]}')]


def archived(path: Path) -> dict[int, list[str]]:
    """Values in chunks, by stream, oldest first."""
    connection = sqlite3.connect(path)
    chunks = connection.execute("SELECT stream, body FROM chunk ORDER BY stream, last_ms")
    found: dict[int, list[str]] = {}
    for stream, body in chunks:
        found.setdefault(stream, []).extend(" ".join(value) for value in decode(body).values)
    connection.close()
    return found


async def test_later_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        pass
    connection = sqlite3.connect(system.path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = system.path.read_bytes()
    with pytest.raises(SchemaTooNew, match=f"has schema version 99; expected at most {len(STEPS)}"):
        await System(tmp_path).journal.open()
    assert system.path.read_bytes() == before
    assert files_of(tmp_path, "*.damaged-*") == {}


async def test_steps_run_once_each_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    fake = "CREATE TABLE extra (a INTEGER); INSERT INTO extra SELECT count(*) FROM setting"
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        await migrate(connection, path, scripts())
        await migrate(connection, path, [*scripts(), fake])
        await migrate(connection, path, [*scripts(), fake])
        assert [tuple(row) for row in await connection.execute_fetchall("SELECT * FROM extra")] == [
            (0,)
        ]
        assert await user_version(connection) == len(STEPS) + 1


async def test_the_file_itself_says_its_schema_after_a_migration(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        await connection.execute_fetchall("PRAGMA journal_mode = WAL")
        await connection.execute_fetchall("PRAGMA wal_autocheckpoint = 0")
        await migrate(connection, path, scripts())
        # Where SQLite keeps it, and a package reads it that would replace this version.
        assert int.from_bytes(path.read_bytes()[60:64]) == len(STEPS)


async def test_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    broken = "CREATE TABLE extra (a INTEGER); INSERT INTO nowhere VALUES (1)"
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        await migrate(connection, path, scripts())
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            await migrate(connection, path, [*scripts(), broken])
        assert await user_version(connection) == len(STEPS)
        tables = await connection.execute_fetchall("SELECT name FROM sqlite_schema")
        assert ("extra",) not in [tuple(row) for row in tables]


async def user_version(connection: aiosqlite.Connection) -> int:
    ((version,),) = await connection.execute_fetchall("PRAGMA user_version")
    assert isinstance(version, int)
    return version
