"""`/{token}/data/{pin}` of the legacy dialect: everything of a pin as a packed CSV file.

Source: blynk-protocol §10.1. Lines are `value,timestamp_ms,deviceId` without a head, oldest first.
The original has minutes of a month; here it is every value, and minutes where only those are kept.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from aiohttp import web

from blynk_gateway.api.downloads import Downloads
from blynk_gateway.api.faults import Refusal
from blynk_gateway.api.past import Past, off_loop
from blynk_gateway.api.replies import device_empty
from blynk_gateway.api.services import Services
from blynk_gateway.api.streaming import gzipped
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.device import Device
from blynk_gateway.core.history import Question
from blynk_gateway.core.past import MAX_AHEAD_MS
from blynk_gateway.errors import HistoryError
from blynk_gateway.formats.plain import PlainPoint
from blynk_gateway.formats.text import cell, csv_rows

NUMBER_IN_PROJECT: Final = 0
"""What `/{token}/project` calls the device: a project has one."""


class CsvExport:
    """Makes the files."""

    def __init__(self, services: Services, downloads: Downloads) -> None:
        self._services = services
        self._downloads = downloads
        self._past = Past(services)

    async def redirect(self, device: Device, pin: str) -> web.Response:
        """The way to a file that is made when it is fetched.

        Raises:
            Refusal: there is nothing to put into it.
        """
        address = PinAddress(device.slug, pin)
        to_ms = self._services.clock.now_ms() + MAX_AHEAD_MS
        try:
            question = await self._past.finest(address, 0, to_ms)
        except HistoryError:
            raise Refusal("Error getting pin data.") from None
        if question is None:
            raise Refusal("No data.")
        path = self._downloads.offer(
            f"{device.slug}_{pin}", "csv.gz", lambda: gzipped(self._lines(question))
        )
        answer = device_empty(301)
        answer.headers["Location"] = path
        # The next request has to get a link of its own.
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def _lines(self, question: Question) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._past.batches(question)) as batches:
            async for batch in batches:
                yield (await off_loop(_rows, batch.points)).encode()


def _rows(points: list[PlainPoint]) -> str:
    return csv_rows([(cell(value), at_ms, NUMBER_IN_PROJECT) for at_ms, value in points])
