"""Facts of the data directory and its database; never what is in them."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blynk_gateway.cli.doctor.account import user_name
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.support_bundle.part import NotCollected, as_json
from blynk_gateway.core.clock import Clock
from blynk_gateway.history.file.database import SIDE_FILES
from blynk_gateway.history.file.known_devices import DATABASE, read_only_uri

COUNT_WITHIN_S = 3.0
CHECK_WITHIN_S = 6.0
"""From a slow card some 100 MB; what is larger is said to be unknown."""

BUSY_TIMEOUT_S = 1.0

MOST_FILES = 500

_STEPS = 10_000
"""Of SQLite's machine between two looks at the clock: some tenths of a millisecond."""

_FACTS = ("page_size", "page_count", "freelist_count", "user_version", "journal_mode")


def database(case: Case) -> str:
    """Size, schema, rows of each table, and whether it is sound.

    Raises:
        NotCollected, OSError, sqlite3.Error: it is not there, or cannot be read.
    """
    path = case.data_dir / DATABASE
    if not path.exists():
        raise NotCollected(f"there is no {path}")
    sizes = {
        one.name: one.stat().st_size
        for one in (path, *(Path(f"{path}{suffix}") for suffix in SIDE_FILES))
        if one.exists()
    }
    with closing(
        sqlite3.connect(read_only_uri(path), uri=True, timeout=BUSY_TIMEOUT_S)
    ) as connection:
        facts = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _FACTS}
        tables = [
            str(name)
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
            )
        ]
        _limit(connection, case.clock, COUNT_WITHIN_S)
        # A name in quotes, from the schema itself.
        counts = {name: _ask(connection, f'SELECT count(*) FROM "{name}"') for name in tables}  # noqa: S608  see above
        _limit(connection, case.clock, CHECK_WITHIN_S)
        check = _ask(connection, "PRAGMA quick_check(20)")
    return as_json(
        {
            "bytes": sizes,
            **facts,
            "sqlite": sqlite3.sqlite_version,
            "rows": counts,
            "quick_check": check,
        }
    )


def files(case: Case) -> str:
    """Mode, owner, size, time and name of each file of the data directory, two levels deep.

    Raises:
        OSError: it may not be looked at.
    """
    lines = [_line(case.data_dir, case.data_dir)]
    for path in _walk(case.data_dir, 2):
        if len(lines) > MOST_FILES:
            lines.append(f"… and more than these {MOST_FILES}")
            break
        lines.append(_line(path, case.data_dir))
    return "".join(f"{line}\n" for line in lines)


def _walk(directory: Path, depth: int) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        yield path
        if depth > 1 and path.is_dir() and not path.is_symlink():
            yield from _walk(path, depth - 1)


def _line(path: Path, base: Path) -> str:
    try:
        status = path.lstat()
    except OSError as error:
        return f"{path.relative_to(base)}: {error.strerror}"
    at = datetime.fromtimestamp(status.st_mtime, UTC)
    name = str(base) if path == base else str(path.relative_to(base))
    return (
        f"{stat.filemode(status.st_mode)} {user_name(status.st_uid):<14} {status.st_size:>12}"
        f" {at:%Y-%m-%dT%H:%M:%SZ} {os.fsencode(name).decode('utf-8', 'replace')}"
    )


def _limit(connection: sqlite3.Connection, clock: Clock, within_s: float) -> None:
    end = clock.monotonic() + within_s
    connection.set_progress_handler(lambda: int(clock.monotonic() > end), _STEPS)


def _ask(connection: sqlite3.Connection, sql: str) -> Any:  # noqa: ANN401  whatever SQLite has
    """What a query finds, or why that is not known."""
    try:
        found = [row[0] for row in connection.execute(sql)]
    except sqlite3.OperationalError as error:
        return f"unknown ({error})"
    return found[0] if len(found) == 1 else found
