"""Fewer points of the past: averages over steps, aligned as the rollups of history are."""

import sys
from collections.abc import Callable, Iterator

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.trail import TrailPoint
from blynk_gateway.core.value import PinValue, number
from blynk_gateway.formats.plain import plain_number

DAY_MS = 86_400_000

STEPS_MS = (60_000, 3_600_000, DAY_MS)
"""From fine to coarse; each divides the next."""

ENDLESS = sys.maxsize

_MAX_NUMBER = sys.float_info.max


def choose_step_ms(points: int, span_ms: int, pins: int, room: int) -> int:
    """The finest step that fits: 0 for the points as they are, the day if none does.

    Args:
        points: how many there are, of all pins together.
        span_ms: from the first to the last.
        room: how many may go.
    """
    if points <= room:
        return 0
    for step_ms in STEPS_MS:
        touched = -(-span_ms // step_ms) + 1
        if touched * pins <= room:
            return step_ms
    return STEPS_MS[-1]


def room_for(
    points_per_day: int,
    imported_today: int,
    oldest_ms: int,
    keep_ms: int,
    now_ms: int,
    share: int | None,
) -> int:
    """How many points may go before the oldest is too old; what is left today in any case.

    Args:
        points_per_day: that the server takes by the day of UTC, 0 for no limit.
        keep_ms: age at which a point is too old.
        share: points a day that the budget leaves, None for no limit.
    """
    limits = [limit for limit in (points_per_day or None, share) if limit is not None]
    if not limits:
        return ENDLESS
    a_day = min(limits)
    today = max(0, min(a_day, points_per_day - imported_today) if points_per_day else a_day)
    further_days = max(0, (oldest_ms + keep_ms) // DAY_MS - now_ms // DAY_MS)
    return today + further_days * a_day


class Thinner:
    """Folds the points of a gap, in the order of the journal; it holds two steps of each pin.

    Of numbers a step has the average, whole if all of them were written as whole ones: a server
    refuses other values for a pin of type int. What is no number counts only where there is no
    number in the step; then the last one stands.

    Args:
        step_ms: 0 to let everything through.
        is_text: whether a pin's values are no numbers even where they look like some.

    Attributes:
        thinned: points that were folded into others.
    """

    def __init__(self, step_ms: int, is_text: Callable[[PinAddress], bool]) -> None:
        self._step_ms = step_ms
        self._is_text = is_text
        self._steps: dict[PinAddress, list[_Step]] = {}
        self._newest_ms = 0
        self.thinned = 0

    def add(self, point: TrailPoint) -> list[TrailPoint]:
        """Take a point; what is finished by that comes out, also of other pins.

        A step is dated by its begin, and has the `seq` of its last point.
        """
        if not self._step_ms:
            return [point]
        start_ms = point.at_ms // self._step_ms * self._step_ms
        finished = []
        if start_ms > self._newest_ms:
            finished = self._close(lambda step: step.start_ms < self._newest_ms)
            self._newest_ms = start_ms
        steps = self._steps.setdefault(point.address, [])
        found = next((step for step in steps if step.start_ms == start_ms), None)
        if found is None:
            finished += self._make_room(steps)
            found = _Step(start_ms, point.seq)
            steps.append(found)
        found.add(point, is_text=self._is_text(point.address))
        return finished

    def flush(self) -> list[TrailPoint]:
        """What is not finished, at the end of the gap."""
        return self._close(lambda _step: True)

    def safe_seq(self) -> int | None:
        """The place may move up to here: no unfinished step has an earlier point.

        None if nothing is unfinished.
        """
        first = min((step.first_seq for step in self._unfinished()), default=None)
        return None if first is None else first - 1

    def _unfinished(self) -> Iterator["_Step"]:
        return (step for steps in self._steps.values() for step in steps)

    def _make_room(self, steps: list["_Step"]) -> list[TrailPoint]:
        """Finish a step of the pin for another to begin.

        Points that came late, or were imported, are older than those around them: beside the newest
        step there is room for one older, so that neither harms the other. The newest waits until it
        is over for all pins: where it ends for all, another connection can go on.
        """
        steps.sort(key=lambda step: step.start_ms)
        done = [self._told(step) for step in steps[:-1]]
        del steps[:-1]
        return done

    def _close(self, is_over: Callable[["_Step"], bool]) -> list[TrailPoint]:
        """Finish steps of all pins, in the order of their points."""
        over = [step for step in self._unfinished() if is_over(step)]
        for address, steps in list(self._steps.items()):
            steps[:] = [step for step in steps if not is_over(step)]
            if not steps:
                del self._steps[address]
        return sorted(map(self._told, over))

    def _told(self, step: "_Step") -> TrailPoint:
        self.thinned += step.points - 1
        return step.point()


class _Step:
    """One step of one pin, with one point or more."""

    __slots__ = ("_count", "_is_whole", "_last", "_total", "first_seq", "points", "start_ms")

    def __init__(self, start_ms: int, first_seq: int) -> None:
        self.start_ms = start_ms
        self.first_seq = first_seq
        self.points = 0
        self._last: TrailPoint | None = None
        self._total = 0.0
        self._count = 0
        self._is_whole = True

    def add(self, point: TrailPoint, *, is_text: bool) -> None:
        self.points += 1
        self._last = point
        found = None if is_text else number(point.value)
        if found is not None:
            self._count += 1
            # Infinity is no number for those who ask.
            self._total = max(-_MAX_NUMBER, min(_MAX_NUMBER, self._total + found))
            self._is_whole = self._is_whole and point.value[0].strip().lstrip("+-").isdigit()

    def point(self) -> TrailPoint:
        assert self._last is not None, "a step begins with a point"
        return self._last._replace(at_ms=self.start_ms, value=self._value(self._last.value))

    def _value(self, last: PinValue) -> PinValue:
        if not self._count:
            return last
        average = self._total / self._count
        return (str(plain_number(round(average) if self._is_whole else average)),)
