"""`/api/v1/pairing` and `/api/v1/api-tokens`: what only an admin may do."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

from blynk_gateway.api.accounts.digests import digest_of, new_secret
from blynk_gateway.api.faults import Conflict, RequestError, UnknownApiToken
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.schema import Field, Kind, read_object
from blynk_gateway.api.v1.views import device_view
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.pairing import RefusedLogin
from blynk_gateway.core.ports import ApiToken
from blynk_gateway.errors import UnknownToken
from blynk_gateway.runtime.logs import masked

MAX_MINUTES = 1440
MAX_TOKENS = 100
MAX_DEVICES = 100

# A name is a path segment, and clients resolve `.` and `..` away.
_TOKEN_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,32}")

PAIRING = {
    "minutes": Field(
        Kind.NUMBER,
        "how long pairing is open, 0 to close it now",
        limits={"minimum": 0, "maximum": MAX_MINUTES},
    )
}
ADOPTION = {"id": Field(Kind.TEXT, "`id` of one of the refused logins")}
NEW_TOKEN = {
    "name": Field(
        Kind.TEXT,
        "1 to 32 of a–z, A–Z, 0–9, _ . -, but neither . nor ..",
        limits={"pattern": f"^{_TOKEN_NAME.pattern}$"},
    ),
    "role": Field(
        Kind.TEXT,
        "viewer (the default), operator or admin",
        False,
        {"enum": [str(role) for role in Role]},
    ),
    "devices": Field(
        Kind.TEXTS,
        f"slugs of the at most {MAX_DEVICES} devices it is good for; all if empty or left out",
        False,
        {"maxItems": MAX_DEVICES},
    ),
}


class Admin:
    """Handlers of pairing and API tokens.

    Args:
        tokens_changed: called after the list of tokens has changed.
    """

    def __init__(self, services: Services, tokens_changed: Callable[[], None]) -> None:
        self._services = services
        self._tokens_changed = tokens_changed

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route("GET", "/pairing", Role.ADMIN, self.pairing, "Pairing and refused logins."),
            Route("POST", "/pairing", Role.ADMIN, self.open_pairing, "Open pairing.", PAIRING),
            Route(
                "POST",
                "/pairing/adopt",
                Role.ADMIN,
                self.adopt,
                "Make a device of a refused login.",
                ADOPTION,
                success=201,
            ),
            Route(
                "GET", "/api-tokens", Role.ADMIN, self.tokens, "All API tokens, without the tokens."
            ),
            Route(
                "POST",
                "/api-tokens",
                Role.ADMIN,
                self.add_token,
                "Make an API token.",
                NEW_TOKEN,
                success=201,
            ),
            Route(
                "DELETE",
                "/api-tokens/{name}",
                Role.ADMIN,
                self.remove_token,
                "Remove one.",
                success=204,
            ),
        ]

    async def pairing(self, _call: Call) -> web.Response:
        """How long pairing stays open, and the refused logins, tokens masked."""
        pairing = self._services.pairing
        return api_json(
            {
                "seconds_left": round(pairing.seconds_left),
                "refused": [
                    {
                        "id": _refused_id(login),
                        "token": masked(login.token),
                        "peer": login.peer,
                        "first_ms": login.first_ms,
                        "last_ms": login.last_ms,
                        "attempts": login.attempts,
                    }
                    for login in pairing.refused
                ],
            }
        )

    async def open_pairing(self, call: Call) -> web.Response:
        """Open pairing for some minutes; the answer is as for `pairing`."""
        body = await read_object(call.request, PAIRING)
        if not 0 <= body["minutes"] <= MAX_MINUTES:
            raise RequestError(f"body.minutes: expected 0 to {MAX_MINUTES}")
        self._services.pairing.open(60 * body["minutes"])
        return await self.pairing(call)

    async def adopt(self, call: Call) -> web.Response:
        """Make a device of a refused login."""
        body = await read_object(call.request, ADOPTION)
        pairing = self._services.pairing
        login = next((one for one in pairing.refused if _refused_id(one) == body["id"]), None)
        if login is None:
            raise UnknownToken("body.id: no refused login has this id")
        device = pairing.adopt(login.token)
        return api_json(device_view(device), 201)

    async def tokens(self, _call: Call) -> web.Response:
        """All API tokens without the tokens."""
        tokens = await self._services.tokens.api_tokens()
        return api_json({"api_tokens": [_token_view(token) for token in tokens]})

    async def add_token(self, call: Call) -> web.Response:
        """A new API token; this answer alone holds it."""
        body = await read_object(call.request, NEW_TOKEN)
        name, role = body["name"], body.get("role", str(Role.VIEWER))
        if not _TOKEN_NAME.fullmatch(name):
            raise RequestError(f"body.name: expected {NEW_TOKEN['name'].description}")
        if role not in set(Role):
            raise RequestError(f"body.role: expected {', '.join(Role)}")
        tokens = self._services.tokens
        # Sorted, each once. One that is not there would come to be good for a later device.
        devices = tuple(sorted(set(body.get("devices", ()))))
        if len(devices) > MAX_DEVICES:
            raise RequestError(f"body.devices: expected at most {MAX_DEVICES}")
        for slug in devices:
            self._services.registry.get(slug)
        if len(await tokens.api_tokens()) >= MAX_TOKENS:
            raise Conflict(f"there are {MAX_TOKENS} API tokens already; that is the limit")
        secret = new_secret()
        now_ms = self._services.clock.now_ms()
        token = ApiToken(name, role, digest_of(secret), now_ms, devices)
        if not await tokens.add_api_token(token):
            raise Conflict(f"there is an API token {name!r} already; expected another name")
        self._tokens_changed()
        return api_json(_token_view(token) | {"token": secret}, 201)

    async def remove_token(self, call: Call) -> web.Response:
        """Make an API token invalid."""
        name = call.request.match_info["name"]
        if not await self._services.tokens.remove_api_token(name):
            raise UnknownApiToken(f"there is no API token {name[:40]!r}")
        self._tokens_changed()
        return web.Response(status=204)


def _token_view(token: ApiToken) -> dict[str, Any]:
    return {
        "name": token.name,
        "role": token.role,
        "created_ms": token.created_ms,
        "devices": list(token.devices),
    }


def _refused_id(login: RefusedLogin) -> str:
    return hashlib.sha256(login.token.encode("utf-8", "surrogateescape")).hexdigest()[:12]
