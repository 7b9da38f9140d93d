"""How much room the history takes, what it may take, and what is left on its disk."""

import shutil
from pathlib import Path
from typing import NamedTuple

from blynk_gateway.core.clock import Clock
from blynk_gateway.history.file.database import Database, explained
from blynk_gateway.runtime.health import Health, HealthState

LOOK_S = 60.0
"""Between two looks: some 0.1 ms each."""

NEAR = 0.9
"""Share of the budget from which people are told; days before anything goes."""

TARGET = 0.99
"""Share of the budget that is left of a full one: otherwise each point would cost a slice."""

MIN_FREE_BYTES = 200_000_000
MAX_FREE_BYTES = 2_000_000_000
MIN_FREE = 0.05
"""Less free space than this share of the disk is little, but what is between the two bounds counts:
of a large disk a twentieth is years of history."""

_COMPONENT = "disk"

_NEAR = (
    "history takes more than 90 % of history.retention.max_size; when it is full the oldest values"
    " go: raise it, or keep values for less long by history.retention.raw"
)
_FULL = (
    "history has filled history.retention.max_size, and its oldest values go: raise it, or keep"
    " values for less long by history.retention.raw"
)
_LOW = (
    "little space is left on the disk of {path}: expected {expected} MB or more; make room, or set"
    " history.retention.max_size. On a full disk values wait in memory, and the oldest are lost"
)


class _Room(NamedTuple):
    """In bytes; `free` of `total` are free on the disk."""

    used: int
    free: int
    total: int


class Budget:
    """Looks now and then, and tells.

    Args:
        health: told as component `disk`.
    """

    def __init__(self, clock: Clock, health: Health) -> None:
        self._clock = clock
        self._health = health
        self._look_at = clock.monotonic()
        self._is_full = False
        self._has_gone = False

    async def is_exceeded(self, database: Database, max_bytes: int | None) -> bool:
        """Whether something must go to keep to the limit; until there is room for some more.

        Args:
            max_bytes: what the history may take, None for everything.

        Raises:
            HistoryError: the file or its disk cannot be looked at.
        """
        if not self._is_full and self._clock.monotonic() < self._look_at:
            return False
        self._look_at = self._clock.monotonic() + LOOK_S
        room = await _room(database)
        share = 0.0 if max_bytes is None else room.used / max_bytes
        self._is_full = share > (TARGET if self._is_full else 1.0)
        self._tell(database.path, room, share)
        return self._is_full

    def rest(self) -> None:
        """There is nothing that could go: look again later."""
        self._is_full = False

    def _tell(self, path: Path, room: _Room, share: float) -> None:
        # It is full, and a little less, by turns.
        self._has_gone = self._is_full or (self._has_gone and share >= NEAR)
        complaints = [_FULL] if self._has_gone else [_NEAR] if share >= NEAR else []
        low = min(max(MIN_FREE * room.total, MIN_FREE_BYTES), MAX_FREE_BYTES)
        if room.free < low:
            complaints.append(_LOW.format(path=path, expected=round(low / 1e6)))
        state = HealthState.DEGRADED if complaints else HealthState.OK
        self._health.report(_COMPONENT, state, "; ".join(complaints))


async def _room(database: Database) -> _Room:
    # Pages that are free in the file will be used again: it need not shrink.
    ((used,),) = await database.fetch(
        "SELECT (page_count - freelist_count) * page_size"
        " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
    )
    with explained(database.path):
        total, _, free = shutil.disk_usage(database.path.parent)
    return _Room(used, free, total)
