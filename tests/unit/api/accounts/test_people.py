from blynk_gateway.api.accounts.people import People
from blynk_gateway.core.accounts import Role
from tests.helpers.clock import FakeClock
from tests.helpers.ports import MemoryAccounts


async def test_sessions_are_those_of_users_and_shares_alike() -> None:
    people = People.kept_in(MemoryAccounts(), FakeClock())
    await people.users.add("ann", Role.VIEWER, "correct horse")
    assert await people.users.login("ann", "correct horse", is_kept=True) is not None
    _, token = await people.shares.add("home", None)
    assert await people.shares.open(token) is not None
    assert [await people.sessions.count(owner) for owner in ("ann", "")] == [1, 1]
