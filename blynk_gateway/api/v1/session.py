"""`/api/v1/session` and `/api/v1/setup`: logging in and out, and the first user."""

import logging
from typing import Final

from aiohttp import web

from blynk_gateway import __version__
from blynk_gateway.api.accounts.cookies import (
    check_same_origin,
    delete_cookie,
    read_cookie,
    set_cookie,
)
from blynk_gateway.api.accounts.passwords import MAX_LENGTH, MIN_LENGTH
from blynk_gateway.api.accounts.sessions import is_kept
from blynk_gateway.api.accounts.throttle import LoginThrottle
from blynk_gateway.api.accounts.users import NAME, check_password
from blynk_gateway.api.faults import Conflict, Forbidden, LoginRefused, WrongPassword
from blynk_gateway.api.replies import api_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.route import Call, OpenRoute, Route
from blynk_gateway.api.v1.schema import Field, Kind, read_object
from blynk_gateway.core.accounts import Role, Session
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.runtime.logs import Repeats, masked

log = logging.getLogger(__name__)

PASSWORD: Final = Field(
    Kind.TEXT,
    f"{MIN_LENGTH} to {MAX_LENGTH} characters",
    limits={"minLength": MIN_LENGTH, "maxLength": MAX_LENGTH},
)
USER_NAME: Final = Field(
    Kind.TEXT,
    "1 to 32 of a–z, A–Z, 0–9, _ . -, but neither . nor ..",
    limits={"pattern": f"^{NAME.pattern}$"},
)
LOGIN: Final = {
    "name": Field(Kind.TEXT, "of the user"),
    "password": Field(Kind.TEXT, "of the user"),
    "keep": Field(Kind.FLAG, "whether the browser stays logged in; no if left out", False),
}
FIRST_USER: Final = {
    "token": Field(Kind.TEXT, "of the setup link"),
    "name": USER_NAME,
    "password": PASSWORD,
}
OPENED_SHARE: Final = {"token": Field(Kind.TEXT, "of the shared link")}
NEW_PASSWORD: Final = {"old": Field(Kind.TEXT, "the present password"), "new": PASSWORD}


