"""What was written to pins, once more and in order, for readers who keep their own place.

A place is the number of a change (`seq`): everything up to it is done with. Only what is on the
disk is read: nothing that a power cut could take back is told to anybody else.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple, Protocol

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import EventChange
from blynk_gateway.core.value import PinValue


class TrailPoint(NamedTuple):
    """One change of one pin; `at_ms` is UTC.

    Attributes:
        is_past: whether it was never the pin's current value: a device told it afterwards.
    """

    seq: int
    at_ms: int
    address: PinAddress
    value: PinValue
    is_past: bool = False


class TrailBatch(NamedTuple):
    """Some changes in the order of their numbers.

    Attributes:
        points: those of the pins asked for; may be empty.
        upto: everything up to this number was looked at.
        is_last: whether this was all that there is up to the number asked for.
    """

    points: Sequence[TrailPoint]
    upto: int
    is_last: bool


class TrailCount(NamedTuple):
    """How much waits, of all pins together.

    Attributes:
        points: how many.
        oldest_ms, newest_ms: UTC, None for none.
    """

    points: int
    oldest_ms: int | None
    newest_ms: int | None


class Trail(Protocol):
    """The journal for readers with a place of their own (made by `history`)."""

    def hold(self, reader: str, seq: int | None) -> None:
        """Keep every change after a number until this reader is past it; None to keep none for it.

        Args:
            seq: 0 while it is not known yet how far the reader is; before the journal runs.
        """

    async def commit(self, seq: int) -> int:
        """Have the change of this number on disk soon, and return when it is.

        Several who ask at once share one commit, and more than a few a second wait for the
        journal's own: each costs the card a page or two.

        Returns:
            The number up to which all is on disk.

        Raises:
            HistoryError: it cannot be committed now.
        """

    async def read(
        self, after: int, upto: int, pins: Set[PinAddress], *, is_settled: bool = False
    ) -> TrailBatch:
        """The next changes of some pins, a few thousand at most.

        Args:
            is_settled: stop before the first change whose time may still be corrected.

        Raises:
            HistoryError: it cannot be read now.
        """

    async def count(self, after: int, upto: int, pins: Set[PinAddress]) -> TrailCount:
        """Count what `read` would return; it takes as long as reading it.

        Raises:
            HistoryError: it cannot be read now.
        """

    async def first_after(self, after: int, at_ms: int) -> int:
        """The number before the first change after `after` that happened at `at_ms` or later.

        Roughly: changes are kept in bundles, and a bundle counts as old when all of it is.

        Raises:
            HistoryError: it cannot be read now.
        """

    async def events(
        self, after: int, upto: int, devices: Set[str], limit: int
    ) -> list[EventChange]:
        """Entries of the event timeline by number, oldest first.

        Raises:
            HistoryError: they cannot be read now.
        """

    async def load(self) -> dict[str, dict[str, Any]]:
        """All notes that readers keep, by name.

        Raises:
            HistoryError: they cannot be read now.
        """

    async def save(self, notes: Mapping[str, dict[str, Any] | None]) -> None:
        """Keep notes, or with None remove them; a power cut may cost the latest half minute.

        Raises:
            HistoryError: they cannot be kept now.
        """

    async def close(self) -> None:
        """Close the connection; before the journal is. May be repeated."""
