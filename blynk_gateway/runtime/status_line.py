"""The line that `systemctl status` shows."""

from collections.abc import Callable
from typing import NamedTuple

from blynk_gateway.core.clock import Clock
from blynk_gateway.runtime.health import Health, HealthState

MAX_LENGTH = 160
"""The rest would be cut by a terminal anyway."""


class Counts(NamedTuple):
    """What the gateway does.

    Attributes:
        devices: how many there are, its own left out.
        changes: how many were published since the start.
        backlog: how many of them are not on the disk.
    """

    devices: int
    online: int
    changes: int
    backlog: int


class StatusLine:
    """How the gateway is, in one line.

    Args:
        counts: what it does now.
    """

    def __init__(self, counts: Callable[[], Counts], health: Health, clock: Clock) -> None:
        self._counts = counts
        self._health = health
        self._clock = clock
        self._line = ""
        self._changes = counts().changes
        self._at = clock.monotonic()

    def line(self) -> str:
        """How the gateway is now; the rate is that since the last call."""
        counts, now = self._counts(), self._clock.monotonic()
        rate = (counts.changes - self._changes) / max(now - self._at, 1.0)
        self._changes, self._at = counts.changes, now
        devices = "1 device" if counts.devices == 1 else f"{counts.devices} devices"
        self._line = (
            f"{devices}, {counts.online} online, {_rounded(rate)} msg/s,"
            f" backlog {counts.backlog}{self._complaint()}"
        )[:MAX_LENGTH]
        return self._line

    def refresh(self, tell: Callable[[str], None]) -> None:
        """Tell the line if it is another one than the last."""
        before = self._line
        if (line := self.line()) != before:
            tell(line)

    def _complaint(self) -> str:
        worst = self._health.state
        if worst is HealthState.OK:
            return ""
        name, component = next(
            one for one in sorted(self._health.components.items()) if one[1].state is worst
        )
        return f"; {name} {worst}: {component.detail}"


def _rounded(rate: float) -> str:
    # Slow ones with a digit, or a device that reports each ten seconds would be none at all.
    return f"{rate:.0f}" if rate >= 10 or not rate else f"{rate:.1f}"  # noqa: PLR2004  two digits
