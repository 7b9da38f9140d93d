"""Holds what was measured and noted against what the gateway promises; nothing here looks itself.

Each function takes facts and returns a verdict, so that tests can hand it bad ones too.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bench.soak.faults import (
    BROKER_FREEZE,
    BROKER_KILL,
    DISK,
    ENDING,
    FAULTY,
    FREEZE,
    KILL,
    LOCK,
)
from bench.soak.ledger import Command, Count, Drop, Ping, Window
from bench.soak.samples import Sample
from bench.soak.world import COMMIT_EVERY_S, Line

SLACK_S = 1.0
"""Time for a commit itself, on a machine that is busy."""

BACK_S = 10.0
"""Until a gateway that was started anew has let all devices in again."""

PING_P99_S = 1.0
PING_MOST_S = 5.0
COMMAND_S = 10.0
MEMORY_MIB = 5.0
"""A trend over the whole run. Longer runs are stricter: it is not per hour."""

FDS = 5.0
FDS_LEFT = 10
"""More than before the first device came: ways into the database that are kept for the next."""

SHORT_S = 60.0
"""In a shorter time what a process needs for its first work looks like growth."""

BLOCKS = 200
SHOWN = 3

EXPLAINED: Mapping[str, tuple[str, ...]] = {
    "configuration refused": (FAULTY,),
    "health": (DISK, LOCK),
    "archive packer failed": (DISK, LOCK),
}
"""Which faults explain an ERROR of this beginning."""

EXPLAINED_S = 5.0
"""So long after a fault is taken back it may still be told of."""


class Verdict(NamedTuple):
    """Whether a promise was kept, and by what that is known."""

    promise: str
    is_kept: bool
    told: str


def judged(promise: str, faults: Sequence[str], told: str) -> Verdict:
    """A verdict by a list of what was wrong."""
    if not faults:
        return Verdict(promise, is_kept=True, told=told)
    more = f" … {len(faults)} in all" if len(faults) > SHOWN else ""
    return Verdict(promise, is_kept=False, told="; ".join(faults[:SHOWN]) + more)


def history_is_whole(
    counts: Mapping[str, Count], found: Mapping[str, Sequence[int]], windows: Iterable[Window]
) -> Verdict:
    """Every accepted number is there once, in order; a kill may cost a commit window.

    Args:
        found: the numbers of each device in the database, in the order of their changes.
    """
    kills = [window for window in windows if window.kind == KILL]
    faults = []
    lost = accepted = 0
    for slug, count in counts.items():
        numbers = found.get(slug, ())
        there = set(numbers)
        if list(numbers) != sorted(there):
            faults.append(f"{slug}: out of order, or twice")
        if there and max(there) > count.sent:
            faults.append(f"{slug}: {max(there)} was never sent")
        for at, first, last in count.accepted:
            missing = [number for number in range(first, last + 1) if number not in there]
            accepted += last - first + 1
            lost += len(missing)
            if not any(kill.begin - COMMIT_EVERY_S - SLACK_S <= at <= kill.end for kill in kills):
                faults += (f"{slug}: {one} was accepted and is missing" for one in missing)
    told = f"{accepted:,} accepted writes, {lost} lost by {len(kills)} kills"
    return judged("History has every accepted write", faults, told)


def nobody_dropped(drops: Iterable[Drop], windows: Sequence[Window]) -> Verdict:
    """No well-behaved peer loses its connection but by a restart."""
    endings = [window for window in windows if window.kind in ENDING]
    unexplained = [
        drop
        for drop in drops
        if not any(window.meets(drop.at, drop.at, BACK_S) for window in endings)
    ]
    faults = [f"{drop.who}: {drop.why}" for drop in unexplained]
    return judged("Nobody else was dropped", faults, f"{len(endings)} restarts, no other cause")


def answered_in_time(pings: Sequence[Ping], windows: Sequence[Window]) -> Verdict:
    """Well-behaved devices are answered within a bound, whatever others do."""
    away = [window for window in windows if window.kind in (*ENDING, FREEZE)]
    times = sorted(
        ping.took_s
        for ping in pings
        if not any(window.meets(ping.at, ping.at + ping.took_s, BACK_S) for window in away)
    )
    promise = "Devices are answered in time"
    if not times:
        return Verdict(promise, is_kept=False, told="no ping was measured")
    p50, p99, most = quantile(times, 0.5), quantile(times, 0.99), times[-1]
    told = (
        f"{len(times):,} pings: p50 {p50 * 1e3:.1f}, p99 {p99 * 1e3:.0f} ms,"
        f" most {most * 1e3:,.0f} ms"
    )
    return Verdict(promise, is_kept=p99 <= PING_P99_S and most <= PING_MOST_S, told=told)


def commands_arrived(commands: Sequence[Command], windows: Sequence[Window]) -> Verdict:
    """What people set comes to a device that is there."""
    faults = []
    times = []
    for command in commands:
        if command.came_at is not None:
            times.append(command.came_at - command.at)
        excused = command.ended_at is not None or any(
            window.begin <= command.at + COMMAND_S and command.at <= window.well + COMMAND_S
            for window in windows
            if window.kind in (*ENDING, FREEZE)
            or (command.route == "mqtt" and window.kind in (BROKER_KILL, BROKER_FREEZE))
        )
        if not excused and (command.came_at is None or times[-1] > COMMAND_S):
            faults.append(f"{command.value} by {command.route} to {command.slug}")
    p99 = quantile(sorted(times), 0.99) if times else math.nan
    told = f"{len(times):,} of {len(commands):,} came, p99 {p99 * 1e3:.0f} ms"
    if not times:
        faults.append("no command came")
    return judged("What people set arrives", faults, told)


def log_is_clean(lines: Iterable[Line], windows: Sequence[Window]) -> Verdict:
    """No traceback, and no ERROR that no fault explains."""
    faults = []
    explained = 0
    for line in lines:
        _, _, rest = line.text.partition(" ")
        level, _, message = rest.partition(" ")
        if line.text.startswith("Traceback") or "never retrieved" in line.text:
            faults.append(line.text)
        elif level in ("ERROR", "CRITICAL"):
            if _is_explained(line.at, message.strip(), windows):
                explained += 1
            else:
                faults.append(message.strip()[:120])
    return judged("The log has no ERROR without cause", faults, f"{explained} explained by a fault")


def _is_explained(at: float, message: str, windows: Sequence[Window]) -> bool:
    kinds = next((k for phrase, k in EXPLAINED.items() if message.startswith(phrase)), ())
    return any(window.kind in kinds and window.meets(at, at, EXPLAINED_S) for window in windows)


def memory_is_flat(samples: Sequence[Sample]) -> Verdict:
    """Resident memory has no trend."""
    return _flat("Memory is flat", [(s.at, s.rss_mib) for s in samples], MEMORY_MIB, "MiB")


def files_are_flat(samples: Sequence[Sample]) -> Verdict:
    """The number of file descriptors has no trend."""
    return _flat("File descriptors are flat", [(s.at, s.fds) for s in samples], FDS, "open")


def files_are_closed(before: int, after: int) -> Verdict:
    """When all have gone, their descriptors have too."""
    told = f"{before} before the first device, {after} after the last"
    return Verdict("All descriptors come back", after <= before + FDS_LEFT, told)


def _flat(promise: str, points: Sequence[tuple[float, float]], limit: float, unit: str) -> Verdict:
    if not points:
        return Verdict(promise, is_kept=False, told="nothing was measured")
    seconds = points[-1][0] - points[0][0]
    if seconds < SHORT_S:
        return Verdict(promise, is_kept=True, told=f"not judged: {seconds:.0f} s are too short")
    grown = trend(points) * seconds
    values = [value for _, value in points]
    told = (
        f"{statistics.median(values):.1f} {unit} ({min(values):.1f} to {max(values):.1f});"
        f" trend {grown:+.1f} in {seconds:.0f} s, at most {limit:+.0f}"
    )
    return Verdict(promise, is_kept=grown <= limit, told=told)


def trend(points: Sequence[tuple[float, float]]) -> float:
    """Growth a second, as the median of the slopes between all pairs (Theil–Sen).

    A bump that a fault makes and that goes away again does not count, whenever it comes.
    """
    size = math.ceil(len(points) / BLOCKS)
    blocks = [points[at : at + size] for at in range(0, len(points), size)]
    thin = [
        (statistics.median(at for at, _ in block), statistics.median(value for _, value in block))
        for block in blocks
    ]
    slopes = [
        (later - value) / (then - at)
        for number, (at, value) in enumerate(thin)
        for then, later in thin[number + 1 :]
        if then > at
    ]
    return statistics.median(slopes) if slopes else 0.0


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which such a share lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
