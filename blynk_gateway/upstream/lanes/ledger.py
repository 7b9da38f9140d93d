"""Messages by calendar period in UTC, counted so that no clock gives a period a second budget.

1. A message counts in the period that the clock shows, and in every other that it has shown before:
   if it was wrong then or is wrong now, one of those may be the true one.
2. A period earlier than those known begins with what was spent in them, for the same reason.
3. A clock that went on for a day after it was set back is believed: periods that lie ahead keep
   what was sent while it showed them, and forget the rest.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

DAY_MS = 86_400_000

MAX_PERIODS = 32
"""That are remembered: the clock goes back further only to periods that count as new."""

MAX_NOTED = 10**15
"""A note with larger numbers makes no sense, and there is a limit to what floats hold."""


class Period(StrEnum):
    """Of the calendar."""

    MONTH = "month"
    DAY = "day"

    def span(self, at_ms: int) -> tuple[int, int]:
        """Begin and end of the one that a time is in, UTC ms."""
        if self is Period.DAY:
            begin_ms = at_ms // DAY_MS * DAY_MS
            return begin_ms, begin_ms + DAY_MS
        first = datetime.fromtimestamp(at_ms // 1000, UTC).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        following = (first + timedelta(days=31)).replace(day=1)
        return int(first.timestamp()) * 1000, int(following.timestamp()) * 1000


class Ledger:
    """Counts the messages of one kind of period.

    Args:
        note: of an earlier run; what cannot be read of it is as if it had not been.
        now_ms: UTC, as everywhere here.
    """

    def __init__(self, period: Period, note: object, now_ms: int) -> None:
        self._period = period
        self._accounts = dict(sorted(_accounts(note).items())[-MAX_PERIODS:])
        self._back_ms = self._last_ms = now_ms
        self.begin_ms = self.end_ms = 0
        self.turn(now_ms)

    def turn(self, now_ms: int) -> None:
        """Go to the period that the clock shows; `begin_ms` and `end_ms` are its bounds."""
        if now_ms < self._last_ms:
            self._back_ms = now_ms
        self._last_ms = now_ms
        if not self.begin_ms <= now_ms < self.end_ms:
            self.begin_ms, self.end_ms = self._period.span(now_ms)
            self._open()
        if now_ms - self._back_ms >= DAY_MS:
            self._back_ms = now_ms
            for begin_ms, account in self._accounts.items():
                if begin_ms > self.begin_ms:
                    account.elsewhere = 0

    def spent(self, now_ms: int) -> int:
        """Messages that count in this period."""
        self.turn(now_ms)
        return self._accounts[self.begin_ms].spent

    def sent_in(self, at_ms: int) -> int:
        """Messages that were sent while the clock showed the period of a time."""
        account = self._accounts.get(self._period.span(at_ms)[0])
        return 0 if account is None else account.own

    def spend(self, count: int, now_ms: int) -> None:
        """Count messages."""
        self.turn(now_ms)
        for begin_ms, account in self._accounts.items():
            if begin_ms == self.begin_ms:
                account.own += count
            else:
                account.elsewhere += count

    def note(self) -> list[Any]:
        """For the next start, JSON."""
        return [[begin_ms, one.own, one.elsewhere] for begin_ms, one in self._accounts.items()]

    def _open(self) -> None:
        if self.begin_ms in self._accounts:
            return
        later = [one.spent for begin, one in self._accounts.items() if begin > self.begin_ms]
        self._accounts[self.begin_ms] = _Account(0, max(later, default=0))
        if len(self._accounts) > MAX_PERIODS:
            del self._accounts[min(begin for begin in self._accounts if begin != self.begin_ms)]


class _Account:
    """Messages of one period: while the clock showed it, and since then while it did not."""

    __slots__ = ("elsewhere", "own")

    def __init__(self, own: int, elsewhere: int) -> None:
        self.own = own
        self.elsewhere = elsewhere

    @property
    def spent(self) -> int:
        return self.own + self.elsewhere


def _accounts(note: object) -> dict[int, _Account]:
    accounts = {}
    for one in note if isinstance(note, list) else ():
        match one:
            case [int(begin_ms), int(own), int(elsewhere)] if (
                min(own, elsewhere) >= 0 and max(own, elsewhere) < MAX_NOTED
            ):
                accounts[begin_ms] = _Account(own, elsewhere)
            case _:
                continue
    return accounts
