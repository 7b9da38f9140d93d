"""A rotary encoder: two lines whose order of edges tells the direction."""

import asyncio
from bisect import bisect_right
from contextlib import ExitStack

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.config.gpio.inputs import EncoderOptions
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.value import PinValue, number, printable
from blynk_gateway.errors import InvalidValue
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.lines.edges import Edge, Edges, WatchedLine, watch
from blynk_gateway.gpio.peripheral import Opening, Peripheral
from blynk_gateway.gpio.sampling import number_text

DECIMALS = 6
"""Digits behind the point that a sum of steps can need; the rest is noise of binary fractions."""

_QUARTERS = 4
"""States of the two lines from one detent to the next."""

# From state to state (a * 2 + b) on the way 3, 1, 0, 2, 3 of the pulled-up lines: a falls first.
# A step that takes two states at once tells nothing of its direction.
_TURNS = {
    (3, 1): 1, (1, 0): 1, (0, 2): 1, (2, 3): 1,
    (1, 3): -1, (0, 1): -1, (2, 0): -1, (3, 2): -1,
}  # fmt: skip


class Quadrature:
    """Counts detents from the levels of both lines.

    A bounce is a quarter forth and one back, and so cancels out. Each time the lines are at rest
    the quarters since the last rest are counted, so that a lost edge never shifts what follows.

    Args:
        a, b: levels at first.
        rest: level of both lines in a detent.
    """

    def __init__(self, a: int, b: int, rest: int) -> None:
        self._levels = [a, b]
        self._state = 2 * a + b
        self._rest = 3 * rest
        self._quarters = 0

    def take(self, line: int, level: int) -> int:
        """A line changed.

        Args:
            line: 0 for a, 1 for b.

        Returns:
            1 if that ends a detent in the direction in which a changes first, -1 in the other one,
            else 0.
        """
        self._levels[line] = level
        state = 2 * self._levels[0] + self._levels[1]
        self._quarters += _TURNS.get((self._state, state), 0)
        self._state = state
        if state != self._rest:
            return 0
        quarters, self._quarters = self._quarters, 0
        # One lost edge of the four is made good; half a turn and back is none.
        if abs(quarters) < _QUARTERS - 1:
            return 0
        return 1 if quarters > 0 else -1


class Encoder(Peripheral[EncoderOptions]):
    """Counts within `range`, from where the pin stood.

    The direction in which a changes first leads from `range.low` to `range.high`, also where that
    is the smaller number.
    """

    def __init__(self, options: EncoderOptions, host: Host) -> None:
        super().__init__(options, host)
        full = options.range
        self._step = options.step if full.high >= full.low else -options.step
        self._low, self._high = sorted(full)
        self._lines: list[WatchedLine] = []
        self._quadrature: Quadrature | None = None
        self._edges: list[tuple[Edge, int]] = []
        self._position = full.low

    def open(self, opening: Opening) -> None:  # noqa: ARG002  an input does not care
        """Claim both lines, and report the position if the pin's value is another."""
        expected = self.host.errors
        try:
            a, b = (self._claim(line, which) for which, line in enumerate(self._both))
        except expected:
            self._give_up()
            raise
        # Without the Pi's pull the encoder's board has resistors of its own: pull-ups.
        rest = 0 if self.options.pull is Pull.DOWN else 1
        self._quadrature = Quadrature(a, b, rest)
        stored = self.host.stored(self.options.pin)
        found = number(stored)
        self._position = self._clamped(self.options.range.low if found is None else found)
        if found != self._position:
            self.host.report(self.options.pin, self.actual)

    async def close(self) -> None:
        """Give both lines up."""
        self._give_up()

    def command(self, change: PinChange) -> None:
        """Take another position.

        Raises:
            InvalidValue: it is no number.
        """
        wanted = number(change.value)
        if wanted is None:
            raise InvalidValue(
                f"{self.options.name}: {printable(' '.join(change.value))[:40]!r} is no position;"
                f" expected a number from {self._low:g} to {self._high:g}"
            )
        self._position = self._clamped(wanted)
        if self._position != wanted:
            self.host.report(self.options.pin, self.actual, cause=change)

    @property
    def actual(self) -> PinValue:
        """The position; `()` while it is closed."""
        return () if self._quadrature is None else (number_text(self._position, DECIMALS),)

    @property
    def _both(self) -> tuple[int, int]:
        return self.options.a, self.options.b

    def _claim(self, line: int, which: int) -> int:
        watched = watch(
            self.host.board,
            line,
            pull=self.options.pull,
            debounce_ms=0,
            handler=lambda edges: self._collect(edges, which),
            clock=self.host.clock,
        )
        self._lines.append(watched)
        return watched.level

    def _give_up(self) -> None:
        self._quadrature = None
        self._edges.clear()
        lines, self._lines = self._lines, []
        with ExitStack() as stack:
            # One that cannot be closed does not keep the other.
            for line in lines:
                stack.callback(line.close)

    def _collect(self, edges: Edges, which: int) -> None:
        # Which line changed first tells the direction, but each has its own way here. On the loop's
        # next turn those edges of the other one that are earlier are on their way, and on the turn
        # after that they are here.
        if not self._edges:
            asyncio.get_running_loop().call_soon(self._wait_a_turn)
        self._edges.extend((edge, which) for edge in edges.edges)

    def _wait_a_turn(self) -> None:
        if self._edges:
            until_s = max(edge.at_s for edge, _ in self._edges)
            asyncio.get_running_loop().call_soon(self._decode, until_s)

    def _decode(self, until_s: float) -> None:
        edges = sorted(self._edges, key=lambda one: one[0].at_s)
        known = bisect_right(edges, until_s, key=lambda one: one[0].at_s)
        edges, self._edges = edges[:known], edges[known:]
        if self._edges:
            asyncio.get_running_loop().call_soon(self._wait_a_turn)
        if self._quadrature is None:
            return
        before = self._position
        turned_at_ms = 0
        for edge, which in edges:
            turn = self._quadrature.take(which, edge.level)
            if turn:
                self._turn(turn)
                turned_at_ms = edge.at_ms
        if self._position != before:
            self.host.report(self.options.pin, self.actual, turned_at_ms)

    def _turn(self, turn: int) -> None:
        moved = round(self._position + turn * self._step, DECIMALS)
        if not self.options.wrap:
            self._position = self._clamped(moved)
        elif moved > self._high:
            self._position = self._low
        elif moved < self._low:
            self._position = self._high
        else:
            self._position = moved

    def _clamped(self, position: float) -> float:
        return min(max(position, self._low), self._high)
