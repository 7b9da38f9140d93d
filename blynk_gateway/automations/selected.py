"""A mailbox that takes some kinds of changes only: for who has no use for values."""

from blynk_gateway.core.change import Change
from blynk_gateway.core.mailbox import Mailbox


class SelectedMailbox(Mailbox):
    """Takes changes of the types in `wanted`, set after it is made; drops others at once."""

    __slots__ = ("wanted",)

    wanted: frozenset[type[Change]]

    def put(self, change: Change) -> None:
        """Add a change of a wanted type."""
        if type(change) in self.wanted:
            super().put(change)
