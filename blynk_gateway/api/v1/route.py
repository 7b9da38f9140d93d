"""One route of `/api/v1`: who may use it, what it takes, and what its handler is told."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol, TypeAlias

from aiohttp import web

from blynk_gateway.api.faults import Forbidden, OutOfScope
from blynk_gateway.api.v1.schema import Field
from blynk_gateway.core.accounts import Role, Scope
from blynk_gateway.core.address import PinAddress, parse_pin
from blynk_gateway.core.change import Origin

BASE = "/api/v1"

# Elsewhere a slug is that of something else, such as a dashboard.
_OF_DEVICES = f"{BASE}/devices/{{slug}}"
_OF_PINS = (f"{BASE}/pins/{{slug}}/{{pin}}", f"{BASE}/history/{{slug}}/{{pin}}")

_NOT_THIS = "this caller may see some devices or pins only, and not this"


class Caller(NamedTuple):
    """Whoever sent a request.

    Attributes:
        scope: the devices and pins that exist for this caller, None for all.
        session: digest of a session, empty for who has none.
        user: name of who is logged in, empty for anybody else.
        dashboard: slug of the one dashboard that a visitor with a shared link may see, else empty.
    """

    role: Role
    origin: Origin
    scope: Scope | None = None
    session: str = ""
    user: str = ""
    dashboard: str = ""

    def require(self, role: Role) -> None:
        """Check the caller's role.

        Raises:
            Forbidden: it is not enough.
        """
        if not self.role.covers(role):
            raise Forbidden(f"the role {self.role} may not do this; expected {role}")

    def check_device(self, slug: str, *, is_whole: bool = False) -> None:
        """Check that a device exists for this caller.

        Args:
            is_whole: not only some of its pins.

        Raises:
            OutOfScope: it does not. It need not exist for anybody.
        """
        if self.scope is None or slug in self.scope.devices:
            return
        if is_whole or not self.scope.has_device(slug):
            raise OutOfScope(_NOT_THIS)

    def check_pin(self, address: PinAddress) -> None:
        """Check that a pin exists for this caller.

        Raises:
            OutOfScope: it does not. It need not exist for anybody.
        """
        if self.scope is not None and not self.scope.has_pin(address):
            raise OutOfScope(_NOT_THIS)


class Call(NamedTuple):
    """A request and who sent it."""

    request: web.Request
    caller: Caller


Handler: TypeAlias = Callable[[Call], Awaitable[web.StreamResponse]]
OpenHandler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Route(NamedTuple):
    """One route that needs a caller.

    Attributes:
        path: below `/api/v1`.
        role: the least that may use it.
        body: fields of the JSON body, None for none.
        query: query fields.
        success: HTTP status when all is well.
        minds_scope: the handler itself leaves out what the caller's scope does not have; without
            it a caller with a scope may use the route only if its path names a device of it.
        makes_new: it also answers 201, where it made what was not there.
    """

    method: str
    path: str
    role: Role
    handler: Handler
    summary: str
    body: Mapping[str, Field] | None = None
    query: Mapping[str, Field] | None = None
    success: int = 200
    minds_scope: bool = False
    makes_new: bool = False

    def check_scope(self, caller: Caller, named: Mapping[str, str]) -> None:
        """Check that the route's path names what the caller may see.

        Args:
            named: what the path's variables stand for.

        Raises:
            OutOfScope: it does not. The device or pin need not exist.
            UnknownPin: it names no pin.
        """
        if caller.scope is None or self.minds_scope:
            return
        slug = named.get("slug", "").lower()
        if self.path.startswith(_OF_PINS):
            caller.check_pin(PinAddress(slug, parse_pin(named["pin"])))
        elif self.path.startswith(_OF_DEVICES):
            # What these tell is not only of pins.
            caller.check_device(slug, is_whole=True)
        else:
            raise OutOfScope(_NOT_THIS)


class OpenRoute(NamedTuple):
    """One route that anybody may use; to a known caller some tell more.

    Attributes:
        others: further statuses that are no error, and what each means.
    """

    path: str
    handler: OpenHandler
    summary: str
    method: str = "GET"
    body: Mapping[str, Field] | None = None
    success: int = 200
    query: Mapping[str, Field] | None = None
    others: Mapping[int, str] | None = None


class HasRoutes(Protocol):
    """A part of `/api/v1`."""

    def routes(self) -> list[Route]:
        """Its routes."""