class SessionRoutes:
    """Handlers of sessions."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._people = services.accounts
        self._throttle = LoginThrottle(services.clock)
        self._repeats = Repeats(services.clock)

    def routes(self) -> list[Route]:
        """Its routes that need a caller."""
        return [
            Route(
                "PUT",
                "/session/password",
                Role.VIEWER,
                self.change_password,
                "Change one's own password; all other sessions end.",
                NEW_PASSWORD,
                success=204,
            )
        ]

    def open_routes(self) -> list[OpenRoute]:
        """Its routes for anybody."""
        return [
            OpenRoute("/session", self.show, "Who is logged in in this browser."),
            OpenRoute("/session", self.login, "Log in.", "POST", LOGIN),
            OpenRoute("/session", self.logout, "Log out.", "DELETE", success=204),
            OpenRoute(
                "/session/share", self.open_share, "Open a shared link.", "POST", OPENED_SHARE
            ),
            OpenRoute("/setup", self.set_up, "Make the first user.", "POST", FIRST_USER),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Who is logged in, and what this gateway is."""
        secret = read_cookie(request)
        if secret is None:
            return await self._view(None)
        session = await self._people.sessions.find(secret)
        answer = await self._view(session)
        if session is None:
            delete_cookie(request, answer)
        elif is_kept(secret):
            # Browsers count from when it was set, not from when it was used.
            set_cookie(request, answer, secret)
        return answer

    async def login(self, request: web.Request) -> web.Response:
        """Begin a session, in place of the one that the browser has."""
        check_same_origin(request)
        body = await read_object(request, LOGIN)
        name = body["name"]
        self._throttle.check(request.remote, name)
        users = self._people.users
        secret = await users.login(name, body["password"], is_kept=body.get("keep", False))
        if secret is None:
            # Some type their password in place of the name.
            shown = masked(name) if await users.find(name) is None else name
            self._refused(request, shown)
            raise LoginRefused("no user has this name and password")
        self._throttle.succeeded(request.remote, name)
        log.info("user logged in", extra={"user": name, "peer": request.remote})
        return await self._begun(request, secret)

    async def logout(self, request: web.Request) -> web.Response:
        """End the session, if there is one."""
        check_same_origin(request)
        await self._end_present(request)
        answer = web.Response(status=204)
        delete_cookie(request, answer)
        return answer

    async def set_up(self, request: web.Request) -> web.Response:
        """Make the first user, an admin, who is logged in then."""
        check_same_origin(request)
        body = await read_object(request, FIRST_USER)
        self._throttle.check(request.remote)
        users, setup = self._people.users, self._people.setup
        if await users.all():
            raise Conflict("there is a user already; expected a login instead of the setup link")
        if not setup.is_right(body["token"]):
            self._refused(request, "")
            raise LoginRefused(
                "the setup link is not the one of this start; expected the one that was printed"
            )
        name, password = body["name"], body["password"]
        await users.add(name, Role.ADMIN, password, is_first=True)
        setup.end()
        self._throttle.succeeded(request.remote)
        log.info("first user made", extra={"user": name, "peer": request.remote})
        secret = await users.login(name, password, is_kept=False)
        if secret is None:
            raise LoginRefused("the user was changed at the same time; expected a login")
        return await self._begun(request, secret)

    async def open_share(self, request: web.Request) -> web.Response:
        """Begin a visitor's session; whoever is logged in stays so."""
        check_same_origin(request)
        body = await read_object(request, OPENED_SHARE)
        present = await self._present(request)
        if present is not None and present.user:
            return await self._view(present)
        self._throttle.check(request.remote)
        secret = await self._people.shares.open(body["token"])
        if secret is None:
            self._refused(request, "")
            raise LoginRefused("the shared link is not valid; it may have been revoked or expired")
        self._throttle.succeeded(request.remote)
        return await self._begun(request, secret)

    async def change_password(self, call: Call) -> web.Response:
        """Change one's own password; the session is renewed, all others end."""
        body = await read_object(call.request, NEW_PASSWORD)
        check_password(body["new"], "new")
        user, secret = call.caller.user, read_cookie(call.request)
        if not user or secret is None:
            raise Forbidden("only a user who is logged in has a password; expected a session")
        self._throttle.check(call.request.remote, user)
        users = self._people.users
        if not await users.change_own_password(user, body["old"], body["new"]):
            self._refused(call.request, user)
            raise WrongPassword("body.old: the present password is another one")
        self._throttle.succeeded(call.request.remote, user)
        answer = web.Response(status=204)
        renewed = await users.login(user, body["new"], is_kept=is_kept(secret))
        if renewed is not None:
            set_cookie(call.request, answer, renewed)
        return answer

    async def _begun(self, request: web.Request, secret: str) -> web.Response:
        # A session that was there before the login might be known to somebody else.
        await self._end_present(request)
        answer = await self._view(await self._people.sessions.find(secret))
        set_cookie(request, answer, secret)
        return answer

    async def _present(self, request: web.Request) -> Session | None:
        secret = read_cookie(request)
        return None if secret is None else await self._people.sessions.find(secret)

    async def _end_present(self, request: web.Request) -> None:
        session = await self._present(request)
        if session is not None:
            await self._people.sessions.end([session.digest])

    async def _view(self, session: Session | None) -> web.Response:
        people, services = self._people, self._services
        user = share = None
        if session is not None and session.user:
            user = await people.users.find(session.user)
        elif session is not None:
            share = await people.shares.find(session.share)
        own = next(
            (one for one in services.registry if one.definition.source is DeviceSource.GATEWAY),
            None,
        )
        return api_json(
            {
                "user": None if user is None else {"name": user.name, "role": user.role},
                "share": None if share is None else {"dashboard": share.dashboard},
                "is_set_up": bool(await people.users.all()),
                "gateway": "" if own is None else own.definition.name,
                "version": __version__,
                "is_simulated": services.gpio.simulation is not None,
            }
        )

    def _refused(self, request: web.Request, user: str) -> None:
        self._services.health.count("logins_refused")
        held_back = self._repeats.allow(request.remote)
        if held_back is not None:
            log.warning(
                "login refused",
                extra={"peer": request.remote, "user": user, "held_back": held_back},
            )
