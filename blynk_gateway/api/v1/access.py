"""Who may do what at `/api/v1`: sessions, API tokens, roles, and a brake on guessing."""

import hmac
import logging
from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from blynk_gateway.api.accounts.cookies import check_same_origin, read_cookie
from blynk_gateway.api.accounts.digests import digest_of
from blynk_gateway.api.accounts.people import People
from blynk_gateway.api.accounts.throttle import Brake, network_of
from blynk_gateway.api.device_auth import bearer
from blynk_gateway.api.faults import Throttled, Unauthorized
from blynk_gateway.api.v1.route import Caller
from blynk_gateway.core.accounts import Role, Scope
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.ports import ApiToken, ApiTokens
from blynk_gateway.runtime.logs import Repeats

log = logging.getLogger(__name__)


class Access(Protocol):
    """Tells who a request comes from."""

    def is_anonymous(self, request: web.Request) -> bool:
        """Whether the request does not even try to say who it comes from."""

    async def identify(self, request: web.Request) -> Caller:
        """The caller.

        Raises:
            Unauthorized, Throttled: nobody whom we know.
            CrossSite: somebody else's page uses a session's cookie.
        """

    async def find(self, request: web.Request) -> Caller | None:
        """The caller of a request that was let in before, None if it would not be any more.

        No try is counted: the request is not a new one.
        """


class ControlAccess:
    """Whoever reached the control socket passed its file permissions: an admin."""

    def is_anonymous(self, request: web.Request) -> bool:  # noqa: ARG002  as the protocol has it
        """Never: whoever is here has been let in."""
        return False

    async def identify(self, request: web.Request) -> Caller:  # noqa: ARG002  likewise
        """The one caller there is."""
        return Caller(Role.ADMIN, Origin(OriginKind.API, "control"))

    async def find(self, request: web.Request) -> Caller | None:
        """The same."""
        return await self.identify(request)


class PublicAccess:
    """Knows callers by `Authorization: Bearer` and, without that, by the session's cookie.

    Args:
        tokens: those with a bearer token.
        people: those with a cookie.
        pins_of: the pins of the dashboard with a slug, asked anew for each request.
    """

    def __init__(
        self,
        tokens: "TokenAccess",
        people: People,
        pins_of: Callable[[str], frozenset[PinAddress]],
    ) -> None:
        self._tokens = tokens
        self._people = people
        self._pins_of = pins_of

    def is_anonymous(self, request: web.Request) -> bool:
        """Whether the request has neither token nor cookie, not even a wrong one."""
        return bearer(request) is None and read_cookie(request) is None

    async def identify(self, request: web.Request) -> Caller:
        """The holder of the request's token or session.

        Raises:
            Unauthorized: neither of them, or one that does not exist.
            Throttled: too many wrong tokens came from this address.
            CrossSite: the cookie does not come from a page of ours.
        """
        if bearer(request) is not None:
            return await self._tokens.identify(request)
        secret = read_cookie(request)
        if secret is None:
            raise Unauthorized("the request has no session and no API token; expected one of them")
        check_same_origin(request)
        caller = await self._caller_of(secret)
        if caller is None:
            raise Unauthorized("the session has ended; expected a new login")
        return caller

    async def find(self, request: web.Request) -> Caller | None:
        """The caller of a request that was let in before, None if it would not be any more.

        Raises:
            HistoryError: tokens or sessions cannot be read.
        """
        token = bearer(request)
        if token is not None:
            return await self._tokens.find(token)
        secret = read_cookie(request)
        return None if secret is None else await self._caller_of(secret)

    async def _caller_of(self, secret: str) -> Caller | None:
        session = await self._people.sessions.find(secret)
        if session is None:
            return None
        if session.user:
            user = await self._people.users.find(session.user)
            if user is None:
                return None
            origin = Origin(OriginKind.API, f"user {user.name}")
            return Caller(Role(user.role), origin, session=session.digest, user=user.name)
        share = await self._people.shares.find(session.share)
        if share is None:
            return None
        return Caller(
            Role.VIEWER,
            Origin(OriginKind.API, f"share {share.id}"),
            Scope(pins=self._pins_of(share.dashboard)),
            session=session.digest,
            dashboard=share.dashboard,
        )


class TokenAccess:
    """Knows callers by `Authorization: Bearer` and the digests of the API tokens."""

    def __init__(self, tokens: ApiTokens, clock: Clock) -> None:
        self._tokens = tokens
        self._known: list[ApiToken] | None = None
        self._brake = Brake(clock)
        self._repeats = Repeats(clock)

    def forget(self) -> None:
        """Read the list of tokens anew: it has changed."""
        self._known = None

    async def identify(self, request: web.Request) -> Caller:
        """The holder of the request's token.

        Raises:
            Unauthorized: no token, or one that does not exist.
            Throttled: too many wrong ones came from this address.
        """
        token = bearer(request)
        if token is None:
            raise Unauthorized("the request has no API token; expected a bearer token")
        address = network_of(request.remote)
        # Before the comparison: a guesser must not learn that a token was right.
        has_failed = self._brake.knows(address)
        if not self._brake.try_again(address):
            raise Throttled("too many wrong API tokens came from this address")
        caller = await self.find(token)
        if caller is None:
            if not has_failed:
                self._brake.take(address)
            self._tell_refused(request)
            raise Unauthorized("no API token is like the one sent")
        self._brake.release(address)
        return caller

    async def find(self, token: str) -> Caller | None:
        """The holder of a token, None if there is none.

        Raises:
            HistoryError: the tokens cannot be read.
        """
        if self._known is None:
            self._known = await self._tokens.api_tokens()
        found = _matching(self._known, token)
        if found is None:
            return None
        scope = Scope.of_devices(found.devices)
        return Caller(Role(found.role), Origin(OriginKind.API, found.name), scope)

    def _tell_refused(self, request: web.Request) -> None:
        held_back = self._repeats.allow(request.remote or "")
        if held_back is not None:
            log.warning(
                "api token refused", extra={"peer": request.remote or "", "held_back": held_back}
            )


def _matching(known: list[ApiToken], token: str) -> ApiToken | None:
    digest = digest_of(token)
    found = None
    for one in known:
        if hmac.compare_digest(one.digest, digest):
            found = one
    return found
