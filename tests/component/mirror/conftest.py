"""Engines that the tests of this directory share; each test takes a database of its own."""

from collections.abc import Iterator

import pytest

from tests.helpers.engines import Influx, Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as engine:
        yield engine


@pytest.fixture(scope="session")
def influx() -> Iterator[Influx]:
    with Influx() as engine:
        yield engine
