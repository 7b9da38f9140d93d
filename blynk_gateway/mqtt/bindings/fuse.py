"""Says which bindings ran hot, until they have been quiet for a while."""

from blynk_gateway.core.store import FUSE_BURST, FUSE_PER_SECOND
from blynk_gateway.mqtt.bindings.pauses import Pauses
from blynk_gateway.runtime.health import Health, HealthState

MEND_S = 60.0
"""Quiet after which a loop is taken for ended."""

MAX_NAMED = 3

_COMPONENT = "mqtt_loop"


class Fuses:
    """The health of all bindings together."""

    def __init__(self, health: Health, pauses: Pauses) -> None:
        self._health = health
        self._pauses = pauses
        self._blown: set[str] = set()

    def blown(self, binding: str) -> None:
        """A binding brought or sent more than its fuse lets through."""
        self._health.count("mqtt_fuse_blown")
        self._blown.add(binding)
        self._report()
        self._pauses.begin(("fuse", binding), lambda: self._mended(binding), MEND_S)

    def clear(self) -> None:
        """Forget all of it: the connection has ended, and every loop with it."""
        if self._blown:
            self._blown.clear()
            self._report()

    def _mended(self, binding: str) -> None:
        self._blown.discard(binding)
        self._report()

    def _report(self) -> None:
        if not self._blown:
            self._health.report(_COMPONENT, HealthState.OK)
            return
        names = ", ".join(f'"{name}"' for name in sorted(self._blown)[:MAX_NAMED])
        self._health.report(
            _COMPONENT,
            HealthState.DEGRADED,
            f"the binding {names} carried more than {FUSE_BURST} values at once or"
            f" {FUSE_PER_SECOND} a second; the surplus was dropped, the last value is kept. Look"
            " for another gateway or program that sends each value back, and take one of the two"
            " bindings away.",
        )
