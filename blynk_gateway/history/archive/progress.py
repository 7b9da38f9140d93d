"""How far the archive is, and what waits for it."""

from typing import NamedTuple

from blynk_gateway.history.file.database import Database


class Progress(NamedTuple):
    """The row of the table `archive`."""

    archived_seq: int
    moving_seq: int
    moving_stream: int

    def archived(self, stream: int) -> int:
        """Points of the stream up to this seq are in the archive, later ones in the journal."""
        return self.moving_seq if stream <= self.moving_stream else self.archived_seq


class Waiting(NamedTuple):
    """What may be archived: points in segments, and streams that have any."""

    points: int
    segments: int
    streams: int


async def look(database: Database, settled_seq: int | None) -> tuple[Progress, int, Waiting]:
    """How far it is, how far it may go, and what is between.

    Args:
        settled_seq: it may not go further; None for up to the checkpoint.

    Raises:
        HistoryError: it cannot be read.
    """
    (row,) = await database.fetch(_LOOK, (_ALL if settled_seq is None else settled_seq,))
    return Progress(*row[:3]), row[3], Waiting(*row[4:])


_ALL = (1 << 63) - 1

_LOOK = """
WITH bound AS (
    SELECT archived_seq, moving_seq, moving_stream, min(?, coalesce(
        (SELECT value FROM setting WHERE name = 'checkpoint_seq'), 0
    )) AS sealed_seq FROM archive
)
SELECT archived_seq, moving_seq, moving_stream, sealed_seq, (
    SELECT coalesce(sum(count), 0) FROM segment
    WHERE first_seq > archived_seq AND last_seq <= sealed_seq
), (
    SELECT count(*) FROM segment WHERE first_seq > archived_seq AND last_seq <= sealed_seq
), (
    SELECT count(*) FROM value WHERE seq > archived_seq
) FROM bound
"""
