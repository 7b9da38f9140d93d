"""What became of the events of the timeline."""

from collections.abc import Iterable
from typing import NamedTuple

from blynk_gateway.core.change import EventChange, EventKind, Origin
from blynk_gateway.core.events import ALL


class Resolution(NamedTuple):
    """How an event was resolved: when, and by whom."""

    at_ms: int
    origin: Origin


def resolutions(events: Iterable[EventChange]) -> dict[int, Resolution]:
    """Which events are resolved, by the number of each.

    Args:
        events: newest first, with every RESOLVED entry that came after the oldest of them.
    """
    found: dict[int, Resolution] = {}
    # By device and code: resolutions that have not met their event yet, latest first.
    single: dict[tuple[str, str], list[Resolution]] = {}
    sweeping: dict[tuple[str, str], Resolution] = {}
    for event in events:
        key = event.device, event.code
        if event.kind is EventKind.RESOLVED:
            resolution = Resolution(event.at_ms, event.origin)
            if event.description == ALL:
                # Whatever is older was resolved by this one at the latest.
                sweeping[key] = resolution
                single.pop(key, None)
            else:
                single.setdefault(key, []).append(resolution)
        elif event.kind is EventKind.LOGGED:
            waiting = single.get(key)
            if waiting:
                found[event.seq] = waiting.pop()
            elif key in sweeping:
                found[event.seq] = sweeping[key]
    return found
