"""Reads the event timeline."""

from collections.abc import Set

from blynk_gateway.core.change import EventChange, EventKind, Origin, OriginKind
from blynk_gateway.core.value import SEPARATOR, decode_value
from blynk_gateway.history.file.database import Database
from blynk_gateway.history.file.reader import Snapshot

_NO_BOUND = 2**63 - 1
"""Above every number of a change."""


async def read_events(
    database: Database, device: str | None, limit: int, before: int = 0
) -> list[EventChange]:
    """The latest entries, newest first.

    Args:
        before: only those with a lower number; 0 for the latest of all.

    Raises:
        HistoryError: they cannot be read.
    """
    below = before or _NO_BOUND
    if device is None:
        rows = await database.fetch(
            "SELECT * FROM event WHERE seq < ? ORDER BY seq DESC LIMIT ?", (below, limit)
        )
    else:
        rows = await database.fetch(
            "SELECT * FROM event WHERE device = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
            (device, below, limit),
        )
    return [_event(*row) for row in rows]


def following_events(
    snapshot: Snapshot, after: int, upto: int, devices: Set[str], limit: int
) -> list[EventChange]:
    """Entries of some devices by number, oldest first."""
    marks = ", ".join("?" * len(devices))
    rows = snapshot.fetch(
        f"SELECT * FROM event WHERE seq > ? AND seq <= ? AND device IN ({marks})"  # noqa: S608 - marks
        " ORDER BY seq LIMIT ?",
        (after, upto, *devices, limit),
    )
    return [_event(*row) for row in rows]


def _event(
    seq: int,
    device: str,
    kind: str,
    code: bytes,
    description: bytes,
    origin_kind: str,
    origin_id: bytes,
    at_ms: int,
) -> EventChange:
    return EventChange(
        seq,
        device,
        EventKind(kind),
        _text(code),
        _text(description),
        Origin(OriginKind(origin_kind), _text(origin_id)),
        at_ms,
    )


def _text(body: bytes) -> str:
    return SEPARATOR.join(decode_value(body))
