"""Asking for the past: what a question is, and what the answers are (made by `history`).

A stream is one pin of one device. Times are UTC ms; a range holds its begin and not its end.
"""

from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import NamedTuple, Protocol

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.value import PinValue


class HistoryPolicy(StrEnum):
    """What is kept of a pin's past."""

    RAW = "raw"
    MINUTE = "minute"
    OFF = "off"


class Aggregate(StrEnum):
    """One number for a step."""

    AVG = "avg"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    LAST = "last"


class HistoryPoint(NamedTuple):
    """What a pin was at a time."""

    at_ms: int
    value: PinValue


class Step(NamedTuple):
    """An aggregate over `[at_ms, at_ms + step_ms)`; steps without points are left out."""

    at_ms: int
    value: float


class Question(NamedTuple):
    """A range of one stream.

    Attributes:
        step_ms: length of a step, a multiple of `at_ms = 0`; 0 for the points themselves.
        width: instead of `step_ms` an answer of at most so many points is wanted, for a chart of
            so many pixels: raw points thinned by largest triangles, or the finest level that fits.
        limit: the latest so many points of the range; None for all.
        is_text: the values are texts, also those that look like numbers.
    """

    address: PinAddress
    from_ms: int
    to_ms: int
    step_ms: int = 0
    width: int | None = None
    aggregate: Aggregate = Aggregate.AVG
    limit: int | None = None
    is_text: bool = False


class Answer(NamedTuple):
    """What was found, oldest first.

    Attributes:
        step_ms: 0 where `points` are what was written; else `steps` are aggregates.
        is_thinned: whether points were left out for `width`.
    """

    address: PinAddress
    step_ms: int
    points: list[HistoryPoint]
    steps: list[Step]
    is_thinned: bool = False


class DoubtfulPeriod(NamedTuple):
    """Times of the history that are not to be relied on, from when to when in UTC ms.

    Attributes:
        to_ms: None if it lasts.
        quality: `untrusted`, or `corrected` afterwards.
    """

    from_ms: int
    to_ms: int | None
    quality: str


class HistoryStats(NamedTuple):
    """How much there is.

    Attributes:
        points: raw points in the archive and the journal.
        oldest_ms: of the oldest raw point, None for none.
        file_bytes: of the database with its write-ahead log.
        levels: begin of the oldest step of each rollup, by its name; None for none.
        streams: raw points of each stream, largest first.
        doubtful: periods that were stamped by a clock that was not trusted yet, oldest first.
    """

    points: int
    oldest_ms: int | None
    file_bytes: int
    levels: dict[str, int | None]
    streams: list[tuple[PinAddress, int]]
    doubtful: list[DoubtfulPeriod]


class History(Protocol):
    """Answers questions about the past; it never waits for the journal's writer."""

    async def ask(self, question: Question) -> Answer:
        """The answer; a stream nobody knows has no points.

        Raises:
            InvalidValue: a range that ends before it begins, or a step or width that is absurd.
            HistoryError: it cannot be read now.
        """

    def export(
        self, address: PinAddress, from_ms: int, to_ms: int
    ) -> AsyncGenerator[list[HistoryPoint], None]:
        """All points of a range in batches, oldest first, however many there are; to be closed."""

    async def stats(self) -> HistoryStats:
        """How much there is."""
