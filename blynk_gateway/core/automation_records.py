"""What rules leave in the database, and who keeps it there (made by `history`)."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from blynk_gateway.core.automations import Run


class OutboxKey(NamedTuple):
    """Which entry of the outbox; `kind` is that of who put it there."""

    kind: str
    key: str


class RecordBatch(NamedTuple):
    """What is written in one transaction; JSON texts, None for what goes.

    Attributes:
        states: by slug of the rule.
        runs: new ones, and those that something became of.
        is_urgent: whether it must stand a power cut from now on.
    """

    states: Mapping[str, str | None]
    runs: Sequence[Run]
    outbox: Mapping[OutboxKey, str | None]
    is_urgent: bool


class AutomationRecords(Protocol):
    """The records of all rules."""

    async def states(self) -> dict[str, str]:
        """The state of each rule as JSON, by slug.

        Raises:
            HistoryError: it cannot be read.
        """

    async def runs(self, slug: str | None, limit: int) -> list[Run]:
        """The latest runs of one rule or of all, newest first.

        Raises:
            HistoryError: they cannot be read.
        """

    async def last_run(self) -> int:
        """Number of the latest run, 0 for none.

        Raises:
            HistoryError: it cannot be read.
        """

    async def end_runs(self, *, but: Collection[int], at_ms: int) -> None:
        """Say of runs that an earlier run of the gateway left under way that they have ended.

        Args:
            but: numbers of those that go on.

        Raises:
            HistoryError: it cannot be written; nothing is changed.
        """

    async def outbox(self, kind: str) -> list[tuple[str, str]]:
        """Key and JSON of what has still to go out, those put first first.

        Raises:
            HistoryError: it cannot be read.
        """

    async def write(self, batch: RecordBatch) -> None:
        """Keep what is new.

        Raises:
            HistoryError: it cannot be written; nothing is changed.
        """
