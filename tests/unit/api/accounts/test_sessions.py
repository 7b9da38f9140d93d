import asyncio

import pytest

from blynk_gateway.api.accounts import sessions
from blynk_gateway.api.accounts.digests import digest_of
from blynk_gateway.api.accounts.sessions import BRIEF_S, KEPT_S, Sessions, is_kept, life_s
from blynk_gateway.core.accounts import Session
from blynk_gateway.errors import HistoryError
from tests.helpers.clock import FakeClock
from tests.helpers.ports import MemoryAccounts


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.table = MemoryAccounts()
        self.sessions = self.restarted()
        self.ended = 0
        self.sessions.on_ended(self.heard)

    def restarted(self) -> Sessions:
        return Sessions(self.table, self.clock)

    def heard(self) -> None:
        self.ended += 1


@pytest.fixture
def world() -> World:
    return World()


async def test_session_is_found_by_its_secret_alone_after_a_restart_too(world: World) -> None:
    secret = await world.sessions.open(user="ann", is_kept=False)
    for one in (world.sessions, world.restarted()):
        found = await one.find(secret)
        assert found is not None
        assert (found.user, found.share) == ("ann", "")
        assert await one.find(secret + "x") is None
        assert await one.find(found.digest) is None
    assert secret not in str(world.table.kept_sessions)


@pytest.mark.parametrize(("kept", "life"), [(False, BRIEF_S), (True, KEPT_S)])
async def test_session_lives_as_long_as_it_is_used(world: World, kept: bool, life: int) -> None:
    secret = await world.sessions.open(user="ann", is_kept=kept)
    assert (is_kept(secret), life_s(secret)) == (kept, life)
    for _ in range(3):
        world.clock.advance(life - 1)
        assert await world.sessions.find(secret) is not None
    world.clock.advance(life + 1)
    assert await world.sessions.find(secret) is None
    assert world.table.kept_sessions == {}
    assert world.ended == 1


async def test_brief_session_cannot_be_made_a_long_one(world: World) -> None:
    secret = await world.sessions.open(user="ann", is_kept=False)
    assert await world.sessions.find("k" + secret[1:]) is None


async def test_use_is_written_once_a_minute_at_most(world: World) -> None:
    secret = await world.sessions.open(user="ann", is_kept=True)
    world.table.session_writes = 0
    for _ in range(120):
        world.clock.advance(1)
        await world.sessions.find(secret)
    assert world.table.session_writes == 2


async def test_clock_that_is_set_back_ends_nothing(world: World) -> None:
    secret = await world.sessions.open(user="ann", is_kept=False)
    world.clock.step(-86_400_000)
    assert await world.sessions.find(secret) is not None
    assert await world.sessions.count("ann") == 1


async def test_the_one_unused_longest_makes_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_PER_OWNER", 2)
    secrets = []
    for _ in range(3):
        secrets.append(await world.sessions.open(user="ann", is_kept=False))
        world.clock.advance(1)
    other = await world.sessions.open(user="ben", is_kept=False)
    found = [await world.sessions.find(one) is not None for one in [*secrets, other]]
    assert found == [False, True, True, True]


async def test_all_of_a_user_end_at_once(world: World) -> None:
    await world.sessions.open(user="ann", is_kept=False)
    await world.sessions.open(user="ann", is_kept=True)
    other = await world.sessions.open(user="ben", is_kept=True)
    await world.sessions.end_of("ann")
    assert world.ended == 1
    assert (await world.sessions.count("ann"), await world.sessions.count("ben")) == (0, 1)
    assert list(world.table.kept_sessions) == [digest_of(other)]
    await world.sessions.end_of("ann")
    assert world.ended == 1


async def test_those_of_a_share_are_forgotten_with_it(world: World) -> None:
    secret = await world.sessions.open(share="s1", is_kept=False)
    other = await world.sessions.open(share="s2", is_kept=False)
    await world.sessions.forget(share="s1")
    assert await world.sessions.find(secret) is None
    assert await world.sessions.find(other) is not None


async def test_session_that_cannot_be_removed_goes_on(world: World) -> None:
    secret = await world.sessions.open(user="ann", is_kept=False)
    world.table.fault = HistoryError("the disk is full")
    with pytest.raises(HistoryError):
        await world.sessions.end_of("ann")
    assert await world.sessions.find(secret) is not None
    with pytest.raises(HistoryError):
        await world.sessions.open(user="ann", is_kept=False)
    assert await world.sessions.count("ann") == 1


async def test_long_unused_ones_are_cleared_at_a_start(world: World) -> None:
    await world.sessions.open(user="ann", is_kept=True)
    world.clock.advance(KEPT_S + 1)
    fresh = await world.sessions.open(user="ann", is_kept=True)
    assert await world.restarted().count("ann") == 1
    assert list(world.table.kept_sessions) == [digest_of(fresh)]


async def test_session_that_ends_while_its_use_is_written_stays_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = await world.sessions.open(user="ann", is_kept=True)
    world.clock.advance(61)
    put = world.table.put_session
    is_writing, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session: Session) -> None:
        is_writing.set()
        await go_on.wait()
        await put(session)

    monkeypatch.setattr(world.table, "put_session", slow)
    async with asyncio.TaskGroup() as group:
        finding = group.create_task(world.sessions.find(secret), name="request")
        await is_writing.wait()
        await world.sessions.end_of("ann")
        go_on.set()
    assert finding.result() is None
    assert world.table.kept_sessions == {}


@pytest.mark.parametrize("kept", [False, True])
async def test_session_of_a_clock_that_was_ahead_ends_as_any(world: World, kept: bool) -> None:
    years_ms = 10 * 365 * 86_400_000
    world.clock.step(years_ms)
    secret = await world.sessions.open(user="ann", is_kept=kept)
    world.clock.step(-years_ms)
    assert await world.sessions.find(secret) is not None
    world.clock.advance(life_s(secret) + 1)
    assert await world.sessions.find(secret) is None
