"""The HTTP side of the gateway: which handler answers which path, start and stop.

1. One application answers on the device ports: `/api`, both device dialects, WebSockets, `/`. What
   no other route takes goes to the legacy dialect, whose first path segment is a token.
2. A second one with the routes of `/api` alone answers on the control socket, where the file's
   permissions are the login. No other way makes a caller an admin without a token.
3. Every error is answered in the dialect of its path, by one middleware.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from blynk_gateway.api.bodies import MAX_BODY_BYTES
from blynk_gateway.api.carrier import Carrier
from blynk_gateway.api.cloud import CloudDialect
from blynk_gateway.api.device_auth import DeviceAuth
from blynk_gateway.api.faults import (
    ControlSocketUnusable,
    RequestError,
    TooLarge,
    UnknownRoute,
    WrongMethod,
    status_of,
)
from blynk_gateway.api.guard import GuardedProtocol
from blynk_gateway.api.legacy import LegacyDialect
from blynk_gateway.api.replies import api_error, cloud_error, device_empty, device_text
from blynk_gateway.api.services import Services
from blynk_gateway.api.status import Status
from blynk_gateway.api.uploads import Uploads
from blynk_gateway.api.v1.access import Access, Call, ControlAccess, TokenAccess
from blynk_gateway.api.v1.admin import Admin
from blynk_gateway.api.v1.devices import Devices
from blynk_gateway.api.v1.live import Live
from blynk_gateway.api.v1.routes import Route, open_routes, routes
from blynk_gateway.api.writes import PinWriter
from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.gate import Gate
from blynk_gateway.core.pairing import Pairing
from blynk_gateway.core.ports import ApiTokens, DeviceLinks, Journal
from blynk_gateway.core.store import PinStore
from blynk_gateway.errors import GatewayError
from blynk_gateway.runtime.health import Health
from blynk_gateway.runtime.logs import safe
from blynk_gateway.runtime.timezone import Zone

log = logging.getLogger(__name__)

MAX_LINE_BYTES = 16 * 1024
"""Longest request line and header: a value of 4,096 bytes, percent-encoded, fits."""

KEEP_ALIVE_S = 30.0
LINGER_S = 0.5
"""Time to read on after an early refusal, so that the peer gets to see it."""
STOP_WITHIN_S = 1.0

_PRIVATE_MASK = 0o177

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpApi:
    """Everything that the gateway serves over HTTP.

    Args:
        zone: the gateway's own time zone.
        links: takes device connections that come inside WebSockets.
        data_dir: uploads are kept below it.
    """

    def __init__(  # noqa: PLR0913  the parts it serves, each once
        self,
        *,
        registry: DeviceRegistry,
        store: PinStore,
        bus: PinBus,
        pairing: Pairing,
        clock: Clock,
        gate: Gate,
        health: Health,
        zone: Zone,
        journal: Journal,
        tokens: ApiTokens,
        links: DeviceLinks,
        data_dir: Path,
    ) -> None:
        self._services = Services(
            registry=registry,
            store=store,
            bus=bus,
            pairing=pairing,
            clock=clock,
            gate=gate,
            health=health,
            zone=zone,
            journal=journal,
            tokens=tokens,
            links=links,
            data_dir=data_dir,
        )
        self._access = TokenAccess(tokens, clock)
        self._live = Live(self._services)
        self._carrier = Carrier(self._services)
        self._writer = PinWriter(self._services)
        self._logger = _wire_logger(health)
        self._public: web.AppRunner | None = None
        self._control: web.AppRunner | None = None
        self._control_server: asyncio.Server | None = None
        self._control_path: Path | None = None

    async def start(self) -> None:
        """Make ready for `make_protocol`."""
        self._public = await self._runner(self._public_application())

    def make_protocol(self) -> asyncio.Protocol:
        """A protocol object for one connection that speaks HTTP."""
        assert self._public is not None, "start comes first"
        return _protocol(self._public)

    async def serve_control(self, path: Path) -> None:
        """Answer on a Unix socket that only this user and root may open.

        Raises:
            ControlSocketUnusable: it cannot be made there.
        """
        self._control = await self._runner(self._application(ControlAccess()))
        runner = self._control
        try:
            listener = _private_socket(path)
        except OSError as error:
            raise ControlSocketUnusable(
                f"{path}: the control socket cannot be opened ({error.strerror or error});"
                " expected a directory that may be written"
            ) from error
        self._control_path = path
        self._control_server = await asyncio.get_running_loop().create_unix_server(
            lambda: _protocol(runner), sock=listener
        )

    async def stop(self) -> None:
        """End all connections. May follow a `start` that failed, and may be called twice."""
        if self._control_server is not None:
            self._control_server.close()
        if self._control_path is not None:
            self._control_path.unlink(missing_ok=True)
        self._live.close()
        self._carrier.close()
        for runner in (self._control, self._public):
            if runner is not None:
                if runner.server is not None:
                    await runner.server.shutdown(STOP_WITHIN_S)
                await runner.cleanup()
        self._control_server = self._control_path = self._control = self._public = None

    async def _runner(self, application: web.Application) -> web.AppRunner:
        runner = web.AppRunner(
            application,
            access_log=None,
            logger=self._logger,
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=LINGER_S,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
            auto_decompress=False,
        )
        await runner.setup()
        return runner

    def _public_application(self) -> web.Application:
        services = self._services
        auth = DeviceAuth(services)
        uploads = Uploads(services)
        cloud = CloudDialect(services, self._writer, auth, uploads)
        legacy = LegacyDialect(services, self._writer, auth, lambda: self._live.sockets)
        status = Status(services, self._access, lambda: self._live.sockets)
        application = self._application(self._access)
        router = application.router
        router.add_get("/", status.page)
        router.add_get("/uploads/{slug}/{name}", uploads.serve)
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
        table = routes(
            Devices(services, self._writer),
            self._live,
            Admin(services, self._access.forget),
        )
        for route in table:
            application.router.add_route(route.method, route.path, _with_caller(route, access))
        status = Status(services, access, lambda: self._live.sockets)
        for one in open_routes(status, table):
            application.router.add_get(one.path, one.handler)
        return application

    @web.middleware
    async def _answer_errors(self, request: web.Request, handler: Answer) -> web.StreamResponse:
        if request.transport is not None:
            protocol = request.transport.get_protocol()
            if isinstance(protocol, GuardedProtocol):
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
        return await handler(Call(request, caller))

    return answer


def _protocol(runner: web.AppRunner) -> GuardedProtocol:
    assert runner.server is not None, "a runner that was set up has a server"
    return GuardedProtocol(runner.server())


def _own_error(request: web.Request, answer: web.HTTPException) -> GatewayError:
    match answer.status:
        case 404:
            return UnknownRoute(f"{safe(request.path)}: no such path")
        case 405:
            return WrongMethod(f"{request.method} is no method of {safe(request.path)}")
        case 413:
            return TooLarge(f"the body is too long; expected at most {MAX_BODY_BYTES} bytes")
        case _:
            return RequestError(answer.reason)


def _refused(request: web.Request, error: GatewayError) -> web.StreamResponse:
    """An error in the dialect of the request's path."""
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


async def _finish_headers(_request: web.Request, answer: web.StreamResponse) -> None:
    headers = answer.headers
    # It tells nothing but which attacks to try.
    headers.popall("Server", None)
    if answer.keep_alive:
        # The original says so even where HTTP/1.1 does not ask for it, and old clients look.
        headers.setdefault("Connection", "keep-alive")
    if isinstance(answer, web.Response) and not answer.body:
        headers.popall("Content-Type", None)


def _private_socket(path: Path) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        # Of a gateway that was killed; a running one holds the lock of the data directory.
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Private from its first moment on: between `bind` and `chmod` others could connect.
    before = os.umask(_PRIVATE_MASK)
    try:
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _wire_logger(health: Health) -> logging.Logger:
    """A logger for aiohttp that counts malformed requests instead of logging their tracebacks."""

    def is_ours(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            health.count("http_malformed_requests")
            return False
        return True

    logger = logging.Logger(f"{__name__}.wire")  # noqa: LOG001  one for each gateway, with its filter
    logger.parent = logging.getLogger(__name__)
    logger.addFilter(is_ours)
    return logger
