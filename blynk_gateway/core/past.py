"""Points of the past that a device kept until it could tell them."""

from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter
from typing import TypeAlias

from blynk_gateway.core.value import PinValue

MAX_AGE_MS = 31 * 86_400_000
"""Oldest point accepted. Source: blynk-protocol §10.3, one month."""

MAX_AHEAD_MS = 5 * 60_000
"""How far a device's clock may be ahead of ours."""

Point: TypeAlias = tuple[int, PinValue]
"""UTC ms and the value at that time."""


def is_recent(at_ms: int, now_ms: int) -> bool:
    """Whether a point of that time may be added: at most a month old, and not yet to come."""
    return now_ms - MAX_AGE_MS <= at_ms <= now_ms + MAX_AHEAD_MS


def latest_first(points: Sequence[Point]) -> list[Point]:
    """The order in which to write points, so that no other than the latest is news to anybody.

    Args:
        points: at least one, oldest first; those of one time stay in their order.
    """
    latest = bisect_left(points, points[-1][0], key=itemgetter(0))
    return [*points[latest:], *points[:latest]]
