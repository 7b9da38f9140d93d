import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blynk_gateway.history.file.database import Database, open_database
from blynk_gateway.history.retention.budget import LOOK_S, MAX_FREE_BYTES, MIN_FREE_BYTES, Budget
from blynk_gateway.runtime.health import Health, HealthState
from tests.helpers.clock import FakeClock

GB = 1_000_000_000


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(tmp_path / "gateway.db")
    yield opened
    await opened.close()


class Watched:
    """A budget, its clock and what it told."""

    def __init__(self, database: Database) -> None:
        self.clock = FakeClock()
        self.health = Health()
        self._database = database
        self._budget = Budget(self.clock, self.health)

    async def look(self, max_bytes: int | None) -> bool:
        self.clock.advance(LOOK_S)
        return await self._budget.is_exceeded(self._database, max_bytes)

    @property
    def told(self) -> tuple[HealthState, str]:
        return self.health.components["disk"]


async def put(database: Database, count: int) -> int:
    """Bytes that the history takes with so many kilobytes more."""
    for _ in range(count):
        insertion = (
            "INSERT INTO chunk (stream, first_ms, last_ms, count, body) VALUES (1, 1, 1, 1, ?)"
        )
        await database.write([(insertion, (bytes(1000),))])
    ((used,),) = await database.fetch(
        "SELECT (page_count - freelist_count) * page_size"
        " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
    )
    return int(used)


async def test_history_is_told_near_its_limit_and_at_it(database: Database) -> None:
    used = await put(database, 100)
    watched = Watched(database)
    assert not await watched.look(None)
    assert not await watched.look(2 * used)
    assert watched.told == (HealthState.OK, "")
    assert not await watched.look(used * 10 // 9)
    state, detail = watched.told
    assert state is HealthState.DEGRADED
    assert "more than 90 % of history.retention.max_size" in detail
    assert not await watched.look(used)
    assert await watched.look(used - 1)
    assert "oldest values go: raise it" in watched.told[1]


async def test_full_history_makes_some_more_room_and_goes_on_saying_so(database: Database) -> None:
    used = await put(database, 100)
    watched = Watched(database)
    assert await watched.look(used - 1)
    detail = watched.told
    assert await watched.look(round(used / 0.995))
    assert not await watched.look(round(used / 0.98))
    assert watched.told == detail
    assert not await watched.look(2 * used)
    assert watched.told == (HealthState.OK, "")


async def test_what_was_deleted_counts_no_more(database: Database) -> None:
    before = await put(database, 0)
    used = await put(database, 100)
    await database.write([("DELETE FROM chunk", ())])
    assert before <= await put(database, 0) < before + used // 10


async def test_it_looks_once_a_minute_and_at_once_while_it_is_full(database: Database) -> None:
    used = await put(database, 100)
    watched = Watched(database)
    assert not await watched.look(used)
    again = Budget(watched.clock, watched.health)
    assert not await again.is_exceeded(database, used)
    assert not await again.is_exceeded(database, 1)
    watched.clock.advance(LOOK_S)
    assert await again.is_exceeded(database, 1)
    assert await again.is_exceeded(database, 1)
    again.rest()
    assert not await again.is_exceeded(database, 1)


@pytest.mark.parametrize(
    ("total", "free", "is_low"),
    [
        (2 * GB, MIN_FREE_BYTES, False),
        (2 * GB, MIN_FREE_BYTES - 1, True),
        (20 * GB, GB, False),
        (20 * GB, GB - 1, True),
        (1000 * GB, MAX_FREE_BYTES, False),
        (1000 * GB, MAX_FREE_BYTES - 1, True),
    ],
)
async def test_disk_with_little_space_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch, total: int, free: int, is_low: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: (total, total - free, free))
    watched = Watched(database)
    await watched.look(None)
    state, detail = watched.told
    assert (state is HealthState.DEGRADED) == is_low
    assert ("make room, or set history.retention.max_size" in detail) == is_low
