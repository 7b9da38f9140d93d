"""Dashboards in memory."""

from blynk_gateway.core.dashboards.ports import StoredDashboard
from blynk_gateway.errors import HistoryError


class MemoryDashboards:
    """Meets `core.dashboards.ports.DashboardTable`.

    Attributes:
        is_broken: whether nothing can be written, as with a full disk.
    """

    def __init__(self) -> None:
        self.rows: dict[str, StoredDashboard] = {}
        self.is_broken = False

    async def dashboards(self) -> list[StoredDashboard]:
        return [self.rows[slug] for slug in sorted(self.rows)]

    async def put_dashboard(self, dashboard: StoredDashboard) -> None:
        if self.is_broken:
            raise HistoryError("disk full")
        self.rows[dashboard.slug] = dashboard

    async def remove_dashboard(self, slug: str) -> bool:
        if self.is_broken:
            raise HistoryError("disk full")
        return self.rows.pop(slug, None) is not None
