"""The table of API tokens: read and written beside the journal, on its connection."""

from blynk_gateway.core.ports import ApiToken
from blynk_gateway.history.archive.archiver import Access


class ApiTokenTable:
    """Meets `core.ports.ApiTokens`.

    Args:
        access: the database for one user at a time; raises HistoryError when there is none.
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    async def api_tokens(self) -> list[ApiToken]:
        """All of them, by name.

        Raises:
            HistoryError: they cannot be read.
        """
        async with self._access() as database:
            rows = await database.fetch("SELECT * FROM api_token ORDER BY name")
            return [
                ApiToken(name, role, digest, created_ms, tuple(filter(None, devices.split(","))))
                for name, role, digest, created_ms, devices in rows
            ]

    async def add_api_token(self, token: ApiToken) -> bool:
        """Add one, on disk when this returns; False if the name is taken.

        Raises:
            HistoryError: it cannot be written; there is no such token then.
        """
        async with self._access() as database:
            if await database.fetch("SELECT 1 FROM api_token WHERE name = ?", (token.name,)):
                return False
            row = (*token[:-1], ",".join(token.devices))
            await database.write([("INSERT INTO api_token VALUES (?, ?, ?, ?, ?)", row)])
            return True

    async def remove_api_token(self, name: str) -> bool:
        """Remove one, on disk when this returns; False if there is none of this name.

        Raises:
            HistoryError: it cannot be written; the token is still there.
        """
        async with self._access() as database:
            if not await database.fetch("SELECT 1 FROM api_token WHERE name = ?", (name,)):
                return False
            await database.write([("DELETE FROM api_token WHERE name = ?", (name,))])
            return True
