"""Points of the past that a device kept until it could tell them."""

from typing import TypeAlias

from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.store import PinStore
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.value import PinValue

MAX_AGE_MS = 31 * 86_400_000
"""Oldest point accepted. Source: blynk-protocol §10.3, one month."""

MAX_AHEAD_MS = 5 * 60_000
"""How far a device's clock may be ahead of ours."""

Point: TypeAlias = tuple[int, PinValue]
"""UTC ms and the value at that time."""

_RESTORE = Origin(OriginKind.RESTORE)


def is_recent(at_ms: int, now_ms: int) -> bool:
    """Whether a point of that time may be added: at most a month old, and not yet to come."""
    return now_ms - MAX_AGE_MS <= at_ms <= now_ms + MAX_AHEAD_MS


def put_back(
    store: PinStore, device: str, pin: str, before: PinState | None, latest_ms: int
) -> None:
    """Make the value from before points of the past current again, if it is newer than they are.

    Args:
        before: what the pin was before they were written, None for nothing.
        latest_ms: UTC ms of the latest of them.
    """
    if before is not None and before.at_ms > latest_ms:
        store.write(device, pin, before.value, _RESTORE, Intent.SYNC, before.at_ms)
