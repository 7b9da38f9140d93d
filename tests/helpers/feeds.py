"""What a mirror is fed with, made up."""

from collections.abc import Sequence

from blynk_gateway.core.feed import Backlog, FeedBatch
from blynk_gateway.mirror.sink import Piece, PointsRefused

START_MS = 1_700_000_000_000
NAMES = {1: ("shed", "V1"), 2: ("shed", "V2"), 3: ("attic", "V1")}


def batch_of(*texts: str, first_seq: int = 1, start_ms: int = START_MS) -> FeedBatch:
    """A change a second of stream 1, 2, 3, 1, … for each text."""
    count = len(texts)
    return FeedBatch(
        streams=[1 + index % len(NAMES) for index in range(count)],
        times=[start_ms + 1000 * index for index in range(count)],
        seqs=list(range(first_seq, first_seq + count)),
        texts=texts,
        names={1 + index: NAMES[1 + index] for index in range(min(count, len(NAMES)))},
        last_seq=first_seq + count - 1,
    )


class FakeFeed:
    """Meets `core.feed.Feed`.

    Attributes:
        batches: what is still to be read; a batch stays until it is acknowledged.
        is_held: None once it was released.
        fault: raised by the next `begin` or `read`.
    """

    def __init__(self, *batches: FeedBatch) -> None:
        self.batches = list(batches)
        self.acknowledged: list[int] = []
        self.is_held: bool | None = False
        self.targets: list[str] = []
        self.fault: Exception | None = None
        self.backlog = Backlog(0, None)
        self.is_closed = False

    def hold(self) -> None:
        self.is_held = True

    def release(self) -> None:
        self.is_held = None

    async def begin(self, target: str, keep_ms: int) -> str:
        self._fail()
        self.targets.append(target)
        return "0123456789abcdef0123456789abcdef"

    async def read(self) -> FeedBatch | None:
        self._fail()
        return self.batches[0] if self.batches else None

    async def acknowledge(self, batch: FeedBatch) -> None:
        assert self.batches.pop(0) is batch
        self.acknowledged.append(batch.last_seq)

    async def survey(self) -> Backlog:
        return self.backlog

    async def close(self) -> None:
        self.is_closed = True

    def _fail(self) -> None:
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault


class FakeSink:
    """Meets `mirror.sink.Sink`: keeps what it is sent, but for what it refuses.

    Args:
        refused: rows that it refuses; a piece with one of them it takes without them.
    """

    place = "fake://sink"

    def __init__(self, refused: Sequence[bytes] = ()) -> None:
        self.refused = set(refused)
        self.rows: set[bytes] = set()
        self.sizes: list[int] = []

    def encode(self, batch: FeedBatch, texts: frozenset[int]) -> list[bytes]:
        return [text.encode() for text in batch.texts]

    async def open(self) -> None:
        return

    async def send(self, piece: Piece) -> None:
        self.sizes.append(len(piece.rows))
        self.rows |= set(piece.rows) - self.refused
        if self.refused & set(piece.rows):
            raise PointsRefused("the point is wrong; expected another")

    async def close(self) -> None:
        return
