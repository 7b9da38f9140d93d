"""What a database holds after a crash, held against what was accepted."""

import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

from bench.crash_load import LATE, OLD, PAIRS, Ledger, Stream
from blynk_gateway.history.archive import chunk
from blynk_gateway.history.segments import segment

LEVELS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}

Address: TypeAlias = tuple[str, str]
Bucket: TypeAlias = tuple[int, float, float, float, float, int, int]


class Point(NamedTuple):
    """A point of a stream."""

    seq: int
    at_ms: int
    value: tuple[str, ...]


@dataclass
class Contents:
    """What is in a file.

    Attributes:
        archived, waiting: points of each stream in the archive and in the journal.
        rollups: by level and stream, buckets by start.
        in_pass: whether a pass of the archive was under way.
    """

    integrity: str
    reserved_seq: int
    in_pass: bool
    archived: dict[Address, list[Point]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[Address, list[Point]] = field(default_factory=lambda: defaultdict(list))
    rollups: dict[tuple[str, Address], dict[int, Bucket]] = field(
        default_factory=lambda: defaultdict(dict)
    )


@dataclass
class Findings:
    """What a look at the file gave.

    Attributes:
        faults: what must not be, in words.
        accepted: numbers that were accepted, of all streams.
        found: numbers that are there and were not at the look before.
        oldest_loss_s: for how long the oldest of what is missing had been accepted.
        archived: points in the archive, those of earlier runs too.
    """

    faults: list[str] = field(default_factory=list)
    accepted: int = 0
    found: int = 0
    oldest_loss_s: float = 0.0
    archived: int = 0
    in_pass: bool = False


def read(path: Path) -> Contents:
    """Read a file that no gateway uses."""
    with closing(sqlite3.connect(path)) as database:
        checks = [text for (text,) in database.execute("PRAGMA integrity_check")]
        settings = dict(database.execute("SELECT name, value FROM setting"))
        ((archived_seq, moving_seq, moving_stream),) = database.execute(
            "SELECT archived_seq, moving_seq, moving_stream FROM archive"
        )
        streams = {
            number: (device, pin)
            for number, device, pin in database.execute("SELECT id, device, pin FROM stream")
        }
        # A first start may have been killed before it reserved any.
        reserved_seq = settings.get("reserved_seq", 0)
        contents = Contents("; ".join(checks), reserved_seq, moving_seq > archived_seq)
        for stream, body in database.execute("SELECT stream, body FROM chunk"):
            packed = chunk.decode(body)
            rows = zip(packed.seqs, packed.times, packed.values, strict=True)
            contents.archived[streams[stream]] += [Point(*row) for row in rows]
        for (body,) in database.execute("SELECT body FROM segment"):
            for seq, at_ms, stream, _, value in segment.decode(body):
                # Some are left for a moment behind a pass, and nobody reads them.
                if seq > (moving_seq if stream <= moving_stream else archived_seq):
                    contents.waiting[streams[stream]].append(Point(seq, at_ms, value))
        for level in LEVELS:
            for stream, start_ms, *bucket in database.execute(f"SELECT * FROM {level}"):  # noqa: S608 - our own names
                contents.rollups[level, streams[stream]][start_ms] = tuple(bucket)
    return contents


def check(contents: Contents, ledger: Ledger, due_at: float, killed_at: float) -> Findings:
    """Hold a file against the ledger, which is brought up to date.

    Args:
        due_at: what was accepted before, by the monotonic clock, must be there.
        killed_at: when the gateway ended.
    """
    archived = sum(map(len, contents.archived.values()))
    findings = Findings(archived=archived, in_pass=contents.in_pass)
    if contents.integrity != "ok":
        findings.faults.append(f"integrity: {contents.integrity}")
    _check_seqs(contents, ledger, findings.faults)
    for address, stream in ledger.streams.items():
        findings.accepted += stream.accepted() - stream.looked
        if address[1] == OLD:
            look = _look_at_sums(contents, address, stream, due_at)
        else:
            points = sorted(contents.archived[address] + contents.waiting[address])
            look = _look_at_points(address[1], points, stream, due_at)
            if any(point.seq <= ledger.reserved_seq for point in points[stream.found :]):
                look.faults.append("a number of a change was used before")
            look.faults.extend(_differing_rollups(contents, address))
        findings.faults += [f"{'/'.join(address)}: {fault}" for fault in look.faults]
        findings.found += look.found - stream.found
        lost_at = min((at for at, n in stream.acks if n in look.lost), default=killed_at)
        findings.oldest_loss_s = max(findings.oldest_loss_s, killed_at - lost_at)
        stream.settle(look.found, look.lost, goes_on=address[1] not in (LATE, OLD))
    ledger.reserved_seq = contents.reserved_seq
    return findings


def _check_seqs(contents: Contents, ledger: Ledger, faults: list[str]) -> None:
    seqs: set[int] = set()
    count = 0
    for points in (*contents.archived.values(), *contents.waiting.values()):
        seqs.update(point.seq for point in points)
        count += len(points)
    if len(seqs) < count:
        faults.append(f"{count - len(seqs)} numbers of changes are there twice")
    highest = max(ledger.seen_seq, max(seqs, default=0))
    if highest > contents.reserved_seq:
        faults.append(f"change {highest} is beyond {contents.reserved_seq}, the highest reserved")


class _Look(NamedTuple):
    found: int
    lost: set[int]
    faults: list[str]


def _look_at_points(pin: str, points: list[Point], stream: Stream, due_at: float) -> _Look:
    faults = []
    numbers = [int(point.value[0]) for point in points]
    parameters = 2 if pin == PAIRS else 1
    if any(one.value != (str(int(one.value[0])),) * parameters for one in points):
        faults.append("a value is not what was written")
    found = set(numbers)
    if len(found) < len(numbers):
        faults.append(f"{len(numbers) - len(found)} points are there twice")
    if not found <= set(range(1, stream.sent + 1)):
        faults.append(f"points are there that were not sent, up to {max(found)} of {stream.sent}")
    missing = set(range(1, stream.sent + 1)) - found
    due = stream.accepted(due_at)
    holes = {number for number in missing - stream.lost if number <= due}
    if pin != LATE:
        # What came later must not be there without what came before.
        holes |= {number for number in missing if number <= len(found)}
        if numbers != sorted(numbers):
            faults.append("the order is lost")
    if holes:
        faults.append(
            f"{len(holes)} of {due} accepted points are missing, from {min(holes)} to {max(holes)}"
        )
    return _Look(len(found), missing, faults)


def _look_at_sums(contents: Contents, address: Address, stream: Stream, due_at: float) -> _Look:
    """For a stream of which only sums are left."""
    faults = []
    counts = [
        sum(bucket[0] for bucket in contents.rollups[level, address].values()) for level in LEVELS
    ]
    if len(set(counts)) > 1:
        faults.append(f"minutes, hours and days count {counts}")
    found = counts[0] + len(contents.waiting[address])
    least = stream.found + stream.accepted(due_at) - stream.looked
    most = stream.found + stream.sent - stream.looked
    if not least <= found <= most:
        faults.append(f"{found} points count; expected {least} to {most}")
    return _Look(found, set(range(stream.sent - max(most - found, 0) + 1, stream.sent + 1)), faults)


def _differing_rollups(contents: Contents, address: Address) -> list[str]:
    faults = []
    numbers = [point for point in contents.archived[address] if len(point.value) == 1]
    for level, ms in LEVELS.items():
        expected = _buckets(numbers, ms)
        found = contents.rollups[level, address]
        if expected.keys() != found.keys() or any(
            not _is_same(expected[start], found[start]) for start in expected
        ):
            faults.append(f"{level}s differ from what the points give")
    return faults


def _buckets(points: Iterable[Point], ms: int) -> dict[int, Bucket]:
    by_start: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
    for seq, at_ms, value in points:
        by_start[at_ms // ms * ms].append((at_ms, seq, float(value[0])))
    buckets = {}
    for start, some in by_start.items():
        last_ms, last_seq, last = max(some)
        values = [value for _, _, value in some]
        buckets[start] = (
            *(len(values), math.fsum(values), min(values), max(values)),
            *(last, last_ms, last_seq),
        )
    return buckets


def _is_same(one: Bucket, other: Bucket) -> bool:
    return math.isclose(one[1], other[1], rel_tol=1e-9) and (
        (one[0], *one[2:]) == (other[0], *other[2:])
    )
