"""All dashboards: of the configuration file, made in the browser, and automatic ones.

1. A dashboard of the file goes before a stored one of the same slug, which is kept and hidden.
2. Stored ones are read once, at start; every change passes here and is on disk before it shows.
3. Automatic ones are made when they are asked for.
"""

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from blynk_gateway.api.faults import Conflict, UnknownDashboard
from blynk_gateway.config.dashboards.documents import InvalidDashboard, read_json, to_json
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.dashboards.automatic import PREFIX, automatic_dashboard
from blynk_gateway.core.dashboards.model import MAX_DASHBOARDS, Dashboard, Source
from blynk_gateway.core.dashboards.placing import placed
from blynk_gateway.core.dashboards.ports import DashboardTable, StoredDashboard
from blynk_gateway.core.json_text import decode_json
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.parts import Parts

log = logging.getLogger(__name__)


class Shown(NamedTuple):
    """A dashboard and where it comes from.

    Attributes:
        revision: of a stored one, else None.
    """

    dashboard: Dashboard
    source: Source
    revision: int | None = None

    @property
    def device(self) -> str | None:
        """The device of an automatic one."""
        slug = self.dashboard.slug
        return slug.removeprefix(PREFIX) if self.source is Source.AUTOMATIC else None


class Title(NamedTuple):
    """A dashboard in a list."""

    slug: str
    title: str
    source: Source
    device: str | None = None


