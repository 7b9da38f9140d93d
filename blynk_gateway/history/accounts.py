"""The tables of users, sessions and shared links, on the journal's connection."""

from collections.abc import Iterable

from blynk_gateway.core.accounts import Session, Share, User
from blynk_gateway.history.archive.archiver import Access


class AccountTables:
    """Meets `core.accounts.Accounts`.

    Args:
        access: the database for one user at a time; raises HistoryError when there is none.
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    async def users(self) -> list[User]:
        """All of them, by name.

        Raises:
            HistoryError: they cannot be read.
        """
        async with self._access() as database:
            rows = await database.fetch(
                "SELECT name, role, password, created_ms, seen_ms FROM user ORDER BY name"
            )
            return [User(*row) for row in rows]

    async def put_user(self, user: User) -> None:
        """Add one, or put it in place of the one of its name.

        Raises:
            HistoryError: it cannot be written; nothing is changed.
        """
        async with self._access() as database:
            await database.write([("INSERT OR REPLACE INTO user VALUES (?, ?, ?, ?, ?)", user)])

    async def remove_user(self, name: str) -> bool:
        """Remove one and its sessions; False if there is none of this name.

        Raises:
            HistoryError: it cannot be written; nothing is changed.
        """
        async with self._access() as database:
            if not await database.fetch("SELECT 1 FROM user WHERE name = ?", (name,)):
                return False
            await database.write(
                [
                    ("DELETE FROM session WHERE user = ?", (name,)),
                    ("DELETE FROM user WHERE name = ?", (name,)),
                ]
            )
            return True

    async def sessions(self) -> list[Session]:
        """All of them.

        Raises:
            HistoryError: they cannot be read.
        """
        async with self._access() as database:
            rows = await database.fetch(
                "SELECT digest, user, share, created_ms, seen_ms FROM session"
            )
            return [Session(*row) for row in rows]

    async def put_session(self, session: Session) -> None:
        """Add one, or put it in place of the one with its digest.

        Raises:
            HistoryError: it cannot be written; nothing is changed.
        """
        async with self._access() as database:
            await database.write(
                [("INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?)", session)]
            )

    async def remove_sessions(self, digests: Iterable[str]) -> None:
        """Remove those; none is missed.

        Raises:
            HistoryError: it cannot be written; nothing is changed.
        """
        async with self._access() as database:
            await database.write(
                [("DELETE FROM session WHERE digest = ?", (digest,)) for digest in digests]
            )

    async def shares(self) -> list[Share]:
        """All of them, oldest first.

        Raises:
            HistoryError: they cannot be read.
        """
        async with self._access() as database:
            rows = await database.fetch(
                "SELECT id, digest, dashboard, created_ms, expires_ms FROM share"
                " ORDER BY created_ms, id"
            )
            return [Share(*row) for row in rows]

    async def add_share(self, share: Share) -> None:
        """Add one.

        Raises:
            HistoryError: it cannot be written; there is no such link then.
        """
        async with self._access() as database:
            await database.write([("INSERT INTO share VALUES (?, ?, ?, ?, ?)", share)])

    async def remove_share(self, share_id: str) -> bool:
        """Remove one and its sessions; False if there is none with this id.

        Raises:
            HistoryError: it cannot be written; nothing is changed.
        """
        async with self._access() as database:
            if not await database.fetch("SELECT 1 FROM share WHERE id = ?", (share_id,)):
                return False
            await database.write(
                [
                    ("DELETE FROM session WHERE share = ?", (share_id,)),
                    ("DELETE FROM share WHERE id = ?", (share_id,)),
                ]
            )
            return True
