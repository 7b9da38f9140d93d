"""Fuzz the server's side of the protocol: what a hostile or broken cloud sends to the gateway.

The promise under attack: any bytes give events and answers, or one RemoteProtocolError, and the
same ones however the bytes are cut. No whole frame waits for what comes behind it.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from blynk_gateway.errors import RemoteProtocolError
from blynk_gateway.protocol.client import ClientConnection
from blynk_gateway.protocol.events import (
    ClientEvent,
    LoginRefused,
    PinsWritten,
    Redirected,
    TimedOut,
)
from tests.fuzz.fuzz_frames import count_frames
from tests.fuzz.mutation import cut, mutate, read_conversations, shuffle
from tests.fuzz.running import main

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Iterable

LAST_EVENTS = LoginRefused, Redirected, TimedOut
"""Behind them nothing of a server is of interest."""

MAX_INFO_BYTES = 200
"""What goes out once, after the login."""

MAX_ANSWER_BYTES = 5
"""For each frame that came: more would let a small message make us send a large one."""


class Cloud:
    """What a server says to the gateway as its client."""

    def __init__(self) -> None:
        self.corpus = read_conversations("cloud")

    def make_input(self, rng: random.Random) -> bytes:
        """A conversation with frames dropped, doubled and swapped, and bytes changed."""
        return mutate(b"".join(shuffle(rng.choice(self.corpus), rng)), rng)

    async def check(self, data: bytes, rng: random.Random) -> None:
        """Feed it whole and in random pieces."""
        pieces = cut(data, rng)
        whole, other = drive([data]), drive(pieces)
        assert whole == other, f"cut as {[*map(len, pieces)]}: {other} instead of {whole}"
        events, _, fault, (received, *_) = whole
        if fault is None and not any(isinstance(event, LAST_EVENTS) for event in events):
            assert received == count_frames(data), "a whole frame waits for more bytes"


def drive(
    pieces: Iterable[bytes],
) -> tuple[list[ClientEvent], bytes, str | None, tuple[int, int, int]]:
    """Events, answers, fault and counters of a client that was sent these pieces.

    Raises:
        Exception: whatever the connection raises besides RemoteProtocolError: a defect.
    """
    client = ClientConnection("token")
    client.connect(0.0)
    client.data_to_send(0.0)
    events: list[ClientEvent] = []
    fault = None
    try:
        for piece in pieces:
            events += client.receive_data(piece, 0.0)
        events += client.handle_timeout(0.0)
    except RemoteProtocolError as error:
        fault = str(error)
        assert client.receive_data(b"after the end", 0.0) == []
    sent = b"".join(client.data_to_send(0.0))
    assert len(sent) <= MAX_INFO_BYTES + MAX_ANSWER_BYTES * client.messages_received
    counters = client.messages_received, client.frames_ignored, client.frames_refused
    return _merged(events), sent, fault, counters


def _merged(events: list[ClientEvent]) -> list[ClientEvent]:
    """With adjacent runs of writes joined: where a run is cut depends on the chunks."""
    merged: list[ClientEvent] = []
    for event in events:
        last = merged[-1] if merged else None
        if isinstance(event, PinsWritten) and isinstance(last, PinsWritten):
            merged[-1] = PinsWritten(last.writes + event.writes)
        else:
            merged.append(event)
    return merged


@asynccontextmanager
async def opened() -> AsyncIterator[Cloud]:
    """A target, ready."""
    yield Cloud()


if __name__ == "__main__":
    main(__doc__, opened)
