"""What an input line tells. Levels are electrical: 1 is high, whatever the pull."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple


class Edge(NamedTuple):
    """One change of a line.

    Attributes:
        level: the level since then, 0 or 1.
        at_ms: when, UTC ms.
        at_s: when, in seconds of `Clock.monotonic`.
        ticks: when, as the back end tells it, which may know better than this process. Good for
            nothing but `ticks_diff(later, earlier)` of the board's pin factory, in seconds.
    """

    level: int
    at_ms: int
    at_s: float
    ticks: Any


class Edges(NamedTuple):
    """What happened on a line since its handler was called the last time.

    Attributes:
        edges: the latest ones, oldest first; never empty.
        rising, falling: how many there were of each, lost ones included.
        lost: edges that are counted but not in `edges`.
    """

    edges: tuple[Edge, ...]
    rising: int
    falling: int
    lost: int

    @property
    def level(self) -> int:
        """The level after all of them."""
        return self.edges[-1].level


class WatchedLine(ABC):
    """An input line that tells its edges; made by `edges.watch`."""

    @property
    @abstractmethod
    def level(self) -> int:
        """The electrical level at this moment, read from the hardware.

        Raises:
            One of `Board.errors`: it cannot be read, or was closed.
        """

    @abstractmethod
    def close(self) -> None:
        """Tell nothing more and give the line up. May be called twice."""
