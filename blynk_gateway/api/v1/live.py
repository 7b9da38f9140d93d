"""Changes as they happen: `/api/v1/ws` and `/api/v1/changes`.

`/ws?every_ms=100` is for dashboards and told by `api.live`. The others give every change: both
subscribe and take their snapshot without an `await` in between, so nothing is missed or told
twice: first the snapshot, then every later change in `seq` order. A client that falls behind by
`MAILBOX_LIMIT` changes gets the latest of each pin only.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from aiohttp import web

from blynk_gateway.api.bodies import only_field, parse_query
from blynk_gateway.api.carrier import is_handshake
from blynk_gateway.api.faults import RequestError, TooManyStreams
from blynk_gateway.api.live.client import Client
from blynk_gateway.api.live.feed import Feed
from blynk_gateway.api.replies import to_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.access import Access
from blynk_gateway.api.v1.route import Call, Caller, Route
from blynk_gateway.api.v1.schema import Field, Kind
from blynk_gateway.api.v1.views import (
    change_view,
    device_view,
    pin_change_view,
    snapshot_view,
)
from blynk_gateway.core.accounts import Role, Scope
from blynk_gateway.core.address import PinAddress, parse_address
from blynk_gateway.core.change import (
    Change,
    EventChange,
    MetadataChange,
    ModeChange,
    PinChange,
    PropertyChange,
)
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.value import number
from blynk_gateway.errors import HistoryError
from blynk_gateway.runtime.tasks import cancel, spawn

MAILBOX_LIMIT = 256
MAX_CLIENTS = 64
"""Streams at once: each costs a copy of every change. Dashboards share one, and are not counted."""

PING_EVERY_S = 30.0
LOOK_EVERY_S = 5.0
"""How soon a stream without changes notices that its client is gone, or not let in any more."""

MAX_MESSAGE_BYTES = 64 * 1024
CLOSE_WITHIN_S = 2.0
SESSION_OVER = 4401
"""Close code of a caller who is not, or not so, let in any more. Source: its HTTP status."""
STOPPED = 1001

SHORTEST_MS, LONGEST_MS = 50, 5000

WANTED = {"pins": Field(Kind.TEXT, "addresses, separated by commas; all pins if left out", False)}
PACE = {
    "every_ms": Field(
        Kind.NUMBER,
        f"for dashboards: told at most so often, {SHORTEST_MS} to {LONGEST_MS}",
        False,
        {"minimum": SHORTEST_MS, "maximum": LONGEST_MS},
    )
}


class Stream(NamedTuple):
    """One client that gets every change."""

    request: web.Request
    caller: Caller


class Live:
    """Streams of changes to any number of clients.

    Args:
        access: asked again whether a caller is still let in.
    """

    def __init__(self, services: Services, access: Access) -> None:
        self._services = services
        self._access = access
        self._mailboxes: dict[Mailbox, Stream] = {}
        self._ends: dict[Mailbox, tuple[int, bytes]] = {}
        self._feed = Feed(services, self.recheck)
        self._check: asyncio.Task[None] | None = None
        self._must_check = False
        self._rounds: asyncio.Task[None] | None = None
        self._open_sockets = 0

    @property
    def sockets(self) -> int:
        """WebSocket clients at the moment."""
        return self._open_sockets

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                "GET",
                "/changes",
                Role.VIEWER,
                self.changes,
                "Changes, as NDJSON.",
                query=WANTED,
                minds_scope=True,
            ),
            Route(
                "GET",
                "/ws",
                Role.VIEWER,
                self.socket,
                "Changes, by WebSocket.",
                query=PACE,
                success=101,
                minds_scope=True,
            ),
        ]

    async def socket(self, call: Call) -> web.StreamResponse:
        """`/api/v1/ws`: JSON text messages."""
        every_ms = _pace(call.request)
        socket = web.WebSocketResponse(
            heartbeat=PING_EVERY_S,
            timeout=CLOSE_WITHIN_S,
            max_msg_size=MAX_MESSAGE_BYTES,
            compress=False,
        )
        if not is_handshake(socket, call.request):
            raise RequestError("this path speaks WebSocket; expected its handshake")
        if every_ms is None:
            await self._tell_all(call, socket)
        else:
            self._feed.check_room()
            await socket.prepare(call.request)
            with self._counted():
                await self._feed.serve(Client(call.request, socket, call.caller, every_ms / 1000))
        return socket

    async def changes(self, call: Call) -> web.StreamResponse:
        """`/api/v1/changes?pins=…`: newline-delimited JSON, a line for each change of the pins."""
        wanted, scope = _wanted(call.request), call.caller.scope

        def is_told(address: PinAddress) -> bool:
            return (wanted is None or address in wanted) and (
                scope is None or scope.has_pin(address)
            )

        answer = web.StreamResponse(
            headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
        )
        with self._subscribed(call) as mailbox:
            lines = [
                snapshot_view(slug, state)
                for slug, state in self._services.store.snapshot()
                if is_told(PinAddress(slug, state.pin))
            ]
            await answer.prepare(call.request)
            while True:
                if lines:
                    await answer.write(b"".join(to_json(line) + b"\n" for line in lines))
                batch = await mailbox.take(within_s=LOOK_EVERY_S)
                if mailbox.is_closed or call.request.transport is None:
                    break
                lines = [
                    pin_change_view(change, scope)
                    for change in batch
                    if isinstance(change, PinChange)
                    and is_told(PinAddress(change.device, change.pin))
                ]
        return answer

    def recheck(self) -> None:
        """Look soon whether all callers are still let in, and end the streams of those who are not.

        To be called after a session, an account or a token ended or changed.
        """
        self._must_check = True
        if self._check is None:
            self._check = spawn(self._check_callers(), name="api live recheck")

    def close(self) -> None:
        """End all streams."""
        self._feed.close()
        for mailbox in list(self._mailboxes):
            mailbox.close()

    async def _go_round(self) -> None:
        # Of a session or link whose time is over nobody tells.
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.recheck()

    async def _check_callers(self) -> None:
        try:
            while self._must_check:
                self._must_check = False
                for client in self._feed.clients:
                    if not await self._is_let_in(client.request, client.caller):
                        client.end(SESSION_OVER, b"the session is over")
                for mailbox, stream in list(self._mailboxes.items()):
                    if not await self._is_let_in(stream.request, stream.caller):
                        self._ends[mailbox] = SESSION_OVER, b"the session is over"
                        mailbox.close()
        finally:
            self._check = None

    async def _is_let_in(self, request: web.Request, caller: Caller) -> bool:
        """Whether the caller of a request would get in as the same again."""
        if self._access.is_anonymous(request):
            # On the control socket, where the file's permissions let it in.
            return True
        try:
            now = await self._access.find(request)
        except HistoryError:
            # A disk that cannot be read for a while ends nobody's session.
            return True
        return now is not None and (now.role, now.scope) == (caller.role, caller.scope)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._open_sockets += 1
        try:
            yield
        finally:
            self._open_sockets -= 1

    @contextmanager
    def _subscribed(self, call: Call) -> Iterator[Mailbox]:
        if len(self._mailboxes) >= MAX_CLIENTS:
            raise TooManyStreams(f"{MAX_CLIENTS} streams are open already; that is the limit")
        mailbox = Mailbox(MAILBOX_LIMIT, Overflow.CONFLATE)
        self._services.bus.subscribe(mailbox, origin=None, echo=True)
        self._mailboxes[mailbox] = Stream(call.request, call.caller)
        if self._rounds is None:
            self._rounds = spawn(self._go_round(), name="api live round")
        try:
            yield mailbox
        finally:
            del self._mailboxes[mailbox]
            if not self._mailboxes and self._rounds is not None:
                self._rounds.cancel()
                self._rounds = None
            self._ends.pop(mailbox, None)
            self._services.bus.unsubscribe(mailbox)
            self._services.health.count("live_changes_conflated", mailbox.conflated)

    async def _tell_all(self, call: Call, socket: web.WebSocketResponse) -> None:
        """One message for the snapshot, then one for each change."""
        with self._subscribed(call) as mailbox:
            await socket.prepare(call.request)
            sender = spawn(
                self._send(socket, mailbox, call.caller.scope), name="api websocket sender"
            )
            try:
                with self._counted():
                    async for _ in socket:
                        # Clients have nothing to say here; reading is how their close is noticed.
                        continue
            finally:
                await cancel(sender)

    async def _send(
        self, socket: web.WebSocketResponse, mailbox: Mailbox, scope: Scope | None
    ) -> None:
        # What came during the handshake is in the snapshot already.
        mailbox.drain()
        try:
            await socket.send_str(self._snapshot(scope))
            while not mailbox.is_closed:
                for change in await mailbox.take():
                    view = (
                        change_view(change, self._services.registry, scope)
                        if _is_in(scope, change)
                        else None
                    )
                    if view is not None:
                        await socket.send_str(to_json(view).decode())
            code, reason = self._ends.pop(mailbox, (STOPPED, b"the gateway stops"))
            await socket.close(code=code, message=reason)
        except ConnectionError:
            # The client went away: the reading side notices.
            return

    def _snapshot(self, scope: Scope | None) -> str:
        services = self._services
        return to_json(
            {
                "type": "snapshot",
                "seq": services.bus.next_seq - 1,
                "devices": [
                    device_view(device, scope)
                    for device in services.registry
                    if scope is None or scope.has_device(device.slug)
                ],
                "pins": [
                    snapshot_view(slug, state)
                    for slug, state in services.store.snapshot()
                    if scope is None or scope.has_pin(PinAddress(slug, state.pin))
                ],
            }
        ).decode()


def _is_in(scope: Scope | None, change: Change) -> bool:
    if scope is None:
        return True
    match change:
        case PinChange() | PropertyChange() | ModeChange():
            return scope.has_pin(PinAddress(change.device, change.pin))
        case EventChange() | MetadataChange():
            return change.device in scope.devices
        case _:
            return scope.has_device(change.device)


def _pace(request: web.Request) -> float | None:
    text = only_field(parse_query(request), "every_ms")
    if text is None:
        return None
    every_ms = number((text,))
    if every_ms is None or not SHORTEST_MS <= every_ms <= LONGEST_MS:
        raise RequestError(
            f"every_ms: {text[:40]!r}; expected a number from {SHORTEST_MS} to {LONGEST_MS}"
        )
    return every_ms


def _wanted(request: web.Request) -> frozenset[PinAddress] | None:
    pins = only_field(parse_query(request), "pins")
    if not pins:
        return None
    return frozenset(parse_address(text) for text in pins.split(","))
