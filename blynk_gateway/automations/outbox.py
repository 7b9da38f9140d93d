"""What has still to go out, and must do so even if the gateway restarts in between."""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

Payload: TypeAlias = dict[str, Any]
"""What an entry is; anything that JSON can hold."""

Done: TypeAlias = Callable[[str, bool], None]
"""Told once, at any later time, what became of something: for people, and whether it failed."""


class Outbox(Protocol):
    """Entries by kind (`webhook`, `notification`) and key, on disk within a second."""

    async def load(self, kind: str) -> list[tuple[str, Payload]]:
        """What an earlier run of the gateway left, by key, those put first first.

        Raises:
            HistoryError: it cannot be read.
        """

    def put(self, kind: str, key: str, payload: Payload) -> None:
        """Add an entry, or replace the one of this key, which keeps its place; returns at once."""

    def remove(self, kind: str, key: str) -> None:
        """Remove an entry, if there is one; returns at once."""
