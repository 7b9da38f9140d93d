"""Gets points into a sink, those that it takes: one that is refused must not stop all others."""

import logging
from collections import deque

from blynk_gateway.mirror.sink import (
    Piece,
    PointsRefused,
    PointsTooOld,
    ServerRefused,
    Sink,
    TooManyPoints,
)

log = logging.getLogger(__name__)

MAX_POINTS = 10_000
MAX_BYTES = 500_000
"""Of a piece; the sizes of texts are taken as they are on average."""

PROBES = 8
"""Single points that are tried where many were refused. If none is taken it is not the points that
are wrong, but what they meet there: they wait until somebody has mended it."""


class Delivery:
    """Sends batches to one sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._limit = MAX_POINTS

    async def deliver(self, piece: Piece) -> int:
        """Return when every point is there, or was refused by itself; how many those are.

        Raises:
            ServerDown: not now; some points may be there.
            ServerRefused: the server takes nothing, or none of these points.
        """
        refused = 0
        is_probed = False
        size = max(1, sum(map(len, piece.rows)))
        waiting = deque(piece.cut(max(1, min(self._limit, len(piece.rows) * MAX_BYTES // size))))
        while waiting:
            one = waiting.popleft()
            try:
                await self._sink.send(one)
            except PointsTooOld as error:
                # They would be too old for ever, and hold up everything behind them.
                if not refused:
                    log.warning("points too old", extra={"reason": error})
                refused += error.count
            except PointsRefused as error:
                size = len(one.rows)
                if isinstance(error, TooManyPoints) and size > 1:
                    self._limit = size // 2
                    log.debug("mirror sends less at once", extra={"points": self._limit})
                elif not is_probed:
                    await self._probe(piece, error)
                    is_probed = True
                if size > 1:
                    waiting.extendleft(reversed(list(one.cut((size + 1) // 2))))
                    continue
                refused += 1
                if refused == 1:
                    log.warning("point refused", extra={"seq": one.seqs[0], "reason": error})
        return refused

    async def _probe(self, piece: Piece, error: PointsRefused) -> None:
        points = list(piece.cut(1))
        is_refused = False
        for point in points[:: max(1, len(points) // PROBES)]:
            try:
                await self._sink.send(point)
            except PointsTooOld:
                continue
            except PointsRefused:
                is_refused = True
                continue
            return
        if is_refused:
            raise ServerRefused(f"it refuses every point: {error}") from error
