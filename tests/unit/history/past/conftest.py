"""A database that is only in memory."""

import sqlite3
from collections.abc import Iterator

import pytest

from tests.helpers.archive import create


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = create(":memory:")
    yield connection
    connection.close()
