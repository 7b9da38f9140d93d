import asyncio

import pytest

from blynk_gateway.api.accounts import users
from blynk_gateway.api.accounts.people import People
from blynk_gateway.api.faults import Conflict, RequestError, UnknownUser
from blynk_gateway.core.accounts import Role, User
from blynk_gateway.errors import HistoryError
from tests.helpers.clock import FakeClock
from tests.helpers.ports import MemoryAccounts

PASSWORD = "correct horse"
CHEAP = "scrypt$16$8$1$AAAAAAAAAAAAAAAAAAAAAA==$"


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.table = MemoryAccounts()
        self.people = People.kept_in(self.table, self.clock)
        self.users = self.people.users

    async def login(self, name: str, password: str = PASSWORD) -> str | None:
        return await self.users.login(name, password, is_kept=False)


@pytest.fixture
def world() -> World:
    return World()


async def test_user_logs_in_by_name_and_password_after_a_restart_too(world: World) -> None:
    await world.users.add("ann", Role.ADMIN, PASSWORD)
    assert await world.login("ann", "wrong horse") is None
    assert await world.login("Ann") is None
    assert await world.login("") is None
    world.clock.advance(5)
    assert await world.login("ann") is not None
    (ann,) = await People.kept_in(world.table, world.clock).users.all()
    assert (ann.name, ann.role, ann.seen_ms) == ("ann", "admin", world.clock.now_ms())
    assert PASSWORD not in str(world.table.kept_users)


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a/b", "ä", "a" * 33, "a\n"])
async def test_name_that_no_path_can_hold_is_refused(world: World, name: str) -> None:
    with pytest.raises(RequestError, match=r"body\.name: expected"):
        await world.users.add(name, Role.VIEWER, PASSWORD)


@pytest.mark.parametrize("password", ["", "1234567", "x" * 257])
async def test_password_has_8_to_256_characters(world: World, password: str) -> None:
    with pytest.raises(RequestError, match=r"body\.password: expected 8 to 256 characters"):
        await world.users.add("ann", Role.VIEWER, password)
    await world.users.add("ann", Role.VIEWER, "x" * 256)
    with pytest.raises(RequestError, match=r"body\.password"):
        await world.users.change("ann", password=password)
    assert await world.login("ann", password) is None
    assert await world.login("ann", "x" * 256) is not None


async def test_name_is_taken_in_either_case(world: World) -> None:
    await world.users.add("ann", Role.VIEWER, PASSWORD)
    with pytest.raises(Conflict, match="'Ann' already"):
        await world.users.add("Ann", Role.VIEWER, PASSWORD)


async def test_users_are_limited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "MAX_USERS", 1)
    await world.users.add("ann", Role.VIEWER, PASSWORD)
    with pytest.raises(Conflict, match="limit"):
        await world.users.add("ben", Role.VIEWER, PASSWORD)


async def test_of_two_first_users_at_once_one_is_made(world: World) -> None:
    found = await asyncio.gather(
        *(world.users.add(name, Role.ADMIN, PASSWORD, is_first=True) for name in ("ann", "ben")),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in found) == ["Conflict", "User"]
    assert len(await world.users.all()) == 1


@pytest.mark.parametrize(
    ("role", "password"), [(Role.VIEWER, None), (None, "another horse"), (Role.VIEWER, "y" * 8)]
)
async def test_change_of_role_or_password_ends_the_sessions(
    world: World, role: Role | None, password: str | None
) -> None:
    await world.users.add("ann", Role.OPERATOR, PASSWORD)
    secret = await world.login("ann")
    assert secret is not None
    # Nothing is changed by this, and nothing ends.
    await world.users.change("ann", role=Role.OPERATOR)
    assert await world.people.sessions.find(secret) is not None
    await world.users.change("ann", role=role, password=password)
    assert await world.people.sessions.find(secret) is None
    assert await world.login("ann", password or PASSWORD) is not None


async def test_last_admin_stays_one(world: World) -> None:
    await world.users.add("ann", Role.ADMIN, PASSWORD)
    await world.users.add("ben", Role.OPERATOR, PASSWORD)
    with pytest.raises(Conflict, match="'ann' is the last admin"):
        await world.users.remove("ann")
    with pytest.raises(Conflict, match="'ann' is the last admin"):
        await world.users.change("ann", role=Role.VIEWER)
    await world.users.change("ben", role=Role.ADMIN)
    await world.users.change("ann", role=Role.VIEWER)
    await world.users.remove("ann")
    assert [user.name for user in await world.users.all()] == ["ben"]


async def test_unknown_user_is_told(world: World) -> None:
    for attempt in (
        world.users.remove("nobody"),
        world.users.change("nobody", password=PASSWORD),
        world.users.end_sessions("nobody"),
    ):
        with pytest.raises(UnknownUser, match="no user 'nobody'"):
            await attempt


async def test_removed_user_is_out_at_once(world: World) -> None:
    await world.users.add("ann", Role.VIEWER, PASSWORD)
    secret = await world.login("ann")
    assert secret is not None
    await world.users.remove("ann")
    assert await world.people.sessions.find(secret) is None
    assert await world.login("ann") is None


async def test_login_does_not_outrun_a_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.users.add("ann", Role.VIEWER, PASSWORD)
    passwords = world.users._passwords
    is_right = passwords.is_right

    async def late(password: str, stored: str | None) -> bool:
        found = await is_right(password, stored)
        await world.users.remove("ann")
        return found

    monkeypatch.setattr(passwords, "is_right", late)
    assert await world.login("ann") is None
    assert world.table.kept_sessions == {}


async def test_own_password_needs_the_old_one(world: World) -> None:
    await world.users.add("ann", Role.VIEWER, PASSWORD)
    assert not await world.users.change_own_password("ann", "wrong horse", "new horse")
    assert await world.users.change_own_password("ann", PASSWORD, "new horse")
    assert await world.login("ann", "new horse") is not None


async def test_outdated_hash_is_made_anew_at_a_login(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.users.add("ann", Role.VIEWER, PASSWORD)
    before = world.table.kept_users["ann"].password
    monkeypatch.setattr(world.users._passwords, "is_outdated", lambda stored: stored == before)
    assert await world.login("ann") is not None
    after = world.table.kept_users["ann"].password
    assert before != after
    assert await world.login("ann") is not None
    assert world.table.kept_users["ann"].password == after


async def test_user_that_cannot_be_written_is_not_there(world: World) -> None:
    world.table.fault = HistoryError("the disk is full")
    with pytest.raises(HistoryError):
        await world.users.add("ann", Role.VIEWER, PASSWORD)
    assert await world.users.all() == []


async def test_damaged_hash_lets_nobody_in(world: World) -> None:
    await world.table.put_user(User("ann", "admin", CHEAP, 0, 0))
    assert await world.login("ann") is None


async def test_two_browsers_of_a_user_log_in_at_once(world: World) -> None:
    await world.users.add("ann", Role.ADMIN, PASSWORD)
    world.clock.advance(5)
    first, second = await asyncio.gather(world.login("ann"), world.login("ann"))
    assert first is not None
    assert second is not None
    assert await world.people.sessions.count("ann") == 2
