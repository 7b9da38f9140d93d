"""One sink's queue of changes, bounded in its own way.

The core never waits for a sink: it puts each change into every mailbox and goes on. What happens
at the limit is the sink's choice of `Overflow`; below the limit nothing is ever conflated.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

from blynk_gateway.core.change import Change, conflation_key
from blynk_gateway.core.gate import Gate

Token: TypeAlias = Callable[[], None]
"""Goes the way of a change and is called at its end, to show that the way is open."""


class Overflow(Enum):
    """What a mailbox does beyond its limit."""

    CONFLATE = "conflate"
    """Keep the latest change of each pin: for state, where only the newest counts."""

    CLOSE = "close"
    """Take nothing more: for commands, where a gap would be worse than a new start."""

    PAUSE = "pause"
    """Keep everything and close the gate before the sources: for history."""


class Mailbox:
    """Changes on their way to one sink, in `seq` order.

    A sink either awaits `take`, or passes `wake`, which is called (on the loop's thread, inside
    the write) when the box stops being empty or is closed, and then calls `drain`; the second
    form costs no task and serves sinks that exist by the thousand.

    Args:
        limit: changes held before `overflow` acts.
        gate: needed with `Overflow.PAUSE` only.
    """

    __slots__ = (
        "_act_at",
        "_changes",
        "_gate",
        "_tokens",
        "_wake",
        "_wake_at",
        "conflated",
        "is_closed",
        "limit",
        "overflow",
    )

    def __init__(
        self,
        limit: int,
        overflow: Overflow,
        *,
        wake: Callable[[], None] | None = None,
        gate: Gate | None = None,
    ) -> None:
        if (overflow is Overflow.PAUSE) != (gate is not None):
            raise AssertionError("a gate goes with Overflow.PAUSE, and only with it")
        self.limit = limit
        self.overflow = overflow
        self.is_closed = False
        self.conflated = 0
        self._changes: deque[Change] = deque()
        self._wake = wake
        self._wake_at = 1
        self._act_at = limit
        self._gate = gate
        self._tokens: list[Token] = []

    def __len__(self) -> int:
        return len(self._changes)

    def put(self, change: Change) -> None:
        """Add a change; called by the bus only. A closed box takes nothing."""
        if self.is_closed:
            return
        changes = self._changes
        changes.append(change)
        size = len(changes)
        if size == self._wake_at and self._wake is not None:
            self._wake()
        if size > self._act_at:
            self._act()

    def put_token(self, token: Token) -> None:
        """Add a token; called by the bus only. It wakes the sink, and takes no room.

        A sink that may lose changes gets none: that it reads on is nobody's business but its own.
        """
        if self.overflow is Overflow.PAUSE:
            self._tokens.append(token)
            if self._wake is not None:
                self._wake()

    def take_tokens(self) -> list[Token]:
        """The tokens that came, for a sink that has dealt with what was in the box before."""
        tokens, self._tokens = self._tokens, []
        return tokens

    def drain(self) -> list[Change]:
        """Everything in the box, oldest first; the box is empty afterwards."""
        batch = list(self._changes)
        self._changes.clear()
        self._act_at = self.limit
        if self._gate is not None:
            self._gate.open()
        return batch

    async def take(self, count: int = 1, within_s: float | None = None) -> list[Change]:
        """Wait for `count` changes, or a token, and return all changes that are there.

        Args:
            count: how many to wait for.
            within_s: give up waiting after so many seconds and return what is there, also nothing.
        """
        if len(self._changes) < count and not self._tokens and not self.is_closed:
            arrived = asyncio.get_running_loop().create_future()
            self._wake_at = count
            self._wake = lambda: None if arrived.done() else arrived.set_result(None)
            try:
                async with asyncio.timeout(within_s):
                    await arrived
            except TimeoutError:
                pass
            finally:
                self._wake = None
        return self.drain()

    def close(self) -> None:
        """Take nothing more and forget what is in the box; the sink is woken."""
        if not self.is_closed:
            self.is_closed = True
            self._changes.clear()
            if self._wake is not None:
                self._wake()

    def _act(self) -> None:
        if self.overflow is Overflow.CLOSE:
            self.close()
        elif self._gate is not None:
            self._gate.close()
        else:
            self._conflate()

    def _conflate(self) -> None:
        latest = {conflation_key(change): change for change in self._changes}
        self.conflated += len(self._changes) - len(latest)
        self._changes = deque(sorted(latest.values(), key=lambda change: change.seq))
        # With more distinct pins than the limit each further change would conflate anew: wait
        # until there is something to gain again.
        self._act_at = max(self.limit, 2 * len(self._changes))
