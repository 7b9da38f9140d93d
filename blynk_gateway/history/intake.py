"""The way of changes from the journal's mailbox into its recorder."""

import asyncio
from collections import deque
from typing import Final

from blynk_gateway.core.change import Change
from blynk_gateway.core.gate import Gate
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.history.segments.recorder import Recorder

MAILBOX_LIMIT: Final = 100_000
"""Changes that wait before the sources must."""

PACK_CHANGES: Final = 256
"""Changes that are packed at once, without waiting for the commit."""

SLICE_CHANGES: Final = 4000
SLICES_AT_MOST: Final = 4
"""Changes packed in one go: they hold up the loop for two milliseconds. Of a long queue it is as
much more as takes so many turns, or sources, which have a turn each time, outrun the journal."""


class Intake:
    """What was published and is not packed yet.

    Attributes:
        mailbox: to be subscribed to everything.
        packing: held by whoever uses the recorder over several turns of the loop.
        newest_seq: number of the latest change that was collected.
        recorded: how many changes were packed so far.
    """

    def __init__(self, gate: Gate) -> None:
        self.mailbox = Mailbox(MAILBOX_LIMIT, Overflow.PAUSE, gate=gate)
        self.packing = asyncio.Lock()
        self.newest_seq = 0
        self.recorded = 0
        self._slices: deque[list[Change]] = deque()

    async def wait(self) -> None:
        """Return when there is enough to pack, or a token."""
        self._queue(await self.mailbox.take(PACK_CHANGES))

    def collect(self) -> None:
        """Empty the mailbox."""
        self._queue(self.mailbox.drain())

    async def record(self, recorder: Recorder) -> None:
        """Return when everything published so far is packed."""
        self.collect()
        async with self.packing:
            while self._slices:
                changes = self._slices.popleft()
                recorder.record(changes)
                self.recorded += len(changes)
                if self._slices:
                    await asyncio.sleep(0)

    def _queue(self, changes: list[Change]) -> None:
        if changes:
            self.newest_seq = changes[-1].seq
        size = max(SLICE_CHANGES, len(changes) // SLICES_AT_MOST)
        for start in range(0, len(changes), size):
            self._slices.append(changes[start : start + size])
