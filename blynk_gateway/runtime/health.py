"""What works and what does not, as `/api/health` and the log tell it."""

import logging
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

log = logging.getLogger(__name__)


class HealthState(StrEnum):
    """State of one component, best first."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


class ComponentHealth(NamedTuple):
    """`detail` says what is wrong and what to do; it is empty when all is well."""

    state: HealthState
    detail: str


class Gauge(NamedTuple):
    """A number that somebody measures whenever it is asked for.

    Attributes:
        text: what it is of, a sentence.
        read: None while it is not known.
    """

    text: str
    read: Callable[[], float | None]


class Health:
    """State of every component, and counts of everything that was cut, dropped or refused.

    Attributes:
        last_error: the latest complaint, `component: detail`, also when it is over; "" for none.
    """

    def __init__(self) -> None:
        self.components: dict[str, ComponentHealth] = {}
        self.counters: Counter[str] = Counter()
        self.gauges: dict[str, Gauge] = {}
        self.last_error = ""
        self._listeners: list[Callable[[str, ComponentHealth], None]] = []

    def on_change(self, call: Callable[[str, ComponentHealth], None]) -> None:
        """Have it called whenever the state of a component changes, not its detail alone.

        It may be called from anywhere: it is to take note, and act later.
        """
        self._listeners.append(call)

    def report(self, component: str, state: HealthState, detail: str = "") -> None:
        """Set the state of a component; a change is logged once."""
        before = self.components.get(component)
        now = ComponentHealth(state, detail)
        self.components[component] = now
        if before == now or (before is None and state is HealthState.OK):
            return
        if state is not HealthState.OK:
            self.last_error = f"{component}: {detail}"
        level = {
            HealthState.OK: logging.INFO,
            HealthState.DEGRADED: logging.WARNING,
            HealthState.FAILED: logging.ERROR,
        }[state]
        log.log(level, "health", extra={"component": component, "state": state, "detail": detail})
        if before is None or before.state is not state:
            for call in self._listeners:
                call(component, now)

    def count(self, name: str, amount: int = 1) -> None:
        """Add to a counter."""
        self.counters[name] += amount

    def measure(self, name: str, text: str, read: Callable[[], float | None]) -> None:
        """Offer a number by name, with its unit at the end: `pulse_age_seconds`."""
        self.gauges[name] = Gauge(text, read)

    def measured(self) -> dict[str, float]:
        """All numbers that are known now."""
        found = ((name, gauge.read()) for name, gauge in sorted(self.gauges.items()))
        return {name: value for name, value in found if value is not None}

    @property
    def state(self) -> HealthState:
        """The worst state of all components."""
        states = {component.state for component in self.components.values()}
        for state in (HealthState.FAILED, HealthState.DEGRADED):
            if state in states:
                return state
        return HealthState.OK

    def snapshot(self) -> dict[str, Any]:
        """Everything, as it goes into JSON."""
        return {
            "status": str(self.state),
            "components": {
                name: {"state": str(component.state), "detail": component.detail}
                for name, component in sorted(self.components.items())
            },
            "counters": dict(sorted(self.counters.items())),
            "gauges": self.measured(),
        }
