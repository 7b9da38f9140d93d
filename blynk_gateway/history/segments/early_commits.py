"""Commits ahead of the journal's own, for those who wait for a change; few, and shared."""

import asyncio
from typing import Protocol

from blynk_gateway.core.clock import Clock
from blynk_gateway.core.quota import TokenBucket
from blynk_gateway.errors import HistoryError
from blynk_gateway.history.segments.commits import Commits

COMMITS_PER_S = 2.0
"""Each writes and syncs a page or two, and at this rate for good twice what the journal does by
itself."""

COMMITS_BURST = 300.0
"""Half a minute with a slider, at ten changes a second."""


class Committer(Protocol):
    """The journal, as it is needed here."""

    @property
    def commits(self) -> Commits:
        """What is on the disk."""

    async def flush(self) -> None:
        """Return when everything published so far is committed; raises HistoryError."""


class EarlyCommits:
    """One for all who wait."""

    def __init__(self, journal: Committer, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._bucket = TokenBucket(COMMITS_PER_S, COMMITS_BURST, clock.monotonic())
        self._committing = asyncio.Lock()
        self._failures = 0
        self._failure = ""

    async def have(self, seq: int) -> None:
        """Return when a change is on disk.

        Raises:
            HistoryError: it cannot be committed now.
        """
        commits = self._journal.commits
        failures = self._failures
        if seq > commits.seq:
            async with self._committing:
                # Another's commit may have begun after this change was published.
                if seq > commits.seq:
                    await self._commit(seq, failures)

    async def _commit(self, seq: int, failures: int) -> None:
        """Commit, unless there are more failures by now than these."""
        if self._failures > failures:
            raise HistoryError(self._failure)
        if not await self._may_commit(seq):
            return
        try:
            await self._journal.flush()
        except HistoryError as error:
            self._failures += 1
            self._failure = str(error)
            raise

    async def _may_commit(self, seq: int) -> bool:
        """Wait for a token; returns False if the journal's own commit comes first."""
        is_needed = False
        wait_s = self._bucket.charge(1, self._clock.monotonic())
        try:
            is_needed = not (wait_s and await self._journal.commits.reached(seq, wait_s))
        finally:
            if not is_needed:
                self._bucket.charge(-1, self._clock.monotonic())
        return is_needed
