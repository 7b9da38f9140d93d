"""How far the file is, for those who wait for it."""

import asyncio


class Commits:
    """Told by the journal after each transaction.

    Attributes:
        seq: all changes up to this number are on the disk.
    """

    def __init__(self) -> None:
        self.seq = 0
        self._next = asyncio.Event()

    def note(self, seq: int) -> None:
        """Say how far it is now."""
        self.seq = seq
        self._next.set()
        self._next = asyncio.Event()

    async def reached(self, seq: int, within_s: float) -> bool:
        """Wait until a number is on the disk; returns whether it is."""
        try:
            async with asyncio.timeout(within_s):
                while self.seq < seq:
                    await self._next.wait()
        except TimeoutError:
            return False
        return True
