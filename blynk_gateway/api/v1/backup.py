"""`/api/v1/backup`: everything but the configuration file, as one file."""

from datetime import UTC, datetime

from aiohttp import web

from blynk_gateway.api.services import Services
from blynk_gateway.api.streaming import Exports
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.core.accounts import Role


class BackupRoute:
    """Handler of backups.

    Args:
        exports: sends what is long.
    """

    def __init__(self, services: Services, exports: Exports) -> None:
        self._services = services
        self._exports = exports

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                "GET",
                "/backup",
                Role.ADMIN,
                self.download,
                "All data but the configuration, as tar.gz.",
            ),
        ]

    async def download(self, call: Call) -> web.StreamResponse:
        """A backup; the answer begins when its state is held still, so that errors are answers."""
        at = datetime.fromtimestamp(self._services.clock.now_ms() / 1000, UTC)
        name = f"blynk-gateway-{at:%Y%m%dT%H%M%SZ}.tar.gz"
        answer = web.StreamResponse(
            headers={
                "Content-Type": "application/gzip",
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            }
        )
        return await self._exports.send(call.request, answer, self._services.backups.backup())
