"""Entries of kind SYSTEM in the event timelines: what the gateway itself noticed.

`online`, `offline`, `stale` stand in the timeline of the device they are about; `fault`,
`recovered`, `power` and `restart` in that of the gateway's own device.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from blynk_gateway.automations.selected import SelectedMailbox
from blynk_gateway.automations.system.devices import ORIGIN, PRESENCE_CODES, DeviceEvents
from blynk_gateway.automations.system.faults import FaultEvents
from blynk_gateway.automations.system.power import PowerEvents
from blynk_gateway.automations.timers import Timers
from blynk_gateway.core.change import DefinitionChange, EventKind, StatusChange
from blynk_gateway.core.device import Device
from blynk_gateway.core.events import MAX_EVENT_DESCRIPTION, SystemCode
from blynk_gateway.core.mailbox import Overflow
from blynk_gateway.core.ports import Journal
from blynk_gateway.errors import HistoryError
from blynk_gateway.runtime.last_stop import Ending, LastStop
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.power import PowerSupply
from blynk_gateway.runtime.tasks import cancel, spawn

log = logging.getLogger(__name__)

MAILBOX_LIMIT = 1000

EVENTS_AT_ONCE = 1000

MAX_LOOKED_AT = 20_000
"""Entries, the latest, in which is looked for what was told last of each device."""

_ENDINGS = {
    Ending.FIRST: "for the first time with this data directory",
    Ending.CLEAN: "after a clean stop",
    Ending.KILLED: "after a crash, or because it was killed",
    Ending.POWER: "after the machine lost power or was reset",
    Ending.UNKNOWN: "it is not known how it stopped",
}


class SystemEvents:
    """Follows everything that makes such entries, from `start` to `stop`.

    Args:
        own: the gateway's own device, None while there is none.
        root: where `/sys` is.
    """

    def __init__(
        self,
        parts: Parts,
        timers: Timers,
        journal: Journal,
        own: Callable[[], Device | None],
        root: Path = Path("/"),
    ) -> None:
        self._parts = parts
        self._timers = timers
        self._journal = journal
        self._own = own
        self._root = root
        self._wake = asyncio.Event()
        self._mailbox = SelectedMailbox(MAILBOX_LIMIT, Overflow.CONFLATE, wake=self._wake.set)
        self._mailbox.wanted = frozenset({StatusChange, DefinitionChange})
        self._worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow; before any device can connect."""
        self._parts.bus.subscribe(self._mailbox, origin=None, echo=True)
        FaultEvents(self._parts, self._timers, self._record)
        PowerEvents(
            self._timers,
            PowerSupply(self._root),
            lambda text: self._record(SystemCode.POWER, text),
        )
        self._worker = spawn(self._run(), name="system events")

    def started(self, version: str, last: LastStop) -> None:
        """Tell of the start, once it cannot fail any more: it may be tried again and again."""
        before = f", before it {last.version}" if last.version not in ("", version) else ""
        self._record(SystemCode.RESTART, f"version {version}{before}; {_ENDINGS[last.ending]}")

    async def stop(self) -> None:
        """Follow no more; before devices are disconnected, which would each be told. Repeatable."""
        self._parts.bus.unsubscribe(self._mailbox)
        if self._worker is not None:
            await cancel(self._worker)
            self._worker = None

    async def _run(self) -> None:
        devices = DeviceEvents(self._parts, self._timers, await self._latest())
        for device in list(self._parts.registry):
            devices.look(device.slug)
        while True:
            await self._wake.wait()
            self._wake.clear()
            for slug in dict.fromkeys(change.device for change in self._mailbox.drain()):
                devices.look(slug)

    async def _latest(self) -> dict[str, str]:
        """What the timeline said last of each device."""
        told: dict[str, str] = {}
        before = count = 0
        try:
            while count < MAX_LOOKED_AT:
                events = await self._journal.events(None, EVENTS_AT_ONCE, before)
                for event in events:
                    if event.kind is EventKind.SYSTEM and event.code in PRESENCE_CODES:
                        told.setdefault(event.device, event.code)
                if len(events) < EVENTS_AT_ONCE:
                    break
                count, before = count + len(events), events[-1].seq
        except HistoryError as error:
            log.warning("timeline not read", extra={"reason": error})
        return told

    def _record(self, code: SystemCode, text: str) -> None:
        own = self._own()
        if own is not None:
            self._parts.registry.record_event(
                own, EventKind.SYSTEM, code, text[:MAX_EVENT_DESCRIPTION], ORIGIN
            )
