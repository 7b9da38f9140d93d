"""One-time links to files that are made while they are sent.

A link holds nothing but a random name: whoever knows it may load the file, once and soon.
"""

import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from typing import Final, NamedTuple, TypeAlias

from aiohttp import web

from blynk_gateway.api.streaming import Exports
from blynk_gateway.core.clock import Clock

VALID_S: Final = 600.0
"""Time to follow a link: a program does it at once, a person reads a message first."""

MAX_LINKS: Final = 256
"""Links that nobody followed yet; beyond, the oldest goes."""

NAME_BYTES: Final = 16
DOWNLOAD_NAME: Final = r"[A-Za-z0-9_-]{22}\.(?:csv\.gz|zip)"
"""The names of links as a pattern; no device token has one."""

Pieces: TypeAlias = Callable[[], AsyncGenerator[bytes, None]]
"""Begins to make a file."""

_TYPES: Final = {"csv.gz": "application/x-gzip", "zip": "application/zip"}


class _Link(NamedTuple):
    until_s: float
    file_name: str
    pieces: Pieces


class Downloads:
    """Makes links and serves what is behind them.

    Attributes:
        exports: sends what is long.
    """

    def __init__(self, clock: Clock, exports: Exports) -> None:
        self._clock = clock
        self.exports = exports
        self._links: OrderedDict[str, _Link] = OrderedDict()

    def offer(self, file_name: str, suffix: str, pieces: Pieces) -> str:
        """A new link, as the path of an address.

        Args:
            file_name: what a browser calls the file, without its suffix.
            suffix: `csv.gz` or `zip`.
            pieces: called when the link is followed.
        """
        name = f"{secrets.token_urlsafe(NAME_BYTES)}.{suffix}"
        until_s = self._clock.monotonic() + VALID_S
        self._links[name] = _Link(until_s, f"{file_name}.{suffix}", pieces)
        if len(self._links) > MAX_LINKS:
            self._links.popitem(last=False)
        return f"/{name}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Send the file behind a link, which is none from then on."""
        name = request.match_info["name"]
        link = self._links.pop(name, None)
        if link is None or link.until_s < self._clock.monotonic():
            raise web.HTTPNotFound
        answer = web.StreamResponse(
            headers={
                "Content-Type": _TYPES[name.partition(".")[2]],
                "Content-Disposition": f'attachment; filename="{link.file_name}"',
                "Cache-Control": "no-store",
                "Access-Control-Allow-Origin": "*",
            }
        )
        return await self.exports.send(request, answer, link.pieces())
