"""Tells every open dashboard what changes: one reader of the bus, one task, one tick for all.

Rules:
1. With no dashboard open nothing runs, and with nothing to tell no timer does but `ALIVE_EVERY_S`.
2. At a tick each client gets one message of what changed since its last. What several get is made
   once. A client that has not read the last one is left out: it gets the latest at a later tick.
3. The ticks use at most `SHARE` of the loop's time, and so do the answers to what clients ask.
   Under load both come less often; devices and lines go first.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from blynk_gateway.api.faults import RequestError, TooManyStreams
from blynk_gateway.api.live.book import Book
from blynk_gateway.api.live.client import Client
from blynk_gateway.api.live.devices import DeviceBook
from blynk_gateway.api.live.fragments import framed, message, to_fragment
from blynk_gateway.api.live.meter import SHARE, Meter, Turns
from blynk_gateway.api.live.watch import Watch, parse_watch
from blynk_gateway.api.services import Services
from blynk_gateway.api.v1.pins import find_pin
from blynk_gateway.api.v1.views import device_view, pin_view
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import (
    Change,
    DefinitionChange,
    EventChange,
    MetadataChange,
    ModeChange,
    PastChange,
    PinChange,
    PropertyChange,
    StatusChange,
)
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.runtime.tasks import spawn

MAX_CLIENTS = 128
MAILBOX_LIMIT = 20_000
"""Changes between two ticks, which is seconds at full load; beyond, the latest of each pin."""

ALIVE_EVERY_S = 5.0
CHANGES_AT_ONCE = 200
PINS_AT_ONCE = 50
DEVICES_AT_ONCE = 100
MESSAGES_PER_SECOND = 20
"""Messages that a client may send; more are read later."""

BAD_MESSAGE = 1008
STOPPED = 1001
MAX_REASON = 120
"""Source: RFC 6455 §5.5, a control frame has at most 125 bytes."""


class Feed:
    """All open dashboards, and the task that tells them.

    Args:
        on_round: called every `ALIVE_EVERY_S` while a dashboard is open.
    """

    def __init__(self, services: Services, on_round: Callable[[], None]) -> None:
        self._services = services
        self._on_round = on_round
        self._clients: set[Client] = set()
        self._watches: dict[Watch, Watch] = {}
        self._users: Counter[Watch] = Counter()
        self._turns = Turns(services.clock)
        self._book = Book(services.registry, services.store)
        self._devices = DeviceBook(services.registry)
        self._news = asyncio.Event()
        self._mailbox = Mailbox(MAILBOX_LIMIT, Overflow.CONFLATE, wake=self._news.set)
        self._task: asyncio.Task[None] | None = None
        self._round_at = 0.0

    def __len__(self) -> int:
        return len(self._clients)

    @property
    def clients(self) -> list[Client]:
        """Whoever is connected now."""
        return list(self._clients)

    def check_room(self) -> None:
        """Refuse one client too many.

        Raises:
            TooManyStreams: there are as many as may be.
        """
        if len(self._clients) >= MAX_CLIENTS:
            raise TooManyStreams(f"{MAX_CLIENTS} dashboards are open already; that is the limit")

    async def serve(self, client: Client) -> None:
        """Tell a client everything until it goes; its handshake is done."""
        with self._joined(client):
            await self._greet(client)
            try:
                async for received in client.socket:
                    await self._take(client, received.data)
                    await asyncio.sleep(1 / MESSAGES_PER_SECOND)
            except RequestError as error:
                client.end(BAD_MESSAGE, str(error).encode()[:MAX_REASON])
            finally:
                await client.ended()

    def close(self) -> None:
        """Begin to close all connections."""
        for client in self._clients:
            client.end(STOPPED, b"the gateway stops")

    @contextmanager
    def _joined(self, client: Client) -> Iterator[None]:
        if not self._clients:
            self._begin()
        self._clients.add(client)
        client.since = self._book.tick
        self._use(client.watch)
        try:
            yield
        finally:
            self._clients.discard(client)
            self._leave(client.watch)
            if not self._clients:
                self._end()

    def _begin(self) -> None:
        services = self._services
        self._book = Book(services.registry, services.store)
        self._devices = DeviceBook(services.registry)
        self._mailbox = Mailbox(MAILBOX_LIMIT, Overflow.CONFLATE, wake=self._news.set)
        services.bus.subscribe(self._mailbox, origin=None, echo=True)
        self._round_at = _now() + ALIVE_EVERY_S
        self._task = spawn(self._run(), name="api dashboard feed")

    def _end(self) -> None:
        self._services.bus.unsubscribe(self._mailbox)
        self._mailbox.close()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _use(self, watch: Watch) -> Watch:
        """Note what happens to these pins; returns the equal watch that others have already.

        Two of a thousand pins are compared in no time if they are one object, and else not.
        """
        kept = self._watches.setdefault(watch, watch)
        if kept not in self._users:
            self._book.add(kept)
        self._users[kept] += 1
        return kept

    def _leave(self, watch: Watch) -> None:
        self._users[watch] -= 1
        if not self._users[watch]:
            del self._users[watch], self._watches[watch]
            self._book.drop(watch)

    async def _greet(self, client: Client) -> None:
        now_ms = self._services.clock.now_ms()
        parts: list[bytes] = []
        for device in list(self._services.registry):
            if client.watch.sees_device(device.slug):
                parts.append(to_fragment(device_view(device, client.watch.scope)))
                if len(parts) % DEVICES_AT_ONCE == 0:
                    await asyncio.sleep(0)
        client.say([framed(message("hello", now_ms, "devices", parts))], _now())
        client.is_ready = True

    async def _take(self, client: Client, text: object) -> None:
        """Let the client watch what it asks for, and tell it of the pins that are new in it."""
        async with self._turns.turn():
            if client.is_gone():
                return
            watch = parse_watch(text, client.caller.scope)
            old = client.watch
            new = sorted(watch.everything - old.everything)
            client.watch = self._use(watch)
            self._leave(old)
        for some in _pieces(new):
            async with self._turns.turn():
                if client.is_gone():
                    return
                client.say(self._pins(some), _now())
            await client.drain()

    def _pins(self, addresses: list[PinAddress]) -> list[bytes]:
        """The message of these pins as they are now; those that are not known are left out."""
        services = self._services
        parts = []
        for address in addresses:
            device = services.registry.find(address.device)
            if device is None:
                continue
            state = find_pin(device, services.store, address.pin)
            if state is not None:
                parts.append(to_fragment(pin_view(device, state)))
        return [framed(message("pins", services.clock.now_ms(), "pins", parts))] if parts else []

    async def _run(self) -> None:
        while True:
            is_quiet = not await self._has_news()
            began = _now()
            is_round = is_quiet or began >= self._round_at
            meter = Meter(self._services.clock)
            self._book.begin()
            self._devices.begin()
            if is_round:
                # Before anything is awaited: who joins during this tick is told what is then.
                self._round_at = began + ALIVE_EVERY_S
                self._look_around()
            await self._note_all(meter)
            for client in self.clients:
                await self._tell(client, meter)
                await meter.breathe()
            if is_round:
                self._say_alive()
            self._devices.forget(min((one.since for one in self._clients), default=0))
            meter.stop()
            every_s = min((client.every_s for client in self._clients), default=ALIVE_EVERY_S)
            every_s = max(every_s, meter.used_s / SHARE)
            await asyncio.sleep(max(0.0, began + every_s - _now()))

    async def _has_news(self) -> bool:
        """Wait for something to tell; False if there is nothing for too long."""
        if any(client.since < self._book.tick for client in self._clients):
            # Somebody was left out at the last tick.
            return True
        try:
            async with asyncio.timeout(ALIVE_EVERY_S):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def _note_all(self, meter: Meter) -> None:
        self._news.clear()
        conflated, cut = self._mailbox.conflated, self._book.cut
        for count, change in enumerate(self._mailbox.drain()):
            self._note(change)
            if count % CHANGES_AT_ONCE == 0:
                await meter.breathe()
        health = self._services.health
        if conflated:
            self._mailbox.conflated = 0
            health.count("live_changes_conflated", conflated)
        if self._book.cut > cut:
            health.count("live_values_cut", self._book.cut - cut)

    def _note(self, change: Change) -> None:
        tick = self._book.tick
        match change:
            case PinChange():
                self._book.note_value(change)
            case PropertyChange():
                self._book.note_property(change)
            case ModeChange():
                self._book.note_mode(change)
            case StatusChange() | MetadataChange():
                self._devices.note(change.device, tick)
            case DefinitionChange():
                self._devices.note(change.device, tick)
                self._book.note_device(change.device)
            case EventChange():
                self._devices.note_event(change, tick)
            case PastChange():
                # What is of the past changes nothing that is shown.
                pass

    def _look_around(self) -> None:
        """Find what changes without a change on the bus."""
        self._book.note_datastreams()
        self._on_round()

    async def _tell(self, client: Client, meter: Meter) -> None:
        now, now_ms, tick = _now(), self._services.clock.now_ms(), self._book.tick
        if not client.is_ready or now < client.due_at:
            return
        if not client.reads(now):
            if client.is_stalled(now):
                self._services.health.count("live_clients_cut")
                client.cut()
            return
        client.due_at = now + client.every_s
        watch, since = client.watch, client.since
        client.say(self._devices.frames(watch, since), now)
        # The values first: what is told of a pin as it is now says that all before it is known.
        if changes := self._book.changes(watch, since, now_ms):
            client.say([changes], now)
        for some in _pieces(self._book.retold(watch, since)):
            client.say(self._pins(some), now)
            await meter.breathe()
        client.since = tick

    def _say_alive(self) -> None:
        now = _now()
        alive = framed(to_fragment({"type": "alive", "now_ms": self._services.clock.now_ms()}))
        for client in self._clients:
            # Half the time: so nobody waits for more than one and a half.
            if client.is_ready and now - client.said_at >= ALIVE_EVERY_S / 2:
                client.say([alive], now)


def _pieces(addresses: list[PinAddress]) -> Iterator[list[PinAddress]]:
    for start in range(0, len(addresses), PINS_AT_ONCE):
        yield addresses[start : start + PINS_AT_ONCE]


def _now() -> float:
    """The time by which asyncio's own timers run."""
    return asyncio.get_running_loop().time()
