"""Everything that was published, once more and in order, for whoever copies it elsewhere.

A feed has one reader, and knows how far it has got: what was acknowledged never comes again,
whatever happens, and what was not acknowledged comes again after a start.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class FeedBatch(NamedTuple):
    """Changes of pins in the order of their numbers, as columns of equal length.

    Attributes:
        streams: number of the stream of each.
        times: UTC ms.
        seqs: numbers of the changes; nearly dense, as other changes have numbers too.
        texts: values, their parameters joined by zero bytes.
        names: device and pin by stream. A stream that is not there was of a device that was
            removed since.
        last_seq: what to acknowledge.
    """

    streams: Sequence[int]
    times: Sequence[int]
    seqs: Sequence[int]
    texts: Sequence[str]
    names: Mapping[int, tuple[str, str]]
    last_seq: int


class Backlog(NamedTuple):
    """What waits to be acknowledged.

    Attributes:
        points: how many; after a start with a long backlog counted little by little.
        oldest_ms: UTC ms of the oldest, None for none.
    """

    points: int
    oldest_ms: int | None


class Feed(Protocol):
    """Follows the journal by a cursor that survives restarts (made by `history`).

    Nothing that waits is deleted, within a bound of age and number; beyond it the oldest goes.
    """

    def hold(self) -> None:
        """Have the journal keep everything from now on, before it is known how far the reader is.

        To be called before the journal runs.
        """

    def release(self) -> None:
        """Have the journal keep nothing for a reader: there is none any more."""

    async def begin(self, target: str, keep_ms: int) -> str:
        """Go on where the reader stopped; the first time, begin with what is new.

        Args:
            target: what tells one copy from another; no secret. Another one gets what waits for the
                one before.
            keep_ms: how long changes wait.

        Returns:
            The random id of this database, for its life.

        Raises:
            HistoryError: the journal cannot be read now.
        """

    async def read(self) -> FeedBatch | None:
        """The changes after those that were acknowledged, None if there are none now.

        Only what is on the disk, and whose time will not be corrected any more.

        Raises:
            HistoryError: it cannot be read now.
        """

    async def acknowledge(self, batch: FeedBatch) -> None:
        """Say that a batch has arrived. After a crash the last half minute may come again."""

    async def survey(self) -> Backlog:
        """What waits; what waits too long, or is too much, is let go and counted.

        Raises:
            HistoryError: it cannot be read now.
        """

    async def close(self) -> None:
        """Keep how far the reader is, and close; before the journal is. May be repeated."""
