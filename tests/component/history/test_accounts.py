from pathlib import Path

import pytest

from blynk_gateway.core.accounts import Session, Share, User
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.accounts import AccountTables
from blynk_gateway.history.file import database
from tests.component.history.system import System, locked

ANN = User("ann", "admin", "scrypt$1$2$3$salt$hash", 1_700_000_000_000, 0)
BEN = ANN._replace(name="ben", role="viewer")
SHARE = Share("s1", "22" * 32, "home", 1_700_000_000_000, None)


def session(digest: str, user: str = "", share: str = "") -> Session:
    return Session(digest * 32, user, share, 1_700_000_000_000, 1_700_000_000_001)


async def test_users_are_kept_until_removed_with_their_sessions(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        tables = AccountTables(system.journal.exclusive)
        await tables.put_user(BEN)
        await tables.put_user(ANN._replace(role="viewer"))
        await tables.put_user(ANN)
        await tables.put_session(session("aa", "ann"))
        await tables.put_session(session("bb", "ben"))
    async with System(tmp_path) as system:
        tables = AccountTables(system.journal.exclusive)
        assert await tables.users() == [ANN, BEN]
        assert await tables.remove_user("ann")
        assert not await tables.remove_user("ann")
        assert await tables.users() == [BEN]
        assert await tables.sessions() == [session("bb", "ben")]


async def test_sessions_are_replaced_and_removed_by_digest(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        tables = AccountTables(system.journal.exclusive)
        used = session("aa", "ann")._replace(seen_ms=5)
        for one in (session("aa", "ann"), used, session("bb", "ann")):
            await tables.put_session(one)
        assert await tables.sessions() == [used, session("bb", "ann")]
        await tables.remove_sessions(["bb" * 32, "cc" * 32])
        assert await tables.sessions() == [used]


async def test_shares_are_kept_until_removed_with_their_sessions(tmp_path: Path) -> None:
    later = SHARE._replace(id="s0", created_ms=SHARE.created_ms + 1, expires_ms=7)
    async with System(tmp_path) as system:
        tables = AccountTables(system.journal.exclusive)
        await tables.add_share(later)
        await tables.add_share(SHARE)
        await tables.put_session(session("aa", share="s1"))
        await tables.put_session(session("bb", share="s0"))
    async with System(tmp_path) as system:
        tables = AccountTables(system.journal.exclusive)
        assert await tables.shares() == [SHARE, later]
        assert await tables.remove_share("s1")
        assert not await tables.remove_share("s1")
        assert await tables.shares() == [later]
        assert await tables.sessions() == [session("bb", share="s0")]


async def test_what_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    async with System(tmp_path) as system:
        tables = AccountTables(system.journal.exclusive)
        await tables.put_user(ANN)
        with locked(system.path):
            for attempt in (
                tables.put_user(BEN),
                tables.remove_user("ann"),
                tables.put_session(session("aa", "ann")),
                tables.add_share(SHARE),
            ):
                with pytest.raises(HistoryError, match="database is locked"):
                    await attempt
        assert await tables.users() == [ANN]
        assert await tables.sessions() == []
        assert await tables.shares() == []
