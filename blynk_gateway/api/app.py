"""The HTTP side of the gateway behind its door: which handler answers which path.

1. One application answers on the device ports: `/api`, both device dialects, WebSockets, `/`. What
   no other route takes goes to the legacy dialect, whose first path segment is a token.
2. A second one with the routes of `/api` alone answers on the control socket, where the file's
   permissions are the login. No other way makes a caller an admin without a token.
3. Every error is answered in the dialect of its path, by one middleware.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from blynk_gateway.api.bodies import MAX_BODY_BYTES
from blynk_gateway.api.carrier import Carrier
from blynk_gateway.api.cloud import CloudDialect
from blynk_gateway.api.device_auth import DeviceAuth
from blynk_gateway.api.downloads import DOWNLOAD_NAME, Downloads
from blynk_gateway.api.faults import (
    RequestError,
    TooLarge,
    UnknownRoute,
    WrongMethod,
    status_of,
)
from blynk_gateway.api.guard import GuardedProtocol, WireHandler
from blynk_gateway.api.legacy import LegacyDialect
from blynk_gateway.api.replies import api_error, cloud_error, device_empty, device_text
from blynk_gateway.api.services import Services
from blynk_gateway.api.status import Status
from blynk_gateway.api.streaming import Exports
from blynk_gateway.api.uploads import Uploads
from blynk_gateway.api.v1.access import Access, ControlAccess, PublicAccess, TokenAccess
from blynk_gateway.api.v1.admin import Admin
from blynk_gateway.api.v1.automations import AutomationRoutes
from blynk_gateway.api.v1.backup import BackupRoute
from blynk_gateway.api.v1.dashboards import DashboardRoutes
from blynk_gateway.api.v1.device_setup import DeviceSetup
from blynk_gateway.api.v1.devices import Devices
from blynk_gateway.api.v1.events import Events
from blynk_gateway.api.v1.frames import FrameRoute
from blynk_gateway.api.v1.gpio import GpioRoutes
from blynk_gateway.api.v1.history import HistoryRoutes
from blynk_gateway.api.v1.live import Live
from blynk_gateway.api.v1.logs import LogRoutes
from blynk_gateway.api.v1.notifications import NotificationRoutes
from blynk_gateway.api.v1.route import Call, Route
from blynk_gateway.api.v1.routes import open_routes, routes
from blynk_gateway.api.v1.session import SessionRoutes
from blynk_gateway.api.v1.settings import SettingsRoutes
from blynk_gateway.api.v1.shares import ShareRoutes
from blynk_gateway.api.v1.tls import TlsRoutes
from blynk_gateway.api.v1.upstream import UpstreamRoute
from blynk_gateway.api.v1.users import UserRoutes
from blynk_gateway.api.v1.webhooks import WebhookRoutes
from blynk_gateway.api.web_app import WebApp
from blynk_gateway.api.writes import PinWriter
from blynk_gateway.errors import GatewayError
from blynk_gateway.runtime.health import Health
from blynk_gateway.runtime.logs import safe

log = logging.getLogger(__name__)

MAX_LINE_BYTES = 16 * 1024
"""Longest request line and header: a value of 4,096 bytes, percent-encoded, fits."""

NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
"""The content security policy of all answers that have none of their own."""

KEEP_ALIVE_S = 30.0
LINGER_S = 0.5
"""Time to read on after an early refusal, so that the peer gets to see it."""
STOP_WITHIN_S = 1.0

_OPTIONS: dict[str, Any] = {
    "access_log": None,
    "keepalive_timeout": KEEP_ALIVE_S,
    "lingering_time": LINGER_S,
    "max_line_size": MAX_LINE_BYTES,
    "max_field_size": MAX_LINE_BYTES,
    "auto_decompress": False,
}
"""How aiohttp's protocol objects are made."""

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpSite:
    """Everything that answers HTTP requests, for `front_door.HttpApi`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tokens = TokenAccess(services.tokens, services.clock)
        self._access = PublicAccess(self._tokens, services.accounts, services.dashboards.pins_of)
        self._sessions = SessionRoutes(services)
        self._live = Live(services, self._access)
        services.accounts.sessions.on_ended(self._live.recheck)
        self._carrier = Carrier(services)
        self._writer = PinWriter(services)
        self._exports = Exports(services.health)
        self._logger = _wire_logger(services.health)
        self._public = web.AppRunner(self._public_application())
        self._control = web.AppRunner(self._application(ControlAccess()))

    async def start(self) -> None:
        """Make ready for `make_public` and `make_control`."""
        await self._public.setup()
        await self._control.setup()

    def make_public(self) -> asyncio.Protocol:
        """A protocol object for one connection from the network."""
        return _protocol(self._public, self._logger)

    def make_control(self) -> asyncio.Protocol:
        """A protocol object for one connection to the control socket, whose peer is an admin."""
        return _protocol(self._control, self._logger, is_control=True)

    async def stop(self) -> None:
        """End all connections."""
        self._live.close()
        self._carrier.close()
        for runner in (self._control, self._public):
            if runner.server is not None:
                await runner.server.shutdown(STOP_WITHIN_S)
            await runner.cleanup()

    def _public_application(self) -> web.Application:
        services = self._services
        auth = DeviceAuth(services)
        uploads = Uploads(services)
        downloads = Downloads(services.clock, self._exports)
        cloud = CloudDialect(services, self._writer, auth, uploads, downloads)
        legacy = LegacyDialect(services, self._writer, auth, lambda: self._live.sockets, downloads)
        web_app = WebApp()
        application = self._application(self._access)
        router = application.router
        router.add_get("/", web_app.page)
        router.add_get("/ui/{version}/{name:.*}", web_app.file)
        router.add_get("/ca.crt", TlsRoutes(services).authority)
        router.add_get("/uploads/{slug}/{name}", uploads.serve)
        router.add_get(f"/{{name:{DOWNLOAD_NAME}}}", downloads.serve, allow_head=False)
        router.add_get("/websocket{tail:.*}", self._carrier.handle)
        router.add_route("*", "/external/api/{tail:.*}", cloud.handle)
        router.add_route("*", "/{tail:(?!api/).*}", legacy.handle)
        return application

    def _application(self, access: Access) -> web.Application:
        """An application with the routes of `/api`."""
        services = self._services
        application = web.Application(
            client_max_size=MAX_BODY_BYTES, middlewares=[self._answer_errors]
        )
        application.on_response_prepare.append(_finish_headers)
        table = self._table()
        for route in table:
            application.router.add_route(route.method, route.path, _with_caller(route, access))
        status = Status(services, access, lambda: self._live.sockets)
        for one in open_routes(status, table, self._sessions.open_routes()):
            # Of a GET route there is a HEAD as well.
            methods = ["GET", "HEAD"] if one.method == "GET" else [one.method]
            for method in methods:
                application.router.add_route(method, one.path, one.handler)
        return application

    def _table(self) -> list[Route]:
        """Every route of `/api/v1` that needs a caller."""
        services = self._services
        return routes(
            Devices(services, self._writer),
            Events(services),
            self._live,
            Admin(services, self._tokens_changed),
            self._sessions,
            UserRoutes(services),
            ShareRoutes(services),
            GpioRoutes(services),
            HistoryRoutes(services, self._exports),
            BackupRoute(services, self._exports),
            UpstreamRoute(services),
            AutomationRoutes(services),
            WebhookRoutes(services),
            NotificationRoutes(services),
            DeviceSetup(services),
            LogRoutes(services),
            FrameRoute(services),
            SettingsRoutes(services),
            TlsRoutes(services),
            DashboardRoutes(services.dashboards, services.accounts.shares),
        )

    def _tokens_changed(self) -> None:
        self._tokens.forget()
        # Who has a stream open by a token that is gone is out at once.
        self._live.recheck()

    @web.middleware
    async def _answer_errors(self, request: web.Request, handler: Answer) -> web.StreamResponse:
        if (protocol := _protocol_of(request)) is not None:
            protocol.request_began()
        if _is_ambiguous(request):
            answer = _refused(request, RequestError("the request's framing is ambiguous"))
            # Where it ends is what parsers would disagree about.
            answer.force_close()
            return answer
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            return _refused(request, _own_error(request, refusal))
        except GatewayError as error:
            return _refused(request, error)
        except ConnectionError:
            # The peer went away; nobody reads this, but a raise would be logged as a fault.
            return device_empty(400)
        except Exception:
            self._services.health.count("http_faults")
            log.exception(
                "request failed by a fault of the gateway",
                extra={"method": request.method, "route": _route_name(request)},
            )
            return _refused(request, GatewayError("the request failed by a fault of the gateway"))


def _is_ambiguous(request: web.Request) -> bool:
    """Whether parsers read the request differently in a way that aiohttp before 3.9 lets through.

    That is a blank before a header's colon, or a transfer coding besides chunked.
    """
    coding = request.headers.get("Transfer-Encoding", "chunked")
    return coding.lower() != "chunked" or any(b" " in name for name, _ in request.raw_headers)


def _with_caller(route: Route, access: Access) -> Answer:
    role, handler = route.role, route.handler

    async def answer(request: web.Request) -> web.StreamResponse:
        caller = await access.identify(request)
        caller.require(role)
        route.check_scope(caller, request.match_info)
        return await handler(Call(request, caller))

    return answer


def _protocol(
    runner: web.AppRunner, logger: logging.Logger, *, is_control: bool = False
) -> GuardedProtocol:
    assert runner.server is not None, "a runner that was set up has a server"
    handler = WireHandler(
        runner.server,
        loop=asyncio.get_running_loop(),
        logger=logger,
        **_OPTIONS,
    )
    return GuardedProtocol(handler, is_control=is_control)


def _protocol_of(request: web.Request) -> GuardedProtocol | None:
    """What carries the request, None if the peer went away."""
    protocol = None if request.transport is None else request.transport.get_protocol()
    return protocol if isinstance(protocol, GuardedProtocol) else None


def _own_error(request: web.Request, answer: web.HTTPException) -> GatewayError:
    if isinstance(answer, web.HTTPMethodNotAllowed):
        return WrongMethod(
            f"{safe(request.method)} is no method of {safe(request.path)}", answer.allowed_methods
        )
    match answer.status:
        case 404:
            return UnknownRoute(f"{safe(request.path)}: no such path")
        case 413:
            return TooLarge(f"the body is too long; expected at most {MAX_BODY_BYTES} bytes")
        case _:
            return RequestError(answer.reason)


def _refused(request: web.Request, error: GatewayError) -> web.StreamResponse:
    """An error in the dialect of the request's path; behind half an answer, the end of all."""
    protocol = _protocol_of(request)
    if protocol is not None and protocol.has_answered:
        # In the middle of a body it would be taken for a part of it, and an end for the whole.
        protocol.cut()
        return device_empty(400)
    path = request.path
    if path.startswith("/external/api/"):
        return cloud_error(str(error), status_of(error))
    if path.startswith("/api/") or path == "/metrics":
        return api_error(error)
    if isinstance(error, UnknownRoute):
        return device_empty(404)
    return device_text(str(error), status_of(error))


