"""The dashboard's files: `/` and everything below `/ui/`.

Names below `/ui/` hold a digest of all files, so that browsers may keep them for ever and still get
the new ones after an upgrade. Each file is compressed once, when it is first asked for.
"""

import asyncio
import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from blynk_gateway.api.faults import UnknownRoute

DIRECTORY = Path(__file__).parent / "dashboard"

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    # Widgets show pictures and films from the addresses that their owners give them.
    " img-src 'self' data: http: https:; media-src 'self' http: https:;"
    " manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

FIRST = (
    *("vendor/lit.js", "core", "pages/registry.js"),
    *("pages/dashboard.js", "components/dialog.js", "components/icon.js", "components/tabs.js"),
    *("components/widget_grid.js", "editor/placing.js"),
    *("widgets/make.js", "widgets/registry.js", "widgets/widget.js", "widgets/inputs/colors.js"),
    "widgets/inputs/sender.js",
)
"""What the first page needs: files, and directories of files. Browsers fetch them all at once, and
not one after the other as each asks for the next."""

_ASK = "no-cache"
_FOREVER = "public, max-age=31536000, immutable"
_VARY = "Accept-Encoding"
_UNCHANGED_NAMES = frozenset({".png"})
"""Kinds of files that are compressed already."""


class File(NamedTuple):
    """One file as it is sent."""

    content_type: str
    plain: bytes
    packed: bytes | None


class WebApp:
    """Serves the files of `directory`."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self._paths = {
            path.relative_to(directory).as_posix(): path
            for path in sorted(directory.rglob("*"))
            if path.suffix in CONTENT_TYPES
        }
        self._files: dict[str, File] = {}
        digest = hashlib.sha256()
        for name, path in self._paths.items():
            digest.update(name.encode())
            digest.update(path.read_bytes())
        self.version = digest.hexdigest()[:16]

    async def page(self, request: web.Request) -> web.Response:
        """`/`: the frame, which loads everything else.

        Browsers ask each time whether theirs is still good, and it is until an upgrade.
        """
        # Weak: the same for what is compressed and what is not.
        tag = f'W/"{self.version}"'
        if tag in request.headers.get("If-None-Match", ""):
            headers = {**HEADERS, "ETag": tag, "Cache-Control": _ASK, "Vary": _VARY}
            return web.Response(status=304, headers=headers)
        answer = _answer(request, await self._file("index.html"), _ASK)
        answer.headers["ETag"] = tag
        return answer

    async def file(self, request: web.Request) -> web.Response:
        """`/ui/{version}/{name}`.

        Raises:
            UnknownRoute: there is no such file, or none any more.
        """
        name = request.match_info["name"]
        if name not in self._paths or request.match_info["version"] != self.version:
            raise UnknownRoute("no such file of the dashboard; load the page anew")
        return _answer(request, await self._file(name), _FOREVER)

    async def _file(self, name: str) -> File:
        if name not in self._files:
            # In a thread: compressing the largest takes some ms on a small board.
            self._files[name] = await asyncio.to_thread(self._load, name)
        return self._files[name]

    def _load(self, name: str) -> File:
        path = self._paths[name]
        plain = path.read_bytes()
        if name == "index.html":
            plain = self._filled(plain.decode()).encode()
        is_packed = path.suffix not in _UNCHANGED_NAMES
        return File(
            CONTENT_TYPES[path.suffix],
            plain,
            gzip.compress(plain, 9, mtime=0) if is_packed else None,
        )

    def _filled(self, page: str) -> str:
        root = f"/ui/{self.version}"
        first = [
            name
            for name in self._paths
            for wanted in FIRST
            if name == wanted or name.startswith(f"{wanted}/")
        ]
        preload = "\n".join(f'<link rel="modulepreload" href="{root}/{name}">' for name in first)
        return page.replace("{preload}", preload).replace("{ui}", root)


def _answer(request: web.Request, file: File, caching: str) -> web.Response:
    headers = {
        **HEADERS,
        "Content-Type": file.content_type,
        "Cache-Control": caching,
        "Vary": _VARY,
    }
    body = file.plain
    if file.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = file.packed
    return web.Response(body=body, headers=headers)
