"""What a time-series engine is to the mirror, whichever it is."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from blynk_gateway.core.feed import FeedBatch
from blynk_gateway.core.value import SEPARATOR
from blynk_gateway.errors import PeerDown, PeerError, PeerRefused
from blynk_gateway.formats.plain import PlainValue, plain_value
from blynk_gateway.runtime.logs import safe

TIMEOUT_S = 60.0
"""For one piece to be taken; a server on a full disk or a bad line takes seconds."""

CONNECT_TIMEOUT_S = 10.0

MAX_REASON = 300
"""Characters of what a server says that are passed on."""

YIELD_POINTS = 500
YIELD_S = 0.000_05
"""A nap after so many points that were encoded: without it the event loop waits 5 ms for the
interpreter."""


class ServerDown(PeerDown):
    """The server cannot be reached now, or has no time.

    Args:
        retry_after_s: when it wants to be asked again; 0 if it does not say.
    """

    code = "mirror.down"
    hint = "Check that it runs and can be reached from here; what waits is sent then."

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ServerRefused(PeerRefused):
    """The server does not let us write; trying again helps when somebody has mended it."""

    code = "mirror.refused"
    hint = "Check `history.mirror`, and what its user may do there."


class MirrorFault(PeerRefused):
    """Something happened that nobody thought of."""

    code = "mirror.fault"
    hint = "Please report this with the traceback in the log; it is tried again every minute."


class PointsRefused(PeerError):
    """The server takes points, but not these."""

    code = "mirror.points_refused"
    hint = "Look at the server's log for what is wrong with them."


class TooManyPoints(PointsRefused):
    """The server takes fewer points at once."""

    code = "mirror.too_many_points"
    hint = "Raise the server's limit for the size of a request; smaller ones are sent meanwhile."


class PointsTooOld(PointsRefused):
    """The server keeps nothing as old as some of the points; it has all others.

    Args:
        count: how many are too old.
    """

    code = "mirror.points_too_old"
    hint = "Let the server keep points for longer than it may be away, or leave it so."

    def __init__(self, message: str, count: int) -> None:
        super().__init__(message)
        self.count = count


class Piece(NamedTuple):
    """Points that are sent at once.

    Attributes:
        rows: each point as the sink encoded it.
        seqs, times: number and UTC ms of each.
    """

    rows: Sequence[bytes]
    seqs: Sequence[int]
    times: Sequence[int]

    def cut(self, size: int) -> Iterator["Piece"]:
        """Pieces of at most so many points, in order."""
        for start in range(0, len(self.rows), size):
            end = start + size
            yield Piece(self.rows[start:end], self.seqs[start:end], self.times[start:end])


class Sink(Protocol):
    """A place that points go to. What is sent twice is there once.

    Attributes:
        place: what people call it, without secrets.
    """

    place: str

    def encode(self, batch: FeedBatch, texts: frozenset[int]) -> list[bytes]:
        """Each point as bytes; called in a thread.

        Args:
            batch: all of its streams have a name.
            texts: streams that are no numbers, even where they look like one.
        """

    async def open(self) -> None:
        """See whether points would be taken. To be repeated at will.

        Raises:
            ServerDown: not now.
            ServerRefused: not as it is set up.
        """

    async def send(self, piece: Piece) -> None:
        """Return when the points are safely there, all of them.

        Raises:
            ServerDown: not now; some may be there.
            ServerRefused: not as it is set up.
            PointsRefused: not these, or not all of them.
            PointsTooOld: all but those that it would delete at once.
        """

    async def close(self) -> None:
        """Let go of what is open. May be repeated."""


def place_of(url: str) -> str:
    """A URL as far as people need it to know where it leads."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def said(text: str) -> str:
    """What a server said, on one line, fit for logs and terminals, and to go on after."""
    return safe(" ".join(text.split()).rstrip("."), MAX_REASON)


class Encoded(dict[str, bytes]):
    """Values as a sink encodes them, by their text; each once, as sensors repeat themselves.

    Args:
        make: encodes one.
        is_text: they are of streams that are no numbers.
    """

    def __init__(self, make: Callable[[PlainValue], bytes], *, is_text: bool) -> None:
        super().__init__()
        self._make = make
        self._is_text = is_text

    def __missing__(self, text: str) -> bytes:
        plain = plain_value(tuple(text.split(SEPARATOR)), is_text=self._is_text)
        value = self[text] = self._make(plain)
        return value


def in_parts(batch: FeedBatch) -> Iterator[list[tuple[int, int, int, str]]]:
    """Stream, UTC ms, number and text of each point, some at a time with a nap between."""
    points = list(zip(batch.streams, batch.times, batch.seqs, batch.texts, strict=True))
    for start in range(0, len(points), YIELD_POINTS):
        yield points[start : start + YIELD_POINTS]
        time.sleep(YIELD_S)


def encoded_by_stream(
    make: Callable[[PlainValue], bytes], batch: FeedBatch, texts: frozenset[int]
) -> dict[int, Encoded]:
    """For each stream what encodes its values; without a call for a value that was there before."""
    numbers, others = Encoded(make, is_text=False), Encoded(make, is_text=True)
    return {stream: others if stream in texts else numbers for stream in batch.names}
