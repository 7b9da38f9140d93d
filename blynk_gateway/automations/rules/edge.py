"""Whether something holds; it counts when it begins to, or when it has done so for a while."""

from collections.abc import Callable

from blynk_gateway.automations.timers import Timer, Timers
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.json_text import Json


class Edge:
    """One thing that holds or does not.

    Args:
        for_ms: how long it must hold, 0 for not at all.
        due: called when it has held for so long.

    Attributes:
        is_held: whether it holds.
        since_ms: UTC of when it began to hold, while it has to go on; None if it need not.
    """

    __slots__ = ("_clock", "_due", "_for_ms", "_timer", "_timers", "is_held", "since_ms")

    def __init__(self, for_ms: int, due: Callable[[], None], timers: Timers, clock: Clock) -> None:
        self.is_held = False
        self.since_ms: int | None = None
        self._for_ms = for_ms
        self._due = due
        self._timers = timers
        self._clock = clock
        self._timer: Timer | None = None

    def turn(self, *, is_held: bool) -> bool:
        """It begins to hold, or ends; returns whether it counts at once."""
        self.is_held = is_held
        if not is_held or not self._for_ms:
            self.drop()
            return is_held
        self._wait(self._clock.now_ms(), self._for_ms)
        return False

    def settle(self, *, is_held: bool) -> None:
        """It has stood so for long, and does not count."""
        self.is_held = is_held
        self.drop()

    def drop(self) -> None:
        """Wait no longer."""
        self.since_ms = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def state(self) -> Json:
        """What must survive a restart."""
        return {"held": self.is_held, "since_ms": self.since_ms}

    def restore(self, state: Json) -> None:
        """Go on where an earlier run of the gateway stopped; what is no state is none."""
        self.drop()
        known = state if isinstance(state, dict) else {}
        self.is_held = known.get("held") is True
        since_ms = known.get("since_ms")
        if self.is_held and self._for_ms and type(since_ms) is int:
            # A clock that was not right then or is not now must not make it wait for years.
            held_ms = min(max(self._clock.now_ms() - since_ms, 0), self._for_ms)
            self._wait(since_ms, self._for_ms - held_ms)

    def _wait(self, since_ms: int, rest_ms: int) -> None:
        self.drop()
        self.since_ms = since_ms
        self._timer = self._timers.after(rest_ms / 1000, self._held_long)

    def _held_long(self) -> None:
        self._timer = None
        self.since_ms = None
        self._due()
