"""Entries `fault` and `recovered` in the gateway's own timeline: what `/api/health` tells.

A fault has to last `LASTS_S`: a broker that is connected a second after the start had none. A
component that comes and goes is told at most `BURST` times at once and once each `EVERY_S`.
"""

from collections.abc import Callable

from blynk_gateway.automations.timers import Timers
from blynk_gateway.core.events import SystemCode
from blynk_gateway.core.quota import TokenBucket
from blynk_gateway.runtime.health import ComponentHealth, HealthState
from blynk_gateway.runtime.parts import Parts

LASTS_S = 10.0
BURST = 6
EVERY_S = 300.0

_OK = ComponentHealth(HealthState.OK, "")


class FaultEvents:
    """Compares the health of components with what the timeline says.

    Args:
        record: adds an entry, by code and description.
    """

    def __init__(
        self, parts: Parts, timers: Timers, record: Callable[[SystemCode, str], None]
    ) -> None:
        self._parts = parts
        self._timers = timers
        self._record = record
        self._told: dict[str, HealthState] = {}
        self._meters: dict[str, TokenBucket] = {}
        self._waiting: set[str] = set()
        parts.health.on_change(self._changed)
        for component, health in parts.health.components.items():
            self._changed(component, health)

    def _changed(self, component: str, _health: ComponentHealth) -> None:
        # Later: a component may report from within anything, also from a change being published.
        if component not in self._waiting:
            self._waiting.add(component)
            is_over = _health.state is HealthState.OK
            self._timers.after(0.0 if is_over else LASTS_S, lambda: self._look(component))

    def _look(self, component: str) -> None:
        self._waiting.discard(component)
        health = self._parts.health.components.get(component, _OK)
        told = self._told.get(component, HealthState.OK)
        is_better = told is HealthState.FAILED and health.state is HealthState.DEGRADED
        if health.state is told or is_better:
            return
        if not self._take(component):
            self._parts.health.count("system_events_limited")
            self._waiting.add(component)
            self._timers.after(EVERY_S, lambda: self._look(component))
            return
        self._told[component] = health.state
        if health.state is HealthState.OK:
            self._record(SystemCode.RECOVERED, component)
        else:
            self._record(SystemCode.FAULT, f"{component}: {health.detail}")

    def _take(self, component: str) -> bool:
        now = self._parts.clock.monotonic()
        meter = self._meters.get(component)
        if meter is None:
            meter = self._meters[component] = TokenBucket(1 / EVERY_S, BURST, now)
        return meter.take(1, now)
