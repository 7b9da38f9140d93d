"""All servers above, kept as the configuration says.

1. Nobody here waits for a server, and nothing queues for one: what goes up is read from the
   journal, where it is anyway, and each mapping has its own place there.
2. Places, budgets and what was agreed are kept twice a minute and at the end. A crash costs that a
   little is told twice.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from blynk_gateway.config.upstream.options import UpstreamOptions
from blynk_gateway.core.change import Change, Intent, PastChange, PinChange
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.ports import AppStates
from blynk_gateway.core.trail import Trail
from blynk_gateway.core.upstream import UpstreamState
from blynk_gateway.errors import HistoryError
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.upstream.apps import Apps

if TYPE_CHECKING:
    from blynk_gateway.upstream.server import Server
    from blynk_gateway.upstream.worker import Worker

log = logging.getLogger(__name__)

MAILBOX_LIMIT = 10_000
"""Changes that wait to be noticed, at most a turn of the loop; of more the latest of a pin does."""

SAVE_EVERY_S = 30.0
"""How often is kept how far everything is: one page of the log each time."""

RETRY_S = 5.0
"""After the journal could not be read at the start."""

_READER = "upstream"

# Looked up once: it is compared with each change that happens.
_REPORT = Intent.REPORT


class UpstreamAdapter:
    """Meets `core.upstream.Upstreams`."""

    def __init__(self, parts: Parts, trail: Trail, app_states: AppStates) -> None:
        self._trail = trail
        self._apps = Apps(app_states)
        self._bus = parts.bus
        self._health = parts.health
        self._parts = parts
        self._wanted: Mapping[str, UpstreamOptions] = {}
        self._servers: dict[str, Server] = {}
        self._by_device: Mapping[str, Sequence[Worker]] = {}
        self._by_pin: Mapping[tuple[str, str], Sequence[Worker]] = {}
        self._mailbox = Mailbox(MAILBOX_LIMIT, Overflow.CONFLATE)
        self._saved: dict[str, dict[str, Any]] = {}
        self._spent: dict[str, dict[str, Any]] = {}
        self._is_changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    def hold(self, options: Mapping[str, UpstreamOptions]) -> None:
        """Have the journal keep what is not told yet; before it runs."""
        self._trail.hold(_READER, 0 if _enabled(options) else None)

    def start(self, options: Mapping[str, UpstreamOptions]) -> None:
        """Begin; returns at once."""
        self.reconfigure(options)
        self._keeper = spawn(self._run(), name="upstream")

    def reconfigure(self, options: Mapping[str, UpstreamOptions]) -> None:
        """Change what is connected to where; what stays as it is stays connected.

        Returns at once.
        """
        self._wanted = options
        if not self._servers:
            self.hold(options)
        self._is_changed.set()

    async def stop(self) -> None:
        """End, and keep how far everything is; before the journal is closed. May be repeated."""
        if self._keeper is not None:
            await cancel(self._keeper)
            self._keeper = None
            await asyncio.gather(*(server.stop() for server in self._servers.values()))
            self._catch_up()
            await self._save()
            for server in self._servers.values():
                self._forget_health(server)
            self._servers.clear()
            self._index()

    async def close(self) -> None:
        """End for good; before the journal is closed. May be repeated."""
        await self.stop()
        await self._trail.close()

    def state(self) -> list[UpstreamState]:
        """How everything is, in the order of the configuration."""
        return [self._servers[name].state() for name in self._wanted if name in self._servers]

    async def _run(self) -> None:
        while True:
            try:
                self._saved = await self._trail.load()
                self._spent = {name: one for name, one in self._saved.items() if "/" not in name}
                break
            except HistoryError as error:
                log.warning("servers above wait for the journal", extra={"reason": error})
                await asyncio.sleep(RETRY_S)
        held = 0
        while True:
            if self._is_changed.is_set():
                await self._follow()
            seen = self._catch_up()
            for worker in self._workers():
                worker.advance(seen)
            # What was done a while ago: what is taken back when a connection ends is newer.
            self._trail.hold(_READER, min(held, self._done()) if self._servers else None)
            held = self._done()
            await self._save()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SAVE_EVERY_S if self._servers else None):
                    await self._is_changed.wait()

    async def _follow(self) -> None:
        """Have the servers that are wanted, and no others; one that refused us is asked again."""
        self._is_changed.clear()
        wanted, notes = _enabled(self._wanted), dict(self._saved)
        for name, server in list(self._servers.items()):
            if wanted.get(name) == server.options:
                for worker in server.workers:
                    if worker.is_stopped:
                        await worker.stop()
                        worker.start()
            else:
                await server.stop()
                notes.update(server.notes())
                self._spent[name] = notes[name]
                self._forget_health(server)
                del self._servers[name]
        # From here to the subscription without a pause: nothing must happen unnoticed between.
        newest = self._bus.next_seq - 1
        added = {
            name: self._make(options, notes, newest)
            for name, options in wanted.items()
            if name not in self._servers
        }
        self._servers.update(added)
        self._index()
        for server in added.values():
            server.start()

    def _make(
        self, options: UpstreamOptions, notes: dict[str, dict[str, Any]], newest: int
    ) -> "Server":
        # Who has no server above keeps none of this in memory.
        from blynk_gateway.upstream.parts import UpstreamParts  # noqa: PLC0415  see above
        from blynk_gateway.upstream.server import Server  # noqa: PLC0415  see above

        parts = UpstreamParts.beside(
            self._parts, trail=self._trail, apps=self._apps, catch_up=self._catch_up
        )
        return Server(parts, options, notes, newest)

    def _index(self) -> None:
        self._catch_up()
        by_device: defaultdict[str, list[Worker]] = defaultdict(list)
        by_pin: defaultdict[tuple[str, str], list[Worker]] = defaultdict(list)
        for worker in self._workers():
            for slug in worker.parts.names.devices | {worker.options.slug}:
                by_device[slug].append(worker)
            for address in worker.parts.names.pins:
                by_pin[address].append(worker)
        self._by_device, self._by_pin = dict(by_device), dict(by_pin)
        self._bus.unsubscribe(self._mailbox)
        if by_device:
            # Woken for each change, as a mapping has to know at once that it is one of its own.
            self._mailbox = Mailbox(MAILBOX_LIMIT, Overflow.CONFLATE, wake=self._wake)
            self._bus.subscribe(self._mailbox, origin=None, echo=True)

    def _wake(self) -> None:
        asyncio.get_running_loop().call_soon(self._catch_up)

    def _catch_up(self) -> int:
        by_pin, by_device = self._by_pin, self._by_device
        reports: dict[tuple[str, str], Change] = {}
        for change in self._mailbox.drain():
            # Most changes are of pins that nobody has mapped, and of others the latest will do.
            if type(change) is PinChange and change.intent is _REPORT:
                pin = (change.device, change.pin)
                if pin in by_pin:
                    reports[pin] = change
                continue
            if type(change) is PinChange or type(change) is PastChange:
                workers = by_pin.get((change.device, change.pin), ())
            else:
                workers = by_device.get(change.device, ())
            for worker in workers:
                worker.parts.noticed.changed(change)
        for pin, change in reports.items():
            for worker in by_pin[pin]:
                worker.parts.noticed.changed(change)
        return self._bus.next_seq - 1

    def _done(self) -> int:
        """Everything up to here is done with, by all."""
        places = (worker.parts.standing.progress.done for worker in self._workers())
        return min(places, default=self._bus.next_seq - 1)

    def _workers(self) -> Iterator["Worker"]:
        for server in self._servers.values():
            yield from server.workers

    def _notes(self) -> dict[str, dict[str, Any]]:
        return {
            name: note for server in self._servers.values() for name, note in server.notes().items()
        }

    async def _save(self) -> None:
        # What was spent is so though the server is switched off; places nobody keeps meanwhile.
        notes = {**self._spent, **self._notes()}
        changed: dict[str, dict[str, Any] | None] = {
            name: note for name, note in notes.items() if self._saved.get(name) != note
        }
        changed.update((name, None) for name in self._saved.keys() - notes.keys())
        if not changed:
            return
        try:
            await self._trail.save(changed)
        except HistoryError as error:
            # A little is told twice after a crash, no more; the journal's own health tells why.
            log.debug("places above not kept", extra={"reason": error})
        else:
            self._saved = notes

    def _forget_health(self, server: "Server") -> None:
        for worker in server.workers:
            self._health.components.pop(worker.parts.component, None)
            self._health.components.pop(worker.parts.circle, None)


def _enabled(options: Mapping[str, UpstreamOptions]) -> dict[str, UpstreamOptions]:
    return {name: one for name, one in options.items() if one.enabled}