def _route_name(request: web.Request) -> str:
    # The route's pattern and not the path, which may hold a token.
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical


async def _finish_headers(request: web.Request, answer: web.StreamResponse) -> None:
    if (protocol := _protocol_of(request)) is not None:
        protocol.answer_began()
    headers = answer.headers
    # It tells nothing but which attacks to try.
    headers.popall("Server", None)
    if answer.keep_alive:
        # The original says so even where HTTP/1.1 does not ask for it, and old clients look.
        headers.setdefault("Connection", "keep-alive")
    # Whatever a browser is led to open is no page: nothing in it runs, and nothing is guessed.
    headers.setdefault("Content-Security-Policy", NO_PAGE)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if isinstance(answer, web.Response) and not answer.body:
        headers.popall("Content-Type", None)


def _wire_logger(health: Health) -> logging.Logger:
    """A logger for aiohttp that counts malformed requests instead of logging their tracebacks."""

    def is_ours(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            health.count("http_malformed_requests")
            return False
        # Whoever asks for `100 Continue` and goes away before it comes is no fault of ours.
        return not isinstance(error, ConnectionError)

    logger = logging.Logger(f"{__name__}.wire")  # noqa: LOG001  one for each gateway, with its filter
    logger.parent = logging.getLogger(__name__)
    logger.addFilter(is_ours)
    return logger
