"""Files that devices upload, `/external/api/upload`, and the way to read them back.

A file lies in `data_dir/uploads/<slug>/` under an unguessable name; whoever knows its URL may read
it, as with the original. Source: blynk-protocol §10.2.
"""

import asyncio
import re
import secrets
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from aiohttp import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    BodyPartReader,
    web,
)
from aiohttp.http_exceptions import HttpProcessingError

from blynk_gateway.api.bodies import BODY_WITHIN_S
from blynk_gateway.api.cloud_call import CloudCall
from blynk_gateway.api.faults import Refusal
from blynk_gateway.api.replies import device_text
from blynk_gateway.api.services import Services
from blynk_gateway.api.writes import http_origin
from blynk_gateway.core.address import SLUG_PATTERN

MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_FILES = 10
"""Per file and per device. Source: blynk-protocol §10.2."""

CHUNK_BYTES = 64 * 1024

_NAME = re.compile(r"[A-Za-z0-9_-]{22}-[A-Za-z0-9_.-]{1,40}")

_IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
}
"""What a browser may show; anything else could be a page with scripts, and is downloaded."""


class Uploads:
    """Receives and serves devices' files."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._root = services.data_dir / "uploads"
        # Of a header that makes no sense aiohttp warns in the words of the peer; Python would print
        # each such text as it is, between the lines of the log, and keep it for ever.
        for kind in (BadContentDispositionHeader, BadContentDispositionParam):
            warnings.simplefilter("ignore", kind)

    async def receive(self, call: CloudCall) -> web.Response:
        """Keep the multipart field `upfile`; the answer is its URL."""
        request, device = call.request, call.device
        folder = self._root / device.slug
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                name = await self._store(request, folder)
        except TimeoutError:
            raise Refusal("The file did not arrive in time.", 408) from None
        except (ValueError, AssertionError, HttpProcessingError, web.RequestPayloadError):
            # What the multipart reader raises for bodies that are none.
            raise Refusal("Request with incorrect parameters") from None
        except OSError as error:
            self._services.health.count("uploads_failed")
            raise Refusal(f"The file cannot be kept: {error.strerror}.", 507) from None
        self._services.registry.heard(device, http_origin(device))
        return device_text(f"{request.scheme}://{request.host}/uploads/{device.slug}/{name}")

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Send a file to whoever knows its URL."""
        slug, name = request.match_info["slug"], request.match_info["name"]
        if not SLUG_PATTERN.fullmatch(slug) or not _NAME.fullmatch(name):
            raise web.HTTPNotFound
        path = self._root / slug / name
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except OSError:
            raise web.HTTPNotFound from None
        with file:
            suffix = path.suffix.lower()
            headers = {
                "Content-Type": _IMAGES.get(suffix, "application/octet-stream"),
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "X-Content-Type-Options": "nosniff",
                "Access-Control-Allow-Origin": "*",
            }
            if suffix not in _IMAGES:
                headers["Content-Disposition"] = "attachment"
            answer = web.StreamResponse(headers=headers)
            answer.content_length = (await asyncio.to_thread(path.stat)).st_size
            await answer.prepare(request)
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                await answer.write(chunk)
        return answer

    async def _store(self, request: web.Request, folder: Path) -> str:
        parts = _parts(request)
        async for part in parts:
            if part.name == "upfile":
                own_name = re.sub(r"[^A-Za-z0-9_.-]", "_", part.filename or "file")[-40:]
                name = f"{secrets.token_urlsafe(16)}-{own_name}"
                draft = folder / f".{name}"
                await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
                try:
                    await _copy(part, draft)
                    # Raises unless a boundary ended the part: it could be half a file.
                    await anext(parts, None)
                    await asyncio.to_thread(_keep, draft, folder / name, own_name)
                except BaseException:
                    draft.unlink(missing_ok=True)
                    raise
                return name
        raise Refusal("Request with incorrect parameters")


async def _parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            # A multipart in a part is passed over by recursion, as deep as the peer likes.
            raise Refusal("Request with incorrect parameters")
        yield part


async def _copy(part: BodyPartReader, draft: Path) -> None:
    size = 0
    file: BinaryIO
    with await asyncio.to_thread(draft.open, "xb") as file:
        while chunk := await part.read_chunk(CHUNK_BYTES):
            size += len(chunk)
            if size > MAX_FILE_BYTES:
                raise Refusal("The file is too large. Maximum size is 5 MB.", 413)
            await asyncio.to_thread(file.write, chunk)


def _keep(draft: Path, path: Path, own_name: str) -> None:
    """Give a finished file its name; an older one called the same goes, then the oldest ones."""
    draft.rename(path)
    kept = [file for file in path.parent.iterdir() if _NAME.fullmatch(file.name) and file != path]
    # The random part has 22 characters and a dash.
    for file in [file for file in kept if file.name[23:] == own_name]:
        file.unlink(missing_ok=True)
        kept.remove(file)
    kept.sort(key=lambda file: file.stat().st_mtime_ns)
    for file in kept[: max(0, len(kept) + 1 - MAX_FILES)]:
        file.unlink(missing_ok=True)
