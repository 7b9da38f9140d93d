"""Fuzz the device's side of the protocol: mutated conversations, whole and in pieces.

The promise under attack: any bytes give events and answers, or one RemoteProtocolError, and the
same ones however the bytes are cut. No whole frame waits for what comes behind it.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from blynk_gateway.protocol.commands import Command
from blynk_gateway.protocol.frames import HEADER, HEADER_BYTES
from tests.fuzz.mutation import cut, mutate, read_conversations, shuffle
from tests.fuzz.running import main
from tests.helpers.wire_driver import drive

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator


class Frames:
    """What devices say to the server."""

    def __init__(self) -> None:
        self.corpus = read_conversations("frames")

    def make_input(self, rng: random.Random) -> bytes:
        """A conversation with frames dropped, doubled and swapped, and bytes changed."""
        return mutate(b"".join(shuffle(rng.choice(self.corpus), rng)), rng)

    async def check(self, data: bytes, rng: random.Random) -> None:
        """Feed it whole and in random pieces."""
        pieces = cut(data, rng)
        whole, other = drive([data]), drive(pieces)
        assert whole == other, f"cut as {[*map(len, pieces)]}: {other} instead of {whole}"
        if whole.fault is None:
            assert whole.counters[0] == count_frames(data), "a whole frame waits for more bytes"


def count_frames(data: bytes) -> int:
    """How many whole frames a stream begins with."""
    count = position = 0
    while position + HEADER_BYTES <= len(data):
        command, _, length = HEADER.unpack_from(data, position)
        # What stands there in a response is its status.
        position += HEADER_BYTES + (0 if command == Command.RESPONSE else length)
        count += position <= len(data)
    return count


@asynccontextmanager
async def opened() -> AsyncIterator[Frames]:
    """A target, ready."""
    yield Frames()


if __name__ == "__main__":
    main(__doc__, opened)
