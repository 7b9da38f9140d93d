"""What one of several mappings has of the budget that they share: they take turns."""

from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blynk_gateway.upstream.lanes.budget import Budget


class Turns:
    """Who waits for messages, those who have waited longest first, and for how many.

    Whoever is not first waits until there is enough for those before it, too. So nobody has to be
    there when its turn comes: what it does not take, others do a little later.

    Attributes:
        shares: how many there are.
    """

    def __init__(self, budget: "Budget") -> None:
        self.budget = budget
        self.shares = 0
        self._costs: dict[Share, int] = {}

    def share(self) -> "Share":
        """For one more."""
        self.shares += 1
        return Share(self)

    def ahead_of(self, share: "Share", cost: int) -> int:
        """What those before it wait for; it queues up, unless it waits already."""
        self._costs[share] = cost
        return sum(self._costs[one] for one in takewhile(lambda one: one is not share, self._costs))

    def leave(self, share: "Share") -> None:
        """It waits no longer."""
        self._costs.pop(share, None)


class Share:
    """As the budget, for one mapping."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def wait_s(self, cost: int, now_ms: int, *, is_urgent: bool = False) -> float:
        """Seconds until so many messages may be sent, when those before it have had theirs.

        Args:
            is_urgent: as in `Budget.wait_s`; it waits for nobody's turn either.
        """
        budget = self._turns.budget
        if is_urgent:
            return budget.wait_s(cost, now_ms, is_urgent=True)
        return budget.wait_s(cost, now_ms, ahead=self._turns.ahead_of(self, cost))

    def spend(self, cost: int, now_ms: int) -> None:
        """Count messages that were sent; the next ones wait for the others' turns."""
        self._turns.leave(self)
        self._turns.budget.spend(cost, now_ms)

    def take_question(self, now_ms: int) -> bool:
        """Count a message for a question, which waits for nobody; False if all are spent."""
        if self.wait_s(1, now_ms, is_urgent=True):
            return False
        self.spend(1, now_ms)
        return True

    def leave(self) -> None:
        """There is nothing to send."""
        self._turns.leave(self)

    def backlog_share(self, now_ms: int) -> int | None:
        """As `Budget.backlog_share`, for this one."""
        messages = self._turns.budget.backlog_share(now_ms)
        return None if messages is None else messages // self._turns.shares
