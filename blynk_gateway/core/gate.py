"""The gate before the sources: closed while the history queue is full.

TCP sources stop reading while it is closed, so their peers wait instead of losing anything
(product promise 1). Sources that cannot wait look at `is_open` and decide for themselves.
"""

import asyncio
from collections.abc import Callable


class Gate:
    """Open at first. `close` and `open` tell every listener once per turn of the gate."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[bool], None]] = []
        self._opened: asyncio.Event = asyncio.Event()
        self._opened.set()
        self.times_closed = 0

    @property
    def is_open(self) -> bool:
        """Whether sources may go on."""
        return self._opened.is_set()

    def subscribe(self, listener: Callable[[bool], None]) -> None:
        """Call `listener(is_open)` at each turn of the gate."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Ask all sources to wait."""
        if self.is_open:
            self._opened.clear()
            self.times_closed += 1
            self._tell(is_open=False)

    def open(self) -> None:
        """Let all sources go on."""
        if not self.is_open:
            self._opened.set()
            self._tell(is_open=True)

    async def wait(self) -> None:
        """Return as soon as the gate is open."""
        await self._opened.wait()

    def _tell(self, *, is_open: bool) -> None:
        for listener in self._listeners:
            listener(is_open)
