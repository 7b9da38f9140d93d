"""Changes as they happen: `/api/v1/ws` and `/api/v1/changes`.

Both subscribe and take their snapshot without an `await` in between, so nothing is missed or told
twice: first the snapshot, then every later change in `seq` order. A client that falls behind by
`MAILBOX_LIMIT` changes gets the latest of each pin only.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from blynk_gateway.api.bodies import only_field, parse_query
from blynk_gateway.api.faults import RequestError, TooManyStreams
from blynk_gateway.api.replies import to_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.access import Call
from blynk_gateway.api.v1.schema import Field, Kind
from blynk_gateway.api.v1.views import (
    change_view,
    device_view,
    pin_change_view,
    snapshot_view,
)
from blynk_gateway.core.address import PinAddress, parse_address
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.runtime.tasks import cancel, spawn

MAILBOX_LIMIT = 256
MAX_CLIENTS = 64
"""Streams at once: each costs a copy of every change."""

PING_EVERY_S = 30.0
LOOK_EVERY_S = 5.0
"""How soon a stream without changes notices that its client is gone."""

MAX_MESSAGE_BYTES = 4096
CLOSE_WITHIN_S = 2.0

WANTED = {"pins": Field(Kind.TEXT, "addresses, separated by commas; all pins if left out", False)}


class Live:
    """Streams of changes to any number of clients.

    Attributes:
        sockets: WebSocket clients at the moment.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._mailboxes: set[Mailbox] = set()
        self.sockets = 0

    async def socket(self, call: Call) -> web.StreamResponse:
        """`/api/v1/ws`: one JSON text message for the snapshot, then one for each change."""
        socket = web.WebSocketResponse(
            heartbeat=PING_EVERY_S,
            timeout=CLOSE_WITHIN_S,
            max_msg_size=MAX_MESSAGE_BYTES,
            compress=False,
        )
        if not socket.can_prepare(call.request).ok:
            raise RequestError("this path speaks WebSocket; expected its handshake")
        with self._subscribed() as mailbox:
            await socket.prepare(call.request)
            self.sockets += 1
            sender = spawn(self._send(socket, mailbox), name="api websocket sender")
            try:
                async for _ in socket:
                    # Clients have nothing to say here; reading is how their close is noticed.
                    continue
            finally:
                self.sockets -= 1
                await cancel(sender)
        return socket

    async def changes(self, call: Call) -> web.StreamResponse:
        """`/api/v1/changes?pins=…`: newline-delimited JSON, a line for each change of the pins."""
        wanted = _wanted(call.request)
        answer = web.StreamResponse(
            headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
        )
        with self._subscribed() as mailbox:
            lines = [
                snapshot_view(slug, state)
                for slug, state in self._services.store.snapshot()
                if wanted is None or PinAddress(slug, state.pin) in wanted
            ]
            await answer.prepare(call.request)
            while True:
                if lines:
                    await answer.write(b"".join(to_json(line) + b"\n" for line in lines))
                batch = await mailbox.take(within_s=LOOK_EVERY_S)
                if mailbox.is_closed or call.request.transport is None:
                    break
                lines = [
                    pin_change_view(change)
                    for change in batch
                    if isinstance(change, PinChange)
                    and (wanted is None or PinAddress(change.device, change.pin) in wanted)
                ]
        return answer

    def close(self) -> None:
        """End all streams."""
        for mailbox in list(self._mailboxes):
            mailbox.close()

    @contextmanager
    def _subscribed(self) -> Iterator[Mailbox]:
        if len(self._mailboxes) >= MAX_CLIENTS:
            raise TooManyStreams(f"{MAX_CLIENTS} streams are open already; that is the limit")
        mailbox = Mailbox(MAILBOX_LIMIT, Overflow.CONFLATE)
        self._services.bus.subscribe(mailbox, origin=None, echo=True)
        self._mailboxes.add(mailbox)
        try:
            yield mailbox
        finally:
            self._mailboxes.discard(mailbox)
            self._services.bus.unsubscribe(mailbox)
            self._services.health.count("live_changes_conflated", mailbox.conflated)

    async def _send(self, socket: web.WebSocketResponse, mailbox: Mailbox) -> None:
        # What came during the handshake is in the snapshot already.
        mailbox.drain()
        try:
            await socket.send_str(self._snapshot())
            while not mailbox.is_closed:
                for change in await mailbox.take():
                    view = change_view(change)
                    if view is not None:
                        await socket.send_str(to_json(view).decode())
            await socket.close(code=1001, message=b"the gateway stops")
        except ConnectionError:
            # The client went away: the reading side notices.
            return

    def _snapshot(self) -> str:
        services = self._services
        now_ms = services.clock.now_ms()
        return to_json(
            {
                "type": "snapshot",
                "seq": services.bus.next_seq - 1,
                "devices": [device_view(device, now_ms) for device in services.registry],
                "pins": [snapshot_view(slug, state) for slug, state in services.store.snapshot()],
            }
        ).decode()


def _wanted(request: web.Request) -> frozenset[PinAddress] | None:
    pins = only_field(parse_query(request), "pins")
    if not pins:
        return None
    return frozenset(parse_address(text) for text in pins.split(","))
