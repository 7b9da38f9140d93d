"""The session's cookie, and the check that it was a page of ours which sent it.

A cookie comes with every request to its host, whichever page makes it. So a request with one that
changes something, or opens a WebSocket, must come from this gateway's own pages: browsers say so in
`Origin` or `Sec-Fetch-Site`, which no script can set. `SameSite=Strict` keeps the cookie away from
requests of other sites; a page on another port of this host is of the same site, and stopped here.

Against DNS rebinding, where a foreign name leads to this address: the cookie belongs to the host it
was set at, and is not sent to another name. Such a page is a caller whom nobody knows.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from blynk_gateway.api.accounts.sessions import is_kept, life_s
from blynk_gateway.api.faults import CrossSite

PLAIN_NAME: Final = "blynk_gateway"
SECURE_NAME: Final = "__Host-blynk_gateway"
"""Browsers take this one over TLS only, and from this very host. Source: RFC 6265bis §4.1.3.2."""

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{40,128}")
_PORTS: Final = {"http": ":80", "https": ":443"}
"""What browsers leave out of `Host` and `Origin`, and some proxies do not."""

_SAFE_METHODS: Final = ("GET", "HEAD")


def read_cookie(request: web.Request) -> str | None:
    """The secret of the session's cookie, or None.

    Parsed here: one odd cookie of another service on this host makes the usual parsers lose all.
    One of the same name, for a narrower path, comes before ours.
    """
    wanted = _name(request)
    for header in request.headers.getall("Cookie", []):
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == wanted and _SECRET.fullmatch(value):
                return value
    return None


def set_cookie(request: web.Request, answer: web.Response, secret: str) -> None:
    """Give the browser its session."""
    answer.set_cookie(
        _name(request),
        secret,
        path="/",
        max_age=life_s(secret) if is_kept(secret) else None,
        secure=request.secure,
        httponly=True,
        samesite="Strict",
    )


def delete_cookie(request: web.Request, answer: web.Response) -> None:
    """Take it away."""
    answer.set_cookie(
        _name(request),
        "",
        path="/",
        max_age=0,
        secure=request.secure,
        httponly=True,
        samesite="Strict",
    )


def check_same_origin(request: web.Request) -> None:
    """Check that the request comes from a page of this gateway, where that matters.

    Without a cookie only a browser is checked, which says where its page is from.

    Raises:
        CrossSite: it does not, or does not say.
    """
    if request.method in _SAFE_METHODS and not _is_upgrade(request):
        return
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        return
    if origin is None and read_cookie(request) is None:
        return
    if origin is None or not _is_own(origin, request):
        raise CrossSite("the request does not come from a page of this gateway")


def _name(request: web.Request) -> str:
    return SECURE_NAME if request.secure else PLAIN_NAME


def _is_upgrade(request: web.Request) -> bool:
    return "websocket" in request.headers.get("Upgrade", "").lower()


def _is_own(origin: str, request: web.Request) -> bool:
    try:
        scheme, host = urlsplit(origin.lower())[:2]
    except ValueError:
        return False
    # Without TLS here a proxy may have it. With it, a page that came without can be anybody's.
    if not host or (request.secure and scheme != "https"):
        return False
    port = _PORTS.get(scheme, "")
    return host.removesuffix(port) == request.host.lower().removesuffix(port)
