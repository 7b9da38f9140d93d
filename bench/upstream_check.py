"""What the history of the gateway above holds, held against that of the gateway below."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench.crash_check import Address, Contents, Point, read
from bench.upstream_world import mapped_pins

OWN = ("d", "p")
"""How values begin that were written below."""

MOST_NAMED = 5


@dataclass
class Comparison:
    """What the comparison gave.

    Attributes:
        faults: what must not be, in words.
        below: points that were written below and have to be above.
        exact: of those, the ones that are above with their own time.
        late_ms: of the others, how much later than below they are said to have been.
        repeats: points above beyond the first of each.
    """

    faults: list[str] = field(default_factory=list)
    below: int = 0
    exact: int = 0
    late_ms: list[int] = field(default_factory=list)
    repeats: int = 0

    def told(self) -> str:
        """In a line."""
        late_ms = self.late_ms or [0]
        return (
            f"{self.below:,} points below: {self.exact:,} above with their time,"
            f" {len(self.late_ms):,} told live (median {statistics.median(late_ms):.0f} ms later,"
            f" most {max(late_ms):,} ms), {self.repeats:,} repeats; {len(self.faults)} faults"
        )


def compare(below: Path, above: Path, slugs: Iterable[str], most_late_ms: int) -> Comparison:
    """Hold two databases against each other, which no gateway uses.

    Args:
        slugs: devices above.
        most_late_ms: how much later a point that was told live may be said to have been.
    """
    contents = read(below), read(above)
    found = Comparison()
    for which, one in zip(("below", "above"), contents, strict=True):
        if one.integrity != "ok":
            found.faults.append(f"integrity {which}: {one.integrity}")
    here, there = (_points(one) for one in contents)
    for pair in mapped_pins(slugs):
        _compare_pin(pair.below, here[pair.below], there[pair.above], most_late_ms, found)
    return found


def _points(contents: Contents) -> dict[Address, list[Point]]:
    points: dict[Address, list[Point]] = defaultdict(list)
    for some in (contents.archived, contents.waiting):
        for address, ones in some.items():
            points[address] += ones
    return points


def _compare_pin(
    address: Address, here: list[Point], there: list[Point], most_late_ms: int, found: Comparison
) -> None:
    times: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for point in there:
        times[point.value].append(point.at_ms)
    missing, early, late = [], [], []
    seen = set()
    for point in sorted(here):
        # A value comes down again where it stood above after a break.
        if not point.value[0].startswith(OWN) or point.value in seen:
            continue
        seen.add(point.value)
        found.below += 1
        offsets = sorted(at_ms - point.at_ms for at_ms in times[point.value])
        found.repeats += max(0, len(offsets) - 1)
        if not offsets:
            missing.append(point)
        elif 0 in offsets:
            found.exact += 1
        elif offsets[-1] < 0:
            early.append(point)
        else:
            offset_ms = next(one for one in offsets if one > 0)
            found.late_ms.append(offset_ms)
            if offset_ms > most_late_ms:
                late.append(point)
    for points, fault in (
        (missing, "are not above"),
        (early, "are above with an earlier time"),
        (late, f"are above with a time that is more than {most_late_ms} ms later"),
    ):
        if points:
            named = ", ".join(f"{one.value[0]} (change {one.seq})" for one in points[:MOST_NAMED])
            found.faults.append(f"{'/'.join(address)}: {len(points)} points {fault}: {named}")