class Dashboards:
    """All of them.

    Args:
        parts: the core.
        table: keeps those made in the browser.
    """

    def __init__(self, parts: Parts, table: DashboardTable) -> None:
        self._parts = parts
        self._table = table
        self._declared: dict[str, Dashboard] = {}
        self._stored: dict[str, Shown] = {}
        # One change at a time: two of the same revision must not both be taken.
        self._lock = asyncio.Lock()

    async def load(self) -> None:
        """Read the stored ones.

        Raises:
            HistoryError: they cannot be read.
        """
        for stored in await self._table.dashboards():
            try:
                dashboard = await asyncio.to_thread(_parsed, stored)
            except (InvalidDashboard, ValueError) as error:
                # Written by another version, or by hand: it stays in the table.
                extra = {"dashboard": stored.slug, "reason": str(error).partition("\n")[0]}
                log.warning("stored dashboard cannot be read", extra=extra)
                continue
            self._stored[stored.slug] = Shown(dashboard, Source.STORED, stored.revision)
        self._report()

    def declare(self, dashboards: Mapping[str, Dashboard]) -> None:
        """Take those of the configuration file in place of the earlier ones."""
        self._declared = {slug: placed(dashboard) for slug, dashboard in dashboards.items()}
        self._report()

    def titles(self) -> Iterator[Title]:
        """Those of the file, stored ones, and one for each device."""
        for slug, dashboard in self._declared.items():
            yield Title(slug, dashboard.title, Source.FILE)
        for slug, shown in sorted(self._stored.items()):
            if slug not in self._declared:
                yield Title(slug, shown.dashboard.title, Source.STORED)
        for device in self._parts.registry:
            slug = PREFIX + device.slug
            yield Title(slug, device.definition.name, Source.AUTOMATIC, device.slug)

    def find(self, slug: str) -> Shown | None:
        """One of them, None if there is none with this slug."""
        if slug.startswith(PREFIX):
            device = self._parts.registry.find(slug.removeprefix(PREFIX))
            if device is None:
                return None
            return Shown(automatic_dashboard(device, self._parts.store), Source.AUTOMATIC)
        if slug in self._declared:
            return Shown(self._declared[slug], Source.FILE)
        return self._stored.get(slug)

    def has(self, slug: str) -> bool:
        """Whether there is one with this slug."""
        if slug.startswith(PREFIX):
            return self._parts.registry.find(slug.removeprefix(PREFIX)) is not None
        return slug in self._declared or slug in self._stored

    def get(self, slug: str) -> Shown:
        """One of them.

        Raises:
            UnknownDashboard: there is none with this slug.
        """
        shown = self.find(slug)
        if shown is None:
            raise UnknownDashboard(f"no dashboard has the slug {slug[:40]!r}")
        return shown

    def pins_of(self, slug: str) -> frozenset[PinAddress]:
        """Every pin on a dashboard; none if there is no such dashboard (any more)."""
        device = slug.removeprefix(PREFIX)
        if device != slug:
            # All that it has; whoever asks for every request need not have a dashboard made.
            is_known = self._parts.registry.find(device) is not None
            states = self._parts.store.pins(device) if is_known else []
            return frozenset(PinAddress(device, state.pin) for state in states)
        shown = self.find(slug)
        return frozenset() if shown is None else shown.dashboard.pins()

    def is_hidden(self, slug: str) -> bool:
        """Whether a stored dashboard has this slug and one of the file goes before it."""
        return slug in self._declared and slug in self._stored

    async def put(self, dashboard: Dashboard, revision: int | None) -> Shown:
        """Store one.

        Args:
            revision: the one that was changed, None for a new one.

        Raises:
            Conflict: it cannot be changed, there is another revision, or there are too many.
            HistoryError: it cannot be written; all is as it was.
        """
        slug = dashboard.slug
        self._check_own(slug)
        async with self._lock:
            present = self._stored.get(slug)
            found = None if present is None else present.revision
            if found != revision:
                raise Conflict(_other_revision(slug, found, revision))
            return await self._write(dashboard, found)

    async def replace(self, dashboard: Dashboard) -> Shown:
        """Store one, whatever was there.

        Raises:
            Conflict, HistoryError: as `put` does.
        """
        self._check_own(dashboard.slug)
        async with self._lock:
            present = self._stored.get(dashboard.slug)
            return await self._write(dashboard, None if present is None else present.revision)

    async def remove(self, slug: str) -> None:
        """Remove a stored one.

        Raises:
            UnknownDashboard: there is none with this slug.
            Conflict: it is none that can be removed.
            HistoryError: it cannot be written; it is still there.
        """
        self.get(slug)
        self._check_own(slug)
        async with self._lock:
            await self._table.remove_dashboard(slug)
            self._stored.pop(slug, None)

    async def _write(self, dashboard: Dashboard, present: int | None) -> Shown:
        slug = dashboard.slug
        if present is None and len(self._stored) >= MAX_DASHBOARDS:
            raise Conflict(f"there are {MAX_DASHBOARDS} dashboards already; that is the limit")
        revision = (present or 0) + 1
        # With a thousand widgets it takes longer than devices should wait.
        dashboard, document = await asyncio.to_thread(_prepared, dashboard)
        now_ms = self._parts.clock.now_ms()
        await self._table.put_dashboard(StoredDashboard(slug, document, revision, now_ms))
        shown = Shown(dashboard, Source.STORED, revision)
        self._stored[slug] = shown
        return shown

    def _check_own(self, slug: str) -> None:
        if slug.startswith(PREFIX):
            raise Conflict(
                f"{slug[:40]!r} makes itself of its device's datastreams;"
                " expected another name, copy it under that one"
            )
        if slug in self._declared:
            raise Conflict(
                f"{slug!r} is declared in the configuration file;"
                " expected another name, copy it under that one"
            )

    def _report(self) -> None:
        """Tell of devices that are not there: likely a misspelt slug."""
        registry = self._parts.registry
        named = {slug for one in self._declared.values() for slug in one.devices()}
        unknown = sorted(slug for slug in named if registry.find(slug) is None)
        if unknown:
            names = ", ".join(unknown)
            detail = f"dashboards name unknown devices: {names}; add them or mend `dashboards:`"
            self._parts.health.report("dashboards", HealthState.DEGRADED, detail)
        else:
            self._parts.health.report("dashboards", HealthState.OK)
        for slug in self._declared.keys() & self._stored.keys():
            log.warning(
                "stored dashboard is hidden by one of the configuration file",
                extra={"dashboard": slug},
            )


def _prepared(dashboard: Dashboard) -> tuple[Dashboard, str]:
    """The dashboard with every widget in a place, and the text that is stored of it."""
    whole = placed(dashboard)
    return whole, json.dumps(to_json(whole), ensure_ascii=False, separators=(",", ":"))


def _parsed(stored: StoredDashboard) -> Dashboard:
    return placed(read_json(stored.slug, decode_json(stored.document)))


def _other_revision(slug: str, found: int | None, expected: int | None) -> str:
    if found is None:
        return f"there is no dashboard {slug!r} (any more); expected revision {expected}"
    if expected is None:
        return f"there is a dashboard {slug!r} already; expected another name, or its revision"
    return (
        f"the dashboard {slug!r} was changed meanwhile: found revision {found},"
        f" expected {expected}; load it again"
    )
