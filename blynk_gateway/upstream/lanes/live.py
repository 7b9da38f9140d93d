"""What goes up now, of the journal's rows: in order per pin, merged where that was asked for.

1. A pin waits with its latest value alone if there is a budget or it has a minimum interval;
   otherwise with all its values.
2. A dead band compares with what was told last, or is on its way; texts have none.
3. Whoever waits longest goes first: a value that takes another's place takes its turn as well, or
   a pin that changes often would always be the last.
4. What was taken stays here until it is acknowledged or put back.

Nothing here is bounded but by what is added.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence, Set
from heapq import merge
from itertools import chain, count, islice
from math import inf
from typing import NamedTuple

from blynk_gateway.config.upstream.options import MappedPin
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.trail import TrailPoint
from blynk_gateway.core.value import PinValue, number

_ROUNDING = 1 - 1e-6
"""From 20.3 to 20.2 it is a tenth, whatever binary numbers say."""


class Live:
    """The live lane of one connection; times are monotonic seconds.

    Args:
        pins: by what they are here; no others are added.
        is_merging: whether only the latest value of each pin counts.

    Attributes:
        merged: values that were not told, for a later one or a dead band.
    """

    def __init__(self, pins: Mapping[PinAddress, MappedPin], *, is_merging: bool) -> None:
        self._queues = {
            address: _Queue(mapped, is_merging=is_merging or mapped.min_interval_ms > 0)
            for address, mapped in pins.items()
        }
        self._busy: dict[PinAddress, _Queue] = {}
        self._turns = count()
        self._now = -inf
        self.merged = 0

    def add(self, point: TrailPoint, now: float, *, is_urgent: bool = False) -> None:
        """Let a value wait, behind those of its pin that were added before.

        Args:
            is_urgent: somebody waits for it; whatever takes its place is urgent as well.
        """
        self._now = now
        self.merged += self._queues[point.address].add(_Entry(next(self._turns), point, is_urgent))
        self._sort(point.address)

    def next_at(self, now: float) -> float | None:
        """When something is due, not before `now`; None if nothing waits but for an answer."""
        self._now = now
        due_at = min((queue.due_at for queue in self._waiting()), default=inf)
        return None if due_at == inf else max(now, due_at)

    def take(self, limit: int, now: float) -> list[TrailPoint]:
        """What is due, at most `limit`: pins with something urgent first, each in turn."""
        self._now = now
        due = [queue for queue in self._waiting() if queue.due_at <= now]
        taken = self._take(limit, [list(islice(queue.waiting, queue.urgent)) for queue in due])
        return taken + self._take(limit - len(taken), [queue.waiting for queue in due])

    def sent(self, points: Iterable[TrailPoint], now: float) -> None:
        """The server has acknowledged them."""
        for point in points:
            self._queues[point.address].sent(point, now)
            self._sort(point.address)

    def put_back(self, points: Sequence[TrailPoint], *, is_doubtful: bool = False) -> None:
        """They wait again, in front of what was added since.

        Args:
            is_doubtful: they were sent, and may be there or not.
        """
        for point in reversed(points):
            self.merged += self._queues[point.address].put_back(point, is_doubtful=is_doubtful)

    def tell(self, address: PinAddress, value: PinValue) -> None:
        """Note what the server has of a pin, by another way than ours."""
        self._queues[address].tell(value)

    def forget(self, address: PinAddress) -> None:
        """Whatever the server has of a pin, the next value goes there."""
        self._queues[address].forget()

    def hold(self, address: PinAddress, until: float) -> None:
        """Take nothing of a pin for a while."""
        self._queues[address].held_until = until

    def drop(self, address: PinAddress) -> None:
        """Let go of what waits of a pin: the server has it."""
        self.merged += len(self._queues[address].waiting)
        self._queues[address].drop()
        self._sort(address)

    def clear(self) -> None:
        """Forget what waits and what is on its way; not what was told before."""
        for queue in self._busy.values():
            queue.clear()
        self._busy.clear()

    def done_seq(self, read_upto: int) -> int:
        """Everything up to here was acknowledged or merged, or did not leave its dead band.

        Args:
            read_upto: how far the journal was read.
        """
        first = min((queue.first_seq for queue in self._busy.values()), default=inf)
        return read_upto if first > read_upto else int(first) - 1

    @property
    def pins(self) -> Set[PinAddress]:
        """Those of which something waits or is on its way, whoever does so longest first."""
        return self._busy.keys()

    @property
    def urgent(self) -> int:
        """How many `take` would have to give for all that is urgent, at the latest time told."""
        return sum(queue.urgent for queue in self._waiting() if queue.due_at <= self._now)

    def __len__(self) -> int:
        return sum(len(queue.waiting) for queue in self._busy.values())

    def _waiting(self) -> list["_Queue"]:
        return [queue for queue in self._busy.values() if queue.waiting]

    def _take(self, limit: int, ordered: list[Sequence["_Entry"]]) -> list[TrailPoint]:
        points = [entry.point for entry in islice(merge(*ordered), limit)]
        for point in points:
            self._queues[point.address].take()
        return points

    def _sort(self, address: PinAddress) -> None:
        queue = self._queues[address]
        if queue.waiting or queue.taken:
            self._busy[address] = queue
        else:
            self._busy.pop(address, None)


class _Entry(NamedTuple):
    turn: int
    point: TrailPoint
    is_urgent: bool


class _Queue:
    """What waits of one pin, and what is on its way.

    Attributes:
        held_until: nothing is taken before.
        urgent: how many have to go for the last urgent one to be gone.
    """

    __slots__ = (
        "_band",
        "_interval_s",
        "_is_doubtful",
        "_is_merging",
        "_told",
        "_told_at",
        "held_until",
        "taken",
        "urgent",
        "waiting",
    )

    def __init__(self, mapped: MappedPin, *, is_merging: bool) -> None:
        self._band = mapped.dead_band
        self._interval_s = mapped.min_interval_ms / 1000
        self._is_merging = is_merging
        self._told: PinValue | None = None
        self._told_at = -inf
        self._is_doubtful = False
        self.held_until = -inf
        self.urgent = 0
        self.taken: list[_Entry] = []
        self.waiting: deque[_Entry] = deque()

    @property
    def due_at(self) -> float:
        """When the first may go, infinite while that hangs on an answer."""
        if not self._interval_s:
            return self.held_until
        return inf if self.taken else max(self.held_until, self._told_at + self._interval_s)

    @property
    def first_seq(self) -> int:
        """The lowest number; there is something."""
        return min(one.point.seq for one in chain(self.waiting, self.taken))

    def add(self, entry: _Entry) -> int:
        """Returns how many were merged."""
        merged = 0
        if self._is_merging and self.waiting:
            before = self.waiting.pop()
            entry = _Entry(before.turn, entry.point, entry.is_urgent or before.is_urgent)
            self.urgent = 0
            merged = 1
        if self._band and self._is_told(entry.point.value):
            return merged + 1
        self.waiting.append(entry)
        if entry.is_urgent:
            self.urgent = len(self.waiting)
        return merged

    def take(self) -> None:
        """The first is on its way."""
        self.taken.append(self.waiting.popleft())
        self.urgent = max(0, self.urgent - 1)

    def sent(self, point: TrailPoint, now: float) -> None:
        self._remove(point)
        self._told_at = now
        self._told = None if self._is_doubtful else point.value
        if not self.taken:
            self._is_doubtful = False

    def put_back(self, point: TrailPoint, *, is_doubtful: bool) -> int:
        """Returns how many were merged."""
        found = self._remove(point)
        if found is None:
            return 0
        if is_doubtful:
            self._told = None
        if self._is_merging and self.waiting:
            entry = self.waiting.pop()
            entry = _Entry(found.turn, entry.point, entry.is_urgent or found.is_urgent)
            self.waiting.append(entry)
            self.urgent = int(entry.is_urgent)
            return 1
        self.waiting.appendleft(found)
        if found.is_urgent or self.urgent:
            self.urgent += 1
        return 0

    def tell(self, value: PinValue) -> None:
        # What is on its way may come there before or after it.
        self._is_doubtful = bool(self.taken)
        self._told = None if self.taken else value

    def forget(self) -> None:
        self._told = None
        self._is_doubtful = bool(self.taken)

    def drop(self) -> None:
        self.waiting.clear()
        self.urgent = 0

    def clear(self) -> None:
        if self.taken:
            self._told = None
        self.waiting.clear()
        self.taken.clear()
        self.urgent = 0
        self._is_doubtful = False

    def _remove(self, point: TrailPoint) -> _Entry | None:
        for at, one in enumerate(self.taken):
            if one.point == point:
                return self.taken.pop(at)
        return None

    def _is_told(self, value: PinValue) -> bool:
        """Whether a value is as good as the one before it."""
        before = self._told
        if self.waiting:
            before = self.waiting[-1].point.value
        elif self.taken:
            before = self.taken[-1].point.value
        if before is None:
            return False
        one, other = number(value), number(before)
        if one is None or other is None:
            return value == before
        return abs(one - other) < self._band * _ROUNDING
