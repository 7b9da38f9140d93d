import pytest

from blynk_gateway.api.accounts import shares
from blynk_gateway.api.accounts.people import People
from blynk_gateway.api.faults import Conflict, UnknownShare
from blynk_gateway.errors import HistoryError
from tests.helpers.clock import FakeClock
from tests.helpers.ports import MemoryAccounts


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.table = MemoryAccounts()
        self.people = People.kept_in(self.table, self.clock)
        self.shares = self.people.shares


@pytest.fixture
def world() -> World:
    return World()


async def test_link_opens_its_dashboard_after_a_restart_too(world: World) -> None:
    share, token = await world.shares.add("home", None)
    for people in (world.people, People.kept_in(world.table, world.clock)):
        secret = await people.shares.open(token)
        assert secret is not None
        session = await people.sessions.find(secret)
        assert session is not None
        assert (session.user, session.share) == ("", share.id)
        assert await people.shares.open(token + "x") is None
    assert token not in str(world.table.kept_shares)
    assert len(token) >= 22


async def test_link_is_good_for_its_days(world: World) -> None:
    share, token = await world.shares.add("home", 0.5)
    assert share.expires_ms == world.clock.now_ms() + 43_200_000
    assert await world.shares.find(share.id) == share
    world.clock.advance(43_200)
    assert await world.shares.find(share.id) is None
    assert await world.shares.open(token) is None
    # Still listed, until room is made for another.
    assert await world.shares.all() == [share]
    other, _ = await world.shares.add("home", None)
    assert await world.shares.all() == [other]


async def test_revoked_link_puts_its_visitors_out(world: World) -> None:
    share, token = await world.shares.add("home", None)
    secret = await world.shares.open(token)
    assert secret is not None
    await world.shares.remove(share.id)
    assert await world.people.sessions.find(secret) is None
    assert await world.shares.open(token) is None
    assert world.table.kept_sessions == {}
    with pytest.raises(UnknownShare):
        await world.shares.remove(share.id)


async def test_links_are_limited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "MAX_SHARES", 1)
    await world.shares.add("home", None)
    with pytest.raises(Conflict, match="limit"):
        await world.shares.add("home", None)


async def test_link_that_cannot_be_written_is_not_there(world: World) -> None:
    world.table.fault = HistoryError("the disk is full")
    with pytest.raises(HistoryError):
        await world.shares.add("home", None)
    assert await world.shares.all() == []


async def test_link_revoked_while_it_is_opened_lets_nobody_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = await world.shares.add("home", None)
    opened = world.people.sessions.open

    async def late(*, user: str = "", share: str = "", is_kept: bool) -> str:
        await world.shares.remove(share)
        return await opened(user=user, share=share, is_kept=is_kept)

    monkeypatch.setattr(world.people.sessions, "open", late)
    assert await world.shares.open(token) is None
    assert await world.people.sessions.count("") == 0


async def test_links_to_what_is_gone_are_void_for_ever(world: World) -> None:
    gone, token = await world.shares.add("gone", None)
    kept, _ = await world.shares.add("home", None)
    secret = await world.shares.open(token)
    assert secret is not None
    await world.shares.prune("home".__eq__)
    assert await world.shares.all() == [kept]
    assert await world.people.sessions.find(secret) is None
    assert await world.shares.open(token) is None
    assert gone.id not in str(world.table.kept_shares)
