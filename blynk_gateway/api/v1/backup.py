"""`/api/v1/backup`: everything but the configuration file, as one file."""

import logging
from contextlib import aclosing
from datetime import UTC, datetime

from aiohttp import web

from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.access import Call
from blynk_gateway.errors import HistoryError

log = logging.getLogger(__name__)


class BackupRoute:
    """Handler of backups."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def download(self, call: Call) -> web.StreamResponse:
        """A backup; the answer begins when its state is held still, so that errors are answers."""
        at = datetime.fromtimestamp(self._services.clock.now_ms() / 1000, UTC)
        name = f"blynk-gateway-{at:%Y%m%dT%H%M%SZ}.tar.gz"
        async with aclosing(self._services.backups.backup()) as pieces:
            first = await anext(pieces)
            answer = web.StreamResponse(
                headers={
                    "Content-Type": "application/gzip",
                    "Content-Disposition": f'attachment; filename="{name}"',
                    "Cache-Control": "no-store",
                }
            )
            await answer.prepare(call.request)
            await answer.write(first)
            try:
                async for piece in pieces:
                    await answer.write(piece)
            except HistoryError as error:
                log.error("backup broken off", extra={"reason": error})  # noqa: TRY400  says all
                # An end would make what was sent look whole.
                if call.request.transport is not None:
                    call.request.transport.abort()
        return answer
