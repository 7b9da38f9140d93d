"""Read from real databases, closed, open and damaged."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from blynk_gateway.history.file.known_devices import DATABASE, known_devices

NOBODY_ELSE = 65_534


def connect(data_dir: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(data_dir / DATABASE, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS device (device TEXT PRIMARY KEY, definition)")
    return connection


@pytest.fixture
def open_database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path)) as connection:
        yield connection


def test_without_a_database_there_are_none(tmp_path: Path) -> None:
    assert known_devices(tmp_path) == frozenset()
    assert known_devices(tmp_path / "missing") == frozenset()


def test_devices_are_read_while_the_gateway_runs(
    tmp_path: Path, open_database: sqlite3.Connection
) -> None:
    open_database.execute("INSERT INTO device VALUES ('shed', '{}'), ('attic', '{}')")
    assert known_devices(tmp_path) == frozenset({"shed", "attic"})


def test_devices_are_read_after_it_stopped_and_the_file_is_left_alone(tmp_path: Path) -> None:
    with closing(connect(tmp_path)) as connection:
        connection.execute("INSERT INTO device VALUES ('shed', '{}')")
    before = (tmp_path / DATABASE).read_bytes()
    assert known_devices(tmp_path) == frozenset({"shed"})
    assert (tmp_path / DATABASE).read_bytes() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_no_file_is_left_that_the_owner_could_not_open(tmp_path: Path) -> None:
    with closing(connect(tmp_path)) as connection:
        connection.execute("INSERT INTO device VALUES ('shed', '{}')")
    os.chown(tmp_path / DATABASE, NOBODY_ELSE, NOBODY_ELSE)
    assert known_devices(tmp_path) == frozenset({"shed"})
    assert [path.name for path in tmp_path.iterdir()] == [DATABASE]


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"no database" * 1000)
    assert known_devices(tmp_path) is None


def test_database_without_the_table_is_not_known(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        connection.execute("CREATE TABLE other (x)")
    assert known_devices(tmp_path) is None
