"""Input lines that tell their edges on the loop, and the way there from a library's thread.

1. Level and time are taken in the thread that brings the edge; the line is not read again.
2. A line has at most one wake-up of the loop on its way. Until it runs, edges wait; beyond `LIMIT`
   the oldest are given up, so that the last level is always known, and all are counted.
3. After `close` no handler is called any more, and an edge that still comes is forgotten.

Levels are electrical: 1 is high, whatever the pull.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from blynk_gateway.config.gpio.common import Pull
from blynk_gateway.config.gpio.options import Factory
from blynk_gateway.core.clock import Clock
from blynk_gateway.errors import LineUnavailable
from blynk_gateway.gpio.lines.board import Board
from blynk_gateway.gpio.lines.edge import Edge, Edges, WatchedLine
from blynk_gateway.gpio.lines.kernel_edges import watch_kernel_line

__all__ = ["Edge", "Edges", "LineEdges", "WatchedLine", "watch"]

LIMIT = 64
"""Edges kept for a loop that is late: more than a button or encoder makes in a tenth of a second,
and a few KiB a line."""

_PULL_UP = {Pull.UP: True, Pull.DOWN: False, Pull.NONE: None}


class LineEdges:
    """The way of one line's edges.

    Args:
        handler: called on the loop with everything since its last call.
        limit: edges that are kept at most.
    """

    def __init__(
        self,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        handler: Callable[[Edges], None],
        limit: int = LIMIT,
    ) -> None:
        self._clock = clock
        self._loop = loop
        self._handler = handler
        self._edges: deque[Edge] = deque(maxlen=limit)
        # Falling and rising since the last call.
        self._counts = [0, 0]
        self._is_waking = False
        self._is_closed = False
        self._lock = threading.Lock()

    def changed(self, ticks: Any, state: float) -> None:  # noqa: ANN401  each library has its own
        """Take an edge; the `when_changed` of a gpiozero pin, called on any thread."""
        level = 1 if state else 0
        edge = Edge(level, self._clock.now_ms(), self._clock.monotonic(), ticks)
        with self._lock:
            if self._is_closed:
                return
            self._edges.append(edge)
            self._counts[level] += 1
            if self._is_waking:
                return
            self._is_waking = True
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:
            # The loop ended without a close: nobody is left to hear of it.
            self.close()

    def close(self) -> None:
        """Call the handler no more. May be called twice, on any thread."""
        with self._lock:
            self._is_closed = True
            self._edges.clear()

    def _deliver(self) -> None:
        with self._lock:
            self._is_waking = False
            if self._is_closed:
                return
            edges = tuple(self._edges)
            falling, rising = self._counts
            self._edges.clear()
            self._counts = [0, 0]
        self._handler(Edges(edges, rising, falling, rising + falling - len(edges)))


class LibraryLine(WatchedLine):
    """A line that a library watches.

    Args:
        device: a gpiozero `InputDevice`.
    """

    def __init__(self, device: Any, edges: LineEdges) -> None:  # noqa: ANN401  gpiozero has no types
        self._device = device
        # The library keeps only a weak reference to it.
        self._edges = edges

    @property
    def level(self) -> int:
        """The electrical level at this moment."""
        self._device._check_open()  # noqa: SLF001  else `pin` is None and the error says nothing
        return 1 if self._device.pin.state else 0

    def close(self) -> None:
        """Tell nothing more and give the line up."""
        self._edges.close()
        if not self._device.closed:
            try:
                self._device.pin.when_changed = None
            finally:
                self._device.close()


def watch(
    board: Board,
    line: int,
    *,
    pull: Pull,
    debounce_ms: int,
    handler: Callable[[Edges], None],
    clock: Clock,
) -> WatchedLine:
    """Claim an input line and have its edges told on the running loop.

    Nothing polls. Where the board is lgpio's, the kernel tells them without that library, whose
    thread would wake up 1,200 times a second for one line already (measured).

    Args:
        line: BCM number.
        debounce_ms: the back end's own debounce, 0 for none; the kernel's where the board is
            lgpio's: a level counts once it lasted so long.

    Raises:
        LineUnavailable: it is in use, or the back end cannot do what is asked; nothing is claimed.
    """
    if board.factory is Factory.LGPIO:
        return watch_kernel_line(
            board.chip, line, pull=pull, debounce_ms=debounce_ms, handler=handler, clock=clock
        )
    return _watch_by_library(
        board, line, pull, debounce_ms, LineEdges(clock, asyncio.get_running_loop(), handler)
    )


def _watch_by_library(
    board: Board, line: int, pull: Pull, debounce_ms: int, edges: LineEdges
) -> WatchedLine:
    # Imported as lines are claimed: it costs 5.6 MB.
    from gpiozero import InputDevice  # noqa: PLC0415  as said above

    pull_up = _PULL_UP[pull]
    try:
        device = InputDevice(
            pin=line,
            pull_up=pull_up,
            active_state=True if pull_up is None else None,
            pin_factory=board.pin_factory,
        )
    except board.errors as error:
        raise LineUnavailable(
            f"GPIO{line} cannot be an input with pull {pull}: {error};"
            " expected a line that nothing else uses and whose pull is not fixed"
        ) from error
    watched = LibraryLine(device, edges)
    try:
        device.pin.bounce = debounce_ms / 1000 if debounce_ms else None
        device.pin.edges = "both"
        device.pin.when_changed = edges.changed
    except board.errors as error:
        watched.close()
        raise LineUnavailable(
            f"GPIO{line} cannot tell its edges with a debounce of {debounce_ms} ms: {error};"
            " expected a back end that can, and a debounce within its limits"
        ) from error
    return watched
