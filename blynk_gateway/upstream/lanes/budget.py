"""Messages to one server, spent evenly over the calendar's periods.

1. A period's limit holds for everything, urgent or not.
2. The rest waits for an allowance, which grows by nine tenths of what is left over the time that is
   left: so a tenth is kept for what is urgent, and at the end nothing is left over.
3. What a quiet time saves may be used later, at most a day's worth at once, and never at more than
   twice the average.
"""

from typing import Any

from blynk_gateway.config.upstream.options import BudgetOptions
from blynk_gateway.core.upstream import BudgetState
from blynk_gateway.upstream.lanes.ledger import DAY_MS, MAX_NOTED, Ledger, Period

RESERVE = 0.1
"""Of what may still be sent, for commands that are made here, and for events."""

MAX_PACE = 2.0
"""Times the average: how fast a quiet time is made up for."""

BACKLOG_SHARE = 0.2
"""Of the allowance, that a backlog may count on: a message after four with what is so now."""

MAX_DEBT_MS = 600_000
"""Urgent messages use up the allowance too, but make others wait no longer than that; the rest of
them is spread over the rest of the period."""

MIN_FORECAST_MS = 3_600_000
"""A pace is not judged by less."""

_MIN_WAIT_MS = 1.0
"""Of the clock: whoever comes back sooner asks at the same time again."""


class Budget:
    """Shared by all mappings to a server.

    Args:
        note: of an earlier run; None for none.
        now_ms: UTC, as everywhere here.
    """

    def __init__(self, options: BudgetOptions, note: dict[str, Any] | None, now_ms: int) -> None:
        note = note or {}
        self._days = Ledger(Period.DAY, note.get("days"), now_ms)
        months = Ledger(Period.MONTH, note.get("months"), now_ms)
        self._ledgers = (months, self._days)
        self._limits = [
            _Limit(period, limit, ledger)
            for period, limit, ledger in (
                (Period.MONTH, options.month, months),
                (Period.DAY, options.day, self._days),
            )
            if limit
        ]
        self._since_ms = min(_whole(note.get("since_ms"), now_ms), now_ms)
        self._at_ms = _whole(note.get("at_ms"), now_ms)
        # In thousandths; without a note nothing is saved, so that nothing is won by losing it.
        self._saved = _whole(note.get("saved"), 0) / 1000
        if self._limits:
            self._saved = max(self._saved, self._most_owed(now_ms))
        self._accrue(now_ms)

    def wait_s(self, cost: int, now_ms: int, *, is_urgent: bool = False, ahead: int = 0) -> float:
        """Seconds until so many messages may be sent; 0 if they may now.

        Args:
            is_urgent: it waits for nothing but the end of a period whose limit is reached.
            ahead: messages that others wait for, who come first.
        """
        if not self._limits:
            return 0.0
        self._accrue(now_ms)
        wait_ms = max(limit.wait_ms(cost, now_ms) for limit in self._limits)
        if not is_urgent:
            # More than is ever saved at once goes when all of that is there.
            missing = min(ahead + cost, self._most_saved(now_ms)) - self._saved
            if missing > 0:
                rate = self._rate(now_ms)
                wait_ms = max(wait_ms, missing / rate if rate else self._end_ms - now_ms)
        return max(wait_ms, _MIN_WAIT_MS) / 1000 if wait_ms > 0 else 0.0

    def spend(self, cost: int, now_ms: int) -> None:
        """Count messages that were sent, allowed or not."""
        self._accrue(now_ms)
        for ledger in self._ledgers:
            ledger.spend(cost, now_ms)
        if self._limits:
            self._saved = max(self._saved - cost, self._most_owed(now_ms))

    def states(self, now_ms: int) -> tuple[BudgetState, ...]:
        """How the periods with a limit are doing."""
        self._accrue(now_ms)
        pace = self._pace_of_late(now_ms)
        return tuple(limit.state(pace, now_ms) for limit in self._limits)

    def backlog_share(self, now_ms: int) -> int | None:
        """Messages a day that a backlog may count on, None for no limit."""
        if not self._limits:
            return None
        self._accrue(now_ms)
        return int(self._rate(now_ms) * DAY_MS * BACKLOG_SHARE)

    def note(self) -> dict[str, Any]:
        """For the next start, JSON."""
        months, days = self._ledgers
        return {
            "months": months.note(),
            "days": days.note(),
            "since_ms": self._since_ms,
            "at_ms": self._at_ms,
            "saved": int(self._saved * 1000),
        }

    @property
    def _end_ms(self) -> int:
        """When the first of the periods with a limit ends."""
        return min(limit.ledger.end_ms for limit in self._limits)

    def _accrue(self, now_ms: int) -> None:
        """Let the allowance grow up to now; from a clock that was set back it goes on."""
        for ledger in self._ledgers:
            ledger.turn(now_ms)
        since_ms, self._at_ms = max(0, now_ms - self._at_ms), now_ms
        if self._limits:
            grown = self._saved + since_ms * self._rate(now_ms)
            self._saved = min(grown, self._most_saved(now_ms))

    def _rate(self, now_ms: int) -> float:
        """Messages per ms by which the allowance grows."""
        return min(limit.rate(max(0.0, self._saved), now_ms) for limit in self._limits)

    def _most_saved(self, now_ms: int) -> float:
        return max(1.0, min(limit.most_saved(now_ms) for limit in self._limits))

    def _most_owed(self, now_ms: int) -> float:
        """The lowest that the allowance goes; below 0."""
        return -MAX_DEBT_MS * self._rate(now_ms)

    def _pace_of_late(self, now_ms: int) -> float:
        """Messages per ms, of today and yesterday."""
        yesterday_ms = self._days.begin_ms - DAY_MS
        count = self._days.sent_in(now_ms) + self._days.sent_in(yesterday_ms)
        since_ms = max(self._since_ms, yesterday_ms)
        return count / max(now_ms - since_ms, MIN_FORECAST_MS)


