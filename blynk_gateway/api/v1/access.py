"""Who may do what at `/api/v1`: API tokens, roles, and a brake on guessing."""

import hashlib
import hmac
import logging
from collections import OrderedDict
from enum import StrEnum
from typing import NamedTuple, Protocol

from aiohttp import web

from blynk_gateway.api.device_auth import bearer
from blynk_gateway.api.faults import Forbidden, Throttled, Unauthorized
from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.ports import ApiToken, ApiTokens
from blynk_gateway.core.quota import TokenBucket
from blynk_gateway.runtime.logs import Repeats

log = logging.getLogger(__name__)

FAILURES_AT_ONCE = 10
FAILURES_PER_SECOND = 0.2
"""Wrong tokens from one address: enough for a person's mistakes, nothing for a guesser."""

MAX_ADDRESSES = 1000


class Role(StrEnum):
    """What a caller may do; each role may also do what the ones before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Caller(NamedTuple):
    """Whoever sent a request."""

    role: Role
    origin: Origin

    def require(self, role: Role) -> None:
        """Check the caller's role.

        Raises:
            Forbidden: it is not enough.
        """
        if not self.role.covers(role):
            raise Forbidden(f"the role {self.role} may not do this; expected {role}")


class Call(NamedTuple):
    """A request and who sent it."""

    request: web.Request
    caller: Caller


class Access(Protocol):
    """Tells who a request comes from."""

    def is_anonymous(self, request: web.Request) -> bool:
        """Whether the request does not even try to say who it comes from."""

    async def identify(self, request: web.Request) -> Caller:
        """The caller.

        Raises:
            Unauthorized, Throttled: nobody whom we know.
        """


class ControlAccess:
    """Whoever reached the control socket passed its file permissions: an admin."""

    def is_anonymous(self, request: web.Request) -> bool:  # noqa: ARG002  as the protocol has it
        """Never: whoever is here has been let in."""
        return False

    async def identify(self, request: web.Request) -> Caller:  # noqa: ARG002  likewise
        """The one caller there is."""
        return Caller(Role.ADMIN, Origin(OriginKind.API, "control"))


class TokenAccess:
    """Knows callers by `Authorization: Bearer` and the digests of the API tokens."""

    def __init__(self, tokens: ApiTokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock
        self._known: list[ApiToken] | None = None
        self._failures: OrderedDict[str, TokenBucket] = OrderedDict()
        self._repeats = Repeats(clock)

    def forget(self) -> None:
        """Read the list of tokens anew: it has changed."""
        self._known = None

    def is_anonymous(self, request: web.Request) -> bool:
        """Whether the request has no token, not even a wrong one."""
        return bearer(request) is None

    async def identify(self, request: web.Request) -> Caller:
        """The holder of the request's token.

        Raises:
            Unauthorized: no token, or one that does not exist.
            Throttled: too many wrong ones came from this address.
        """
        token = bearer(request)
        if token is None:
            raise Unauthorized("the request has no API token; expected a bearer token")
        address = request.remote or ""
        brake = self._failures.get(address)
        # Before the comparison: a guesser must not learn that a token was right.
        if brake is not None and not brake.take(1, self._clock.monotonic()):
            raise Throttled("too many wrong API tokens came from this address")
        if self._known is None:
            self._known = await self._tokens.api_tokens()
        found = _matching(self._known, token)
        if found is None:
            self._failed(address)
            raise Unauthorized("no API token is like the one sent")
        if brake is not None:
            del self._failures[address]
        return Caller(Role(found.role), Origin(OriginKind.API, found.name))

    def _failed(self, address: str) -> None:
        if address not in self._failures:
            now = self._clock.monotonic()
            brake = TokenBucket(FAILURES_PER_SECOND, FAILURES_AT_ONCE, now)
            # This first failure was not counted yet.
            brake.take(1, now)
            self._failures[address] = brake
            if len(self._failures) > MAX_ADDRESSES:
                self._failures.popitem(last=False)
        held_back = self._repeats.allow(address)
        if held_back is not None:
            log.warning("api token refused", extra={"peer": address, "held_back": held_back})


def digest_of(token: str) -> str:
    """What is kept of an API token: its SHA-256 as hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _matching(known: list[ApiToken], token: str) -> ApiToken | None:
    digest = digest_of(token)
    found = None
    for one in known:
        if hmac.compare_digest(one.digest, digest):
            found = one
    return found
