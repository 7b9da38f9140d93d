"""One server above: its mappings, the budget they share, and their ways to it."""

import asyncio
from typing import Any

from blynk_gateway.config.upstream.options import MappingOptions, UpstreamOptions
from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.upstream import UpstreamState
from blynk_gateway.upstream.lanes.budget import Budget
from blynk_gateway.upstream.lanes.share import Turns
from blynk_gateway.upstream.names import Names
from blynk_gateway.upstream.noticed import Noticed
from blynk_gateway.upstream.parts import MappingParts, UpstreamParts
from blynk_gateway.upstream.routes.making import Routes
from blynk_gateway.upstream.standing import Standing
from blynk_gateway.upstream.worker import Worker


class Server:
    """Made anew when anything but its devices changes.

    Args:
        notes: of earlier runs, by their names.
        newest: the latest change on the disk.
    """

    def __init__(
        self,
        parts: UpstreamParts,
        options: UpstreamOptions,
        notes: dict[str, dict[str, Any]],
        newest: int,
    ) -> None:
        self.options = options
        self._parts = parts
        self._budget = Budget(options.budget, notes.get(options.name), parts.clock.now_ms())
        self._turns = Turns(self._budget)
        routes = Routes(options, parts.clock)
        self.workers = [
            Worker(
                self._mapping_parts(mapping, notes.get(f"{options.name}/{slug}"), newest),
                routes.make,
            )
            for slug, mapping in options.devices.items()
        ]

    def start(self) -> None:
        """Begin to connect; returns at once."""
        for worker in self.workers:
            worker.start()

    async def stop(self) -> None:
        """End. May be repeated."""
        await asyncio.gather(*(worker.stop() for worker in self.workers))

    def state(self) -> UpstreamState:
        """How it is."""
        return UpstreamState(
            name=self.options.name,
            server=str(self.options.server),
            via=str(self.options.via),
            budgets=self._budget.states(self._parts.clock.now_ms()),
            mappings=tuple(worker.state() for worker in self.workers),
        )

    def notes(self) -> dict[str, dict[str, Any]]:
        """What the next start needs, by name."""
        notes = {worker.parts.key: worker.parts.standing.note() for worker in self.workers}
        return {self.options.name: self._budget.note(), **notes}

    def _mapping_parts(
        self, mapping: MappingOptions, note: dict[str, Any] | None, newest: int
    ) -> MappingParts:
        wake, names = asyncio.Event(), Names(mapping)
        origin = Origin(OriginKind.UPSTREAM, f"{self.options.name}/{mapping.slug}")
        own = self._parts
        return MappingParts.beside(
            own,
            trail=own.trail,
            apps=own.apps,
            catch_up=own.catch_up,
            upstream=self.options,
            mapping=mapping,
            names=names,
            standing=Standing(note, newest),
            noticed=Noticed(names, origin, wake),
            budget=self._turns.share(),
            origin=origin,
            wake=wake,
        )
