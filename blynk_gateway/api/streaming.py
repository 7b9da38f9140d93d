"""Answers of any length: written at the peer's pace, and broken off if they cannot be finished."""

import asyncio
import logging
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing, nullcontext
from itertools import count
from typing import Final

from aiohttp import web

from blynk_gateway.api.faults import TooManyExports
from blynk_gateway.errors import GatewayError
from blynk_gateway.runtime.health import Health

log = logging.getLogger(__name__)

MAX_EXPORTS: Final = 32
"""Answers on their way at once: each has a batch in memory, half a megabyte. A dashboard asks for a
dozen charts together."""

SHORT_PIECES: Final = 4
"""Pieces after the first that an answer gets without waiting: a chart has no more. Long ones take
turns from then on, or so many threads would work at them that the event loop waited for each."""

GZIP_LEVEL: Final = 6
_GZIP_WINDOW: Final = 31
"""What `zlib` calls a gzip stream with the largest window."""


class Exports:
    """Sends long answers.

    Args:
        health: counts those that were broken off.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._open = 0
        self._turn = asyncio.Semaphore()

    async def send(
        self,
        request: web.Request,
        answer: web.StreamResponse,
        pieces: AsyncGenerator[bytes, None],
    ) -> web.StreamResponse:
        """Send pieces as they come; errors before the first one are the caller's.

        Later ones end the connection without the answer's end, so that nobody takes it for whole.

        Raises:
            TooManyExports: `MAX_EXPORTS` are on their way already.
            ConnectionError: the peer went away; nothing more is read.
        """
        if self._open >= MAX_EXPORTS:
            await pieces.aclose()
            raise TooManyExports(f"{MAX_EXPORTS} exports are on their way; that is the limit")
        self._open += 1
        try:
            async with aclosing(pieces):
                piece = await anext(pieces, None)
                await answer.prepare(request)
                try:
                    for number in count(1):
                        if piece is None:
                            break
                        if piece:
                            await answer.write(piece)
                        async with self._turn if number > SHORT_PIECES else nullcontext():
                            piece = await anext(pieces, None)
                except GatewayError as error:
                    self._break_off(request, error)
        finally:
            self._open -= 1
        return answer

    def _break_off(self, request: web.Request, error: GatewayError) -> None:
        self._health.count("exports_broken_off")
        log.warning("export broken off", extra={"reason": error})
        if request.transport is not None:
            request.transport.abort()


async def gzipped(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Pieces of a gzip file that holds these pieces."""
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    async with aclosing(pieces):
        async for piece in pieces:
            if packed := await asyncio.to_thread(packer.compress, piece):
                yield packed
    yield packer.flush()


def takes_gzip(request: web.Request) -> bool:
    """Whether the client asks for gzip. Source: RFC 9110 §12.5.3."""
    for one in request.headers.get("Accept-Encoding", "").split(","):
        coding, _, weight = one.partition(";")
        if coding.strip().lower() in ("gzip", "x-gzip"):
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
