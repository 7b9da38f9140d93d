"""Deletes what is older than it needs to be, a little at a time, so that no commit waits for it."""

from itertools import accumulate

from blynk_gateway.core.clock import Clock
from blynk_gateway.history.database import Database
from blynk_gateway.history.pending import MAX_EVENTS

PERIOD_S = 600.0

SLICE_SEGMENTS = 200
SLICE_POINTS = 50_000
"""Most that one transaction deletes: pages are freed one by one, some 25 points in each."""


class Retention:
    """Walks through the segments from the oldest on; begins anew every `PERIOD_S`.

    Args:
        keep_ms: age beyond which points go, None for never.
    """

    def __init__(self, clock: Clock, keep_ms: int | None) -> None:
        self.keep_ms = keep_ms
        self._clock = clock
        self._next_at = clock.monotonic()
        self._at_seq = 0

    async def step(self, database: Database, checkpoint_seq: int) -> None:
        """Delete one slice, if it is time.

        Args:
            checkpoint_seq: later segments are needed at the next start.

        Raises:
            HistoryError: it failed; nothing was deleted.
        """
        if self._clock.monotonic() < self._next_at:
            return
        if self._at_seq == 0:
            await self._delete_events(database)
        if self.keep_ms is None or not await self._delete_segments(
            database, checkpoint_seq, self._clock.now_ms(), self.keep_ms
        ):
            self._at_seq = 0
            self._next_at = self._clock.monotonic() + PERIOD_S

    async def _delete_segments(
        self, database: Database, checkpoint_seq: int, now_ms: int, keep_ms: int
    ) -> bool:
        """Delete old ones of the next few segments; returns whether to look further."""
        segments = await database.fetch(
            "SELECT first_seq, count, last_ms FROM segment WHERE first_seq > ? AND first_seq <= ?"
            " ORDER BY first_seq LIMIT ?",
            (self._at_seq, checkpoint_seq, SLICE_SEGMENTS),
        )
        oldest_ms = now_ms - keep_ms
        before = accumulate((count for _, count, _ in segments), initial=0)
        few = [one for one, points in zip(segments, before, strict=False) if points < SLICE_POINTS]
        # What was recorded while the clock was ahead does not end the walk.
        is_past = any(last_ms < oldest_ms or last_ms > now_ms for _, _, last_ms in few)
        if is_past:
            upto_seq = few[-1][0]
            deletion = "DELETE FROM segment WHERE first_seq > ? AND first_seq <= ? AND last_ms < ?"
            await database.write([(deletion, (self._at_seq, upto_seq, oldest_ms))])
            self._at_seq = upto_seq
        return is_past

    async def _delete_events(self, database: Database) -> None:
        deletion = (
            "DELETE FROM event WHERE seq <="
            " (SELECT seq FROM event ORDER BY seq DESC LIMIT 1 OFFSET ?)"
        )
        await database.write([(deletion, (MAX_EVENTS,))])
