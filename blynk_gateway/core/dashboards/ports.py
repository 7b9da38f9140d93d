"""The port behind which dashboards are kept that were made in the browser."""

from typing import NamedTuple, Protocol


class StoredDashboard(NamedTuple):
    """One of them.

    Attributes:
        document: JSON text, as the configuration file would have it.
        revision: one more each time it is changed.
    """

    slug: str
    document: str
    revision: int
    changed_ms: int


class DashboardTable(Protocol):
    """The table of dashboards (made by `history`).

    Each method is on disk when it returns, and raises HistoryError where it cannot be.
    """

    async def dashboards(self) -> list[StoredDashboard]:
        """All of them, by slug."""

    async def put_dashboard(self, dashboard: StoredDashboard) -> None:
        """Add one, or put it in place of the one with its slug."""

    async def remove_dashboard(self, slug: str) -> bool:
        """Remove one; False if there is none."""
