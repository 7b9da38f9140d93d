"""Schema versions. `PRAGMA user_version` counts the steps a file has been through; 0 is empty.

A step is an SQL script; it runs in one transaction with the new version number. Released steps are
never edited: a database of each released version is kept among the tests.
"""

from collections.abc import Sequence
from pathlib import Path

import aiosqlite

from blynk_gateway.errors import SchemaTooNew

STEPS: tuple[str, ...] = ("v1.sql", "v2.sql", "v3.sql", "v4.sql", "v5.sql", "v6.sql")

_DIRECTORY = Path(__file__).parent / "schema"


def scripts() -> list[str]:
    """The text of every step, first one first."""
    return [(_DIRECTORY / name).read_text("utf-8") for name in STEPS]


async def migrate(connection: aiosqlite.Connection, path: Path, steps: Sequence[str]) -> None:
    """Bring the schema to version `len(steps)`.

    Args:
        path: the file, for messages.

    Raises:
        SchemaTooNew: the file is of a later version; it is untouched.
        sqlite3.Error: a step failed; the file is as after the step before.
    """
    ((version,),) = await connection.execute_fetchall("PRAGMA user_version")
    if version > len(steps):
        raise SchemaTooNew(f"{path} has schema version {version}; expected at most {len(steps)}")
    for number, script in enumerate(steps[version:], start=version + 1):
        try:
            await connection.executescript(
                f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;"
            )
        except BaseException:
            await connection.rollback()
            raise
    if version < len(steps):
        # From the log into the file itself: there an earlier package looks, before it is installed
        # over this one, with nothing but a shell.
        await connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
