"""A core with timers that a test moves, and what the gateway itself adds to timelines."""

from dataclasses import replace

from blynk_gateway.automations.timers import Timers
from blynk_gateway.core.change import EventChange, EventKind, Origin, OriginKind
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource
from blynk_gateway.core.device import Device
from blynk_gateway.core.events import EventDefinition
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.timezone import Zone
from tests.helpers.clock import FakeClock, trusted

CONFIG = Origin(OriginKind.GATEWAY, "config")


class EventRig:
    """The gateway's own device `pi`, and a device `shed`."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.parts = Parts.new(self.clock, Zone.of("UTC"), trusted(self.clock))
        self.registry = self.parts.registry
        self.timers = Timers(self.clock)
        self._mailbox = Mailbox(10_000, Overflow.CLOSE)
        self.parts.bus.subscribe(self._mailbox, origin=None, echo=True)
        self.own = self.add("pi", source=DeviceSource.GATEWAY)
        self.shed = self.add("shed")

    def add(
        self,
        slug: str,
        *events: EventDefinition,
        stale_after_ms: int | None = None,
        source: DeviceSource = DeviceSource.FILE,
    ) -> Device:
        definition = DeviceDefinition(slug, slug.title(), f"token-of-{slug}", source=source)
        return self.registry.add(
            replace(
                definition,
                stale_after_ms=stale_after_ms,
                events={one.code: one for one in events},
            ),
            CONFIG,
        )

    def pass_time(self, seconds: float, step_s: float = 1.0) -> None:
        """Let timers run meanwhile."""
        while seconds > 0:
            self.clock.advance(min(step_s, seconds))
            seconds -= step_s
            self.timers.advance()

    def entries(self) -> list[str]:
        """Entries of kind SYSTEM since the last call: `pi power: the supply …`."""
        return [
            f"{one.device} {one.code}: {one.description}".removesuffix(": ")
            for one in self._mailbox.drain()
            if isinstance(one, EventChange) and one.kind is EventKind.SYSTEM
        ]
