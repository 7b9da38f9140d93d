from pathlib import Path

import pytest

from blynk_gateway.core.dashboards.ports import StoredDashboard
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.dashboards import DashboardTable
from blynk_gateway.history.file import database
from tests.component.history.system import System, locked

HOME = StoredDashboard("home", '{"title": "Ä", "pages": []}', 1, 1_700_000_000_000)


async def test_dashboard_is_kept_until_removed(tmp_path: Path) -> None:
    async with System(tmp_path) as system:
        table = DashboardTable(system.journal.exclusive)
        assert await table.dashboards() == []
        await table.put_dashboard(HOME)
        await table.put_dashboard(HOME._replace(slug="attic"))
        await table.put_dashboard(HOME._replace(revision=2))
    async with System(tmp_path) as system:
        table = DashboardTable(system.journal.exclusive)
        kept = await table.dashboards()
        assert kept == [HOME._replace(slug="attic"), HOME._replace(revision=2)]
        assert await table.remove_dashboard("attic")
        assert not await table.remove_dashboard("attic")
        assert await table.dashboards() == [HOME._replace(revision=2)]


async def test_dashboard_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    async with System(tmp_path) as system:
        table = DashboardTable(system.journal.exclusive)
        with locked(system.path), pytest.raises(HistoryError, match="database is locked"):
            await table.put_dashboard(HOME)
        assert await table.dashboards() == []