class _Limit:
    """One limit and what was spent of it."""

    def __init__(self, period: Period, limit: int, ledger: Ledger) -> None:
        self._period = period
        self._limit = limit
        self.ledger = ledger

    def most_saved(self, now_ms: int) -> float:
        """The most messages that may be allowed at once: a day's worth, and not what is kept."""
        left = self._limit - self.ledger.spent(now_ms)
        return min(self._limit * DAY_MS / self._length_ms, left * (1 - RESERVE))

    def rate(self, saved: float, now_ms: int) -> float:
        """Messages per ms at which the rest is used up evenly.

        Args:
            saved: of the rest, what is allowed already.
        """
        rest = self._limit - self.ledger.spent(now_ms) - saved
        even = rest * (1 - RESERVE) / (self.ledger.end_ms - now_ms)
        return max(0.0, min(even, MAX_PACE * self._limit / self._length_ms))

    def wait_ms(self, cost: int, now_ms: int) -> float:
        """How long so many messages have to wait, however urgent they are."""
        left = self._limit - self.ledger.spent(now_ms)
        return self.ledger.end_ms - now_ms if cost > left else 0.0

    def state(self, pace: float, now_ms: int) -> BudgetState:
        """For people.

        Args:
            pace: of late, in messages per ms.
        """
        spent, end_ms = self.ledger.spent(now_ms), self.ledger.end_ms
        forecast = min(self._limit, spent + round(pace * (end_ms - now_ms)))
        return BudgetState(
            period=self._period.value,
            limit=self._limit,
            spent=spent,
            left=max(0, self._limit - spent),
            forecast=max(spent, forecast),
            ends_ms=end_ms,
        )

    @property
    def _length_ms(self) -> int:
        return self.ledger.end_ms - self.ledger.begin_ms


def _whole(note: object, otherwise: int) -> int:
    return note if isinstance(note, int) and abs(note) < MAX_NOTED else otherwise
