"""The journal for readers with a place of their own; meets `core.trail.Trail`.

1. Segments are read once more, from the disk, by a connection and threads of their own: whoever
   writes or asks never waits for it.
2. What readers hold stays in the journal, though the archive has it already.
3. A change that somebody waits for is committed early, all that wait by one transaction.
4. Notes are kept without a synced commit: a crash costs that readers read the same twice.
"""

import json
import logging
from collections.abc import Mapping, Set
from functools import partial
from typing import Any, Protocol

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventChange
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.trail import TrailBatch, TrailCount
from blynk_gateway.history.file.database import Statement
from blynk_gateway.history.file.reader import Reader
from blynk_gateway.history.segments.early_commits import Committer, EarlyCommits
from blynk_gateway.history.segments.events import following_events
from blynk_gateway.history.segments.feed import Keeper
from blynk_gateway.history.segments.stretch import add, count_points, read_points, skip_old

log = logging.getLogger(__name__)

_NO_BOUND = (1 << 63) - 1


class Journal(Keeper, Committer, Protocol):
    """The journal, as the trail needs it."""


class JournalTrail:
    """Meets `core.trail.Trail`.

    Args:
        reader: of the journal's file, for this trail alone; closed with it.
    """

    def __init__(self, journal: Journal, reader: Reader, clock: Clock) -> None:
        self._journal = journal
        self._reader = reader
        self._commits = EarlyCommits(journal, clock)

    def hold(self, reader: str, seq: int | None) -> None:
        """Keep every change after a number until this reader is past it."""
        self._journal.holds.hold(reader, seq)

    async def commit(self, seq: int) -> int:
        """Have a change on disk soon; with 0, tell what is.

        Raises:
            HistoryError: it cannot be committed now.
        """
        await self._commits.have(seq)
        return self._journal.commits.seq

    async def read(
        self, after: int, upto: int, pins: Set[PinAddress], *, is_settled: bool = False
    ) -> TrailBatch:
        """The next changes of some pins; a few thousand at most.

        Raises:
            HistoryError: it cannot be read now.
        """
        # What is seen to be on the disk now is in every snapshot that begins later.
        upto = min(upto, self._journal.commits.seq, self._settled() if is_settled else _NO_BOUND)
        if upto <= after:
            return TrailBatch((), after, is_last=True)
        return await self._reader.run(partial(read_points, after=after, upto=upto, pins=pins))

    async def count(self, after: int, upto: int, pins: Set[PinAddress]) -> TrailCount:
        """Count what `read` would return.

        Raises:
            HistoryError: it cannot be read now.
        """
        total = TrailCount(0, None, None)
        upto = min(upto, self._journal.commits.seq)
        while after < upto:
            # In pieces, so that others have the threads between.
            some, after = await self._reader.run(
                partial(count_points, after=after, upto=upto, pins=pins)
            )
            total = add(total, some)
        return total

    async def first_after(self, after: int, at_ms: int) -> int:
        """The number before the first change after `after` that happened at `at_ms` or later.

        Nothing is old by a clock that is not trusted, or with a time that may still change.

        Raises:
            HistoryError: it cannot be read now.
        """
        if not self._journal.timekeeper.may_age():
            return after
        upto = min(self._journal.commits.seq, self._settled())
        is_more = True
        while is_more:
            work = partial(skip_old, after=after, upto=upto, at_ms=at_ms)
            after, is_more = await self._reader.run(work)
        return after

    async def events(
        self, after: int, upto: int, devices: Set[str], limit: int
    ) -> list[EventChange]:
        """Entries of the event timeline by number, oldest first.

        Raises:
            HistoryError: they cannot be read now.
        """
        return await self._reader.run(
            partial(following_events, after=after, upto=upto, devices=devices, limit=limit)
        )

    async def load(self) -> dict[str, dict[str, Any]]:
        """All notes that readers keep, by name; one that is damaged is left out.

        Raises:
            HistoryError: they cannot be read now.
        """
        async with self._journal.exclusive() as database:
            rows = await database.fetch("SELECT name, note FROM upstream")
        notes = {}
        for name, text in rows:
            note = _parse(text)
            if note is None:
                log.error("note damaged", extra={"note": name})
            else:
                notes[name] = note
        return notes

    async def save(self, notes: Mapping[str, dict[str, Any] | None]) -> None:
        """Keep notes, or with None remove them.

        Raises:
            HistoryError: they cannot be kept now.
        """
        if not notes:
            return
        statements = [_saving(name, note) for name, note in notes.items()]
        async with self._journal.exclusive() as database:
            await database.write(statements, is_synced=False)

    async def close(self) -> None:
        """Close the connection; before the journal is. May be repeated."""
        await self._reader.close()

    def _settled(self) -> int:
        settled = self._journal.settled_seq
        return _NO_BOUND if settled is None else settled


def _parse(text: str) -> dict[str, Any] | None:
    try:
        note = json.loads(text)
    except ValueError:
        return None
    return note if isinstance(note, dict) else None


def _saving(name: str, note: dict[str, Any] | None) -> Statement:
    if note is None:
        return "DELETE FROM upstream WHERE name = ?", (name,)
    return "INSERT OR REPLACE INTO upstream VALUES (?, ?)", (name, json.dumps(note))
