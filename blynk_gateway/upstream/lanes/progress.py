"""Which changes are done with, by number: nothing here knows what a change is."""

from collections.abc import Iterable
from typing import Any

MAX_RANGES = 64
"""Each break with a backlog left behind adds one; beyond, the smallest one is forgotten, and what
was in it goes up again, which does no harm."""


class Progress:
    """A place (`done`), and above it ranges that are done already: sent live past a backlog.

    The end of the last range is where live reading goes on; it may be an empty one.

    Args:
        done: everything up to here is done.
        ranges: after the first number up to and including the second all is done, too.
    """

    def __init__(self, done: int = 0, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._done = done
        self._ranges: list[tuple[int, int]] = []
        for begin, end in sorted(ranges):
            self._append(begin, end)

    @property
    def done(self) -> int:
        """Everything up to here is done."""
        return self._done

    @property
    def live_seq(self) -> int:
        """Live reading goes on after this number."""
        return self._ranges[-1][1] if self._ranges else self._done

    def begin_live(self, seq: int) -> None:
        """Let live reading go on after `seq`; what is not done up to there becomes backlog."""
        if seq > self.live_seq:
            self._append(seq, seq)

    def live_done(self, seq: int) -> None:
        """All after `live_seq` up to `seq` is done; `live_seq` moves there."""
        if not self._ranges:
            self._done = max(seq, self._done)
        elif seq > self.live_seq:
            self._ranges[-1] = (self._ranges[-1][0], seq)

    def backlog(self) -> tuple[int, int] | None:
        """The first gap: after the first number, up to and including the second; None for none."""
        return (self._done, self._ranges[0][0]) if self._ranges else None

    def gaps(self) -> list[tuple[int, int]]:
        """All that is not done below `live_seq`, as in `backlog`, in order."""
        ends = [self._done, *(end for _, end in self._ranges)]
        return [(end, begin) for end, (begin, _) in zip(ends, self._ranges, strict=False)]

    def backlog_done(self, seq: int) -> None:
        """The first gap is done up to `seq`; nothing if there is none, or not so far."""
        if not self._ranges or seq <= self._done:
            return
        begin, end = self._ranges[0]
        self._done = seq
        if seq >= begin:
            # What lies beyond the gap is none of the backlog's.
            self._done = end
            del self._ranges[0]

    def note(self) -> dict[str, Any]:
        """For `from_note`; JSON."""
        return {"done": self._done, "ranges": [list(one) for one in self._ranges]}

    @classmethod
    def from_note(cls, note: object, newest: int) -> "Progress":
        """What was noted, as far as it makes sense.

        Args:
            note: of `note`, perhaps of another version or of a journal that was replaced.
            newest: the number of the latest change there is; without a readable note everything
                up to it counts as done.
        """
        match note:
            case {"done": int(done), "ranges": [*ranges]}:
                return cls(min(max(done, 0), newest), [_range(one, newest) for one in ranges])
            case _:
                return cls(newest)

    def _append(self, begin: int, end: int) -> None:
        """Add a range that begins no earlier than the last one."""
        if end < begin:
            return
        if begin <= self._done:
            self._done = max(self._done, end)
            return
        if self._ranges:
            last_begin, last_end = self._ranges[-1]
            if begin <= last_end:
                self._ranges[-1] = (last_begin, max(last_end, end))
                return
            if last_begin == last_end:
                # Nothing was sent live there: the gaps around it are one.
                del self._ranges[-1]
        self._ranges.append((begin, end))
        if len(self._ranges) > MAX_RANGES:
            self._ranges.remove(min(self._ranges[:-1], key=lambda one: one[1] - one[0]))


def _range(note: object, newest: int) -> tuple[int, int]:
    match note:
        case [int(begin), int(end)]:
            return min(begin, newest), min(end, newest)
        case _:
            return newest, -1
