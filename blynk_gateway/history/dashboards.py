"""The table of dashboards: read and written beside the journal, on its connection."""

from blynk_gateway.core.dashboards.ports import StoredDashboard
from blynk_gateway.history.archive.archiver import Access


class DashboardTable:
    """Meets `core.dashboards.ports.DashboardTable`.

    Args:
        access: the database for one user at a time; raises HistoryError when there is none.
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    async def dashboards(self) -> list[StoredDashboard]:
        """All of them, by slug.

        Raises:
            HistoryError: they cannot be read.
        """
        async with self._access() as database:
            rows = await database.fetch("SELECT * FROM dashboard ORDER BY slug")
            return [StoredDashboard(*row) for row in rows]

    async def put_dashboard(self, dashboard: StoredDashboard) -> None:
        """Add one or replace it, on disk when this returns.

        Raises:
            HistoryError: it cannot be written; all is as it was.
        """
        statement = "INSERT OR REPLACE INTO dashboard VALUES (?, ?, ?, ?)"
        async with self._access() as database:
            await database.write([(statement, tuple(dashboard))])

    async def remove_dashboard(self, slug: str) -> bool:
        """Remove one, on disk when this returns; False if there is none.

        Raises:
            HistoryError: it cannot be written; it is still there.
        """
        async with self._access() as database:
            if not await database.fetch("SELECT 1 FROM dashboard WHERE slug = ?", (slug,)):
                return False
            await database.write([("DELETE FROM dashboard WHERE slug = ?", (slug,))])
            return True
